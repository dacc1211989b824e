// Whether a recorded line is the one that is written now.
#include <string.h>

#include "trace/jsonl.h"
#include "trace/writer.h"

// As it would be written now, if it can be read.
static bool again(const char *line, size_t n, struct wg_buf *out) {
  struct wg_err unsaid = {0};
  struct wg_jsonl s = {0};
  struct wg_event e;
  bool is = wg_jsonl_careful(&s, line, n, &e, &unsaid) == 1;
  if (is) wg_ev_encode_foreign(&e, out);
  wg_jsonl_release(&s);
  return is;
}

bool wg_trace_line_is(const char *recorded, size_t n, const struct wg_buf *line) {
  if (n + 1 == line->len && memcmp(recorded, line->data, n) == 0) return true;
  if (strstr(recorded, "\\u00") == NULL) return false;
  struct wg_buf now = {0};
  bool is = again(recorded, n, &now) && now.len == line->len && memcmp(now.data, line->data, now.len) == 0;
  wg_buf_release(&now);
  return is;
}
