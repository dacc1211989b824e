// Where a command is not to write though it could: over what it reads, a run's own files, or, with a database, over
// what is none.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/same_file.h"
#include "cli/cli.h"
#include "replay/run.h"

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// Those that nothing makes anew; a trace.db may be.
static bool is_of_a_run(const char *path) {
  const char *name = last_part(path);
  bool script = strncmp(name, "inputs", 6) == 0 && strcmp(name + strlen(name) - 6, ".jsonl") == 0;
  struct wg_buf trace = {0};
  struct stat st;
  wg_buf_printf(&trace, "%.*strace.jsonl.zst", (int)(name - path), path);
  bool own = (script || wg_run_is_file(name)) && stat(trace.data, &st) == 0;
  wg_buf_release(&trace);
  return own;
}

int wg_cli_spare(const char *to, const char *from, struct wg_err *err) {
  struct stat there, source;
  if (strcmp(to, "-") == 0 || stat(to, &there) != 0) return WG_OK;
  if (stat(from, &source) == 0 && wg_file_same(&there, &source))
    return wg_fail(err, WG_INPUT, "%s: is what is read, and would be gone; name another file", to);
  if (is_of_a_run(to))
    return wg_fail(err, WG_INPUT, "%s: belongs to a run, which would be lost; name another file", to);
  return WG_OK;
}

int wg_cli_spare_for_db(const char *to, const char *from, struct wg_err *err) {
  static const char magic[16] = "SQLite format 3";
  char head[sizeof magic];
  struct stat st;
  WG_TRY(wg_cli_spare(to, from, err));
  if (stat(to, &st) != 0 || !S_ISREG(st.st_mode)) return WG_OK; // what that means shows when it is written
  int fd = open(to, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : 0;
  if (fd >= 0) close(fd);
  if (n <= 0 || (n == sizeof head && memcmp(head, magic, sizeof head) == 0)) return WG_OK;
  return wg_fail(err, WG_INPUT, "%s: is there and no database; it is not replaced by one: name another file", to);
}
