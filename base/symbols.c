// Readers of linkers' maps. Each takes a line at a time; what is no symbol's line in its format is passed over, and a
// symbol's line that cannot be read is an error.
#include "base/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/vec.h"

#define MAX_FILE (256u << 20)
#define MAX_SECTIONS 65536u // Microsoft's have four hexadecimal digits

struct range {
  uint32_t number; // Microsoft's; others: 0
  uint64_t begin, end;
};

struct wg_symbols {
  struct wg_symbols_about about;
  struct wg_buf names;
  struct wg_label *labels; // by address
  size_t n, room;
  uint32_t *by_name; // places in it
  struct range *ranges;
  size_t nranges, range_room;
};

struct parse {
  struct wg_symbols *s;
  const char *path;
  size_t line;
  struct wg_err *err;
  bool pending; // GNU ld: the numbers of a section with a long name are in the next line
  bool has_section_base[MAX_SECTIONS];
  uint32_t section_base[MAX_SECTIONS];
};

struct text {
  const char *p;
  size_t n;
};

// --- words ------------------------------------------------------------------------------------------

static bool is_space(char c) { return c == ' ' || c == '\t'; }

static struct text trimmed(struct text t) {
  while (t.n && is_space(*t.p)) t.p++, t.n--;
  while (t.n && (is_space(t.p[t.n - 1]) || t.p[t.n - 1] == '\r')) t.n--;
  return t;
}

// Takes the next word; an empty one at the end.
static struct text next_word(struct text *t) {
  while (t->n && is_space(*t->p)) t->p++, t->n--;
  struct text w = {t->p, 0};
  while (w.n < t->n && !is_space(w.p[w.n])) w.n++;
  t->p += w.n;
  t->n -= w.n;
  return w;
}

static bool is(struct text t, const char *s) { return t.n == strlen(s) && memcmp(t.p, s, t.n) == 0; }
static bool begins(struct text t, const char *s) { return t.n >= strlen(s) && memcmp(t.p, s, strlen(s)) == 0; }

static bool hex(struct text t, uint64_t *v) {
  *v = 0;
  if (t.n == 0 || t.n > 16) return false;
  for (size_t i = 0; i < t.n; i++) {
    char c = t.p[i];
    if (c >= '0' && c <= '9')
      *v = *v << 4 | (uint64_t)(c - '0');
    else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
      *v = *v << 4 | (uint64_t)((c | 0x20) - 'a' + 10);
    else
      return false;
  }
  return true;
}

static bool hex0x(struct text t, uint64_t *v) { return begins(t, "0x") && hex((struct text){t.p + 2, t.n - 2}, v); }

static int bad_line(const struct parse *p, struct text line, const char *what) {
  struct wg_buf b = {0};
  wg_buf_printable(&b, line.p, line.n, 60);
  int code = wg_fail(p->err, WG_INPUT, "%s:%zu: %s: '%s'", p->path, p->line, what, b.data ? b.data : "");
  wg_buf_release(&b);
  return code;
}

// --- what has been read -------------------------------------------------------------------------------

static int add_symbol(struct parse *p, struct text line, struct text name, uint64_t addr, uint64_t end, bool function) {
  struct wg_symbols *s = p->s;
  if (addr > UINT32_MAX) return bad_line(p, line, "an address beyond 32 bits, which is none of a title's");
  if (memchr(name.p, 0, name.n)) return bad_line(p, line, "a symbol's name with a NUL in it");
  if (s->n == UINT32_MAX || s->names.len > UINT32_MAX) return bad_line(p, line, "more symbols than anybody has");
  WG_VEC_ROOM(s->labels, s->room, s->n + 1);
  // Until all are there, `name` is an offset: the buffer moves.
  s->labels[s->n] = (struct wg_label){.name = (const char *)(uintptr_t)s->names.len,
                                      .addr = (uint32_t)addr,
                                      .end = end > UINT32_MAX ? UINT32_MAX : (uint32_t)end,
                                      .order = (uint32_t)s->n,
                                      .function = function};
  s->n++;
  wg_buf_add(&s->names, name.p, name.n);
  wg_buf_char(&s->names, 0);
  return WG_OK;
}

static void add_range(struct wg_symbols *s, uint32_t number, uint64_t begin, uint64_t size) {
  WG_VEC_ROOM(s->ranges, s->range_room, s->nranges + 1);
  s->ranges[s->nranges++] = (struct range){number, begin, begin + size};
}

// --- Microsoft's linker -------------------------------------------------------------------------------

// "0003:0020a760 00000284H .text$yc CODE", or "0003:0002ba28 main 8208ba28 f main.obj".
static int microsoft(struct parse *p, struct text line) {
  struct text rest = trimmed(line), whole = rest, first = next_word(&rest);
  uint64_t section, offset, v;
  if (begins(whole, "Timestamp is ")) {
    struct text t = {whole.p + 13, whole.n - 13};
    p->s->about.has_timestamp = hex(next_word(&t), &v) && v <= UINT32_MAX;
    p->s->about.timestamp = (uint32_t)v;
  }
  if (begins(whole, "Preferred load address is ")) {
    struct text t = {whole.p + 26, whole.n - 26};
    p->s->about.has_base = hex(next_word(&t), &v) && v <= UINT32_MAX;
    p->s->about.base = (uint32_t)v;
    if (!p->s->about.has_base) return bad_line(p, line, "a load address that is none");
  }
  if (first.n != 13 || first.p[4] != ':') return WG_OK;
  if (!hex((struct text){first.p, 4}, &section) || !hex((struct text){first.p + 5, 8}, &offset)) return WG_OK;
  struct text name = next_word(&rest);
  if (name.n == 9 && name.p[8] == 'H' && hex((struct text){name.p, 8}, &v)) {
    add_range(p->s, (uint32_t)section, offset, v);
    return WG_OK;
  }
  struct text address = next_word(&rest), flag = next_word(&rest);
  if (name.n == 0 || address.n != 8 || !hex(address, &v))
    return bad_line(p, line, "expected a symbol's name and its address");
  if (section == 0) return WG_OK; // <absolute>: a number, no address
  if (v < offset) return bad_line(p, line, "an address below its own offset");
  if (!p->has_section_base[section]) {
    p->has_section_base[section] = true;
    p->section_base[section] = (uint32_t)(v - offset);
  }
  return add_symbol(p, line, name, v, 0, is(flag, "f"));
}

static void microsoft_ranges(struct parse *p) {
  struct wg_symbols *s = p->s;
  size_t n = 0;
  for (size_t i = 0; i < s->nranges; i++) {
    struct range r = s->ranges[i];
    uint32_t base = p->section_base[r.number];
    if (p->has_section_base[r.number]) s->ranges[n++] = (struct range){0, base + r.begin, base + r.end};
  }
  s->nranges = n;
}

// --- GNU ld -------------------------------------------------------------------------------------------

static bool identifier(struct text t) {
  for (size_t i = 0; i < t.n; i++) {
    char c = t.p[i];
    bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
    if (!ok && (c != '.' || t.n == 1)) return false;
  }
  return t.n > 0;
}

// A section: " .text 0x82010000 0xf4 hello.o", its name on a line of its own if it is long. A symbol: an address and
// the rest of the line. An assignment: an address, and "name = expression".
static int gnu(struct parse *p, struct text line) {
  struct text rest = trimmed(line), whole = rest, first = next_word(&rest);
  uint64_t addr, size;
  bool section = line.n && line.p[0] != '0' && !hex0x(first, &addr);
  if (section) {
    bool has = hex0x(next_word(&rest), &addr) && hex0x(next_word(&rest), &size);
    p->pending = !has && trimmed(rest).n == 0; // the next line may have its numbers
    if (has && size <= UINT32_MAX) add_range(p->s, 0, addr, size);
    return WG_OK;
  }
  if (!hex0x(first, &addr)) return WG_OK;
  struct text after = trimmed(rest), second = next_word(&rest), third = next_word(&rest);
  if (hex0x(second, &size)) {
    if (p->pending && size <= UINT32_MAX) add_range(p->s, 0, addr, size);
    p->pending = false;
    return WG_OK;
  }
  if (after.n == 0) return bad_line(p, line, "an address without a symbol");
  if (is(third, "=")) return identifier(second) ? add_symbol(p, whole, second, addr, 0, false) : WG_OK;
  if (begins(after, "PROVIDE") || begins(after, "[!provide]") || begins(after, "ASSERT") || is(second, ".") ||
      is(third, "+="))
    return WG_OK;
  return add_symbol(p, whole, after, addr, 0, false);
}

// --- nm -----------------------------------------------------------------------------------------------

static bool nm_kind(struct text t, char *kind) {
  static const char kinds[] = "AaBbCcDdGgiINnpRrSsTtUuVvWw-?";
  *kind = t.n == 1 ? t.p[0] : 0;
  return t.n == 1 && t.p[0] && strchr(kinds, t.p[0]);
}

// "82010100 T main", with -S "82010100 00000044 T main"; what has no address here is undefined: "         U name".
static int nm(struct parse *p, struct text line) {
  struct text rest = trimmed(line), whole = rest, first = next_word(&rest), second = next_word(&rest);
  uint64_t addr, size = 0;
  char kind;
  if (whole.n == 0 || whole.p[whole.n - 1] == ':') return WG_OK; // the name of a member of an archive
  if (nm_kind(first, &kind) && second.n && !nm_kind(second, &kind)) return WG_OK;
  if (!hex(first, &addr) || first.n < 8)
    return bad_line(p, line, "expected an address, a letter and a name, as nm prints them");
  if (!nm_kind(second, &kind)) {
    if (!hex(second, &size) || !nm_kind(next_word(&rest), &kind))
      return bad_line(p, line, "expected an address, a letter and a name, as nm prints them");
  }
  struct text name = trimmed(rest);
  if (name.n == 0) return bad_line(p, line, "expected a symbol's name");
  if (strchr("AaNn-?Uu", kind)) return WG_OK; // numbers, debugging, undefined
  return add_symbol(p, whole, name, addr, size ? addr + size : 0, strchr("TtWwi", kind) != NULL);
}

// --- the whole ----------------------------------------------------------------------------------------

static bool contains(const char *text, size_t n, const char *what) {
  size_t len = strlen(what);
  for (const char *p = text; (size_t)(text + n - p) >= len; p++) {
    p = memchr(p, what[0], (size_t)(text + n - p) - len + 1);
    if (p == NULL) return false;
    if (memcmp(p, what, len) == 0) return true;
  }
  return false;
}

static struct text next_line(const char **at, const char *end) {
  const char *nl = memchr(*at, '\n', (size_t)(end - *at));
  struct text line = {*at, (size_t)((nl ? nl : end) - *at)};
  *at = nl ? nl + 1 : end;
  return line;
}

static bool looks_like_nm(const char *text, size_t n) {
  for (const char *at = text, *end = text + n; at < end;) {
    struct text rest = trimmed(next_line(&at, end)), whole = rest, first = next_word(&rest), second = next_word(&rest);
    uint64_t v;
    char kind;
    if (whole.n == 0 || whole.p[whole.n - 1] == ':') continue;
    if (nm_kind(first, &kind) && strchr("Uwv", kind) && second.n) continue; // undefined
    if (!hex(first, &v) || first.n < 8) return false;
    return nm_kind(second, &kind) || (hex(second, &v) && nm_kind(next_word(&rest), &kind));
  }
  return false;
}

static int unknown_format(const char *path, const char *text, size_t n, struct wg_err *err) {
  const char *at = text;
  struct wg_buf b = {0};
  struct text line = {text, 0};
  while (at < text + n && line.n == 0) line = trimmed(next_line(&at, text + n));
  wg_buf_printable(&b, line.p, line.n, 40);
  int code =
      wg_fail(err, WG_INPUT,
              "%s: no symbols in a form that is known: expected the .map of Microsoft's linker, GNU ld's -Map or "
              "the output of nm, but it %s%s%s",
              path, line.n ? "begins with '" : "is empty", b.data ? b.data : "", line.n ? "'" : "");
  wg_buf_release(&b);
  return code;
}

static int by_address(const void *x, const void *y) {
  const struct wg_label *a = x, *b = y;
  if (a->addr != b->addr) return a->addr < b->addr ? -1 : 1;
  return a->order < b->order ? -1 : 1;
}

static int by_range(const void *x, const void *y) {
  const struct range *a = x, *b = y;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return a->end < b->end ? -1 : a->end > b->end;
}

struct named {
  const char *name;
  uint32_t at;
};
static int by_name(const void *x, const void *y) {
  const struct named *a = x, *b = y;
  int order = strcmp(a->name, b->name);
  return order ? order : a->at < b->at ? -1 : 1;
}

// Where each ends: at the next one, at the end of its section, or where nm has said; whichever comes first.
static void set_ends(struct wg_symbols *s) {
  size_t r = 0;
  uint64_t until = 0; // the end of the section that the address is in
  if (s->nranges) qsort(s->ranges, s->nranges, sizeof *s->ranges, by_range);
  for (size_t i = 0; i < s->n; i++) {
    struct wg_label *l = &s->labels[i];
    for (; r < s->nranges && s->ranges[r].begin <= l->addr; r++)
      if (s->ranges[r].end > until) until = s->ranges[r].end;
    size_t j = i + 1;
    while (j < s->n && s->labels[j].addr == l->addr) j++;
    uint64_t end = l->end ? l->end : UINT64_MAX;
    if (until > l->addr && until < end) end = until;
    if (j < s->n && s->labels[j].addr < end) end = s->labels[j].addr;
    for (; i < j; i++) s->labels[i].end = end == UINT64_MAX ? 0 : end > UINT32_MAX ? UINT32_MAX : (uint32_t)end;
    i--;
  }
}

static void finish(struct wg_symbols *s) {
  for (size_t i = 0; i < s->n; i++) s->labels[i].name = s->names.data + (uintptr_t)s->labels[i].name;
  if (s->n) qsort(s->labels, s->n, sizeof *s->labels, by_address);
  set_ends(s);
  struct named *all = wg_xcalloc(s->n + 1, sizeof *all);
  for (size_t i = 0; i < s->n; i++) all[i] = (struct named){s->labels[i].name, (uint32_t)i};
  qsort(all, s->n, sizeof *all, by_name);
  s->by_name = wg_xcalloc(s->n + 1, sizeof *s->by_name);
  for (size_t i = 0; i < s->n; i++) s->by_name[i] = all[i].at;
  free(all);
}

int wg_symbols_parse(struct wg_symbols **out, const char *path, const char *text, size_t n, struct wg_err *err) {
  static const struct {
    const char *format;
    int (*line)(struct parse *p, struct text line);
  } formats[] = {{"Microsoft linker map", microsoft}, {"GNU ld map", gnu}, {"nm", nm}};
  size_t head = n < 65536 ? n : 65536; // sections that were discarded come first, and can be many
  int which = contains(text, head, "Preferred load address is ")  ? 0
              : contains(text, n, "Linker script and memory map") ? 1
              : looks_like_nm(text, n)                            ? 2
                                                                  : -1;
  if (which < 0) return unknown_format(path, text, n, err);
  struct parse *p = wg_xcalloc(1, sizeof *p);
  struct wg_symbols *s = wg_xcalloc(1, sizeof *s);
  *p = (struct parse){.s = s, .path = path, .err = err};
  s->about.format = formats[which].format;
  int code = WG_OK;
  bool begun = which != 1; // what GNU ld writes before its map is no part of the image
  for (const char *at = text, *end = text + n; at < end && code == WG_OK;) {
    struct text line = next_line(&at, end);
    p->line++;
    if (begun) code = formats[which].line(p, line);
    begun = begun || begins(line, "Linker script and memory map");
  }
  if (code == WG_OK && s->n == 0) code = wg_fail(err, WG_INPUT, "%s: a %s without any symbol", path, s->about.format);
  if (which == 0) microsoft_ranges(p);
  free(p);
  if (code != WG_OK) {
    wg_symbols_free(s);
    return code;
  }
  finish(s);
  *out = s;
  return WG_OK;
}

int wg_symbols_read(struct wg_symbols **out, const char *path, struct wg_err *err) {
  struct wg_buf text = {0};
  int code = wg_file_read(path, MAX_FILE, &text, err);
  if (code == WG_OK) code = wg_symbols_parse(out, path, text.data ? text.data : "", text.len, err);
  wg_buf_release(&text);
  return code;
}

void wg_symbols_free(struct wg_symbols *s) {
  if (s == NULL) return;
  wg_buf_release(&s->names);
  free(s->labels);
  free(s->by_name);
  free(s->ranges);
  free(s);
}

size_t wg_symbols_count(const struct wg_symbols *s) { return s->n; }
const struct wg_label *wg_symbols_all(const struct wg_symbols *s) { return s->labels; }
const struct wg_symbols_about *wg_symbols_of(const struct wg_symbols *s) { return &s->about; }

const struct wg_label *wg_symbols_at(const struct wg_symbols *s, uint32_t addr) {
  size_t lo = 0, hi = s->n;
  while (lo < hi) { // the first one beyond
    size_t mid = lo + (hi - lo) / 2;
    if (s->labels[mid].addr <= addr)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (lo == 0) return NULL;
  size_t first = lo - 1;
  uint32_t begin = s->labels[first].addr;
  if (s->labels[first].end && addr >= s->labels[first].end) return NULL;
  for (lo = 0, hi = first; lo < hi;) { // of those at that address the first
    size_t mid = lo + (hi - lo) / 2;
    if (s->labels[mid].addr < begin)
      lo = mid + 1;
    else
      hi = mid;
  }
  return &s->labels[lo];
}

static int against(const char *have, const char *name, size_t n) {
  int order = strncmp(have, name, n);
  return order ? order : have[n] != 0;
}

size_t wg_symbols_named(const struct wg_symbols *s, const char *name, size_t n, uint32_t *addrs, size_t most) {
  size_t lo = 0, hi = s->n, found = 0;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (against(s->labels[s->by_name[mid]].name, name, n) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  uint32_t last = 0;
  for (; lo < s->n && against(s->labels[s->by_name[lo]].name, name, n) == 0; lo++) {
    uint32_t addr = s->labels[s->by_name[lo]].addr; // ascending among equal names
    if (found && addr == last) continue;
    if (found < most) addrs[found] = addr;
    last = addr;
    found++;
  }
  return found;
}
