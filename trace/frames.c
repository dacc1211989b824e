#define _DEFAULT_SOURCE // flock
#include "trace/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/endian.h"
#include "base/file.h"
#include "base/vec.h"

#define QUEUE 4
#define SEEK_MAGIC 0x8F92EAB1u
#define ENTRY 8 // of the seek table: how many bytes packed, and unpacked

// The machine's thread appends to the block that it fills and says with `committed` how far it is; the compressor may
// take that much out of it at any time. `data` and `cap` change under the lock.
struct block {
  char *data;
  size_t cap;
  atomic_size_t committed;
  size_t taken; // the compressor's own: bytes that are in a frame already
  bool full;    // under lock: it is the compressor's until it is false again
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
  int failed; // errno of the first write error, under lock while the compressor runs
  // The compressor's own.
  ZSTD_CCtx *zstd;
  EVP_MD_CTX *sha;
  struct wg_frames_kind kind;
  struct wg_buf content; // that has no frame yet
  struct wg_buf part;    // taken out of a block that is not full
  struct wg_buf packed;
  struct wg_buf table; // seek table entries
  uint32_t frames;
};

static int write_all(struct wg_frames *f, const void *data, size_t n) {
  if (fwrite(data, 1, n, f->file) == n && fflush(f->file) == 0) return 0;
  return errno ? errno : EIO;
}

// Like write_all, it gives errno's word for why it did not succeed, or 0: `failed` is its caller's, who has the lock.
static int write_frame(struct wg_frames *f, const void *data, size_t len) {
  EVP_DigestUpdate(f->sha, data, len);
  size_t bound = ZSTD_compressBound(len);
  wg_buf_clear(&f->packed);
  wg_buf_reserve(&f->packed, bound);
  size_t n = ZSTD_compress2(f->zstd, f->packed.data, bound, data, len);
  if (ZSTD_isError(n)) return EIO;
  int why = write_all(f, f->packed.data, n);
  if (why) return why;
  uint8_t entry[ENTRY];
  wg_store_le32(entry, (uint32_t)n);
  wg_store_le32(entry + 4, (uint32_t)len);
  wg_buf_add(&f->table, entry, sizeof entry);
  f->frames++;
  return 0;
}

static struct timespec soon(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_nsec += WG_FRAME_WAIT_MS * 1000000l;
  t.tv_sec += t.tv_nsec / 1000000000l;
  t.tv_nsec %= 1000000000l;
  return t;
}

static bool is_past(const struct timespec *t) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > t->tv_sec || (now.tv_sec == t->tv_sec && now.tv_nsec >= t->tv_nsec);
}

// A frame of what waits and of what was appended behind it, unless more may come that is worth it.
static int write_content(struct wg_frames *f, const char *data, size_t n, bool now) {
  if (f->kind.content == NULL) return n ? write_frame(f, data, n) : 0;
  if (n) f->kind.content(data, n, &f->content);
  if (f->content.len == 0 || (!now && f->content.len < WG_FRAME_BYTES)) return 0;
  int why = write_frame(f, f->content.data, f->content.len);
  wg_buf_clear(&f->content);
  return why;
}

// Called and left with the lock held, which is let go of while the frame is made. Nothing has failed before.
static void write_meanwhile(struct wg_frames *f, const char *data, size_t n, bool now) {
  pthread_mutex_unlock(&f->lock);
  int why = write_content(f, data, n, now);
  pthread_mutex_lock(&f->lock);
  f->failed = why;
}

// What has been appended to the block being filled, as a frame. Called and left with the lock held.
static void take_filled(struct wg_frames *f, struct block *b) {
  size_t n = atomic_load_explicit(&b->committed, memory_order_acquire);
  if (f->failed) return;
  wg_buf_clear(&f->part);
  wg_buf_add(&f->part, b->data + b->taken, n - b->taken);
  b->taken = n;
  write_meanwhile(f, f->part.data, f->part.len, true);
}

// Called and left with the lock held.
static void take_rest(struct wg_frames *f, struct block *b, bool now) {
  size_t n = atomic_load_explicit(&b->committed, memory_order_relaxed);
  if (f->failed == 0) write_meanwhile(f, b->data + b->taken, n - b->taken, now);
  b->taken = 0;
  atomic_store_explicit(&b->committed, 0, memory_order_relaxed);
  b->full = false;
  pthread_cond_broadcast(&f->changed);
}

static void *compressor(void *arg) {
  struct wg_frames *f = arg;
  size_t tail = 0;
  struct timespec due = soon();
  pthread_mutex_lock(&f->lock);
  for (;;) {
    struct block *b = &f->blocks[tail];
    if (b->full) {
      take_rest(f, b, is_past(&due));
      tail = (tail + 1) % QUEUE;
      if (f->content.len == 0) due = soon();
    } else if (f->closing) {
      if (f->failed == 0) write_meanwhile(f, NULL, 0, true);
      break;
    } else if (pthread_cond_timedwait(&f->changed, &f->lock, &due) == ETIMEDOUT && !b->full) {
      take_filled(f, b);
      due = soon();
    }
  }
  pthread_mutex_unlock(&f->lock);
  return NULL;
}

static int create_file(const char *path, struct wg_err *err) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) {
    int why = errno;
    wg_fail(err, WG_INPUT, "%s: cannot create: %s", path, strerror(why));
    return -1;
  }
  flock(fd, LOCK_EX | LOCK_NB); // says that somebody still writes; nobody else has it, it has just been made
  return fd;
}

static void release(struct wg_frames *f) {
  for (size_t i = 0; i < QUEUE; i++) free(f->blocks[i].data);
  wg_buf_release(&f->part);
  wg_buf_release(&f->content);
  wg_buf_release(&f->packed);
  wg_buf_release(&f->table);
  ZSTD_freeCCtx(f->zstd);
  EVP_MD_CTX_free(f->sha);
  pthread_mutex_destroy(&f->lock);
  pthread_cond_destroy(&f->changed);
  free(f->path);
  free(f);
}

int wg_frames_create(struct wg_frames **out, const char *path, const struct wg_frames_kind *kind, struct wg_err *err) {
  int fd = create_file(path, err);
  if (fd < 0) return WG_INPUT;
  struct wg_frames *f = wg_xcalloc(1, sizeof *f);
  f->file = fdopen(fd, "wb");
  f->path = wg_xstrdup(path);
  f->kind = *kind;
  f->zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(f->zstd, ZSTD_c_compressionLevel, kind->level);
  ZSTD_CCtx_setParameter(f->zstd, ZSTD_c_checksumFlag, 1);
  f->sha = EVP_MD_CTX_new();
  EVP_DigestInit_ex(f->sha, EVP_sha256(), NULL);
  pthread_mutex_init(&f->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&f->changed, &attr);
  pthread_condattr_destroy(&attr);
  if (f->file && kind->first) f->failed = write_frame(f, kind->first, strlen(kind->first));
  if (f->file && pthread_create(&f->thread, NULL, compressor, f) == 0) {
    *out = f;
    return WG_OK;
  }
  if (f->file)
    fclose(f->file);
  else
    close(fd);
  unlink(path);
  release(f);
  return wg_fail(err, WG_INTERNAL, "%s: no thread can be made that writes it", path);
}

static void grow(struct wg_frames *f, struct block *b, size_t need) {
  if (need < 2 * WG_FRAME_BYTES) need = 2 * WG_FRAME_BYTES;
  pthread_mutex_lock(&f->lock);
  WG_VEC_ROOM(b->data, b->cap, need);
  pthread_mutex_unlock(&f->lock);
}

char *wg_frames_room(struct wg_frames *f, size_t n) {
  struct block *b = &f->blocks[f->head];
  size_t at = atomic_load_explicit(&b->committed, memory_order_relaxed);
  if (at + n > b->cap) grow(f, b, at + n);
  return b->data + at;
}

void wg_frames_commit(struct wg_frames *f, size_t n) {
  struct block *b = &f->blocks[f->head];
  size_t at = atomic_load_explicit(&b->committed, memory_order_relaxed);
  atomic_store_explicit(&b->committed, at + n, memory_order_release);
}

void wg_frames_add(struct wg_frames *f, const void *data, size_t n) {
  if (n == 0) return;
  memcpy(wg_frames_room(f, n), data, n);
  wg_frames_commit(f, n);
}

size_t wg_frames_pending(const struct wg_frames *f) {
  return atomic_load_explicit(&f->blocks[f->head].committed, memory_order_relaxed);
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

// https://github.com/facebook/zstd: contrib/seekable_format/zstd_seekable_compression_format.md
static int write_seek_table(struct wg_frames *f) {
  uint8_t b[9];
  wg_store_le32(b, 0x184D2A5Eu);
  wg_store_le32(b + 4, (uint32_t)(f->table.len + 9));
  int why = write_all(f, b, 8);
  if (why == 0) why = write_all(f, f->table.data, f->table.len);
  wg_store_le32(b, f->frames);
  b[4] = 0;
  wg_store_le32(b + 5, SEEK_MAGIC);
  return why ? why : write_all(f, b, 9);
}

void wg_frames_drain(struct wg_frames *f, char *sha256) {
  if (wg_frames_pending(f)) wg_frames_cut(f);
  pthread_mutex_lock(&f->lock);
  f->closing = true;
  pthread_cond_broadcast(&f->changed);
  pthread_mutex_unlock(&f->lock);
  pthread_join(f->thread, NULL);
  wg_sha256_end(f->sha, sha256);
}

// A file without a whole frame is in nobody's way.
static int say_failed(const struct wg_frames *f, int why, struct wg_err *err) {
  bool some = f->frames != 0;
  if (!some) unlink(f->path);
  return wg_fail(err, WG_INPUT, "%s: cannot write: %s; %s", f->path, strerror(why),
                 some ? "what was written up to there stays readable" : "nothing of it was written");
}

int wg_frames_finish(struct wg_frames *f, const void *tail, size_t n, struct wg_err *err) {
  int why = f->failed, code = WG_OK; // nobody else is there any more
  EVP_DigestInit_ex(f->sha, EVP_sha256(), NULL);
  if (why == 0 && n) why = write_frame(f, tail, n);
  if (why == 0) why = write_seek_table(f);
  if (fclose(f->file) != 0 && why == 0) why = errno;
  if (why) code = say_failed(f, why, err);
  release(f);
  return code;
}

// Of a table that begins at `at` and has `frames` entries.
static bool counts_all(int fd, uint64_t at, uint32_t frames) {
  uint8_t entries[512 * ENTRY];
  uint64_t sum = 0;
  for (uint32_t done = 0; done < frames;) {
    size_t n = frames - done < 512 ? frames - done : 512;
    if (pread(fd, entries, n * ENTRY, (off_t)(at + 8 + (uint64_t)done * ENTRY)) != (ssize_t)(n * ENTRY)) return false;
    for (size_t i = 0; i < n; i++) sum += wg_load_le32(entries + i * ENTRY);
    done += (uint32_t)n;
  }
  return sum == at;
}

bool wg_frames_counted(const char *path) {
  struct wg_err unsaid = {0};
  struct stat st;
  uint8_t end[9];
  int fd;
  if (wg_file_open(path, &fd, &unsaid) != WG_OK) return false;
  bool whole = fstat(fd, &st) == 0 && st.st_size >= 17 && pread(fd, end, 9, st.st_size - 9) == 9 &&
               wg_load_le32(end + 5) == SEEK_MAGIC;
  uint64_t frames = whole ? wg_load_le32(end) : 0, table = 8 + frames * ENTRY + 9;
  if (whole) whole = table <= (uint64_t)st.st_size && counts_all(fd, (uint64_t)st.st_size - table, (uint32_t)frames);
  close(fd);
  return whole;
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
