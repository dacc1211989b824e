#define _DEFAULT_SOURCE // flock, pread
#include "checkpoint/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/endian.h"
#include "base/file.h"
#include "base/vec.h"
#include "checkpoint/list.h"
#include "checkpoint/packer.h"

#define MAGIC 0x52434757u // "WGCR"

enum { HEADER = 1, PAGES, STATE, EXTENT };

struct wg_pages_at {
  size_t first, n; // numbers of pages
  uint64_t offset, hash;
  uint32_t packed;
};

struct head {
  uint32_t kind, head, packed, size;
  uint64_t head_hash, body_hash;
};
#define HEAD_BYTES 36u
#define EXTENT_HEAD 16u
#define MOST_HEAD (1u << 26)
#define MOST_BODY (1u << 30)

void wg_checkpoint_file_release(struct wg_checkpoints *c) {
  wg_checkpoints_settle(c);
  if (c->fd >= 0) close(c->fd);
  free(c->path);
  free(c->where);
  wg_packer_free(c->packer);
  wg_buf_release(&c->damage);
}

// --- writing ----------------------------------------------------------------------------------------------

static bool put(struct wg_checkpoints *c, uint64_t at, const void *data, size_t n) {
  const uint8_t *p = data;
  while (n) {
    ssize_t done = pwrite(c->fd, p, n, (off_t)at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      wg_fail(&c->failed, WG_INPUT, "%s: cannot write: %s", c->path, strerror(errno));
      return false;
    }
    p += done;
    n -= (size_t)done;
    at += (uint64_t)done;
  }
  return true;
}

static void put_u64(struct wg_buf *b, uint64_t v) {
  uint8_t bytes[8];
  wg_store_le64(bytes, v);
  wg_buf_add(b, bytes, sizeof bytes);
}

// A record but for its body.
static void lay_out(const struct head *h, const struct wg_buf *head, struct wg_buf *out) {
  uint8_t b[HEAD_BYTES];
  wg_store_le32(b, MAGIC);
  wg_store_le32(b + 4, h->kind);
  wg_store_le32(b + 8, h->head);
  wg_store_le32(b + 12, h->packed);
  wg_store_le32(b + 16, h->size);
  wg_store_le64(b + 20, h->head_hash);
  wg_store_le64(b + 28, h->body_hash);
  wg_buf_add(out, b, sizeof b);
  wg_buf_add(out, head->data, head->len);
}

// So far the file goes, as it says behind its first record.
static bool put_extent(struct wg_checkpoints *c) {
  struct wg_buf head = {0}, bytes = {0};
  put_u64(&head, c->end);
  put_u64(&head, c->chain);
  const struct head h = {EXTENT, EXTENT_HEAD, 0, 0, wg_hash(head.data, head.len, EXTENT), wg_hash("", 0, EXTENT)};
  lay_out(&h, &head, &bytes);
  bool ok = put(c, c->extent, bytes.data, bytes.len);
  wg_buf_release(&head);
  wg_buf_release(&bytes);
  return ok;
}

static uint64_t chained(const struct head *h) { return wg_hash_u64(h->body_hash, h->head_hash); }

static bool put_record(struct wg_checkpoints *c, const struct wg_packing *r, struct head *out) {
  if (c->failed.code) return false;
  *out = (struct head){r->kind,
                       (uint32_t)r->head.len,
                       (uint32_t)r->packed.len,
                       r->size,
                       wg_hash(r->head.data, r->head.len, r->kind ^ c->chain),
                       wg_hash(r->packed.data, r->packed.len, r->kind)};
  struct wg_buf first = {0};
  uint64_t whole = c->end, chain = c->chain;
  lay_out(out, &r->head, &first);
  bool ok = put(c, whole, first.data, first.len) && put(c, whole + first.len, r->packed.data, r->packed.len);
  c->end += first.len + r->packed.len;
  c->chain = chained(out);
  if (r->kind == HEADER) {
    c->extent = c->end;
    c->end += HEAD_BYTES + EXTENT_HEAD;
  }
  ok = ok && put_extent(c);
  if (!ok) { // what was written before can be used
    c->chain = chain;
    c->end = whole;
    if (ftruncate(c->fd, (off_t)whole) != 0) wg_err_prefix(&c->failed, "its end is damaged");
  }
  wg_buf_release(&first);
  return ok;
}

static void note_pages(struct wg_checkpoints *c, size_t n, const struct head *h) {
  WG_VEC_NEXT(c->where, c->nwhere);
  c->where[c->nwhere++] = (struct wg_pages_at){c->stored, n, c->end - h->packed, h->body_hash, h->packed};
  c->stored += n;
  c->pages.kept = c->stored;
}

// The pages that are not on their way yet.
static void give_pages(struct wg_checkpoints *c) {
  while (c->given < c->pages.n) {
    struct wg_packing *r = wg_xcalloc(1, sizeof *r);
    size_t left = c->pages.n - c->given;
    r->kind = PAGES;
    r->npages = left < WG_PACKED_PAGES ? left : WG_PACKED_PAGES;
    for (size_t i = 0; i < r->npages; i++, c->given++) {
      put_u64(&r->head, c->pages.hash[c->given]);
      r->pages[i] = c->pages.data[c->given];
    }
    wg_packer_give(c->packer, r);
  }
}

// Takes its state.
static void give_state(struct wg_checkpoints *c, struct wg_checkpoint *p) {
  struct wg_packing *r = wg_xcalloc(1, sizeof *r);
  const struct wg_machine_where *w = &p->at;
  const uint64_t fields[] = {w->retired, w->events,  w->now_ns,   w->windows,
                             w->frames,  p->packets, p->last_tid, p->nthreads};
  r->kind = STATE;
  r->windows = w->windows;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) put_u64(&r->head, fields[i]);
  for (size_t i = 0; i < p->nthreads; i++) {
    put_u64(&r->head, p->threads[i].tid);
    put_u64(&r->head, p->threads[i].idx);
    put_u64(&r->head, p->threads[i].cycle);
  }
  r->body = p->state;
  p->state = (struct wg_buf){0};
  wg_packer_give(c->packer, r);
}

// What is written need not be in memory; what could not be stays there.
static void settle_state(struct wg_checkpoints *c, struct wg_packing *r, const struct head *h, bool written) {
  size_t i = 0;
  while (i < c->n && c->list[i].at.windows != r->windows) i++;
  WG_ASSERT(i < c->n, "a checkpoint that is being written is in the list");
  struct wg_checkpoint *p = &c->list[i];
  if (!written) {
    p->state = r->body;
    r->body = (struct wg_buf){0};
    return;
  }
  p->offset = c->end - h->packed;
  p->packed = h->packed;
  p->size = h->size;
  p->hash = h->body_hash;
}

static void settle_pages(struct wg_checkpoints *c, size_t n, const struct head *h) {
  size_t first = c->stored;
  note_pages(c, n, h);
  for (size_t i = first; i < first + n; i++) wg_pages_drop(&c->pages, i);
}

void wg_checkpoints_settle(struct wg_checkpoints *c) {
  for (struct wg_packing *r; c->packer && (r = wg_packer_take(c->packer));) {
    struct head h;
    bool ok = put_record(c, r, &h);
    if (r->kind == STATE) settle_state(c, r, &h, ok);
    if (r->kind == PAGES && ok) settle_pages(c, r->npages, &h);
    wg_packing_free(r);
  }
}

void wg_checkpoint_write(struct wg_checkpoints *c, struct wg_checkpoint *p) {
  wg_checkpoints_settle(c); // by now it is done
  if (c->failed.code) return;
  give_pages(c);
  give_state(c, p);
}

static char *path_of(const char *dir) {
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%s/" WG_CHECKPOINTS, dir);
  return b.data;
}

// --- reading ----------------------------------------------------------------------------------------------

static bool get(const struct wg_checkpoints *c, uint64_t at, void *out, size_t n) {
  uint8_t *p = out;
  while (n) {
    ssize_t done = pread(c->fd, p, n, (off_t)at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    p += done;
    at += (uint64_t)done;
    n -= (size_t)done;
  }
  return true;
}

static bool get_body(const struct wg_checkpoints *c, uint64_t offset, const struct head *h, struct wg_buf *out) {
  struct wg_buf packed = {0};
  wg_buf_reserve(&packed, h->packed + 1);
  wg_buf_reserve(out, h->size + 1);
  bool ok = get(c, offset, packed.data, h->packed) && wg_hash(packed.data, h->packed, h->kind) == h->body_hash;
  if (ok) ok = ZSTD_decompress(out->data, h->size, packed.data, h->packed) == h->size;
  out->len = ok ? h->size : 0;
  wg_buf_release(&packed);
  return ok;
}

int wg_checkpoint_damaged(const struct wg_checkpoints *c, uint64_t at, const char *what, struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "%s: at byte %llu: %s damaged", c->path, (unsigned long long)at, what);
}

int wg_checkpoint_read(struct wg_checkpoints *c, const struct wg_checkpoint *p, struct wg_buf *out,
                       struct wg_err *err) {
  const struct head h = {.kind = STATE, .packed = p->packed, .size = p->size, .body_hash = p->hash};
  if (get_body(c, p->offset, &h, out)) return WG_OK;
  return wg_checkpoint_damaged(c, p->offset, "the state is", err);
}

// The batch of pages `w`, as it lies there.
static bool get_pages(const struct wg_checkpoints *c, const struct wg_pages_at *w, struct wg_buf *out) {
  const struct head h = {
      .kind = PAGES, .packed = w->packed, .size = (uint32_t)(w->n * WG_PAGE_BYTES), .body_hash = w->hash};
  return get_body(c, w->offset, &h, out);
}

int wg_checkpoints_check(struct wg_checkpoints *c, struct wg_err *err) {
  if (c->damage.len) return wg_fail(err, WG_INPUT, "%s", c->damage.data);
  for (size_t i = 0; i < c->n; i++) {
    struct wg_buf state = {0};
    int code = wg_checkpoint_read(c, &c->list[i], &state, err);
    wg_buf_release(&state);
    if (code != WG_OK) return code;
  }
  for (size_t i = 0; i < c->nwhere; i++) {
    const struct wg_pages_at *w = &c->where[i];
    struct wg_buf body = {0};
    bool ok = get_pages(c, w, &body);
    for (size_t j = 0; ok && j < w->n; j++)
      ok = wg_page_hash(body.data + j * WG_PAGE_BYTES) == c->pages.hash[w->first + j];
    wg_buf_release(&body);
    if (!ok) return wg_checkpoint_damaged(c, w->offset, "the pages are", err);
  }
  return WG_OK;
}

// A page that is wanted brings its batch; those of one that is damaged are kept once they come from elsewhere.
static bool fetch(void *ctx, size_t i) {
  struct wg_checkpoints *c = ctx;
  size_t lo = 0, hi = c->nwhere;
  while (hi - lo > 1) {
    size_t mid = lo + (hi - lo) / 2;
    if (c->where[mid].first <= i)
      lo = mid;
    else
      hi = mid;
  }
  if (c->nwhere == 0 || i - c->where[lo].first >= c->where[lo].n) return false;
  const struct wg_pages_at *w = &c->where[lo];
  struct wg_buf body = {0};
  bool ok = get_pages(c, w, &body);
  for (size_t j = 0; ok && j < w->n; j++) wg_pages_fill(&c->pages, w->first + j, body.data + j * WG_PAGE_BYTES);
  for (size_t j = 0; !ok && j < w->n; j++) wg_pages_lose(&c->pages, w->first + j);
  if (!ok) c->lost = w->offset;
  wg_buf_release(&body);
  return ok;
}

static uint64_t u64_at(const struct wg_buf *b, size_t i) { return wg_load_le64((const uint8_t *)b->data + 8 * i); }

static bool note_state(struct wg_checkpoints *c, const struct wg_buf *b, const struct head *h, uint64_t body) {
  enum { FIXED = 8 };
  if (b->len < 8 * FIXED || u64_at(b, 7) != (b->len / 8 - FIXED) / 3 || b->len % 8) return false;
  const struct wg_machine_where at = {.retired = u64_at(b, 0),
                                      .events = u64_at(b, 1),
                                      .now_ns = u64_at(b, 2),
                                      .windows = u64_at(b, 3),
                                      .frames = u64_at(b, 4)};
  struct wg_checkpoint *p = wg_checkpoint_insert(c, &at);
  if (p == NULL) return true;
  p->packets = u64_at(b, 5);
  p->last_tid = (uint32_t)u64_at(b, 6);
  p->nthreads = (size_t)u64_at(b, 7);
  p->threads = wg_xcalloc(p->nthreads + 1, sizeof *p->threads);
  for (size_t i = 0; i < p->nthreads; i++)
    p->threads[i] = (struct wg_machine_thread){(uint32_t)u64_at(b, FIXED + 3 * i), u64_at(b, FIXED + 3 * i + 1),
                                               u64_at(b, FIXED + 3 * i + 2)};
  p->offset = body;
  p->packed = h->packed;
  p->size = h->size;
  p->hash = h->body_hash;
  return true;
}

static bool note(struct wg_checkpoints *c, const struct head *h, const struct wg_buf *head, uint64_t body) {
  if (h->kind == STATE) return note_state(c, head, h, body);
  if (h->kind != PAGES || head->len % 8 || h->size != head->len / 8 * WG_PAGE_BYTES) return false;
  for (size_t i = 0; i < head->len / 8; i++) wg_pages_know(&c->pages, u64_at(head, i));
  c->end = body + h->packed;
  note_pages(c, head->len / 8, h);
  return true;
}

// A file that is being read: its size, and how far it says that it goes, once that is known.
struct reading {
  uint64_t size, end, chain;
  const char *identity;
};

static bool note_extent(struct reading *r, const struct head *h, const struct wg_buf *head) {
  if (h->kind != EXTENT || head->len != EXTENT_HEAD || h->packed + h->size || h->body_hash != wg_hash("", 0, EXTENT))
    return false;
  r->end = u64_at(head, 0);
  r->chain = u64_at(head, 1);
  return true;
}

// The record at c->end; false at the end of the file, or of what is whole.
static bool next_record(struct wg_checkpoints *c, struct reading *r, struct wg_err *err) {
  uint8_t b[HEAD_BYTES];
  struct wg_buf head = {0};
  uint64_t at = c->end, size = r->size;
  bool is_extent = c->extent && at == c->extent;
  if (at == size && at == r->end && c->chain == r->chain) return false;
  bool ok = at < r->end && size - at >= HEAD_BYTES && get(c, at, b, sizeof b) && wg_load_le32(b) == MAGIC;
  const struct head h = {wg_load_le32(b + 4),  wg_load_le32(b + 8),  wg_load_le32(b + 12),
                         wg_load_le32(b + 16), wg_load_le64(b + 20), wg_load_le64(b + 28)};
  uint64_t body = at + HEAD_BYTES + h.head;
  ok = ok && h.head <= MOST_HEAD && h.size <= MOST_BODY && body <= size && h.packed <= size - body;
  if (ok) {
    wg_buf_reserve(&head, h.head + 1);
    head.len = h.head;
    ok = get(c, at + HEAD_BYTES, head.data, h.head) &&
         wg_hash(head.data, h.head, is_extent ? EXTENT : h.kind ^ c->chain) == h.head_hash;
  }
  if (ok && at == 0)
    ok = h.kind == HEADER && h.packed + h.size == 0 && h.body_hash == wg_hash("", 0, HEADER) &&
         wg_checkpoints_are_of(c, head.data, head.len, r->identity, err) == WG_OK;
  else if (ok)
    ok = is_extent ? note_extent(r, &h, &head) : note(c, &h, &head, body);
  if (ok) {
    c->end = body + h.packed;
    if (!is_extent) c->chain = chained(&h);
    if (at == 0) c->extent = c->end;
  } else if (err->code == WG_OK) {
    wg_buf_printf(&c->damage, "%s: at byte %llu: damaged, cut off, or not what was there; what follows is not used",
                  c->path, (unsigned long long)at);
  }
  wg_buf_release(&head);
  return ok;
}

static int read_file(struct wg_checkpoints *c, const char *dir, int how, const char *identity, bool *there,
                     struct wg_err *err) {
  struct stat st;
  c->path = path_of(dir);
  bool writes = how != O_RDONLY;
  c->fd = open(c->path, how | O_CLOEXEC | O_NONBLOCK | (writes ? O_NOFOLLOW : 0));
  *there = c->fd >= 0;
  if (c->fd < 0 && errno == ENOENT) {
    if (lstat(c->path, &st) != 0) return WG_OK;
    return wg_fail(err, WG_INPUT, "%s: it is a symbolic link that leads nowhere", c->path);
  }
  if (c->fd < 0 && errno == ELOOP && writes)
    return wg_fail(err, WG_INPUT, "%s: it is a symbolic link, through which nothing is written", c->path);
  if (c->fd < 0 || fstat(c->fd, &st) != 0) return wg_fail_open(err, c->path, errno);
  if (!S_ISREG(st.st_mode)) return wg_fail(err, WG_INPUT, "%s: it is no regular file", c->path);
  if (writes && flock(c->fd, LOCK_EX | LOCK_NB) != 0)
    return wg_fail(err, WG_INPUT, "%s: another wedge adds to it", c->path);
  c->pages.fetch = fetch;
  c->pages.ctx = c;
  *err = (struct wg_err){0};
  struct reading r = {.size = (uint64_t)st.st_size, .end = UINT64_MAX, .identity = identity};
  while (next_record(c, &r, err)) {
  }
  if (err->code == WG_OK && c->end == 0)
    wg_fail(err, WG_INPUT, "%s: it holds no checkpoints that can be read", c->path);
  c->unfit = err->code == WG_INPUT;
  return err->code;
}

int wg_checkpoints_open(struct wg_checkpoints *c, const char *dir, const char *identity, bool *there,
                        struct wg_err *err) {
  return read_file(c, dir, O_RDONLY, identity, there, err);
}

static void begin_to_write(struct wg_checkpoints *c) {
  c->writes = true;
  c->given = c->stored;
  c->packer = wg_packer_create(true);
}

// Whether all that is there can be used: what is added needs pages of it.
static int check_whole(struct wg_checkpoints *c, struct wg_err *err) {
  int code = wg_checkpoints_check(c, err);
  if (code == WG_INPUT) wg_err_suffix(err, "nothing can be added; " WG_CHECKPOINTS_WITHOUT);
  return code;
}

int wg_checkpoints_append(struct wg_checkpoints *c, const char *dir, const char *identity, struct wg_err *err) {
  bool there;
  int code = read_file(c, dir, O_RDWR, identity, &there, err);
  if (c->unfit) wg_err_suffix(err, WG_CHECKPOINTS_WITHOUT);
  WG_TRY(code);
  if (!there) {
    free(c->path);
    return wg_checkpoints_create(c, dir, identity, err);
  }
  WG_TRY(check_whole(c, err));
  begin_to_write(c);
  return WG_OK;
}

int wg_checkpoints_create(struct wg_checkpoints *c, const char *dir, const char *identity, struct wg_err *err) {
  struct wg_packing header = {.kind = HEADER};
  struct head h;
  c->path = path_of(dir);
  c->fd = open(c->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (c->fd < 0) return wg_fail(err, WG_INPUT, "%s: cannot make it: %s", c->path, strerror(errno));
  begin_to_write(c);
  c->pages.fetch = fetch;
  c->pages.ctx = c;
  wg_buf_str(&header.head, identity);
  put_record(c, &header, &h);
  wg_buf_release(&header.head);
  return wg_checkpoints_finish(c, err);
}

int wg_checkpoints_finish(struct wg_checkpoints *c, struct wg_err *err) {
  wg_checkpoints_settle(c);
  if (c->failed.code == WG_OK) return WG_OK;
  *err = c->failed;
  return err->code;
}
