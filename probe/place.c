#include "probe/place.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/expr.h"
#include "base/file.h"
#include "base/printable.h"
#include "emu/mem/watch.h"

// 0x82001234, or 82001234 with all its eight digits.
static bool parse_addr(const char *text, uint32_t *out) {
  char with[11] = "0x";
  uint64_t v;
  if (strlen(text) == 8 && isxdigit((unsigned char)text[0])) {
    memcpy(with + 2, text, 9);
    text = with;
  } else if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
    return false;
  }
  if (!wg_parse_u64(text, UINT32_MAX, &v)) return false;
  *out = (uint32_t)v;
  return true;
}

int wg_place_code(const char *text, const struct wg_symbols *s, uint32_t *out, bool *found, struct wg_err *err) {
  struct wg_buf why = {0};
  uint64_t at;
  *found = parse_addr(text, out);
  if (*found) return WG_OK;
  *found = wg_expr_symbol(s, text, strlen(text), &at, &why) == WG_EXPR_CONSTANT;
  if (*found) *out = (uint32_t)at;
  int code = why.len ? wg_fail(err, WG_INPUT, "%s", why.data) : WG_OK;
  wg_buf_release(&why);
  return code;
}

int wg_place_parse(const char *text, uint32_t len, const struct wg_symbols *s, struct wg_place_range *out,
                   struct wg_err *err) {
  const char *plus = strrchr(text, '+');
  char *addr = wg_xstrndup(text, plus ? (size_t)(plus - text) : strlen(text));
  uint64_t n = len;
  bool found = false;
  int code = addr[0] ? wg_place_code(addr, s, &out->addr, &found, err) : WG_OK;
  bool ok = found && (plus == NULL || wg_parse_u64(plus + 1, UINT32_MAX, &n));
  struct wg_buf words = {0};
  wg_buf_printable(&words, text, strlen(text), 100);
  out->len = (uint32_t)n;
  if (code == WG_OK && !ok)
    code = wg_fail(err, WG_INPUT, "'%s' is no place in memory: expected ADDR or ADDR+LEN, as 0x82001234+8%s",
                   words.data ? words.data : "", s ? ", or a symbol of the map" : "");
  else if (code == WG_OK && (n == 0 || n > WG_PLACE_MAX))
    code = wg_fail(err, WG_INPUT, "'%s': %llu bytes: from 1 to %u can be watched at once", words.data,
                   (unsigned long long)n, WG_PLACE_MAX);
  else if (code == WG_OK && out->addr + n > (uint64_t)UINT32_MAX + 1)
    code = wg_fail(err, WG_INPUT, "'%s' goes on beyond the end of memory", words.data);
  wg_buf_release(&words);
  free(addr);
  return code;
}

bool wg_place_shown(const struct wg_mem *m, uint32_t addr, uint32_t *out) {
  uint32_t pages[4], page = addr / WG_PAGE;
  *out = addr;
  if (m->committed[page]) return true;
  for (size_t i = 0, n = wg_mem_aliases(wg_mem_backing(page), pages); i < n; i++) {
    if (!m->committed[pages[i]]) continue;
    *out = pages[i] * WG_PAGE + addr % WG_PAGE;
    return true;
  }
  return false;
}

static uint64_t backed(uint64_t at) {
  return (uint64_t)wg_mem_backing((uint32_t)(at / WG_PAGE)) * WG_PAGE + at % WG_PAGE;
}

static uint64_t page_end(uint64_t at, uint64_t end) {
  uint64_t stop = (at | (WG_PAGE - 1)) + 1;
  return stop < end ? stop : end;
}

bool wg_place_touch(uint32_t a, uint32_t alen, uint32_t b, uint32_t blen) {
  return wg_place_part(&(struct wg_place_range){b, blen}, a, alen).len != 0;
}

struct wg_place_range wg_place_part(const struct wg_place_range *place, uint32_t addr, uint32_t len) {
  for (uint64_t i = addr, iend = i + len, istop; i < iend; i = istop) {
    istop = page_end(i, iend);
    for (uint64_t j = place->addr, jend = j + place->len, jstop; j < jend; j = jstop) {
      jstop = page_end(j, jend);
      uint64_t from = backed(i), end = from + (istop - i), begins = backed(j), ends = begins + (jstop - j);
      if (from < begins) from = begins;
      if (ends < end) end = ends;
      if (from < end) return (struct wg_place_range){(uint32_t)(j + from - begins), (uint32_t)(end - from)};
    }
  }
  return (struct wg_place_range){place->addr, 0};
}
