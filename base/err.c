#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int wg_fail(struct wg_err *err, int code, const char *fmt, ...) {
  if (err == NULL || err->code != WG_OK) return code;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(err->msg, sizeof err->msg, fmt, ap);
  va_end(ap);
  err->code = code;
  return code;
}

void wg_err_prefix(struct wg_err *err, const char *fmt, ...) {
  char old[sizeof err->msg];
  memcpy(old, err->msg, sizeof old);
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
  va_end(ap);
  if (n < 0 || (size_t)n >= sizeof err->msg) return;
  snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", old);
}

void wg_err_suffix(struct wg_err *err, const char *text) {
  size_t n = strlen(err->msg);
  snprintf(err->msg + n, sizeof err->msg - n, "; %s", text);
}
