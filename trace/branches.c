#include "trace/branches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/endian.h"
#include "base/file.h"
#include "trace/frames.h"

#define LEVEL 1 // a busy title makes hundreds of megabytes a second
#define MAX_WORDS 4096u
#define MAX_TARGETS 4096u

static void put_varint(struct wg_buf *b, uint64_t v) {
  for (; v > 127; v >>= 7) wg_buf_char(b, (char)(v | 128));
  wg_buf_char(b, (char)v);
}

// Appends its bytes, 'B' and all.
static void encode(const struct wg_branch_packet *p, struct wg_buf *out) {
  wg_buf_char(out, 'B');
  const uint64_t head[] = {p->tid, p->hw, p->pc, p->cycle, p->idx, p->instructions, p->nbits, p->ntargets};
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) put_varint(out, head[i]);
  size_t nwords = (p->nbits + WG_BRANCH_WORD_BITS - 1) / WG_BRANCH_WORD_BITS;
  char *at = wg_buf_more(out, 8 * nwords + 4 * p->ntargets);
  for (size_t i = 0; i < nwords; i++, at += 8) wg_store_le64(at, p->words[i]);
  for (size_t i = 0; i < p->ntargets; i++, at += 4) wg_store_le32(at, p->targets[i]);
}

struct wg_branches_writer {
  struct wg_frames *frames;
  struct wg_buf packet;
};

int wg_branches_create(struct wg_branches_writer **out, const char *path, struct wg_err *err) {
  struct wg_frames *f;
  WG_TRY(wg_frames_create(&f, path, LEVEL, err));
  *out = wg_xcalloc(1, sizeof **out);
  (*out)->frames = f;
  wg_frames_add(f, WG_BRANCHES_MAGIC, sizeof WG_BRANCHES_MAGIC - 1);
  wg_frames_cut(f); // so that even a run killed at once has a record
  return WG_OK;
}

void wg_branches_write(struct wg_branches_writer *w, const struct wg_branch_packet *p) {
  wg_buf_clear(&w->packet);
  encode(p, &w->packet);
  wg_frames_add(w->frames, w->packet.data, w->packet.len);
  if (wg_frames_pending(w->frames) >= WG_FRAME_BYTES) wg_frames_cut(w->frames);
}

int wg_branches_finish(struct wg_branches_writer *w, char *sha256, struct wg_err *err) {
  wg_frames_drain(w->frames, sha256);
  int code = wg_frames_finish(w->frames, "E", 1, err);
  wg_buf_release(&w->packet);
  free(w);
  return code;
}

struct wg_branches_reader {
  FILE *file;
  char *path;
  ZSTD_DStream *zstd;
  uint8_t in[1 << 16];
  ZSTD_inBuffer zin;
  struct wg_buf text;
  size_t pos;
  bool ended;
  char damage[256];
  uint64_t words[MAX_WORDS];
  uint32_t targets[MAX_TARGETS];
};

static bool damaged(struct wg_branches_reader *r, const char *what) {
  if (!r->damage[0]) snprintf(r->damage, sizeof r->damage, "%s: %s near byte %ld", r->path, what, ftell(r->file));
  return false;
}

// At least n bytes from pos on.
static bool have(struct wg_branches_reader *r, size_t n) {
  while (r->text.len - r->pos < n) {
    if (r->pos > 1 << 20) {
      memmove(r->text.data, r->text.data + r->pos, r->text.len - r->pos);
      r->text.len -= r->pos;
      r->pos = 0;
    }
    if (r->zin.pos == r->zin.size) {
      r->zin = (ZSTD_inBuffer){r->in, fread(r->in, 1, sizeof r->in, r->file), 0};
      if (r->zin.size == 0) return damaged(r, "the file is cut off");
    }
    wg_buf_reserve(&r->text, 1 << 17);
    ZSTD_outBuffer out = {r->text.data + r->text.len, 1 << 17, 0};
    if (ZSTD_isError(ZSTD_decompressStream(r->zstd, &out, &r->zin))) return damaged(r, "corrupt");
    r->text.len += out.pos;
  }
  return true;
}

static bool byte(struct wg_branches_reader *r, uint8_t *v) {
  if (!have(r, 1)) return false;
  *v = (uint8_t)r->text.data[r->pos++];
  return true;
}

static bool varint(struct wg_branches_reader *r, uint64_t *v) {
  uint8_t b = 128;
  *v = 0;
  for (unsigned shift = 0; b & 128; shift += 7) {
    if (shift > 63) return damaged(r, "an integer is too long");
    if (!byte(r, &b)) return false;
    *v |= (uint64_t)(b & 127) << shift;
  }
  return true;
}

int wg_branches_open(struct wg_branches_reader **out, const char *path, struct wg_err *err) {
  int fd;
  if (!wg_file_exists(path)) return wg_fail(err, WG_INPUT, "%s: the run has no record of branches", path);
  WG_TRY(wg_file_open(path, &fd, err));
  FILE *f = fdopen(fd, "rb");
  if (f == NULL) {
    close(fd);
    return wg_fail(err, WG_INTERNAL, "%s: %s", path, strerror(errno));
  }
  struct wg_branches_reader *r = wg_xcalloc(1, sizeof *r);
  r->file = f;
  r->path = wg_xstrdup(path);
  r->zstd = ZSTD_createDStream();
  size_t n = sizeof WG_BRANCHES_MAGIC - 1;
  if (!have(r, n) || memcmp(r->text.data, WG_BRANCHES_MAGIC, n) != 0) {
    int code = wg_fail(err, WG_INPUT, "%s: not a record of branches (expected zstd of \"wedge.branches 1\")", path);
    wg_branches_close_file(r);
    return code;
  }
  r->pos = n;
  *out = r;
  return WG_OK;
}

bool wg_branches_next(struct wg_branches_reader *r, struct wg_branch_packet *p) {
  uint8_t tag;
  uint64_t v[8];
  if (r->ended || r->damage[0] || !byte(r, &tag)) return false;
  if (tag == 'E') {
    r->ended = true;
    return false;
  }
  if (tag != 'B') return damaged(r, "expected a packet");
  for (size_t i = 0; i < 8; i++)
    if (!varint(r, &v[i])) return false;
  size_t nwords = (v[6] + WG_BRANCH_WORD_BITS - 1) / WG_BRANCH_WORD_BITS;
  if (v[6] > MAX_WORDS * WG_BRANCH_WORD_BITS || v[7] > MAX_TARGETS) return damaged(r, "a packet is too large");
  if (!have(r, nwords * 8 + v[7] * 4)) return false;
  const uint8_t *at = (const uint8_t *)r->text.data + r->pos;
  for (size_t i = 0; i < nwords; i++, at += 8) r->words[i] = wg_load_le32(at) | (uint64_t)wg_load_le32(at + 4) << 32;
  for (size_t i = 0; i < v[7]; i++, at += 4) r->targets[i] = wg_load_le32(at);
  r->pos += nwords * 8 + v[7] * 4;
  *p = (struct wg_branch_packet){.tid = (uint32_t)v[0],
                                 .hw = (uint32_t)v[1],
                                 .pc = (uint32_t)v[2],
                                 .cycle = v[3],
                                 .idx = v[4],
                                 .instructions = v[5],
                                 .words = r->words,
                                 .nbits = v[6],
                                 .targets = r->targets,
                                 .ntargets = v[7]};
  return true;
}

const char *wg_branches_damage(const struct wg_branches_reader *r) { return r->damage[0] ? r->damage : NULL; }

void wg_branches_close_file(struct wg_branches_reader *r) {
  if (r == NULL) return;
  fclose(r->file);
  ZSTD_freeDStream(r->zstd);
  wg_buf_release(&r->text);
  free(r->path);
  free(r);
}
