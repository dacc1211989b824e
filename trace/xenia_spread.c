#include "trace/xenia_spread.h"

#include "trace/xenia_call.h"
#include "trace/xenia_torn.h"

#define SLACK 64 // that may be read behind a text

static void put_line(struct wg_buf *b, const char *l, size_t n) {
  wg_buf_reserve(b, n + SLACK);
  wg_buf_add(b, l, n);
}

// (root,name,attributes): no name of a file holds a newline.
static bool is_in_path(const char *text, size_t n) {
  while (n && text[n - 1] != '(' && text[n - 1] != ')') n--;
  return n && text[n - 1] == '(' && wg_xenia_digits(text + n, 8) == 8 && text[n + 8] == ',';
}

bool wg_xenia_spread_begin(struct wg_xenia_spread *s, const char *l, size_t n) {
  if (!wg_xenia_begun_call(l, n)) return false;
  for (int way = 0; way < 2; way++) {
    wg_buf_clear(&s->way[way]);
    put_line(&s->way[way], l, n);
    s->may[way] = true;
  }
  s->first = n;
  s->waits = true;
  s->told = false;
  return true;
}

enum wg_xenia_rest wg_xenia_spread_add(struct wg_xenia_spread *s, const char *l, size_t n, struct wg_buf **whole) {
  const size_t had[2] = {s->way[0].len, s->way[1].len};
  bool may[2];
  if (had[0] + n >= WG_XENIA_HALF) return WG_XENIA_NO_REST;
  for (int way = 0; way < 2; way++) {
    struct wg_buf *b = &s->way[way];
    s->may[way] &= way == 1 || !is_in_path(b->data, b->len);
    if (way == 0) wg_buf_char(b, '\n');
    put_line(b, l, n);
    may[way] = s->may[way] && wg_xenia_begun_call(b->data, b->len);
    if (!s->may[way] || !wg_xenia_whole_line(b->data, b->len)) continue;
    *whole = b;
    s->waits = false;
    return WG_XENIA_LAST_REST;
  }
  if (!may[0] && !may[1]) {
    for (int way = 0; way < 2; way++) {
      s->way[way].len = had[way];
      s->way[way].data[had[way]] = 0;
    }
    return WG_XENIA_NO_REST;
  }
  for (int way = 0; way < 2; way++) s->may[way] = may[way];
  return WG_XENIA_MORE_REST;
}

void wg_xenia_spread_release(struct wg_xenia_spread *s) {
  wg_buf_release(&s->way[0]);
  wg_buf_release(&s->way[1]);
}
