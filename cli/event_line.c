// An event as a line for people.
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "cli/cli.h"
#include "trace/event.h"

#define PLAIN "\033[0m"
#define FOUND "\033[1;31m"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define BAD "\033[31m"

// A part of the line: made printable, and what is looked for marked in it.
static void put_part(struct wg_buf *out, const char *style, const char *grep, const char *text, size_t n) {
  struct wg_buf plain = {0};
  wg_buf_printable(&plain, text, n, SIZE_MAX);
  const char *at = plain.data ? plain.data : "";
  if (style) wg_buf_str(out, style);
  for (const char *hit; style && grep && *grep && (hit = strstr(at, grep)) != NULL; at = hit + strlen(grep)) {
    wg_buf_add(out, at, (size_t)(hit - at));
    wg_buf_printf(out, PLAIN FOUND "%s" PLAIN "%s", grep, style);
  }
  wg_buf_str(out, at);
  if (style) wg_buf_str(out, PLAIN);
  wg_buf_release(&plain);
}

static const char *style_of(const struct wg_event *e) {
  static const struct {
    enum wg_kind kind;
    const char *style;
  } styles[] = {{WG_EV_KERNEL_CALL, "\033[32m"}, {WG_EV_KERNEL_RETURN, "\033[36m"},
                {WG_EV_WAIT_BEGIN, "\033[33m"},  {WG_EV_WAIT_END, "\033[33m"},
                {WG_EV_SIGNAL, "\033[35m"},      {WG_EV_EXCEPTION, BAD},
                {WG_EV_GUEST_PRINT, BOLD},       {WG_EV_LIMIT, BAD}};
  for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
    if (styles[i].kind == e->kind) return styles[i].style;
  return "\033[34m";
}

static const char *style_of_value(const struct wg_field *f, const char *text) {
  if (f->key == WG_K_NAME) return BOLD;
  // What NT calls an error begins so.
  bool failed = (f->key == WG_K_RV || f->key == WG_K_STATUS) && strncmp(text, "\"0xc", 4) == 0 && strlen(text) >= 12;
  return failed ? BAD : "";
}

static void put_value(const struct wg_field *f, bool colours, const char *grep, struct wg_buf *out) {
  struct wg_buf b = {0};
  struct wg_event one = {.kind = WG_EV_OTHER, .kind_name = "", .nfields = 1};
  one.fields[0] = *f;
  wg_ev_encode_foreign(&one, &b);
  const char *name = wg_key_name(f);
  wg_buf_char(out, ' ');
  put_part(out, colours ? DIM : NULL, grep, name, strlen(name));
  // {"kind":"","tid":0,"idx":0,"host_ns":0,"key":VALUE}\n
  const char *at = strstr(b.data, "\"host_ns\":0,");
  at = at ? strchr(at + 12, ':') : NULL;
  if (at) {
    wg_buf_char(out, '=');
    at++;
    put_part(out, colours ? style_of_value(f, at) : NULL, grep, at, b.len - (size_t)(at - b.data) - 2);
  }
  wg_buf_release(&b);
}

void wg_cli_event(const struct wg_event *e, bool colours, const char *grep, struct wg_buf *out) {
  char head[64], tid[24];
  const char *kind = wg_kind_name(e);
  snprintf(tid, sizeof tid, "\033[%um", 31 + e->tid % 6);
  snprintf(head, sizeof head, "%5u", e->tid);
  put_part(out, colours ? tid : NULL, grep, head, strlen(head));
  snprintf(head, sizeof head, " %8llu %14.6f ", (unsigned long long)e->idx, (double)e->host_ns / 1e6);
  wg_buf_str(out, head);
  put_part(out, colours ? style_of(e) : NULL, grep, kind, strlen(kind));
  for (size_t n = strlen(kind); n < 14; n++) wg_buf_char(out, ' ');
  for (size_t i = 0; i < wg_ev_count(e); i++) put_value(wg_ev_at(e, i), colours, grep, out);
}
