#include "trace/branches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/file.h"
#include "trace/frames.h"
#include "trace/source.h"

#define LEVEL 1 // a busy title makes hundreds of megabytes a second
#define MAX_WORDS 4096u
#define MAX_TARGETS 4096u

static void put_varint(struct wg_buf *b, uint64_t v) {
  for (; v > 127; v >>= 7) wg_buf_char(b, (char)(v | 128));
  wg_buf_char(b, (char)v);
}

// Without a branch of its own: what jumps about is what a processor does not foresee.
static void put_targets(struct wg_buf *out, const uint32_t *targets, size_t n) {
  uint32_t latest[WG_BRANCHES_SLOTS] = {0};
  size_t start = out->len;
  char *byte = wg_buf_more(out, 5 * n), *address = byte + n;
  for (size_t i = 0; i < n; i++) {
    uint32_t slot = wg_branches_slot(targets[i]);
    bool other = latest[slot] != targets[i];
    byte[i] = (char)(slot | (uint32_t)other << 7);
    wg_store_le32(address, targets[i]);
    address += 4 * other;
    latest[slot] = targets[i];
  }
  out->len = start + (size_t)(address - byte);
}

// Words [at, at + n) are each the one `period` before.
struct repeat {
  size_t at, period, n;
};
#define LONGEST_PERIOD 63u // a word has 63 bits, so a round of any length begins a word again after 63 at most
#define FEW 16u            // words that are not worth it

static bool are_alike(const uint64_t *words, size_t from, size_t to, size_t period) {
  return memcmp(words + from, words + from - period, (to - from) * sizeof *words) == 0;
}

// The words that repeat around the middle one. The last one is often alone in being none of them.
static struct repeat find_repeat(const uint64_t *words, size_t n) {
  size_t mid = n / 2, k = 1, at = mid, end = n - 1;
  const struct repeat none = {0, 0, 0};
  if (n < FEW) return none;
  while (k <= LONGEST_PERIOD && k <= mid && (words[mid] != words[mid - k] || !are_alike(words, mid, mid + 4, k))) k++;
  if (k > LONGEST_PERIOD || k > mid) return none;
  if (are_alike(words, k, mid, k)) at = k;
  while (at > k && words[at - 1] == words[at - 1 - k]) at--;
  if (!are_alike(words, mid, end, k))
    for (end = mid; words[end] == words[end - k];) end++;
  while (end < n && words[end] == words[end - k]) end++;
  return end - at < FEW / 2 ? none : (struct repeat){at, k, end - at};
}

static void put_plain_words(struct wg_buf *out, const uint64_t *words, size_t n) {
  char *at = wg_buf_more(out, 8 * n);
  for (size_t i = 0; i < n; i++, at += 8) wg_store_le64(at, words[i]);
}

static void encode_words(struct wg_buf *out, const uint64_t *words, size_t n) {
  struct repeat same = find_repeat(words, n);
  put_varint(out, same.at);
  if (same.at) {
    put_varint(out, same.period);
    put_varint(out, same.n);
  }
  put_plain_words(out, words, same.at);
  put_plain_words(out, words + same.at + same.n, n - same.at - same.n);
}

// Appends its bytes, 'B' and all, but for the targets.
static void encode(const struct wg_branch_packet *p, struct wg_buf *out) {
  wg_buf_char(out, 'B');
  const uint64_t head[] = {p->tid, p->hw, p->pc, p->cycle, p->idx, p->instructions, p->nbits, p->ntargets};
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) put_varint(out, head[i]);
  encode_words(out, p->words, (p->nbits + WG_BRANCH_WORD_BITS - 1) / WG_BRANCH_WORD_BITS);
}

// What is appended of a packet: this, its bytes, and its targets, whose bytes are worked out on the thread that
// compresses them: for a program that jumps about that is a seventh of the machine's thread. Words that repeat are told
// once before, as there are many.
struct appended {
  uint32_t bytes, targets;
};
static size_t room_for(size_t bytes) { return (bytes + 7) / 8 * 8; } // what follows is aligned

static void encode_all(const char *appended, size_t n, struct wg_buf *out) {
  for (const char *at = appended, *end = at + n; at < end;) {
    struct appended p;
    memcpy(&p, at, sizeof p);
    at += sizeof p;
    wg_buf_add(out, at, p.bytes);
    at += room_for(p.bytes);
    put_targets(out, (const uint32_t *)(const void *)at, p.targets);
    at += room_for(p.targets * sizeof(uint32_t));
  }
}

struct wg_branches_writer {
  struct wg_frames *frames;
  struct wg_buf packet;
};

int wg_branches_create(struct wg_branches_writer **out, const char *path, struct wg_err *err) {
  struct wg_frames *f;
  // Even a run killed at once has a record.
  static const struct wg_frames_kind kind = {.level = LEVEL, .first = WG_BRANCHES_MAGIC, .content = encode_all};
  WG_TRY(wg_frames_create(&f, path, &kind, err));
  *out = wg_xcalloc(1, sizeof **out);
  (*out)->frames = f;
  return WG_OK;
}

void wg_branches_write(struct wg_branches_writer *w, const struct wg_branch_packet *p) {
  wg_buf_clear(&w->packet);
  encode(p, &w->packet);
  const struct appended head = {(uint32_t)w->packet.len, (uint32_t)p->ntargets};
  size_t targets = p->ntargets * sizeof *p->targets, n = sizeof head + room_for(head.bytes) + room_for(targets);
  char *at = wg_frames_room(w->frames, n);
  memcpy(at, &head, sizeof head);
  memcpy(at + sizeof head, w->packet.data, head.bytes);
  if (targets) memcpy(at + sizeof head + room_for(head.bytes), p->targets, targets);
  wg_frames_commit(w->frames, n);
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
  struct wg_source *source;
  const uint8_t *block; // of `n` bytes, read up to `pos`
  size_t n, pos;
  struct wg_buf joined; // what lies in several blocks
  struct wg_buf packet; // as it would be written
  unsigned version;
  bool ended;
  char damage[512];
  uint64_t words[MAX_WORDS];
  uint32_t targets[MAX_TARGETS];
};

static bool note_damage(struct wg_branches_reader *r, const char *what) {
  if (r->damage[0]) return false;
  uint64_t size, at = wg_source_at(r->source, &size);
  snprintf(r->damage, sizeof r->damage, "%s: %s near byte %llu", wg_source_path(r->source), what,
           (unsigned long long)at);
  return false;
}

static bool ran_out(struct wg_branches_reader *r) {
  const char *why = wg_source_damage(r->source);
  if (why == NULL) return note_damage(r, "the file is cut off");
  if (!r->damage[0]) snprintf(r->damage, sizeof r->damage, "%s: %s", wg_source_path(r->source), why);
  return false;
}

static const uint8_t *join(struct wg_branches_reader *r, size_t n) {
  wg_buf_clear(&r->joined);
  for (;;) {
    size_t want = n - r->joined.len, more = r->n - r->pos < want ? r->n - r->pos : want;
    if (more) wg_buf_add(&r->joined, r->block + r->pos, more);
    r->pos += more;
    if (r->joined.len == n) return (const uint8_t *)r->joined.data;
    r->pos = 0;
    r->block = (const uint8_t *)wg_source_next(r->source, &r->n);
    if (r->block == NULL) return ran_out(r), NULL;
  }
}

// The next n bytes, valid until the next call; NULL if there are fewer.
static const uint8_t *take_bytes(struct wg_branches_reader *r, size_t n) {
  if (r->n - r->pos < n) return join(r, n);
  r->pos += n;
  return r->block + r->pos - n;
}

static bool varint(struct wg_branches_reader *r, uint64_t *v) {
  const uint8_t *b;
  *v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if ((b = take_bytes(r, 1)) == NULL) return false;
    *v |= (uint64_t)(*b & 127) << shift;
    if (*b < 128) return true;
  }
  return note_damage(r, "an integer is too long");
}

static bool known(struct wg_branches_reader *r) {
  static const char *const magics[] = {"wedge.branches 1\n", "wedge.branches 2\n", WG_BRANCHES_MAGIC};
  const uint8_t *magic = take_bytes(r, WG_BRANCHES_MAGIC_BYTES);
  for (unsigned i = 0; magic && i < 3; i++)
    if (memcmp(magic, magics[i], WG_BRANCHES_MAGIC_BYTES) == 0) r->version = i + 1;
  return r->version > 0;
}

int wg_branches_open(struct wg_branches_reader **out, const char *path, struct wg_err *err) {
  if (!wg_file_exists(path)) return wg_fail(err, WG_INPUT, "%s: the run has no record of branches", path);
  struct wg_branches_reader *r = wg_xcalloc(1, sizeof *r);
  int code = wg_file_check(path, err); // a pipe in its place is waited for by nobody
  if (code == WG_OK) code = wg_source_open(&r->source, path, err);
  if (code == WG_OK && !known(r))
    code = wg_fail(err, WG_INPUT, "%s: not a record of branches (expected zstd of \"wedge.branches 3\", 2 or 1)", path);
  if (code == WG_OK)
    *out = r;
  else
    wg_branches_close_file(r);
  return code;
}

static bool plain_words(struct wg_branches_reader *r, size_t first, size_t n) {
  const uint8_t *at = take_bytes(r, 8 * n);
  for (size_t i = 0; at && i < n; i++) r->words[first + i] = wg_load_le64(at + 8 * i);
  return at != NULL;
}

static bool words(struct wg_branches_reader *r, uint64_t nbits) {
  uint64_t at = 0, period = 0, same = 0;
  if (nbits > MAX_WORDS * WG_BRANCH_WORD_BITS) return note_damage(r, "a packet is too large");
  size_t n = (nbits + WG_BRANCH_WORD_BITS - 1) / WG_BRANCH_WORD_BITS;
  if (r->version < 3) return plain_words(r, 0, n);
  if (!varint(r, &at) || (at && (!varint(r, &period) || !varint(r, &same)))) return false;
  if (at > n || same > n - at || period > at || (at && period == 0))
    return note_damage(r, "words repeat none that are");
  if (!plain_words(r, 0, at) || !plain_words(r, at + same, n - at - same)) return false;
  for (size_t i = at; i < at + same; i++) r->words[i] = r->words[i - period];
  return true;
}

static bool plain_targets(struct wg_branches_reader *r, size_t n) {
  const uint8_t *at = take_bytes(r, 4 * n);
  for (size_t i = 0; at && i < n; i++) r->targets[i] = wg_load_le32(at + 4 * i);
  return at != NULL;
}

static bool targets(struct wg_branches_reader *r, size_t n) {
  uint32_t latest[WG_BRANCHES_SLOTS] = {0};
  uint8_t bytes[MAX_TARGETS];
  const uint8_t *at;
  size_t others = 0;
  if (n > MAX_TARGETS) return note_damage(r, "a packet is too large");
  if (r->version == 1) return plain_targets(r, n);
  if ((at = take_bytes(r, n)) == NULL) return false;
  if (n) memcpy(bytes, at, n);
  for (size_t i = 0; i < n; i++) others += bytes[i] >> 7;
  if ((at = take_bytes(r, 4 * others)) == NULL) return false;
  for (size_t i = 0; i < n; i++) {
    uint32_t slot = bytes[i] & (WG_BRANCHES_SLOTS - 1);
    if (bytes[i] >> 7) {
      latest[slot] = wg_load_le32(at);
      at += 4;
    }
    if (wg_branches_slot(latest[slot]) != slot) return note_damage(r, "a target is not of its slot");
    r->targets[i] = latest[slot];
  }
  return true;
}

bool wg_branches_next(struct wg_branches_reader *r, struct wg_branch_packet *p) {
  const uint8_t *tag;
  uint64_t v[8];
  if (r->ended || r->damage[0] || (tag = take_bytes(r, 1)) == NULL) return false;
  if (*tag == 'E') {
    r->ended = true;
    return false;
  }
  if (*tag != 'B') return note_damage(r, "expected a packet");
  for (size_t i = 0; i < 8; i++)
    if (!varint(r, &v[i])) return false;
  if (!words(r, v[6]) || !targets(r, v[7])) return false;
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

bool wg_branches_take(struct wg_branches_reader *r, const struct wg_branch_packet *p) {
  if (r->version < 3) return false;
  wg_buf_clear(&r->packet);
  encode(p, &r->packet);
  put_targets(&r->packet, p->targets, p->ntargets);
  if (r->n - r->pos < r->packet.len || memcmp(r->block + r->pos, r->packet.data, r->packet.len) != 0) return false;
  r->pos += r->packet.len;
  wg_source_soon(r->block + r->pos + 256);
  return true;
}

const char *wg_branches_damage(const struct wg_branches_reader *r) { return r->damage[0] ? r->damage : NULL; }

void wg_branches_close_file(struct wg_branches_reader *r) {
  if (r == NULL) return;
  wg_source_close(r->source);
  wg_buf_release(&r->joined);
  wg_buf_release(&r->packet);
  free(r);
}
