#define _DEFAULT_SOURCE // timegm
#include "trace/mapped_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/file.h"
#include "base/json_iter.h"
#include "nt/exports.h"

bool wg_told_integer(const struct wg_field *f, uint64_t *v) {
  if (f->type == WG_F_STR) return strlen(f->s) == f->n && wg_parse_u64(f->s, UINT64_MAX, v);
  *v = f->u;
  return f->type == WG_F_DEC;
}

bool wg_told_whole(const struct wg_field *f, uint64_t *v) {
  char *end;
  if (wg_told_integer(f, v)) return true;
  if (f->type != WG_F_RAW) return false;
  double real = strtod(f->s, &end);
  if (end != f->s + f->n || !(real >= 0 && real <= 9007199254740992.0)) return false;
  *v = (uint64_t)real;
  return (double)*v == real;
}

bool wg_told_thread(const struct wg_field *f, uint64_t *v) {
  static const char *const words[] = {"threadid", "thread", "tid", "t"};
  if (f->type != WG_F_STR || strlen(f->s) != f->n) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    size_t n = strlen(words[i]);
    if (strncasecmp(f->s, words[i], n) != 0) continue;
    const char *p = f->s + n;
    bool bracket = *p == '(';
    p += strspn(p, bracket ? "(" : " -_:#");
    size_t digits = strspn(p, "0123456789");
    char number[12] = "";
    if (digits == 0 || digits >= sizeof number || strcmp(p + digits, bracket ? ")" : "") != 0) return false;
    memcpy(number, p, digits);
    return wg_parse_u64(number, UINT32_MAX, v);
  }
  return false;
}

bool wg_told_time(const struct wg_field *f, uint64_t *ns) {
  char part[6][5] = {{0}};
  int used = 0, zone_h = 0, zone_m = 0;
  char sign = 0;
  if (sscanf(f->s, "%4[0-9]-%2[0-9]-%2[0-9]%*1[T ]%2[0-9]:%2[0-9]:%2[0-9]%n", part[0], part[1], part[2], part[3],
             part[4], part[5], &used) != 6)
    return false;
  const char *p = f->s + used;
  uint64_t fraction = 0, unit = 1000000000;
  if (*p == '.' || *p == ',')
    for (p++; *p >= '0' && *p <= '9'; p++)
      if (unit > 1) fraction += (uint64_t)(*p - '0') * (unit /= 10);
  if (*p == 'Z') {
    p++;
  } else if (*p == '+' || *p == '-') {
    if (sscanf(p, "%c%2d:%2d%n", &sign, &zone_h, &zone_m, &used) != 3) return false;
    p += used;
  }
  int v[6];
  for (int i = 0; i < 6; i++) v[i] = (int)strtol(part[i], NULL, 10);
  if (*p || v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60)
    return false;
  struct tm utc = {
      .tm_year = v[0] - 1900, .tm_mon = v[1] - 1, .tm_mday = v[2], .tm_hour = v[3], .tm_min = v[4], .tm_sec = v[5]};
  int64_t s = timegm(&utc);
  s -= (sign == '-' ? -1 : 1) * (zone_h * 3600 + zone_m * 60);
  if (s < 0 || s > 18000000000) return false;
  *ns = (uint64_t)s * 1000000000 + fraction;
  return true;
}

// As %08X and %016llX write them. Fewer digits may be a decimal number.
static bool padded_hex(const char *s, size_t n, uint64_t *v) {
  if (n != 8 && n != 16) return false;
  for (size_t i = 0; i < n; i++)
    if (strchr("0123456789abcdefABCDEF", s[i]) == NULL || s[i] == 0) return false;
  *v = strtoull(s, NULL, 16);
  return true;
}

static bool negative(const struct wg_field *f, uint64_t *v) {
  if (f->type != WG_F_SDEC || f->i < INT32_MIN) return false;
  *v = (uint32_t)f->i;
  return true;
}

void wg_told_number(struct wg_field *f) {
  bool minus = f->type == WG_F_RAW && f->n && f->s[0] == '-';
  struct wg_field most = *f;
  uint64_t v;
  if (f->type != WG_F_RAW) return;
  if (minus) most.s++, most.n--;
  if (!wg_told_whole(&most, &v)) return;
  f->type = minus ? WG_F_SDEC : WG_F_DEC;
  f->u = minus ? 0 - v : v;
}

void wg_told_hex(struct wg_field *f) {
  uint64_t v;
  bool is = f->type == WG_F_STR ? strlen(f->s) == f->n && padded_hex(f->s, f->n, &v) : negative(f, &v);
  if (!is) return;
  f->type = WG_F_HEX;
  f->u = v;
}

static bool address_of(const struct wg_json_member *m, uint64_t *v) {
  char text[32];
  bool quoted = m->nvalue > 2 && m->value[0] == '"';
  if (quoted && padded_hex(m->value + 1, m->nvalue - 2, v)) return true;
  if (wg_json_int(m, v)) return true;
  if (quoted || m->nvalue >= sizeof text) return false;
  memcpy(text, m->value, m->nvalue);
  text[m->nvalue] = 0;
  return wg_told_whole(&(struct wg_field){.type = WG_F_RAW, .s = text, .n = m->nvalue}, v);
}

static bool is_of_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

void wg_told_status(struct wg_field *f) {
  uint32_t named = 0;
  if (f->type != WG_F_STR || strlen(f->s) != f->n) return;
  if (strncmp(f->s, "0x", 2) == 0) return; // what begins with its number is one
  size_t word = 0;
  while (is_of_word(f->s[word])) word++;
  const char *number = strstr(f->s, "0x");
  char *end = NULL;
  uint64_t v = number ? strtoull(number, &end, 16) : 0;
  bool is_named = wg_nt_status_value(f->s, word, &named);
  bool is_numbered = end && end > number + 2 && (*end == 0 || strchr(" )]", *end)) && v <= UINT32_MAX;
  if (!is_numbered && !(is_named && word == f->n)) return;
  f->type = WG_F_HEX;
  f->u = is_numbered ? v : named;
}

// Of {"name": "Handle", "value": "0xf8000010"}.
static bool named_value(const struct wg_json_member *m, struct wg_json_member *value) {
  struct wg_json_iter it;
  if (!wg_json_walk(&it, m->value, m->nvalue) || !it.object) return false;
  while (wg_json_next(&it, value))
    if (wg_json_is(value, "value")) return true;
  return false;
}

static bool of_text(const char *p, size_t n, uint64_t *v, size_t most, size_t *count) {
  for (const char *end = p + n; p < end; ++*count) {
    const char *comma = memchr(p, ',', (size_t)(end - p)), *over = comma ? comma : end;
    while (p < over && *p == ' ') p++;
    const struct wg_json_member m = {.value = p, .nvalue = (size_t)(over - p)};
    if (*count == most || (!padded_hex(p, m.nvalue, &v[*count]) && !wg_json_int(&m, &v[*count]))) return false;
    p = over + 1;
  }
  return true;
}

bool wg_told_hexes(const struct wg_field *f, uint64_t *v, size_t most, size_t *n) {
  struct wg_json_iter it;
  struct wg_json_member m, value;
  *n = 0;
  if (f->type == WG_F_STR) return of_text(f->s, f->n, v, most, n);
  if (f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n)) return false;
  for (; wg_json_next(&it, &m); ++*n)
    if (*n == most || !address_of(named_value(&m, &value) ? &value : &m, &v[*n])) return false;
  return true;
}
