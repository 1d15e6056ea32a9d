/* Notes when each fsync and fdatasync of a process has ended, and can make each take longer.

   SYNC_LOG    a file, to which a line is written for each: seconds of the monotonic clock, and the file synced
   SYNC_SLOW   microseconds that each takes longer
   Built by tests/server/tracking/syncs.py and preloaded into the server. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int noted(const char *call, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
  const char *slow = getenv("SYNC_SLOW"), *log = getenv("SYNC_LOG");
  if (slow) usleep((useconds_t)atoi(slow));
  int result = real(fd);
  if (log) {
    char link[64], file[4096], line[4200];
    struct timespec now;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, file, sizeof file - 1);
    file[length < 0 ? 0 : length] = 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int size = snprintf(line, sizeof line, "%ld.%09ld %s\n", (long)now.tv_sec, now.tv_nsec, file);
    int out = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (out >= 0) {
      if (write(out, line, (size_t)size) < 0) abort();
      close(out);
    }
  }
  return result;
}

int fsync(int fd) { return noted("fsync", fd); }
int fdatasync(int fd) { return noted("fdatasync", fd); }
