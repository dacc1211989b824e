// A process that has confined itself reads and writes where it may and reaches nothing else.
#define _GNU_SOURCE
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/scratch.h"

static bool can_read(const char *path) {
  char c;
  int fd = open(path, O_RDONLY);
  bool ok = fd >= 0 && read(fd, &c, 1) == 1;
  if (fd >= 0) close(fd);
  return ok;
}

static bool can_write(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  bool ok = fd >= 0 && write(fd, "x", 1) == 1;
  if (fd >= 0) close(fd);
  return ok;
}

static void *nothing(void *arg) { return arg; }

// Bits of what went wrong; 0x80 if nothing is confined here.
static int in_a_child(const char *in, const char *out, const char *file, const char *created, const char *elsewhere,
                      const char *kept) {
  struct wg_buf how = {0};
  const char *const readable[] = {in, NULL};
  wg_confine(&(struct wg_confine){.readable = readable, .nreadable = 2, .writable = out, .files = kept}, &how);
  bool files = strstr(how.data, "by Landlock"), calls = strstr(how.data, "by seccomp");
  if (!files && !calls) return 0x80;
  pthread_t t;
  int bad = 0;
  if (!can_read(file)) bad |= 1;
  if (!can_write(created)) bad |= 2;
  if (files && (can_read("/etc/passwd") || can_write(elsewhere) || can_write(file))) bad |= 4;
  char new[320], folder[320];
  snprintf(new, sizeof new, "%s/new", kept);
  snprintf(folder, sizeof folder, "%s/folder", kept);
  if (!can_write(new) || rename(new, folder) != 0 || !can_read(folder) || unlink(folder) != 0) bad |= 2;
  if (files && mkdir(folder, 0700) == 0) bad |= 4;
  if (calls && (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)) bad |= 8;
  if (calls && (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EPERM)) bad |= 16;
  if (calls && (fork() >= 0 || errno != EPERM)) bad |= 32;
  if (pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0) bad |= 64;
  return bad;
}

static void nothing_else_is_reached(void) {
  char in[300], out[300], kept[300], file[320], created[320], elsewhere[320];
  snprintf(in, sizeof in, "%s", at("in"));
  snprintf(out, sizeof out, "%s", at("out"));
  snprintf(kept, sizeof kept, "%s", at("kept"));
  snprintf(file, sizeof file, "%s/file", in);
  snprintf(created, sizeof created, "%s/created", out);
  snprintf(elsewhere, sizeof elsewhere, "%s", at("elsewhere"));
  CU_ASSERT_EQUAL_FATAL(mkdir(in, 0700) | mkdir(out, 0700) | mkdir(kept, 0700), 0);
  CU_ASSERT_TRUE_FATAL(can_write(file) && can_read(file) && can_write(elsewhere));
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(in_a_child(in, out, file, created, elsewhere, kept));
  int status = 0;
  CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
  CU_ASSERT_TRUE_FATAL(WIFEXITED(status));
  if (WEXITSTATUS(status) == 0x80) return; // neither is here: said, and no error
  CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

WG_MAIN("confine", {"nothing else is reached", nothing_else_is_reached})
