#include "COpenAPI.h"

// An array literal of Swift would hold the same bytes, at a gigabyte of compiler and seconds of every build.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char bytes[] = {
#embed "openapi.yaml"
};

const unsigned char *c_openapi_bytes(void) { return bytes; }
size_t c_openapi_length(void) { return sizeof bytes; }
