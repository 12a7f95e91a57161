#define _GNU_SOURCE
#include "CSpawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static int set_files(posix_spawn_file_actions_t *files, const char *directory, int output, int error) {
    int failure = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failure) failure = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    if (!failure) failure = posix_spawn_file_actions_adddup2(files, error, STDERR_FILENO);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    if (!failure && directory) failure = posix_spawn_file_actions_addchdir_np(files, directory);
    return failure;
}

static int set_signals(posix_spawnattr_t *attributes) {
    sigset_t signals;
    sigemptyset(&signals);
    int failure = posix_spawnattr_setsigmask(attributes, &signals);
    sigfillset(&signals);
    if (!failure) failure = posix_spawnattr_setsigdefault(attributes, &signals);
    if (!failure) failure = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failure;
}

int cspawn(
    pid_t *process,
    const char *directory,
    int output,
    int error,
    char *const arguments[],
    char *const environment[]
) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&files);
    if (failure) return failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure) {
        posix_spawn_file_actions_destroy(&files);
        return failure;
    }
    failure = set_files(&files, directory, output, error);
    if (!failure) failure = set_signals(&attributes);
    if (!failure) failure = posix_spawnp(process, arguments[0], &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}
