/* Preloaded into a program, this notes in $SYNCS_LOG, in their order, what it writes to and syncs of SQLite's
 * files, and what it says on its standard output:
 *
 *     write FILE | sync FILE | say
 *
 * While the file $SYNCS_FULL is there, the disk is full; each sync takes $SYNCS_DELAY more microseconds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static ssize_t say(const char *text, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    static int log = -1;
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "write");
        const char *name = getenv("SYNCS_LOG");
        log = name == NULL ? -1 : open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    return log < 0 ? 0 : real(log, text, length);
}

/* The last part of the name of an open file of SQLite's; NULL for others. */
static const char *file_of(int fd, char *path) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return NULL;
    path[length] = '\0';
    const char *name = strrchr(path, '/');
    return name != NULL && strstr(name, ".sqlite3") != NULL ? name + 1 : NULL;
}

static void note(const char *what, const char *file) {
    char line[PATH_MAX + 16];
    say(line, (size_t)snprintf(line, sizeof line, "%s %s\n", what, file));
}

/* Whether the write may go on. */
static int writes(int fd) {
    char path[PATH_MAX];
    const char *file = file_of(fd, path), *full = getenv("SYNCS_FULL");
    if (file == NULL)
        return 1;
    if (full != NULL && access(full, F_OK) == 0) {
        errno = ENOSPC;
        return 0;
    }
    note("write", file);
    return 1;
}

static void syncs(int fd) {
    char path[PATH_MAX];
    const char *file = file_of(fd, path), *delay = getenv("SYNCS_DELAY");
    if (file == NULL)
        return;
    if (delay != NULL)
        usleep((useconds_t)atoi(delay));
    note("sync", file);
}

static void *real_one(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

ssize_t write(int fd, const void *data, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL)
        *(void **)&real = real_one("write");
    if (fd == STDOUT_FILENO)
        say("say\n", 4);
    else if (!writes(fd))
        return -1;
    return real(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL)
        *(void **)&real = real_one("pwrite");
    return writes(fd) ? real(fd, data, length, at) : -1;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL)
        *(void **)&real = real_one("pwrite64");
    return writes(fd) ? real(fd, data, length, at) : -1;
}

/* Noted when it is done: what is said before does not rest on it. */
int fsync(int fd) {
    static int (*real)(int);
    if (real == NULL)
        *(void **)&real = real_one("fsync");
    int done = real(fd);
    if (done == 0)
        syncs(fd);
    return done;
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (real == NULL)
        *(void **)&real = real_one("fdatasync");
    int done = real(fd);
    if (done == 0)
        syncs(fd);
    return done;
}
