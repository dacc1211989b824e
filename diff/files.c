#include "diff/files.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "diff/words.h"

#define LENGTH 6u // argument of NtReadFile
#define END_OF_FILE 0xC0000011u

// What was read of a file through one handle.
struct readings {
  uint64_t reads;
  uint64_t length, end;  // of the latest read: bytes asked for; where what it gave ends
  uint64_t asked, got;   // of the short one
  uint32_t thread, step; // the latest read; the short one if there is one
  bool equal;            // all asked for as much
  bool full, ended;      // some read gave all; one came to the end
  bool after_end;        // more was read after that
  bool known;            // what all of them gave is told
  bool closed, unique;   // unique: nothing had been asked for in the short one's length before
  uint32_t seq;
};

static bool is_read(const struct wg_side *s, const struct wg_content *c) {
  return strcmp(wg_str(s, c->name), "NtReadFile") == 0 && c->nargs > LENGTH;
}

// How many bytes a read gave, and from where on; false: that is not told.
static bool gave_bytes(const struct wg_side *s, const struct wg_content *c, uint64_t *bytes, uint64_t *offset) {
  struct wg_json_iter it;
  struct wg_json_member m;
  const char *json = wg_str(s, c->out);
  unsigned known = 0;
  *bytes = *offset = 0;
  if ((c->flags & WG_C_RV) && c->rv == END_OF_FILE) return true;
  if (c->out == 0 || !wg_json_walk(&it, json, strlen(json))) return false;
  while (wg_json_next(&it, &m)) {
    if (wg_json_is(&m, "bytes") && wg_json_int(&m, bytes)) known |= 1;
    if (wg_json_is(&m, "offset") && wg_json_int(&m, offset)) known |= 2;
  }
  return known == 3;
}

static void add_read(const struct wg_side *s, struct readings *r, uint32_t thread, uint32_t step,
                     const struct wg_step *x) {
  const struct wg_content *c = &s->contents[x->content];
  uint64_t length = wg_arg(s, c, LENGTH), bytes, offset;
  bool first = r->reads == 0;
  r->equal = first || (r->equal && r->length == length);
  r->reads += x->count;
  if (r->ended) r->after_end = true;
  if (!gave_bytes(s, c, &bytes, &offset) || x->count > 1) {
    r->known = false;
  } else {
    r->known = first || r->known;
    if (bytes < length && !r->ended) {
      r->ended = true;
      r->asked = length;
      r->got = bytes;
      r->end = bytes ? offset + bytes : r->end;
      r->thread = thread;
      r->step = step;
      r->unique = !first && r->length != length;
    }
    r->full |= bytes == length;
    if (!r->ended) r->end = offset + bytes;
  }
  r->length = length;
  r->seq = x->seq;
  if (!r->ended) r->thread = thread, r->step = step;
}

// Of every object of a side. Reads of one file are in order, whatever threads make them, as far as they do not overlap.
static struct readings *readings_of(const struct wg_side *s) {
  struct readings *all = wg_xcalloc(s->nobjects + 1, sizeof *all);
  for (uint32_t t = 0; t < s->nthreads; t++)
    for (uint32_t i = 0; i < s->threads[t].nsteps; i++) {
      const struct wg_step *x = &s->threads[t].steps[i];
      const struct wg_content *c = &s->contents[x->content];
      if (x->object == WG_NONE) continue;
      struct readings *r = &all[x->object];
      if (is_read(s, c))
        add_read(s, r, t, i, x);
      else if (wg_content_is(c, WG_NT_CLOSES) && r->reads)
        r->closed = true;
    }
  return all;
}

// The reference tells nothing of what any of its reads gave.
static bool untold(const struct wg_pairing *p) {
  const struct wg_side *s = p->s[1];
  for (size_t i = 0; i < s->ncontents; i++)
    if (is_read(s, &s->contents[i]) && s->contents[i].out) return false;
  return true;
}

static uint64_t path_of(const struct wg_side *s, uint32_t object) {
  uint32_t id = s->objects[object].name;
  const char *text = wg_str(s, id);
  return id ? wg_text_hash(text, wg_told_length(text, wg_strings_len(&s->strings, id)), true) : 0;
}

// By path: the only object that was read of it, + 1; 0: there are several.
static struct wg_map read_paths(const struct wg_side *s, const struct readings *r) {
  struct wg_map m = {0};
  for (uint32_t i = 0; i < s->nobjects; i++) {
    uint64_t any, path = r[i].reads ? path_of(s, i) : 0;
    if (path) wg_map_put(&m, path, wg_map_get(&m, path, &any) ? 0 : i + 1u);
  }
  return m;
}

// In pieces of one size, from the first to the last.
static bool whole(const struct readings *r) { return r->closed && r->equal && !r->known && r->reads > 1; }

static void other_pieces(struct wg_pairing *p, const struct readings *x, uint64_t there) {
  uint32_t pair = p->peer[0][x->thread];
  if (pair == WG_NONE) return;
  struct wg_finding *f = wg_finding_add(p, WG_D_COUNT, pair, x->step, WG_NONE);
  f->count[0] = x->reads;
  f->count[1] = there;
  f->seq = wg_pair_thread(p, pair, 0)->steps[x->step].seq;
}

// Neither tells what its reads gave: a file that is read in as many pieces as it has is longer there, or shorter,
// whoever reads it.
static void compare_pieces(struct wg_pairing *p, const struct readings *a, const struct readings *b) {
  struct wg_map here = read_paths(p->s[0], a), there = read_paths(p->s[1], b);
  for (uint32_t i = 0; i < p->s[0]->nobjects; i++) {
    uint64_t path = a[i].reads ? path_of(p->s[0], i) : 0, only, j;
    if (path == 0 || !wg_map_get(&here, path, &only) || only == 0 || !wg_map_get(&there, path, &j) || j == 0) continue;
    const struct readings *y = &b[j - 1];
    if (whole(&a[i]) && whole(y) && a[i].length == y->length && a[i].reads != y->reads)
      other_pieces(p, &a[i], y->reads);
  }
  wg_map_release(&here);
  wg_map_release(&there);
}

// The same where one of them tells no paths: as many files, and one of them has other pieces.
static void compare_nameless(struct wg_pairing *p, const struct readings *a, const struct readings *b) {
  struct wg_map numbers = {0}; // of pieces and their size -> 1000 and files there, less files here
  const struct readings *r[2] = {a, b}, *odd[2] = {NULL, NULL};
  size_t files[2] = {0, 0}, odds[2] = {0, 0};
  for (int side = 1; side >= 0; side--)
    for (uint32_t i = 0; i < p->s[side]->nobjects; i++) {
      uint64_t key = wg_hash_u64(r[side][i].reads, r[side][i].length), n = 1000;
      if (!whole(&r[side][i])) continue;
      wg_map_get(&numbers, key, &n);
      wg_map_put(&numbers, key, side ? n + 1 : n - 1);
      files[side]++;
    }
  for (int side = 0; side < 2; side++)
    for (uint32_t i = 0; i < p->s[side]->nobjects; i++) {
      uint64_t n = 1000;
      if (!whole(&r[side][i])) continue;
      wg_map_get(&numbers, wg_hash_u64(r[side][i].reads, r[side][i].length), &n);
      if (side ? n <= 1000 : n >= 1000) continue;
      odd[side] = &r[side][i];
      odds[side]++;
    }
  wg_map_release(&numbers);
  if (files[0] == files[1] && odds[0] == 1 && odds[1] == 1 && odd[0]->length == odd[1]->length)
    other_pieces(p, odd[0], odd[1]->reads);
}

static bool has_paths(const struct wg_side *s, const struct readings *r) {
  for (uint32_t i = 0; i < s->nobjects; i++)
    if (r[i].reads && s->objects[i].name) return true;
  return false;
}

void wg_compare_files(struct wg_pairing *p) {
  if (!untold(p)) return;
  struct readings *a = readings_of(p->s[0]), *b = readings_of(p->s[1]);
  if (has_paths(p->s[0], a) && has_paths(p->s[1], b))
    compare_pieces(p, a, b);
  else
    compare_nameless(p, a, b);
  for (uint32_t i = 0; i < p->s[0]->nobjects; i++) {
    uint64_t like;
    const struct readings *x = &a[i];
    if (!x->ended || x->after_end || !x->known || !x->equal || !x->closed || !wg_map_get(&p->same[0], i, &like))
      continue;
    const struct readings *y = &b[like];
    if (!y->equal || y->length != x->length || y->reads <= x->reads) continue;
    uint32_t pair = p->peer[0][x->thread];
    if (pair == WG_NONE) continue;
    struct wg_finding *f = wg_finding_add(p, WG_D_FILE, pair, x->step, wg_partner_step(p, pair, 0, x->step));
    f->value[0] = x->end;
    f->value[1] = (y->reads - 1) * y->length;
    f->seq = wg_pair_thread(p, pair, 0)->steps[x->step].seq;
  }
  free(a);
  free(b);
}

struct wg_untold wg_untold_reads(const struct wg_pairing *p) {
  struct wg_untold u = {.thread = WG_NONE};
  if (!untold(p)) return u;
  struct readings *a = readings_of(p->s[0]);
  uint32_t best = UINT32_MAX;
  for (uint32_t i = 0; i < p->s[0]->nobjects; i++) {
    u.files += a[i].reads != 0;
    // A buffer may be larger than what is left. What a title asks for by another length after it has read of the file
    // is what it expects there.
    const struct readings *x = &a[i];
    if (!x->ended || !x->known || !x->full || !x->unique || x->asked - x->got < 2) continue;
    uint32_t seq = p->s[0]->threads[x->thread].steps[x->step].seq;
    if (seq >= best) continue;
    best = seq;
    u.thread = x->thread;
    u.step = x->step;
    u.asked = x->asked;
    u.got = x->got;
  }
  free(a);
  return u;
}

void wg_put_untold_short(const struct wg_pairing *p, const struct wg_untold *u, struct wg_buf *out) {
  const struct wg_side *s = p->s[0];
  wg_put_call(s, &s->threads[u->thread], u->step, out);
  wg_buf_printf(out, " of thread %u gave %llu bytes of the %llu that were asked for", s->threads[u->thread].tid,
                (unsigned long long)u->got, (unsigned long long)u->asked);
}
