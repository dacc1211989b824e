#include "gdb/packet.h"

#include <string.h>

#include "base/number.h"

static void begin(struct wg_gdb_reader *r) {
  wg_buf_clear(&r->payload);
  r->state = WG_GDB_BODY;
  r->sum = 0;
  r->bad = false;
}

static void take(struct wg_gdb_reader *r, uint8_t byte) {
  if (r->payload.len == WG_GDB_PACKET)
    r->bad = true;
  else
    wg_buf_char(&r->payload, (char)byte);
}

static enum wg_gdb_input between(struct wg_gdb_reader *r, uint8_t byte) {
  switch (byte) {
  case '$': begin(r); return WG_GDB_NOTHING;
  case '+': return WG_GDB_ACK;
  case '-': return WG_GDB_NACK;
  case 3: return WG_GDB_BREAK;
  default: return WG_GDB_NOTHING;
  }
}

static void body(struct wg_gdb_reader *r, uint8_t byte) {
  if (byte == '#') {
    r->state = WG_GDB_SUM;
    return;
  }
  if (byte == '$') { // the packet before has lost its end
    begin(r);
    return;
  }
  r->sum = (uint8_t)(r->sum + byte);
  if (byte == '}')
    r->state = WG_GDB_ESCAPED;
  else
    take(r, byte);
}

enum wg_gdb_input wg_gdb_byte(struct wg_gdb_reader *r, uint8_t byte) {
  int d = wg_hex_digit((char)byte);
  switch (r->state) {
  case WG_GDB_BETWEEN: return between(r, byte);
  case WG_GDB_BODY: body(r, byte); return WG_GDB_NOTHING;
  case WG_GDB_ESCAPED:
    r->sum = (uint8_t)(r->sum + byte);
    take(r, byte ^ 0x20);
    r->state = WG_GDB_BODY;
    return WG_GDB_NOTHING;
  case WG_GDB_SUM:
    r->told = (uint8_t)(((unsigned)d & 15u) << 4); // of no digit: bad anyway
    r->bad |= d < 0;
    r->state = WG_GDB_SUM_LOW;
    return WG_GDB_NOTHING;
  case WG_GDB_SUM_LOW: break;
  }
  r->state = WG_GDB_BETWEEN;
  return r->bad || d < 0 || (r->told | d) != r->sum ? WG_GDB_BAD : WG_GDB_PAYLOAD;
}

void wg_gdb_reader_release(struct wg_gdb_reader *r) {
  wg_buf_release(&r->payload);
  *r = (struct wg_gdb_reader){.bad = false};
}

void wg_gdb_frame(const char *payload, size_t n, struct wg_buf *out) {
  uint8_t sum = 0;
  wg_buf_char(out, '$');
  size_t from = out->len;
  for (size_t i = 0; i < n; i++) {
    bool special = payload[i] == '#' || payload[i] == '$' || payload[i] == '}' || payload[i] == '*';
    if (special) wg_buf_char(out, '}');
    wg_buf_char(out, special ? (char)(payload[i] ^ 0x20) : payload[i]);
  }
  for (size_t i = from; i < out->len; i++) sum = (uint8_t)(sum + (uint8_t)out->data[i]);
  wg_buf_printf(out, "#%02x", sum);
}

bool wg_gdb_skip(struct wg_gdb_text *t, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0) return false;
  t->at += n;
  return true;
}

bool wg_gdb_number(struct wg_gdb_text *t, uint64_t *out) {
  uint64_t v = 0;
  const char *from = t->at;
  for (; t->at < t->end && wg_hex_digit(*t->at) >= 0; t->at++) {
    if (v >> 60) return false;
    v = v << 4 | (uint64_t)wg_hex_digit(*t->at);
  }
  *out = v;
  return t->at > from;
}

bool wg_gdb_range(struct wg_gdb_text *t, uint64_t *first, uint64_t *size) {
  return wg_gdb_number(t, first) && wg_gdb_skip(t, ",") && wg_gdb_number(t, size);
}

struct wg_gdb_text wg_gdb_until(struct wg_gdb_text *t, char stop) {
  struct wg_gdb_text part = {t->at, t->at};
  while (part.end < t->end && *part.end != stop) part.end++;
  t->at = part.end < t->end ? part.end + 1 : part.end;
  return part;
}

bool wg_gdb_is(struct wg_gdb_text t, const char *word) { return wg_gdb_skip(&t, word) && t.at == t.end; }

bool wg_gdb_unhex(struct wg_gdb_text t, struct wg_buf *out) {
  wg_buf_reserve(out, (size_t)(t.end - t.at) / 2 + 1);
  for (; t.end - t.at >= 2; t.at += 2) {
    char byte;
    if (!wg_unhex(t.at, 1, &byte)) return false;
    wg_buf_char(out, byte);
  }
  return t.at == t.end;
}

void wg_gdb_hex(const void *data, size_t n, struct wg_buf *out) {
  static const char digits[] = "0123456789abcdef";
  const uint8_t *p = data;
  for (size_t i = 0; i < n; i++) {
    wg_buf_char(out, digits[p[i] >> 4]);
    wg_buf_char(out, digits[p[i] & 15]);
  }
}
