#include "export/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int wg_output_open(struct wg_output *o, const char *path, struct wg_err *err) {
  *o = (struct wg_output){.name = path, .fd = STDOUT_FILENO};
  o->is_stdout = strcmp(path, "-") == 0;
  if (!o->is_stdout) o->fd = wg_replace_begin(&o->replace, path, err);
  return o->fd < 0 ? WG_INPUT : WG_OK;
}

void wg_output_flush(struct wg_output *o) {
  for (size_t at = 0; at < o->b.len && o->error == 0;) {
    ssize_t n = write(o->fd, o->b.data + at, o->b.len - at);
    if (n > 0) at += (size_t)n;
    if (n < 0 && errno != EINTR) o->error = errno;
  }
  wg_buf_clear(&o->b);
}

int wg_output_close(struct wg_output *o, int code, struct wg_err *err) {
  wg_output_flush(o);
  wg_buf_release(&o->b);
  if (!o->is_stdout && close(o->fd) != 0 && o->error == 0) o->error = errno;
  if (code == WG_OK && o->error)
    code =
        wg_fail(err, WG_INPUT, "%s: cannot write: %s", o->is_stdout ? "standard output" : o->name, strerror(o->error));
  return o->is_stdout ? code : wg_replace_end(&o->replace, code, err);
}
