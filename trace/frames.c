#include "trace/frames.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/endian.h"
#include "base/file.h"

#define QUEUE 4

struct block {
  struct wg_buf text;
  bool full;
};

struct wg_frames {
  FILE *file;
  char *path;
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

static void write_all(struct wg_frames *f, const void *data, size_t n) {
  if (f->failed == 0 && (fwrite(data, 1, n, f->file) != n || fflush(f->file) != 0)) f->failed = errno ? errno : EIO;
}

static void compress_block(struct wg_frames *f, const struct wg_buf *text) {
  EVP_DigestUpdate(f->sha, text->data, text->len);
  size_t bound = ZSTD_compressBound(text->len);
  wg_buf_clear(&f->packed);
  wg_buf_reserve(&f->packed, bound);
  size_t n = ZSTD_compress2(f->zstd, f->packed.data, bound, text->data, text->len);
  if (ZSTD_isError(n)) {
    f->failed = EIO;
    return;
  }
  write_all(f, f->packed.data, n);
  uint8_t entry[8];
  wg_store_le32(entry, (uint32_t)n);
  wg_store_le32(entry + 4, (uint32_t)text->len);
  wg_buf_add(&f->table, entry, sizeof entry);
  f->frames++;
}

static void *compressor(void *arg) {
  struct wg_frames *f = arg;
  size_t tail = 0;
  pthread_mutex_lock(&f->lock);
  for (;;) {
    struct block *b = &f->blocks[tail];
    if (!b->full) {
      if (f->closing) break;
      pthread_cond_wait(&f->changed, &f->lock);
      continue;
    }
    int failed = f->failed;
    pthread_mutex_unlock(&f->lock);
    if (!failed) compress_block(f, &b->text);
    pthread_mutex_lock(&f->lock);
    wg_buf_clear(&b->text);
    b->full = false;
    tail = (tail + 1) % QUEUE;
    pthread_cond_broadcast(&f->changed);
  }
  pthread_mutex_unlock(&f->lock);
  return NULL;
}

int wg_frames_create(struct wg_frames **out, const char *path, int level, struct wg_err *err) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return wg_fail(err, WG_INPUT, "%s: cannot create: %s", path, strerror(errno));
  struct wg_frames *f = wg_xcalloc(1, sizeof *f);
  f->file = file;
  f->path = wg_xstrdup(path);
  f->zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(f->zstd, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(f->zstd, ZSTD_c_checksumFlag, 1);
  f->sha = EVP_MD_CTX_new();
  EVP_DigestInit_ex(f->sha, EVP_sha256(), NULL);
  pthread_mutex_init(&f->lock, NULL);
  pthread_cond_init(&f->changed, NULL);
  if (pthread_create(&f->thread, NULL, compressor, f) != 0) abort();
  *out = f;
  return WG_OK;
}

// Waits for a free block, too.
bool wg_frames_cut(struct wg_frames *f) {
  pthread_mutex_lock(&f->lock);
  f->blocks[f->head].full = true;
  f->head = (f->head + 1) % QUEUE;
  pthread_cond_broadcast(&f->changed);
  while (f->blocks[f->head].full) pthread_cond_wait(&f->changed, &f->lock);
  bool ok = f->failed == 0;
  pthread_mutex_unlock(&f->lock);
  return ok;
}

struct wg_buf *wg_frames_buf(struct wg_frames *f) {
  return &f->blocks[f->head].text;
}

// https://github.com/facebook/zstd: contrib/seekable_format/zstd_seekable_compression_format.md
static void write_seek_table(struct wg_frames *f) {
  uint8_t b[9];
  wg_store_le32(b, 0x184D2A5Eu);
  wg_store_le32(b + 4, (uint32_t)(f->table.len + 9));
  write_all(f, b, 8);
  write_all(f, f->table.data, f->table.len);
  wg_store_le32(b, f->frames);
  b[4] = 0;
  wg_store_le32(b + 5, 0x8F92EAB1u);
  write_all(f, b, 9);
}

static void sha_hex(EVP_MD_CTX *sha, char out[65]) {
  unsigned char d[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  EVP_DigestFinal_ex(sha, d, &n);
  wg_hex(d, n, out);
}

void wg_frames_drain(struct wg_frames *f, char *sha256) {
  if (wg_frames_buf(f)->len) wg_frames_cut(f);
  pthread_mutex_lock(&f->lock);
  f->closing = true;
  pthread_cond_broadcast(&f->changed);
  pthread_mutex_unlock(&f->lock);
  pthread_join(f->thread, NULL);
  sha_hex(f->sha, sha256);
}

int wg_frames_finish(struct wg_frames *f, const void *tail, size_t n, struct wg_err *err) {
  struct wg_buf last = {0};
  wg_buf_add(&last, tail, n);
  EVP_DigestInit_ex(f->sha, EVP_sha256(), NULL);
  if (n) compress_block(f, &last);
  wg_buf_release(&last);
  write_seek_table(f);
  if (fclose(f->file) != 0 && f->failed == 0) f->failed = errno;
  int code = WG_OK;
  if (f->failed)
    code = wg_fail(err, WG_INPUT, "%s: cannot write: %s; what was written up to there stays readable", f->path,
                   strerror(f->failed));
  for (size_t i = 0; i < QUEUE; i++) wg_buf_release(&f->blocks[i].text);
  wg_buf_release(&f->packed);
  wg_buf_release(&f->table);
  ZSTD_freeCCtx(f->zstd);
  EVP_MD_CTX_free(f->sha);
  pthread_mutex_destroy(&f->lock);
  pthread_cond_destroy(&f->changed);
  free(f->path);
  free(f);
  return code;
}

static int decode(const char *path, const struct wg_buf *raw, size_t max, struct wg_buf *out, struct wg_err *err) {
  ZSTD_DStream *z = ZSTD_createDStream();
  ZSTD_inBuffer in = {raw->data, raw->len, 0};
  size_t left = 1;
  int code = WG_OK;
  while (code == WG_OK && in.pos < in.size) {
    wg_buf_reserve(out, WG_FRAME_BYTES);
    ZSTD_outBuffer o = {out->data + out->len, WG_FRAME_BYTES, 0};
    left = ZSTD_decompressStream(z, &o, &in);
    out->len += o.pos;
    if (ZSTD_isError(left))
      code = wg_fail(err, WG_INPUT, "%s: corrupt near byte %zu: %s", path, in.pos, ZSTD_getErrorName(left));
    else if (out->len > max)
      code = wg_fail(err, WG_INPUT, "%s: larger than %zu bytes when decompressed", path, max);
  }
  if (code == WG_OK && left != 0) code = wg_fail(err, WG_INPUT, "%s: truncated at byte %zu", path, in.size);
  ZSTD_freeDStream(z);
  wg_buf_char(out, 0);
  out->len--;
  return code;
}

int wg_frames_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err) {
  struct wg_buf raw = {0};
  int code = wg_file_read(path, max, &raw, err);
  if (code == WG_OK && raw.len >= 4 && wg_load_le32((const uint8_t *)raw.data) == ZSTD_MAGICNUMBER)
    code = decode(path, &raw, max, out, err);
  else if (code == WG_OK)
    wg_buf_add(out, raw.data, raw.len);
  wg_buf_release(&raw);
  return code;
}
