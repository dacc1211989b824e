#include "trace/xenia_torn.h"

#include <string.h>

#include "nt/exports.h"
#include "trace/xenia_call.h"

#define SLACK 64 // that may be read behind a text

// -- calls as the log writes them --

// How surely that is an argument.
static int argument(const char *p, size_t n) {
  switch (wg_xenia_argument(p, n)) {
  case WG_XENIA_WORD: return 2;
  case WG_XENIA_INTEGER:
  case WG_XENIA_REAL: return 1;
  default: return 0;
  }
}

// Some parameters show text behind their address, the others 8 or 16 digits.
static bool may_show(const struct wg_nt_export *nt, size_t param, const char *p, size_t n) {
  const char *open = memchr(p, '(', n);
  if (open == NULL || param >= wg_nt_nparams(nt) || strchr("pswaoxe", nt->params[param])) return true;
  size_t len = (size_t)(p + n - 1 - (open + 1));
  return (len == 8 || len == 16) && wg_xenia_digits(open + 1, 16) >= len;
}

struct call {
  const struct wg_nt_export *nt;
  size_t args;
  int depth, sure; // sure: of the least sure argument
  size_t last;     // where the last one begins
};

// Reads the text of a call as far as it goes; false if it is no call that we know.
static bool read_call(const char *p, size_t n, struct call *c) {
  const char *open = memchr(p, '(', n);
  *c = (struct call){.sure = 2};
  if (open == NULL || (c->nt = wg_nt_find(p, (size_t)(open - p))) == NULL) return false;
  size_t i = (size_t)(open - p) + 1;
  c->last = i;
  for (c->depth = 1; i < n && c->depth; i++) {
    c->depth += (p[i] == '(') - (p[i] == ')');
    bool ends = c->depth == 0 || (c->depth == 1 && p[i] == ',' && i + 1 < n && p[i + 1] == ' ');
    if (!ends) continue;
    size_t len = i - c->last;
    if (c->depth && len == 0) return false;
    if (len && !(len == 10 && memcmp(p + c->last, "ContextArg", 10) == 0)) {
      int sure = argument(p + c->last, len);
      if (sure == 0 || !may_show(c->nt, c->args, p + c->last, len)) return false;
      if (sure < c->sure) c->sure = sure;
      c->args++;
    }
    c->last = i + 2;
  }
  return c->depth > 0 || i == n; // nothing may follow
}

static bool knows_params(const struct wg_nt_export *nt) { return nt->params[0] != '?'; }

static int whole_call(const char *p, size_t n) {
  struct call c;
  if (!read_call(p, n, &c) || c.depth != 0) return 0;
  // A log that leaves arguments out altogether has none.
  return !knows_params(c.nt) || c.args == 0 || c.args == wg_nt_nparams(c.nt) ? c.sure : 0;
}

// -- other lines of which we know how they end --

static bool after(const char **p, const char *end, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0) return false;
  *p += n;
  return true;
}

static bool skip_digits(const char **p, const char *end) {
  if (end - *p < 8 || wg_xenia_digits(*p, 8) != 8) return false;
  *p += 8;
  return true;
}

static bool whole_handle(const char *p, const char *end) {
  if (!after(&p, end, "Added handle:") && !after(&p, end, "Removed handle:")) return false;
  if (!skip_digits(&p, end) || !after(&p, end, " for ")) return false;
  return after(&p, end, "class xe::kernel::X") || (after(&p, end, "N2xe6kernel") && end > p && end[-1] == 'E');
}

static bool whole_stack(const char *p, const char *end) {
  if (!after(&p, end, "XThread") || !skip_digits(&p, end) || !after(&p, end, " (")) return false;
  while (p < end && wg_xenia_digits(p, 1)) p++;
  return after(&p, end, ") Stack: ") && skip_digits(&p, end) && after(&p, end, "-") && skip_digits(&p, end) && p == end;
}

static bool is_level(char c) { return c == 'd' || c == 'i' || c == '!' || c == 'w' || c == 'x'; }

int wg_xenia_whole_line(const char *l, size_t n) {
  const char *text = l + WG_XENIA_PREFIX, *end = l + n;
  if (n <= WG_XENIA_PREFIX || !is_level(l[0])) return 0;
  if (whole_handle(text, end) || whole_stack(text, end)) return 2;
  return whole_call(text, n - WG_XENIA_PREFIX);
}

size_t wg_xenia_begun_args(const char *l, size_t n) {
  struct call c;
  const char *text = l + WG_XENIA_PREFIX;
  if (n < WG_XENIA_PREFIX || !is_level(l[0]) || !read_call(text, n - WG_XENIA_PREFIX, &c) || c.depth == 0) return 0;
  return !knows_params(c.nt) || c.args < wg_nt_nparams(c.nt) ? WG_XENIA_PREFIX + c.last : 0;
}

bool wg_xenia_begun_call(const char *l, size_t n) { return wg_xenia_begun_args(l, n) != 0; }

// -- halves --

void wg_xenia_half_add(struct wg_xenia_half *h, const char *text, size_t n) {
  wg_buf_reserve(&h->text, n + SLACK);
  wg_buf_add(&h->text, text, n);
}

void wg_xenia_keep_half(struct wg_xenia_torn *t, uint64_t id, const char *l, size_t n, uint64_t line) {
  struct wg_xenia_half *h = &t->halves[t->n++];
  h->id = id;
  h->line = line;
  wg_buf_clear(&h->text);
  wg_xenia_half_add(h, l, n);
}

struct wg_xenia_half *wg_xenia_half_of(struct wg_xenia_torn *t, uint64_t id) {
  for (size_t i = 0; i < t->n; i++)
    if (t->halves[i].id == id) return &t->halves[i];
  return NULL;
}

// What the judge says of the half with the piece behind it.
static int with(struct wg_xenia_half *h, const char *piece, size_t n, int (*judge)(const char *l, size_t n)) {
  size_t had = h->text.len;
  if (had + n > WG_XENIA_HALF) return 0;
  wg_xenia_half_add(h, piece, n);
  int sure = judge(h->text.data, h->text.len);
  h->text.len = had;
  return sure;
}

// That of which the judge is the surest.
static struct wg_xenia_half *best(struct wg_xenia_torn *t, const char *piece, size_t n, bool *several,
                                  int (*judge)(const char *l, size_t n)) {
  struct wg_xenia_half *found = NULL;
  int most = 0;
  *several = false;
  for (size_t i = 0; i < t->n; i++) {
    int sure = with(&t->halves[i], piece, n, judge);
    *several = sure > most ? false : *several || (sure && sure == most);
    if (sure > most) found = &t->halves[i], most = sure;
  }
  if (found == NULL || *several) return NULL;
  wg_xenia_half_add(found, piece, n);
  return found;
}

struct wg_xenia_half *wg_xenia_half_for(struct wg_xenia_torn *t, const char *rest, size_t n, bool *several) {
  return best(t, rest, n, several, wg_xenia_whole_line);
}

static int begun(const char *l, size_t n) { return wg_xenia_begun_call(l, n); }

struct wg_xenia_half *wg_xenia_half_around(struct wg_xenia_torn *t, const char *piece, size_t n) {
  bool several;
  return best(t, piece, n, &several, begun);
}

void wg_xenia_half_done(struct wg_xenia_torn *t, struct wg_xenia_half *h) {
  struct wg_xenia_half gone = *h;
  size_t at = (size_t)(h - t->halves);
  memmove(h, h + 1, (--t->n - at) * sizeof *h);
  t->halves[t->n] = gone; // its text is still being read
}

void wg_xenia_torn_release(struct wg_xenia_torn *t) {
  for (size_t i = 0; i < WG_XENIA_HALVES; i++) wg_buf_release(&t->halves[i].text);
}
