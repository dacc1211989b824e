#include "emu/jit/cache.h"

#include <openssl/evp.h>
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

#define MAGIC "wedge compiled 1" // 16 bytes
#define MAGIC_SIZE 16u
#define HEAD (MAGIC_SIZE + WG_JIT_IDENTITY + 4u)
#define DIGEST 32u
#define REGION_HEAD (4u + 4u + 4u + DIGEST)
#define REGION_MOST ((size_t)8 << 20) // bytes of a region's code; the largest seen has some ten thousand
#define PLACES (1u << 16)

struct kept {
  uint32_t pc, size, entry;
  uint32_t next; // that begins at the same place, + 1
  bool used;     // taken or added
  uint8_t digest[DIGEST];
  uint8_t *bytes;
};

struct wg_jit_cache {
  pthread_mutex_t lock; // of all but `places`
  uint8_t identity[WG_JIT_IDENTITY];
  struct kept *kept;
  size_t n, most, bytes, used_bytes; // as saved
  struct wg_map first;               // by where they begin: index + 1
  struct wg_jit_cache_stats stats;
  atomic_uchar places[PLACES]; // by a hash of where they begin
};

// --- what is kept ----------------------------------------------------------------------------------------

static size_t place_of(uint32_t pc) { return (pc >> 2) * 0x9E3779B1u >> 16; }

static size_t saved_size(size_t code) { return REGION_HEAD + code; }

// Each field as it counts; nothing of the host is among them.
static void digest_of(const struct wg_jit_region *r, uint8_t out[DIGEST]) {
  struct wg_buf text = {0};
  unsigned size = DIGEST;
  for (size_t i = 0; i < r->n; i++) {
    const struct wg_jit_insn *k = &r->insns[i];
    uint8_t head[15 + WG_JIT_OP_BYTES];
    wg_store_le16(head, k->place);
    head[2] = (uint8_t)(k->entry | k->leave << 1 | k->decides << 2);
    wg_store_le32(head + 3, k->word);
    wg_store_le32(head + 7, k->pc);
    wg_store_le32(head + 11, k->to);
    memcpy(head + 15, k->op, WG_JIT_OP_BYTES);
    wg_buf_add(&text, head, sizeof head);
    wg_buf_add(&text, k->body ? k->body : "", k->body ? strlen(k->body) + 1 : 1);
  }
  EVP_Digest(text.len ? text.data : "", text.len, out, &size, EVP_sha256(), NULL);
  wg_buf_release(&text);
}

static struct kept *find(struct wg_jit_cache *c, uint32_t pc, const uint8_t digest[DIGEST]) {
  uint64_t at = 0;
  wg_map_get(&c->first, pc, &at);
  for (; at; at = c->kept[at - 1].next)
    if (memcmp(c->kept[at - 1].digest, digest, DIGEST) == 0) return &c->kept[at - 1];
  return NULL;
}

// Takes its bytes.
static void put(struct wg_jit_cache *c, struct kept k) {
  uint64_t first = 0;
  wg_map_get(&c->first, k.pc, &first);
  k.next = (uint32_t)first;
  WG_VEC_NEXT(c->kept, c->n);
  c->kept[c->n++] = k;
  wg_map_put(&c->first, k.pc, c->n);
  c->bytes += saved_size(k.size);
  if (k.used) c->used_bytes += saved_size(k.size);
  atomic_store_explicit(&c->places[place_of(k.pc)], 1, memory_order_relaxed);
}

static void use(struct wg_jit_cache *c, struct kept *k) {
  if (!k->used) c->used_bytes += saved_size(k->size);
  k->used = true;
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
  for (size_t i = 0; i < c->n; i++) free(c->kept[i].bytes);
  free(c->kept);
  wg_map_release(&c->first);
  c->kept = NULL;
  c->first = (struct wg_map){0};
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

bool wg_jit_cache_find(struct wg_jit_cache *c, uint32_t pc, const struct wg_jit_region *r, struct wg_jit_blob *out) {
  uint8_t digest[DIGEST];
  if (!wg_jit_cache_may(c, pc)) return false;
  digest_of(r, digest);
  pthread_mutex_lock(&c->lock);
  struct kept *k = find(c, pc, digest);
  if (k) {
    use(c, k);
    c->stats.taken++;
    *out = (struct wg_jit_blob){.bytes = wg_xcalloc(k->size, 1), .size = k->size, .entry = k->entry};
    memcpy(out->bytes, k->bytes, k->size);
  }
  pthread_mutex_unlock(&c->lock);
  return k != NULL;
}

// What is not used may make room for it when all is saved.
static void add(struct wg_jit_cache *c, uint32_t pc, const uint8_t digest[DIGEST], const struct wg_jit_blob *blob) {
  struct kept k = {.pc = pc, .size = (uint32_t)blob->size, .entry = (uint32_t)blob->entry, .used = true};
  if (find(c, pc, digest)) return;
  if (blob->size > REGION_MOST || HEAD + c->used_bytes + saved_size(blob->size) > c->most) {
    c->stats.left_out++;
    return;
  }
  memcpy(k.digest, digest, DIGEST);
  k.bytes = wg_xcalloc(blob->size, 1);
  memcpy(k.bytes, blob->bytes, blob->size);
  put(c, k);
  c->stats.added++;
}

void wg_jit_cache_add(struct wg_jit_cache *c, uint32_t pc, const struct wg_jit_region *r,
                      const struct wg_jit_blob *blob) {
  uint8_t digest[DIGEST];
  if (c == NULL) return;
  if (blob) digest_of(r, digest);
  pthread_mutex_lock(&c->lock);
  c->stats.compiled++;
  if (blob) add(c, pc, digest, blob);
  pthread_mutex_unlock(&c->lock);
}

struct wg_jit_cache_stats wg_jit_cache_stats(struct wg_jit_cache *c) {
  pthread_mutex_lock(&c->lock);
  struct wg_jit_cache_stats s = c->stats;
  pthread_mutex_unlock(&c->lock);
  return s;
}

// --- as bytes ----------------------------------------------------------------------------------------------
// The magic, the identity and how many there are; of each where it begins, its size, its entry, its digest and its
// bytes. Numbers are little-endian.

static bool load_region(struct wg_jit_cache *c, const uint8_t *p, size_t n, size_t *at) {
  if (n - *at < REGION_HEAD) return false;
  struct kept k = {.pc = wg_load_le32(p + *at), .size = wg_load_le32(p + *at + 4), .entry = wg_load_le32(p + *at + 8)};
  memcpy(k.digest, p + *at + 12, DIGEST);
  *at += REGION_HEAD;
  if (k.pc % 4 || k.size == 0 || k.size > REGION_MOST || k.size > n - *at || k.entry >= k.size) return false;
  if (find(c, k.pc, k.digest)) return false;
  k.bytes = wg_xcalloc(k.size, 1);
  memcpy(k.bytes, p + *at, k.size);
  *at += k.size;
  put(c, k);
  return true;
}

static int load(struct wg_jit_cache *c, const uint8_t *p, size_t n, struct wg_err *err) {
  if (n < HEAD || memcmp(p, MAGIC, MAGIC_SIZE) != 0)
    return wg_fail(err, WG_INPUT, "refused: no compiled code, or in another form than this wedge's");
  if (memcmp(p + MAGIC_SIZE, c->identity, WG_JIT_IDENTITY) != 0)
    return wg_fail(err, WG_INPUT, "refused: compiled by another build of wedge or of what it stands on");
  size_t at = HEAD, count = wg_load_le32(p + MAGIC_SIZE + WG_JIT_IDENTITY);
  for (size_t i = 0; i < count; i++)
    if (!load_region(c, p, n, &at)) return wg_fail(err, WG_INPUT, "refused: region %zu of %zu is none", i, count);
  return at == n ? WG_OK : wg_fail(err, WG_INPUT, "refused: %zu bytes behind the last region", n - at);
}

int wg_jit_cache_load(struct wg_jit_cache *c, const void *bytes, size_t n, struct wg_err *err) {
  pthread_mutex_lock(&c->lock);
  int code = load(c, bytes, n, err);
  if (code == WG_OK) {
    c->stats.loaded = c->n;
  } else {
    drop_all(c);
  }
  pthread_mutex_unlock(&c->lock);
  return code;
}

static void u32(struct wg_buf *b, uint32_t v) {
  uint8_t bytes[4];
  wg_store_le32(bytes, v);
  wg_buf_add(b, bytes, sizeof bytes);
}

static uint32_t save_regions(const struct wg_jit_cache *c, bool used, struct wg_buf *out) {
  uint32_t n = 0;
  for (size_t i = 0; i < c->n; i++) {
    const struct kept *k = &c->kept[i];
    if (k->used != used || out->len + saved_size(k->size) > c->most) continue;
    u32(out, k->pc);
    u32(out, k->size);
    u32(out, k->entry);
    wg_buf_add(out, k->digest, DIGEST);
    wg_buf_add(out, k->bytes, k->size);
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
  u32(out, 0);
  uint32_t n = save_regions(c, true, out);
  n += save_regions(c, false, out);
  wg_store_le32(out->data + MAGIC_SIZE + WG_JIT_IDENTITY, n);
  pthread_mutex_unlock(&c->lock);
}
