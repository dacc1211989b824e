// JSON Lines as readers of logs want them, lnav above all (export/lnav.json): the events as they are, with a time
// of day and a level before them. lnav takes a line within the first second of 1970 for none of a log, so time begins
// with the year 2000.
#include <string.h>

#include "export/formats.h"
#include "nt/exports.h"

// Nanoseconds of 64 bits end in the year 2584.
static void date_of(uint64_t days, unsigned *year, unsigned *month, unsigned *day) {
  static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  unsigned y = 2000, m = 0;
  for (;; y++) {
    unsigned n = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
    if (days < n) break;
    days -= n;
  }
  for (;; m++) {
    unsigned n = lengths[m] + (m == 1 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));
    if (days < n) break;
    days -= n;
  }
  *year = y;
  *month = m + 1;
  *day = (unsigned)days + 1;
}

static void put_number(struct wg_buf *b, uint64_t v, unsigned digits, char after) {
  char text[10];
  for (unsigned i = digits; i-- > 0; v /= 10) text[i] = (char)('0' + v % 10);
  text[digits] = after;
  wg_buf_add(b, text, digits + 1);
}

static void put_time(struct wg_buf *b, uint64_t ns) {
  unsigned year, month, day;
  uint64_t s = ns / 1000000000, days = s / 86400;
  date_of(days, &year, &month, &day);
  put_number(b, year, 4, '-');
  put_number(b, month, 2, '-');
  put_number(b, day, 2, 'T');
  put_number(b, s / 3600 % 24, 2, ':');
  put_number(b, s / 60 % 60, 2, ':');
  put_number(b, s % 60, 2, '.');
  put_number(b, ns % 1000000000, 9, '"');
}

static const char *level_of(const struct wg_event *e, bool has_status, uint64_t status) {
  if (e->kind == WG_EV_EXCEPTION) return "fatal";
  if (e->kind == WG_EV_LIMIT) return "warning";
  if (has_status && status >> 30 == 3) return "error";
  if (has_status && status >> 30 == 2) return "warning";
  if (e->kind == WG_EV_GPU_MMIO || e->kind == WG_EV_HANDLE_CREATE || e->kind == WG_EV_HANDLE_DESTROY) return "debug";
  return "info";
}

void wg_lnav_event(struct wg_output *out, const struct wg_event *e, uint64_t ns) {
  struct wg_buf *b = &out->b;
  uint64_t status = 0;
  bool has_status = wg_ev_u64(e, WG_K_STATUS, &status) && status <= UINT32_MAX;
  const char *name = has_status ? wg_nt_status_name((uint32_t)status) : NULL;
  wg_buf_str(b, "{\"time\":\"");
  put_time(b, ns);
  wg_buf_str(b, ",\"level\":\"");
  wg_buf_str(b, level_of(e, has_status, status));
  wg_buf_char(b, '"');
  if (name) wg_json_str(b, "status_name", name);
  size_t at = b->len;
  wg_ev_encode_foreign(e, b);
  b->data[at] = ','; // its brace
  wg_output_more(out);
}
