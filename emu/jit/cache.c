#include "emu/jit/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/map.h"
#include "base/vec.h"
#include "emu/cpu/compiled.h"
#include "emu/jit/identity.h"
#include "emu/jit/library.h"

#define MAGIC "wedge compiled 2" // 16 bytes
#define MAGIC_SIZE 16u
#define HEAD (MAGIC_SIZE + WG_JIT_IDENTITY + 4u)
#define INSN 8u // an instruction's place, whether it is an entry, whether it is left to the interpreter, its word
#define REGION_HEAD 24u
#define REGION_MOST ((size_t)8 << 20) // bytes of a region's code; the largest seen has some ten thousand
#define PLACES (1u << 16)

struct kept {
  uint32_t pc, size, entry, n;
  uint32_t refusals, nrefusals; // struct wg_jit_blob's
  uint32_t next;                // that begins at the same place, + 1
  uint32_t beside;              // that begins in the same page, + 1
  bool used;                    // taken or added
  bool loaded;                  // what follows lies in `saved`
  uint8_t *code;                // n times INSN
  uint8_t *bytes;               // behind it, of the same allocation
};

struct wg_jit_cache {
  pthread_mutex_t lock; // of all but `places`
  uint8_t identity[WG_JIT_IDENTITY];
  struct kept *kept;
  size_t n, most, bytes, used_bytes; // as saved
  struct wg_map first, in_page;      // by where they begin and by the page: index + 1
  struct wg_buf saved;               // what was loaded, as it was
  struct wg_jit_cache_stats stats;
  atomic_uchar places[PLACES]; // by a hash of where they begin
  atomic_uchar pages[PLACES];  // by the page's lower bits
};

// --- what is kept ----------------------------------------------------------------------------------------

static size_t place_of(uint32_t pc) { return (pc >> 2) * 0x9E3779B1u >> 16; }

static size_t saved_size(size_t n, size_t size) { return REGION_HEAD + n * INSN + size; }

static void code_of(const struct wg_jit_region *r, uint8_t *out) {
  for (size_t i = 0; i < r->n; i++, out += INSN) {
    const struct wg_jit_insn *k = &r->insns[i];
    wg_store_le16(out, k->place);
    out[2] = k->entry;
    out[3] = k->leave;
    wg_store_le32(out + 4, k->word);
  }
}

static struct kept *first(const struct wg_jit_cache *c, uint32_t pc) {
  uint64_t at = 0;
  wg_map_get(&c->first, pc, &at);
  return at ? &c->kept[at - 1] : NULL;
}
static struct kept *next(const struct wg_jit_cache *c, const struct kept *k) {
  return k->next ? &c->kept[k->next - 1] : NULL;
}

static bool is_there(const struct wg_jit_cache *c, uint32_t pc, const uint8_t *code, uint32_t n) {
  for (const struct kept *k = first(c, pc); k; k = next(c, k))
    if (k->n == n && memcmp(k->code, code, n * INSN) == 0) return true;
  return false;
}

// The page's words are those that it was made of.
static bool fits(const struct kept *k, const uint8_t *page) {
  const uint8_t *p = k->code;
  for (uint32_t i = 0; i < k->n; i++, p += INSN)
    if (wg_load_be32(page + 4u * wg_load_le16(p)) != wg_load_le32(p + 4)) return false;
  return true;
}

void wg_jit_cache_insns(const struct wg_jit_found *k, struct wg_jit_insn *out) {
  const uint8_t *p = k->code;
  for (size_t i = 0; i < k->n; i++, p += INSN) {
    const uint16_t place = wg_load_le16(p);
    out[i].place = place;
    out[i].entry = p[2];
    out[i].leave = p[3];
    out[i].word = wg_load_le32(p + 4);
    out[i].pc = (k->pc & ~4095u) + 4u * place;
  }
}

// A copy, as one piece.
static void copy(struct kept *k, const uint8_t *code, const uint8_t *bytes) {
  k->code = wg_xcalloc(k->n * INSN + k->size, 1);
  k->bytes = k->code + k->n * INSN;
  memcpy(k->code, code, k->n * INSN);
  memcpy(k->bytes, bytes, k->size);
}

// Takes its bytes.
static void put(struct wg_jit_cache *c, struct kept k) {
  uint64_t before = 0, beside = 0;
  wg_map_get(&c->first, k.pc, &before);
  wg_map_get(&c->in_page, k.pc >> 12, &beside);
  k.next = (uint32_t)before;
  k.beside = (uint32_t)beside;
  WG_VEC_NEXT(c->kept, c->n);
  c->kept[c->n++] = k;
  wg_map_put(&c->first, k.pc, c->n);
  wg_map_put(&c->in_page, k.pc >> 12, c->n);
  c->bytes += saved_size(k.n, k.size);
  if (k.used) c->used_bytes += saved_size(k.n, k.size);
  atomic_store_explicit(&c->places[place_of(k.pc)], 1, memory_order_relaxed);
  atomic_store_explicit(&c->pages[(k.pc >> 12) % PLACES], 1, memory_order_relaxed);
}

static void use(struct wg_jit_cache *c, struct kept *k) {
  if (!k->used) c->used_bytes += saved_size(k->n, k->size);
  k->used = true;
}

static struct wg_jit_found take(struct wg_jit_cache *c, struct kept *k) {
  use(c, k);
  c->stats.taken++;
  return (struct wg_jit_found){k->pc, k->code, k->n, k->bytes, k->size, k->entry, k->refusals, k->nrefusals};
}

struct wg_jit_cache *wg_jit_cache_create(const struct wg_jit_library *library, size_t most) {
  struct wg_jit_layout layout;
  struct wg_jit_cache *c = wg_xcalloc(1, sizeof *c);
  wg_compiled_layout(&layout);
  if (!wg_jit_identity(wg_jit_backend_of(library), &layout, c->identity)) {
    free(c);
    return NULL;
  }
  pthread_mutex_init(&c->lock, NULL);
  c->most = most ? most : WG_JIT_CACHE_MOST;
  return c;
}

static void drop_all(struct wg_jit_cache *c) {
  for (size_t i = 0; i < c->n; i++)
    if (!c->kept[i].loaded) free(c->kept[i].code);
  free(c->kept);
  wg_buf_release(&c->saved);
  wg_map_release(&c->first);
  wg_map_release(&c->in_page);
  c->kept = NULL;
  c->first = c->in_page = (struct wg_map){0};
  c->n = c->bytes = c->used_bytes = 0;
}

void wg_jit_cache_free(struct wg_jit_cache *c) {
  if (c == NULL) return;
  drop_all(c);
  pthread_mutex_destroy(&c->lock);
  free(c);
}

bool wg_jit_cache_may(const struct wg_jit_cache *c, uint32_t pc) {
  return c && atomic_load_explicit(&c->places[place_of(pc)], memory_order_relaxed);
}

bool wg_jit_cache_find(struct wg_jit_cache *c, uint32_t pc, const uint8_t *page, struct wg_jit_found *out) {
  if (!wg_jit_cache_may(c, pc)) return false;
  pthread_mutex_lock(&c->lock);
  struct kept *k = first(c, pc);
  while (k && !fits(k, page)) k = next(c, k);
  if (k) *out = take(c, k);
  pthread_mutex_unlock(&c->lock);
  return k != NULL;
}

bool wg_jit_cache_may_page(const struct wg_jit_cache *c, uint32_t number) {
  return c && atomic_load_explicit(&c->pages[number % PLACES], memory_order_relaxed);
}

// The largest first, and of equals the latest.
static int by_size(const void *a, const void *b) {
  const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;
  if (x->n != y->n) return x->n < y->n ? 1 : -1;
  return x < y ? 1 : -1;
}

// Whether it has an entry that is not among `entries`, which it is from now on.
static bool adds_entries(const struct kept *k, bool entries[WG_JIT_PAGE]) {
  const uint8_t *p = k->code;
  bool adds = false;
  for (uint32_t i = 0; i < k->n; i++, p += INSN) {
    bool *there = &entries[wg_load_le16(p)];
    adds |= p[2] && !*there;
    *there |= p[2];
  }
  return adds;
}

// Those of a page that are in it; the caller frees what is returned.
static struct kept **fitting(const struct wg_jit_cache *c, uint32_t number, const uint8_t *page, size_t *n) {
  struct kept **out = NULL;
  uint64_t at = 0;
  *n = 0;
  for (wg_map_get(&c->in_page, number, &at); at; at = c->kept[at - 1].beside) {
    if (!fits(&c->kept[at - 1], page)) continue;
    WG_VEC_NEXT(out, *n);
    out[(*n)++] = &c->kept[at - 1];
  }
  return out;
}

struct wg_jit_found *wg_jit_cache_page(struct wg_jit_cache *c, uint32_t number, const uint8_t *page,
                                       const bool *entries, size_t *n) {
  bool there[WG_JIT_PAGE];
  memcpy(there, entries, sizeof there);
  pthread_mutex_lock(&c->lock);
  size_t all;
  struct kept **k = fitting(c, number, page, &all);
  if (all) qsort(k, all, sizeof *k, by_size);
  *n = 0;
  for (size_t i = 0; i < all; i++)
    if (adds_entries(k[i], there)) k[(*n)++] = k[i];
  struct wg_jit_found *out = *n ? wg_xcalloc(*n, sizeof *out) : NULL;
  for (size_t i = 0; i < *n; i++) out[*n - 1 - i] = take(c, k[i]);
  pthread_mutex_unlock(&c->lock);
  free(k);
  return out;
}

// What is not used may make room for it when all is saved.
static void add(struct wg_jit_cache *c, struct kept k, const uint8_t *code, const uint8_t *bytes) {
  if (is_there(c, k.pc, code, k.n)) return;
  if (k.size > REGION_MOST || HEAD + c->used_bytes + saved_size(k.n, k.size) > c->most) {
    c->stats.left_out++;
    return;
  }
  copy(&k, code, bytes);
  put(c, k);
  c->stats.added++;
}

void wg_jit_cache_add(struct wg_jit_cache *c, uint32_t pc, const struct wg_jit_region *r,
                      const struct wg_jit_blob *blob) {
  uint8_t code[WG_JIT_MOST * INSN];
  if (c == NULL) return;
  code_of(r, code);
  pthread_mutex_lock(&c->lock);
  c->stats.compiled++;
  if (blob) {
    const struct kept k = {.pc = pc,
                           .size = (uint32_t)blob->size,
                           .entry = (uint32_t)blob->entry,
                           .n = (uint32_t)r->n,
                           .refusals = (uint32_t)blob->refusals,
                           .nrefusals = (uint32_t)blob->nrefusals,
                           .used = true};
    add(c, k, code, blob->bytes);
  }
  pthread_mutex_unlock(&c->lock);
}

struct wg_jit_cache_stats wg_jit_cache_stats(struct wg_jit_cache *c) {
  pthread_mutex_lock(&c->lock);
  struct wg_jit_cache_stats s = c->stats;
  pthread_mutex_unlock(&c->lock);
  return s;
}

// --- as bytes ----------------------------------------------------------------------------------------------
// The magic, the identity and how many there are; of each where it begins, its size, its entry, how many instructions
// it has, where its refusals are and how many, the instructions, and its bytes. Numbers are little-endian.

static bool are_insns(const uint8_t *p, uint32_t n) {
  for (uint32_t i = 0; i < n; i++, p += INSN)
    if (wg_load_le16(p) >= WG_JIT_PAGE || p[2] > 1 || p[3] > 1) return false;
  return true;
}

// As the backend makes them (struct wg_jit_refusal).
static bool are_refusals(const struct kept *k) {
  const size_t each = sizeof(struct wg_jit_refusal);
  if (k->refusals % 4 || k->refusals > k->size || (k->size - k->refusals) / each < k->nrefusals) return false;
  struct wg_jit_refusal r;
  for (uint32_t i = 0, least = 0; i < k->nrefusals; i++, least = r.at + 1) {
    memcpy(&r, k->bytes + k->refusals + i * each, each);
    if (r.at < least || r.at >= k->size || r.to >= k->size || r.place >= WG_JIT_PAGE) return false;
  }
  return true;
}

static bool load_region(struct wg_jit_cache *c, uint8_t *p, size_t left, size_t *taken) {
  if (left < REGION_HEAD) return false;
  struct kept k = {.pc = wg_load_le32(p),
                   .size = wg_load_le32(p + 4),
                   .entry = wg_load_le32(p + 8),
                   .n = wg_load_le32(p + 12),
                   .refusals = wg_load_le32(p + 16),
                   .nrefusals = wg_load_le32(p + 20),
                   .loaded = true,
                   .code = p + REGION_HEAD};
  if (k.pc % 4 || k.size == 0 || k.size > REGION_MOST || k.entry >= k.size || k.n == 0 || k.n > WG_JIT_MOST)
    return false;
  k.bytes = k.code + k.n * INSN;
  if (saved_size(k.n, k.size) > left || !are_insns(k.code, k.n) || !are_refusals(&k) || is_there(c, k.pc, k.code, k.n))
    return false;
  put(c, k);
  *taken = saved_size(k.n, k.size);
  return true;
}

static int load(struct wg_jit_cache *c, struct wg_err *err) {
  uint8_t *p = (uint8_t *)c->saved.data;
  size_t n = c->saved.len;
  if (n < HEAD || memcmp(p, MAGIC, MAGIC_SIZE) != 0)
    return wg_fail(err, WG_INPUT, "refused: no compiled code, or in another form than this wedge's");
  if (memcmp(p + MAGIC_SIZE, c->identity, WG_JIT_IDENTITY) != 0)
    return wg_fail(err, WG_INPUT, "refused: compiled by another build of wedge or of what it stands on");
  size_t at = HEAD, count = wg_load_le32(p + MAGIC_SIZE + WG_JIT_IDENTITY);
  for (size_t i = 0, taken = 0; i < count; i++, at += taken)
    if (!load_region(c, p + at, n - at, &taken))
      return wg_fail(err, WG_INPUT, "refused: region %zu of %zu is none", i, count);
  return at == n ? WG_OK : wg_fail(err, WG_INPUT, "refused: %zu bytes behind the last region", n - at);
}

int wg_jit_cache_load(struct wg_jit_cache *c, struct wg_buf *saved, struct wg_err *err) {
  pthread_mutex_lock(&c->lock);
  c->saved = *saved;
  *saved = (struct wg_buf){0};
  int code = load(c, err);
  if (code == WG_OK) {
    c->stats.loaded = c->n;
  } else {
    drop_all(c);
  }
  pthread_mutex_unlock(&c->lock);
  return code;
}

static uint32_t save_regions(const struct wg_jit_cache *c, bool used, struct wg_buf *out) {
  uint32_t n = 0;
  for (size_t i = 0; i < c->n; i++) {
    const struct kept *k = &c->kept[i];
    if (k->used != used || out->len + saved_size(k->n, k->size) > c->most) continue;
    wg_buf_le32(out, k->pc);
    wg_buf_le32(out, k->size);
    wg_buf_le32(out, k->entry);
    wg_buf_le32(out, k->n);
    wg_buf_le32(out, k->refusals);
    wg_buf_le32(out, k->nrefusals);
    wg_buf_add(out, k->code, k->n * INSN + k->size);
    n++;
  }
  return n;
}

void wg_jit_cache_save(struct wg_jit_cache *c, struct wg_buf *out) {
  pthread_mutex_lock(&c->lock);
  size_t all = HEAD + c->bytes;
  wg_buf_clear(out);
  wg_buf_reserve(out, all < c->most ? all : c->most);
  wg_buf_add(out, MAGIC, MAGIC_SIZE);
  wg_buf_add(out, c->identity, WG_JIT_IDENTITY);
  wg_buf_le32(out, 0);
  uint32_t n = save_regions(c, true, out);
  n += save_regions(c, false, out);
  wg_store_le32(out->data + MAGIC_SIZE + WG_JIT_IDENTITY, n);
  pthread_mutex_unlock(&c->lock);
}
