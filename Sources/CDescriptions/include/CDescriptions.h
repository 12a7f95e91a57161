#ifndef C_DESCRIPTIONS_H
#define C_DESCRIPTIONS_H

#include <stddef.h>

// openapi.yaml and asyncapi.yaml as they were when this was built. The bytes live as long as the process.
const unsigned char *c_openapi_bytes(void);
size_t c_openapi_length(void);

const unsigned char *c_asyncapi_bytes(void);
size_t c_asyncapi_length(void);

#endif
