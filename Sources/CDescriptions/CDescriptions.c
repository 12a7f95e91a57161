#include "CDescriptions.h"

// Array literals of Swift would hold the same bytes, at a gigabyte of compiler and seconds of every build.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char openapi[] = {
#embed "openapi.yaml"
};

static const unsigned char asyncapi[] = {
#embed "asyncapi.yaml"
};

const unsigned char *c_openapi_bytes(void) { return openapi; }
size_t c_openapi_length(void) { return sizeof openapi; }

const unsigned char *c_asyncapi_bytes(void) { return asyncapi; }
size_t c_asyncapi_length(void) { return sizeof asyncapi; }
