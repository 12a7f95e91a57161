#ifndef CSPAWN_H
#define CSPAWN_H

#include <sys/types.h>

/// Starts a program with nothing open but its output and error, no signal blocked and none ignored.
///
/// In C, since the parts of glibc it needs (`_GNU_SOURCE`) are not visible to Swift.
///
/// - `process`: set to the process identifier.
/// - `directory`: the working directory; the caller's own when null.
/// - `arguments`, `environment`: end with a null pointer; the first argument is looked for in `PATH`.
/// - Returns 0, or the number of the error (`errno.h`).
int cspawn(
    pid_t *process,
    const char *directory,
    int output,
    int error,
    char *const arguments[],
    char *const environment[]
);

#endif
