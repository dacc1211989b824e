#include "travel/position.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  enum wg_position_kind kind;
  enum { NOTHING, NUMBER, THREAD_AND_NUMBER, TIME, NAME } takes;
} kinds[] = {
    {"start", WG_AT_START, NOTHING},    {"end", WG_AT_END, NOTHING},    {"cycle", WG_AT_CYCLE, THREAD_AND_NUMBER},
    {"insn", WG_AT_INSN, NUMBER},       {"frame", WG_AT_FRAME, NUMBER}, {"time", WG_AT_TIME, TIME},
    {"event", WG_AT_NTH_EVENT, NUMBER}, {"call", WG_AT_CALL, NAME},     {"return", WG_AT_RETURN, NAME},
};
#define NKINDS (sizeof kinds / sizeof *kinds)

static bool number(const char **text, uint64_t *out) {
  const char *p = *text;
  uint64_t v = 0;
  if (!isdigit((unsigned char)*p)) return false;
  for (; isdigit((unsigned char)*p); p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (v > (UINT64_MAX - digit) / 10) return false;
    v = v * 10 + digit;
  }
  *text = p;
  *out = v;
  return true;
}

static bool pair(const char *text, uint32_t *tid, uint64_t *value) {
  uint64_t t;
  if (!number(&text, &t) || t > UINT32_MAX || *text++ != ':') return false;
  *tid = (uint32_t)t;
  return number(&text, value) && *text == 0;
}

// Seconds with a point and an optional unit, exactly.
static bool duration(const char *text, uint64_t *ns) {
  static const struct {
    const char *name;
    uint64_t ns;
  } units[] = {{"", 1000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
  uint64_t whole, rest = 0, scale = 1;
  if (!number(&text, &whole)) return false;
  if (*text == '.') {
    for (text++; isdigit((unsigned char)*text) && scale < 1000000000; text++, scale *= 10)
      rest = rest * 10 + (uint64_t)(*text - '0');
    if (scale == 1) return false;
  }
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(text, units[i].name) != 0) continue;
    if (whole > UINT64_MAX / 2 / units[i].ns) return false;
    *ns = whole * units[i].ns + rest * units[i].ns / scale;
    return true;
  }
  return false;
}

static bool named(const char *text, struct wg_position *p) {
  size_t n = strcspn(text, "#");
  const char *count = text + n;
  p->value = 1;
  if (n == 0 || n >= sizeof p->name) return false;
  memcpy(p->name, text, n);
  p->name[n] = 0;
  return *count == 0 || (count++, number(&count, &p->value) && *count == 0 && p->value > 0);
}

static bool parse(const char *text, struct wg_position *p) {
  if (pair(text, &p->tid, &p->value)) {
    p->kind = WG_AT_EVENT;
    return true;
  }
  size_t n = strcspn(text, "=");
  const char *value = text[n] ? text + n + 1 : NULL;
  for (size_t i = 0; i < NKINDS; i++) {
    if (strlen(kinds[i].name) != n || memcmp(text, kinds[i].name, n) != 0) continue;
    p->kind = kinds[i].kind;
    if (kinds[i].takes == NOTHING) return value == NULL;
    if (value == NULL) return false;
    switch (kinds[i].takes) {
    case NUMBER: return number(&value, &p->value) && *value == 0 && (p->kind != WG_AT_NTH_EVENT || p->value > 0);
    case THREAD_AND_NUMBER: return pair(value, &p->tid, &p->value);
    case TIME: return duration(value, &p->value);
    default: return named(value, p);
    }
  }
  return false;
}

int wg_position_parse(const char *text, struct wg_position *out, struct wg_err *err) {
  *out = (struct wg_position){.kind = WG_AT_START};
  if (parse(text, out)) return WG_OK;
  return wg_fail(err, WG_INPUT,
                 "'%s' is no position: TID:IDX, cycle=TID:N, insn=N, event=N, time=1.5s, frame=N, call=NAME#N, "
                 "return=NAME#N, start or end",
                 text);
}

void wg_position_words(const struct wg_position *p, struct wg_buf *out) {
  unsigned long long v = p->value;
  if (p->kind == WG_AT_EVENT) {
    wg_buf_printf(out, "%u:%llu", p->tid, v);
    return;
  }
  for (size_t i = 0; i < NKINDS; i++) {
    if (kinds[i].kind != p->kind) continue;
    wg_buf_str(out, kinds[i].name);
    switch (kinds[i].takes) {
    case NOTHING: break;
    case NUMBER: wg_buf_printf(out, "=%llu", v); break;
    case THREAD_AND_NUMBER: wg_buf_printf(out, "=%u:%llu", p->tid, v); break;
    case TIME: wg_buf_printf(out, "=%lluns", v); break;
    case NAME: wg_buf_printf(out, "=%s#%llu", p->name, v); break;
    }
  }
}
