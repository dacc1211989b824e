// Rtl*: text, checksums and dates; the wide printf family.
#include <string.h>
#include <zlib.h>

#include "emu/kernel/format.h"

// Case in the console's code page, Latin-1; the capital of y with diaeresis is not in it.
static uint32_t lower(uint32_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ? c + 32 : c;
}
static uint32_t upper(uint32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7) ? c - 32 : c;
}
static uint64_t compare(struct wg_kcall *k, uint32_t a, uint32_t na, uint32_t b, uint32_t nb, bool fold) {
  const uint8_t *p = wg_kptr(k->m, a, na, false), *q = wg_kptr(k->m, b, nb, false);
  if (p && q) wg_work(k->m, na < nb ? na : nb);
  for (uint32_t i = 0; p && q && i < na && i < nb; i++) {
    int x = (int)(fold ? upper(p[i]) : p[i]), y = (int)(fold ? upper(q[i]) : q[i]);
    if (x != y) return (uint64_t)(int64_t)(x - y);
  }
  return (uint64_t)((int64_t)na - (int64_t)nb);
}
static uint32_t length_of(struct wg_kcall *k, uint32_t s, uint32_t n) {
  if (n != 0xFFFFFFFFu) return n;
  struct wg_buf text = {0};
  wg_kstr(k->m, s, &text);
  n = (uint32_t)text.len;
  wg_buf_release(&text);
  return n;
}
WG_CALL(RtlCompareStringN, 5) {
  return compare(k, A(0), length_of(k, A(0), A(1)), A(2), length_of(k, A(2), A(3)), A(4) != 0);
}
WG_CALL(RtlCompareString, 3) {
  return compare(k, WG_GET(k->m, A(0), STRING, BUFFER), WG_GET(k->m, A(0), STRING, LENGTH),
                 WG_GET(k->m, A(1), STRING, BUFFER), WG_GET(k->m, A(1), STRING, LENGTH), A(2) != 0);
}
WG_CALL(RtlLowerChar, 1) { return lower(A(0) & 0xFF); }
static uint64_t copy_string(struct wg_kcall *k) {
  uint32_t n = A(1) ? WG_GET(k->m, A(1), STRING, LENGTH) : 0, room = WG_GET(k->m, A(0), STRING, ROOM);
  if (n > room) n = room;
  const uint8_t *from = n ? wg_kptr(k->m, WG_GET(k->m, A(1), STRING, BUFFER), n, false) : NULL;
  uint8_t *to = n ? wg_kptr(k->m, WG_GET(k->m, A(0), STRING, BUFFER), n, true) : NULL;
  if (from && to) memmove(to, from, n);
  WG_PUT(k->m, A(0), STRING, LENGTH, n);
  wg_json_u64(wg_out(k), "length", n);
  if (to) wg_json_hex(wg_out(k), "content", wg_hash(to, n, 0));
  wg_told(k, A(0));
  return 0;
}
// (seed, buffer, length): the CRC-32 of IEEE 802.3, chained.
WG_CALL(RtlComputeCrc32, 3) {
  const uint8_t *p = A(2) ? wg_kptr(k->m, A(1), A(2), false) : NULL;
  if (p) wg_work(k->m, A(2));
  uint32_t crc = A(0);
  for (uint32_t i = 0, part; p && i < A(2) && (i == 0 || wg_look(k->m)); i += part) {
    part = A(2) - i < WG_POLL_BYTES ? A(2) - i : WG_POLL_BYTES;
    crc = (uint32_t)crc32_z(crc, p + i, part);
  }
  return crc;
}
// The inverse of RtlTimeToTimeFields (rtl.c): days from civil, a year beginning on March 1st.
WG_CALL(RtlTimeFieldsToTime, 2) {
  uint32_t f[7];
  for (uint32_t i = 0; i < 7; i++) f[i] = (uint32_t)wg_kr(k->m, A(0) + 2 * i, 2);
  static const uint8_t days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  uint32_t year = f[0], month = f[1];
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (year < 1601 || month < 1 || month > 12 || f[2] < 1 ||
      f[2] > (uint32_t)days_of[month - 1] + (uint32_t)(month == 2 && leap) || f[3] > 23 || f[4] > 59 || f[5] > 59 ||
      f[6] > 999)
    return 0;
  int64_t y = (int64_t)year - (month <= 2), era = y / 400, yoe = y - era * 400;
  int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + f[2] - 1;
  int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 584694;
  uint64_t ms = ((f[3] * 60ull + f[4]) * 60 + f[5]) * 1000 + f[6];
  wg_out_time(k, A(1), (uint64_t)days * 864000000000ull + ms * 10000);
  return 1;
}
static uint64_t wide(struct wg_kcall *k, uint32_t fmt, uint32_t list, uint32_t to, uint32_t room, bool bounded) {
  struct wg_buf s = {0};
  struct wg_varargs va = wg_varargs_list(k, list);
  wg_format(k, fmt, true, &va, &s);
  uint32_t n = (uint32_t)s.len, copy = bounded && n > room ? room : n;
  for (uint32_t i = 0; to && i < copy; i++) wg_kw(k->m, to + 2 * i, 2, (uint8_t)s.data[i]);
  if (to && (!bounded || n < room)) wg_kw(k->m, to + 2 * copy, 2, 0);
  wg_json_str(wg_out(k), "text", s.len ? s.data : "");
  if (to) wg_told(k, to);
  wg_buf_release(&s);
  return bounded && n > room ? 0xFFFFFFFFu : n;
}
WG_CALL(vswprintf, 3) { return wide(k, A(1), A(2), A(0), 0, false); }
WG_CALL(_vsnwprintf, 4) { return wide(k, A(2), A(3), A(0), A(1), true); }
WG_CALL(_vscwprintf, 2) { return wide(k, A(0), A(1), 0, 0, false); }

WG_CALL(RtlUpcaseUnicodeChar, 1) { return (A(0) & 0xFFFF) == 0xFF ? 0x178 : upper(A(0) & 0xFFFF); }
WG_CALL(RtlUpperChar, 1) { return (A(0) & 0xFF) == 0xFF ? '?' : upper(A(0) & 0xFF); }
WG_CALL(RtlCopyString, 2) { return copy_string(k); }
WG_CALL(RtlCopyUnicodeString, 2) { return copy_string(k); }
