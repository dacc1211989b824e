// All that a command prints: what a path, a trace or a guest holds cannot reach a terminal as control characters.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/printable.h"
#include "cli/cli.h"
#include "replay/run.h"

static bool is_plain(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if ((c < 0x20 && c != '\n' && c != '\t') || c >= 0x7F) return false;
  }
  return true;
}

// Ends of lines and tabs are ours, whatever else controls a terminal is not.
static void put_safe(FILE *to, const char *text, size_t n) {
  if (n == 0) return;
  if (is_plain(text, n)) {
    fwrite(text, 1, n, to);
    return;
  }
  struct wg_buf b = {0};
  for (size_t from = 0; from < n;) {
    size_t end = from;
    while (end < n && text[end] != '\n' && text[end] != '\t') end++;
    wg_buf_printable(&b, text + from, end - from, SIZE_MAX);
    if (end < n) wg_buf_char(&b, text[end]);
    from = end + 1;
  }
  fwrite(b.data, 1, b.len, to);
  wg_buf_release(&b);
}

void wg_cli_print(const struct wg_buf *b) { put_safe(stdout, b->data, b->len); }

void wg_cli_printf(const char *fmt, ...) {
  struct wg_buf b = {0};
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(&b, fmt, ap);
  va_end(ap);
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static void complain(const char *prefix, const char *text) {
  wg_cli_progress_end();
  fputs(prefix, stderr);
  put_safe(stderr, text, strlen(text));
  fputc('\n', stderr);
}

void wg_cli_note(const char *fmt, ...) {
  struct wg_buf b = {0};
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(&b, fmt, ap);
  va_end(ap);
  complain("wedge: ", b.data);
  wg_buf_release(&b);
}

int wg_cli_fail(const struct wg_err *err) {
  complain("wedge: ", err->msg);
  return err->code;
}

int wg_cli_usage(const struct wg_command *cmd, const char *fmt, ...) {
  struct wg_buf b = {0}, prefix = {0};
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(&b, fmt, ap);
  va_end(ap);
  wg_buf_printf(&b, "\nusage: wedge %s %s", cmd->name, cmd->usage);
  wg_buf_printf(&prefix, "wedge %s: ", cmd->name);
  complain(prefix.data, b.data);
  wg_buf_release(&b);
  wg_buf_release(&prefix);
  return WG_INPUT;
}

// -- progress --

bool wg_cli_shows_progress(void) { return isatty(STDERR_FILENO) != 0; }

void wg_cli_progress_end(void) {
  if (wg_cli_shows_progress()) fputs("\r\033[K", stderr);
}

uint64_t wg_cli_host_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put_duration(struct wg_buf *b, uint64_t s) {
  if (s < 120)
    wg_buf_printf(b, "%llu s", (unsigned long long)s);
  else
    wg_buf_printf(b, "%llu min", (unsigned long long)((s + 30) / 60));
}

// At the pace so far.
static void put_forecast(struct wg_buf *b, uint64_t ms, uint64_t at, uint64_t of) {
  if (of == 0 || at == 0 || ms < 500 || at > of) return;
  wg_buf_str(b, ", ");
  put_duration(b, (uint64_t)((double)ms / (double)at * (double)(of - at) / 1000));
  wg_buf_str(b, " left");
}

void wg_cli_show_progress(struct wg_cli_rate *r, uint64_t at, uint64_t of, const char *fmt, ...) {
  uint64_t now = wg_cli_host_ms();
  if (r->begun_ms == 0) r->begun_ms = now;
  if (r->shown_ms && now - r->shown_ms < 200) return;
  r->shown_ms = now;
  struct wg_buf b = {0}, what = {0};
  uint64_t ms = now - r->begun_ms;
  if (r->what) wg_buf_printable(&what, r->what, strlen(r->what), 40);
  if (r->what) wg_buf_printf(&b, "%s: ", what.data);
  if (of) wg_buf_printf(&b, "%u %%, ", (unsigned)(at >= of ? 100 : (double)at / (double)of * 100));
  va_list ap;
  va_start(ap, fmt);
  wg_buf_vprintf(&b, fmt, ap);
  va_end(ap);
  if (ms >= 500) wg_buf_printf(&b, ", %.*f %s/s", at ? 1 : 0, (double)at / r->unit / (double)ms * 1000, r->unit_name);
  put_forecast(&b, ms, at, of);
  fprintf(stderr, "\r\033[K%s", b.data);
  wg_buf_release(&b);
  wg_buf_release(&what);
}
