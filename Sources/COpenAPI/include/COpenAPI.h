#ifndef C_OPENAPI_H
#define C_OPENAPI_H

#include <stddef.h>

// openapi.yaml as it was when this was built. The bytes live as long as the process.
const unsigned char *c_openapi_bytes(void);
size_t c_openapi_length(void);

#endif
