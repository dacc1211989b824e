// Aligns the calls of matched threads: the common prefix, then past each difference by the nearest place
// where the two agree again.
#include <string.h>

#include "diff/side.h"

#define REACH 256 // calls of either side that may be skipped at a difference
#define AGREE 4   // calls in a row that make a resynchronisation believable
#define MAX_ITEMS 10000

// Values renamed between the two sides: handles, and pointers into memory that each engine places itself.
// A renaming must hold both ways for the whole diff.
struct renames {
  struct wg_map ab, ba;
};

static bool renamable(uint32_t a, uint32_t b) {
  bool handles = a >= 0xF8000000u && b >= 0xF8000000u && a < 0xFA000000u && b < 0xFA000000u;
  if (handles) return true;
  // The same kind of memory: low virtual, heap, stack, physical. Image addresses are the title's own.
  static const uint8_t region[16] = {1, 1, 1, 1, 2, 2, 2, 3, 0, 0, 4, 4, 4, 4, 4, 4};
  return a >= 0x10000 && b >= 0x10000 && region[a >> 28] && region[a >> 28] == region[b >> 28] && a < 0xFFFF0000u &&
         b < 0xFFFF0000u;
}

static bool same_value(struct renames *r, uint32_t a, uint32_t b) {
  uint64_t to;
  if (a == b) return true;
  if (!renamable(a, b)) return false;
  if (wg_map_get(&r->ab, a, &to)) return to == b;
  if (wg_map_get(&r->ba, b, &to)) return to == a;
  wg_map_put(&r->ab, a, b);
  wg_map_put(&r->ba, b, a);
  return true;
}

// The values of freed handles and memory come back for other objects: renamings end with them.
static void forget(struct renames *r, const struct wg_dcall *a, const struct wg_dcall *b,
                   const struct wg_names *names) {
  const char *n = wg_text(names, a->name);
  bool closes =
      strcmp(n, "NtClose") == 0 || strcmp(n, "MmFreePhysicalMemory") == 0 || strcmp(n, "ObDereferenceObject") == 0;
  for (size_t i = 0; closes && i < a->nargs && i < b->nargs; i++) {
    wg_map_del(&r->ab, a->args[i]);
    wg_map_del(&r->ba, b->args[i]);
  }
}

static bool same_args(struct renames *r, const struct wg_dcall *a, const struct wg_dcall *b) {
  size_t n = a->nargs < b->nargs ? a->nargs : b->nargs;
  if (a->detail && b->detail && a->detail != b->detail) return false;
  for (size_t i = 0; i < n; i++)
    if (!same_value(r, a->args[i], b->args[i])) return false;
  return true;
}

static void add_item(struct wg_dthread *t, enum wg_dclass cls, const struct wg_dcall *a, const struct wg_dcall *b,
                     size_t at) {
  if (t->nitems == 0) t->first = at;
  if (t->nitems == MAX_ITEMS) return;
  if ((t->nitems & (t->nitems - 1)) == 0)
    t->items = wg_xrealloc(t->items, (t->nitems ? t->nitems * 2 : 1) * sizeof *t->items);
  uint64_t ns = a ? a->ns : at ? t->calls[at - 1].ns : 0;
  t->items[t->nitems++] = (struct wg_diff_item){.cls = cls, .thread = t, .a = a, .b = b, .at = at, .ns = ns};
}

static bool agree(const struct wg_dthread *a, const struct wg_dthread *b, size_t i, size_t j) {
  size_t n = 0;
  while (n < AGREE && i + n < a->ncalls && j + n < b->ncalls) {
    if (a->calls[i + n].name != b->calls[j + n].name) return false;
    n++;
  }
  if (n == AGREE || (n > 0 && i + n == a->ncalls && j + n == b->ncalls)) return true;
  // A side that hangs in the last call that agrees cannot show more of them.
  bool a_hangs = i + n == a->ncalls && a->knows_returns && !a->calls[a->ncalls - 1].returned;
  bool b_hangs = j + n == b->ncalls && b->knows_returns && !b->calls[b->ncalls - 1].returned;
  return n > 0 && (a_hangs || b_hangs);
}

// The nearest (di, dj) after which both sides make the same calls again.
static bool resync(const struct wg_dthread *a, const struct wg_dthread *b, size_t i, size_t j, size_t *di, size_t *dj) {
  for (size_t sum = 1; sum <= REACH; sum++)
    for (size_t x = 0; x <= sum; x++)
      if (i + x < a->ncalls && j + sum - x < b->ncalls && agree(a, b, i + x, j + sum - x)) {
        *di = x;
        *dj = sum - x;
        return true;
      }
  return false;
}

static void compare_call(struct renames *r, struct wg_dthread *t, size_t i, const struct wg_dcall *a,
                         const struct wg_dcall *b, const struct wg_names *names, bool b_knows) {
  t->matched++;
  if (!same_args(r, a, b)) add_item(t, WG_D_ARGS, a, b, i);
  if (a->has_rv && b->has_rv && !same_value(r, a->rv, b->rv)) add_item(t, WG_D_RETURN, a, b, i);
  if (t->knows_returns && b_knows && a->returned != b->returned) add_item(t, WG_D_NEVER_RETURNED, a, b, i);
  forget(r, a, b, names);
}

static void align_thread(struct wg_dthread *t, const struct wg_names *names, struct renames *r) {
  struct wg_dthread *p = t->peer;
  size_t i = 0, j = 0;
  bool stuck = false;
  while (i < t->ncalls && j < p->ncalls && !stuck) {
    if (t->calls[i].name == p->calls[j].name) {
      compare_call(r, t, i, &t->calls[i], &p->calls[j], names, p->knows_returns);
      i++;
      j++;
      continue;
    }
    size_t di = 0, dj = 0;
    stuck = !resync(t, p, i, j, &di, &dj);
    if (stuck || (di && dj)) {
      add_item(t, WG_D_CALL, &t->calls[i], &p->calls[j], i);
    } else if (di) {
      add_item(t, WG_D_EXTRA, &t->calls[i], &p->calls[j], i);
    } else {
      add_item(t, WG_D_MISSING, &t->calls[i], &p->calls[j], i);
    }
    i += di;
    j += dj;
  }
  if (stuck) return;
  // One side goes on: a difference only if the other is known to have stopped there by itself.
  bool a_open = t->ncalls && t->knows_returns && !t->calls[t->ncalls - 1].returned;
  if (i == t->ncalls && j < p->ncalls && !a_open) add_item(t, WG_D_ENDED, NULL, &p->calls[j], i);
  if (j == p->ncalls && i < t->ncalls) {
    bool b_open = p->ncalls && p->knows_returns && !p->calls[p->ncalls - 1].returned;
    if (!b_open) add_item(t, WG_D_ENDED, &t->calls[i], NULL, i);
  }
  if (t->nitems == 0) t->first = t->ncalls < p->ncalls ? t->ncalls : p->ncalls;
}

void wg_align(struct wg_side *a, struct wg_side *b, const struct wg_names *names) {
  struct renames r = {0};
  (void)b;
  for (size_t i = 0; i < a->nthreads; i++)
    if (a->threads[i].peer) align_thread(&a->threads[i], names, &r);
  wg_map_release(&r.ab);
  wg_map_release(&r.ba);
}

bool wg_any_difference(const struct wg_side *a, const struct wg_side *b) {
  for (size_t i = 0; i < a->nthreads; i++) {
    if (a->threads[i].peer == NULL && a->threads[i].ncalls) return true;
    for (size_t j = 0; j < a->threads[i].nitems; j++)
      if (!a->threads[i].items[j].noise) return true;
  }
  for (size_t i = 0; i < b->nthreads; i++)
    if (b->threads[i].peer == NULL && b->threads[i].ncalls) return true;
  return false;
}

uint64_t wg_item_key(const struct wg_diff_item *d) {
  // Which side has the additional calls is chance: missing, extra and other calls are one kind.
  uint64_t cls = d->cls == WG_D_RETURN || d->cls == WG_D_ARGS ? (uint64_t)d->cls : WG_D_CALL;
  uint64_t name = d->b ? d->b->name : d->a ? d->a->name : 0;
  return wg_hash_u64(cls << 32 | name, d->thread->peer->tid);
}
