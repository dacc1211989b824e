// The encoder of `wedge pack --lzx`: greedy matches, a block a frame, of each kind that decoders must know.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "emu/loader/lzx.h"

#define CHARS 256u
#define LENGTHS 249u
#define MAX_MAIN (CHARS + 8u * 50u)
#define MAX_MATCH 256u // of 257: the format's later variants give the longest another meaning
#define HASH_BITS 15u

struct token {
  uint16_t main, length; // length: 0xFFFF for none
  uint32_t extra;
  uint8_t nextra;
};

struct encoder {
  struct wg_buf *out;
  uint32_t word;
  unsigned used;                           // bits of `word`
  uint8_t main[MAX_MAIN], length[LENGTHS]; // the code lengths of the block before
  uint32_t r[3];
  unsigned slots;
};

static void put(struct encoder *e, uint32_t v, unsigned n) {
  for (; n; n--) {
    e->word = e->word << 1 | (v >> (n - 1) & 1);
    if (++e->used < 16) continue;
    wg_buf_char(e->out, (char)e->word);
    wg_buf_char(e->out, (char)(e->word >> 8));
    e->word = e->used = 0;
  }
}
static void align_output(struct encoder *e) {
  if (e->used) put(e, 0, 16 - e->used);
}

// Code lengths of at most 16 bits: Huffman's, the counts flattened until they fit. At least two symbols get one.
static void code_lengths(const uint32_t *count, unsigned n, uint8_t *length) {
  uint32_t weight[2 * MAX_MAIN] = {0};
  uint16_t parent[2 * MAX_MAIN] = {0};
  for (unsigned flatten = 0;; flatten++) {
    bool alive[2 * MAX_MAIN] = {false};
    unsigned nodes = n, left = 0;
    for (unsigned i = 0; i < n; i++) {
      weight[i] = count[i] ? (count[i] >> flatten) + 1 : 0;
      alive[i] = count[i] != 0;
      left += alive[i];
    }
    memset(length, 0, n);
    if (left == 0) return;
    for (unsigned i = 0; left < 2; i++)
      if (!alive[i]) {
        alive[i] = true;
        weight[i] = 1;
        left++;
      }
    for (; left > 1; left--) {
      unsigned a = UINT32_MAX, b = UINT32_MAX; // the two lightest
      for (unsigned i = 0; i < nodes; i++) {
        if (!alive[i]) continue;
        if (a == UINT32_MAX || weight[i] < weight[a]) {
          b = a;
          a = i;
        } else if (b == UINT32_MAX || weight[i] < weight[b]) {
          b = i;
        }
      }
      alive[a] = alive[b] = false;
      alive[nodes] = true;
      weight[nodes] = weight[a] + weight[b];
      parent[a] = parent[b] = (uint16_t)nodes++;
    }
    unsigned longest = 0;
    for (unsigned i = 0; i < n; i++) {
      if (weight[i] == 0) continue;
      unsigned depth = 0;
      for (unsigned x = i; x != nodes - 1; x = parent[x]) depth++;
      length[i] = (uint8_t)depth;
      if (depth > longest) longest = depth;
    }
    if (longest <= 16) return;
  }
}

static void codes(const uint8_t *length, unsigned n, uint16_t *code) {
  uint32_t next = 0;
  for (unsigned len = 1; len <= 16; len++) {
    for (unsigned i = 0; i < n; i++)
      if (length[i] == len) code[i] = (uint16_t)next++;
    next <<= 1;
  }
}

// Differences to the lengths before, by a fixed tree: 15 symbols of four bits, two of five.
static void write_lengths(struct encoder *e, uint8_t *before, const uint8_t *now, unsigned from, unsigned to) {
  uint8_t tree[20] = {0};
  uint16_t code[20] = {0};
  for (unsigned i = 0; i < 17; i++) tree[i] = i < 15 ? 4 : 5;
  codes(tree, 20, code);
  for (unsigned i = 0; i < 20; i++) put(e, tree[i], 4);
  for (unsigned i = from; i < to; i++) {
    unsigned s = (before[i] + 17u - now[i]) % 17;
    put(e, code[s], tree[s]);
    before[i] = now[i];
  }
}

static struct token literal(uint8_t c) { return (struct token){c, 0xFFFF, 0, 0}; }

static struct token match(struct encoder *e, uint32_t offset, uint32_t length) {
  struct token t = {0, 0xFFFF, 0, 0};
  unsigned slot;
  for (slot = 0; slot < 3 && e->r[slot] != offset; slot++) {
  }
  if (slot < 3) {
    uint32_t r = e->r[slot];
    e->r[slot] = e->r[0];
    e->r[0] = r;
  } else {
    while (slot + 1 < e->slots && wg_lzx_base(slot + 1) <= offset + 2) slot++;
    t.extra = offset + 2 - wg_lzx_base(slot);
    t.nextra = (uint8_t)wg_lzx_extra(slot);
    e->r[2] = e->r[1];
    e->r[1] = e->r[0];
    e->r[0] = offset;
  }
  uint32_t head = length - 2 < 7 ? length - 2 : 7;
  t.main = (uint16_t)(CHARS + slot * 8 + head);
  if (head == 7) t.length = (uint16_t)(length - 9);
  return t;
}

static void write_block(struct encoder *e, const struct token *t, size_t n, size_t bytes, bool aligned) {
  uint32_t mains[MAX_MAIN] = {0}, lens[LENGTHS] = {0};
  uint8_t ml[MAX_MAIN] = {0}, ll[LENGTHS] = {0};
  uint16_t mc[MAX_MAIN] = {0}, lc[LENGTHS] = {0};
  for (size_t i = 0; i < n; i++) {
    mains[t[i].main]++;
    if (t[i].length != 0xFFFF) lens[t[i].length]++;
  }
  unsigned nmain = CHARS + 8 * e->slots;
  code_lengths(mains, nmain, ml);
  code_lengths(lens, LENGTHS, ll);
  codes(ml, nmain, mc);
  codes(ll, LENGTHS, lc);
  put(e, aligned ? 2 : 1, 3);
  put(e, (uint32_t)bytes, 24);
  for (unsigned i = 0; aligned && i < 8; i++) put(e, 3, 3); // eight codes of three bits: the low bits themselves
  write_lengths(e, e->main, ml, 0, CHARS);
  write_lengths(e, e->main, ml, CHARS, nmain);
  write_lengths(e, e->length, ll, 0, LENGTHS);
  for (size_t i = 0; i < n; i++) {
    put(e, mc[t[i].main], ml[t[i].main]);
    if (t[i].length != 0xFFFF) put(e, lc[t[i].length], ll[t[i].length]);
    put(e, t[i].extra, t[i].nextra);
  }
}

static void write_raw(struct encoder *e, const uint8_t *p, size_t n) {
  put(e, 3, 3);
  put(e, (uint32_t)n, 24);
  put(e, 0, 16 - e->used); // one to sixteen bits
  for (unsigned i = 0; i < 3; i++)
    for (unsigned b = 0; b < 32; b += 8) wg_buf_char(e->out, (char)(e->r[i] >> b));
  wg_buf_add(e->out, p, n);
  if (n & 1) wg_buf_char(e->out, 0);
}

static uint32_t hash3(const uint8_t *p) {
  return (p[0] * 0x9E3779B1u ^ p[1] * 0x85EBCA6Bu ^ p[2] * 0xC2B2AE35u) >> (32 - HASH_BITS);
}

void wg_lzx_encode(const uint8_t *in, size_t from, size_t n, unsigned bits, struct wg_buf *out, struct wg_buf *frames) {
  struct encoder *e = wg_xcalloc(1, sizeof *e);
  uint32_t *latest = wg_xcalloc(1u << HASH_BITS, sizeof *latest); // position + 1 of the latest three bytes alike
  struct token *tokens = wg_xcalloc(WG_LZX_FRAME, sizeof *tokens);
  size_t window = ((size_t)1 << bits) - 3; // the books keep three bytes back
  e->out = out;
  e->slots = wg_lzx_slots(bits);
  e->r[0] = e->r[1] = e->r[2] = 1;
  put(e, 0, 1); // no x86 calls
  for (size_t i = 0; i + 3 <= from; i++) latest[hash3(in + i)] = (uint32_t)i + 1;
  for (size_t frame = from, number = 0; frame < n; frame += WG_LZX_FRAME, number++) {
    size_t end = n - frame < WG_LZX_FRAME ? n : frame + WG_LZX_FRAME, start = out->len, count = 0, matched = 0;
    uint32_t before[3];
    memcpy(before, e->r, sizeof before);
    for (size_t at = frame; at < end;) {
      uint32_t best = 0, offset = 0;
      if (end - at >= 3) {
        uint32_t *slot = &latest[hash3(in + at)];
        size_t seen = *slot;
        *slot = (uint32_t)at + 1;
        if (seen-- && at - seen <= window) {
          while (best < MAX_MATCH && at + best < end && in[seen + best] == in[at + best]) best++;
          offset = (uint32_t)(at - seen);
        }
      }
      if (best >= 3) {
        tokens[count++] = match(e, offset, best);
        matched += best;
        at += best;
      } else {
        tokens[count++] = literal(in[at++]);
      }
    }
    if (matched < (end - frame) / 16) { // nothing to gain
      memcpy(e->r, before, sizeof before);
      write_raw(e, in + frame, end - frame);
    } else {
      write_block(e, tokens, count, end - frame, number & 1);
      align_output(e);
    }
    uint32_t length = (uint32_t)(out->len - start);
    wg_buf_add(frames, &length, sizeof length);
  }
  free(tokens);
  free(latest);
  free(e);
}
