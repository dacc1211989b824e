#include "trace/writer.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/endian.h"
#include "base/file.h"

// A frame is cut once it holds this much: small enough that a killed run loses little.
#define FRAME_BYTES (256u << 10)
#define QUEUE 4
#define LEVEL 3

struct block {
  struct wg_buf text;
  bool full;
};

struct wg_writer {
  FILE *file;
  char *path;
  uint64_t events;
  struct block blocks[QUEUE];
  size_t head; // block being filled by the machine's thread
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool closing;
  int failed; // errno of the first write error, under lock
  // The compressor's own.
  ZSTD_CCtx *zstd;
  EVP_MD_CTX *sha;
  struct wg_buf packed;
  struct wg_buf table; // seek table entries
  uint32_t frames;
};

static void write_all(struct wg_writer *w, const void *data, size_t n) {
  if (w->failed == 0 && (fwrite(data, 1, n, w->file) != n || fflush(w->file) != 0)) w->failed = errno ? errno : EIO;
}

static void compress_block(struct wg_writer *w, const struct wg_buf *text) {
  EVP_DigestUpdate(w->sha, text->data, text->len);
  size_t bound = ZSTD_compressBound(text->len);
  wg_buf_clear(&w->packed);
  wg_buf_reserve(&w->packed, bound);
  size_t n = ZSTD_compress2(w->zstd, w->packed.data, bound, text->data, text->len);
  if (ZSTD_isError(n)) {
    w->failed = EIO;
    return;
  }
  write_all(w, w->packed.data, n);
  uint8_t entry[8];
  wg_store_le32(entry, (uint32_t)n);
  wg_store_le32(entry + 4, (uint32_t)text->len);
  wg_buf_add(&w->table, entry, sizeof entry);
  w->frames++;
}

static void *compressor(void *arg) {
  struct wg_writer *w = arg;
  size_t tail = 0;
  pthread_mutex_lock(&w->lock);
  for (;;) {
    struct block *b = &w->blocks[tail];
    if (!b->full) {
      if (w->closing) break;
      pthread_cond_wait(&w->changed, &w->lock);
      continue;
    }
    int failed = w->failed;
    pthread_mutex_unlock(&w->lock);
    if (!failed) compress_block(w, &b->text);
    pthread_mutex_lock(&w->lock);
    wg_buf_clear(&b->text);
    b->full = false;
    tail = (tail + 1) % QUEUE;
    pthread_cond_broadcast(&w->changed);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

int wg_writer_create(struct wg_writer **out, const char *path, struct wg_err *err) {
  FILE *f = fopen(path, "wb");
  if (f == NULL) return wg_fail(err, WG_INPUT, "%s: cannot create: %s", path, strerror(errno));
  struct wg_writer *w = wg_xcalloc(1, sizeof *w);
  w->file = f;
  w->path = wg_xstrdup(path);
  w->zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
  ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
  w->sha = EVP_MD_CTX_new();
  EVP_DigestInit_ex(w->sha, EVP_sha256(), NULL);
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->changed, NULL);
  if (pthread_create(&w->thread, NULL, compressor, w) != 0) abort();
  *out = w;
  return WG_OK;
}

// Hands the block being filled to the compressor and waits for a free one. False after an error.
static bool flush_block(struct wg_writer *w) {
  pthread_mutex_lock(&w->lock);
  w->blocks[w->head].full = true;
  w->head = (w->head + 1) % QUEUE;
  pthread_cond_broadcast(&w->changed);
  while (w->blocks[w->head].full) pthread_cond_wait(&w->changed, &w->lock);
  bool ok = w->failed == 0;
  pthread_mutex_unlock(&w->lock);
  return ok;
}

bool wg_writer_event(struct wg_writer *w, const struct wg_event *e) {
  struct wg_buf *text = &w->blocks[w->head].text;
  wg_ev_encode(e, text);
  w->events++;
  // The header gets a frame of its own, so that even a run killed at once says what it was.
  if (text->len < FRAME_BYTES && w->events > 1) return true;
  return flush_block(w);
}

uint64_t wg_writer_events(const struct wg_writer *w) { return w->events; }

// https://github.com/facebook/zstd: contrib/seekable_format/zstd_seekable_compression_format.md
static void write_seek_table(struct wg_writer *w) {
  uint8_t b[9];
  wg_store_le32(b, 0x184D2A5Eu);
  wg_store_le32(b + 4, (uint32_t)(w->table.len + 9));
  write_all(w, b, 8);
  write_all(w, w->table.data, w->table.len);
  wg_store_le32(b, w->frames);
  b[4] = 0;
  wg_store_le32(b + 5, 0x8F92EAB1u);
  write_all(w, b, 9);
}

static void sha_hex(EVP_MD_CTX *sha, char out[65]) {
  unsigned char d[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  EVP_DigestFinal_ex(sha, d, &n);
  wg_hex(d, n, out);
}

int wg_writer_finish(struct wg_writer *w, const char *reason, char *sha256, uint64_t *events, struct wg_err *err) {
  if (w->blocks[w->head].text.len) flush_block(w);
  pthread_mutex_lock(&w->lock);
  w->closing = true;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->lock);
  pthread_join(w->thread, NULL);

  char hex[65];
  sha_hex(w->sha, hex);
  struct wg_event e;
  wg_ev_init(&e, WG_EV_TRACE_FOOTER);
  e.has_cycle = false;
  wg_ev_dec(&e, WG_K_EVENTS, w->events);
  wg_ev_str(&e, WG_K_REASON, reason);
  wg_ev_str(&e, WG_K_SHA256, hex);
  struct wg_buf line = {0};
  wg_ev_encode(&e, &line);
  EVP_DigestInit_ex(w->sha, EVP_sha256(), NULL);
  compress_block(w, &line);
  wg_buf_release(&line);
  write_seek_table(w);
  if (fclose(w->file) != 0 && w->failed == 0) w->failed = errno;
  int code = WG_OK;
  if (w->failed)
    code = wg_fail(err, WG_INPUT, "%s: cannot write the trace: %s; what was written up to there stays readable",
                   w->path, strerror(w->failed));
  if (sha256) memcpy(sha256, hex, sizeof hex);
  if (events) *events = w->events;
  for (size_t i = 0; i < QUEUE; i++) wg_buf_release(&w->blocks[i].text);
  wg_buf_release(&w->packed);
  wg_buf_release(&w->table);
  ZSTD_freeCCtx(w->zstd);
  EVP_MD_CTX_free(w->sha);
  pthread_mutex_destroy(&w->lock);
  pthread_cond_destroy(&w->changed);
  free(w->path);
  free(w);
  return code;
}
