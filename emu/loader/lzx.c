#include "emu/loader/lzx.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHARS 256u
#define LENGTHS 249u
#define MAX_MAIN (CHARS + 8u * 50u)
#define PRETREE 20u
#define ALIGNED 8u
#define MAX_CODE 16u

struct table {
  uint8_t length[MAX_MAIN];
  // Canonical codes: of each length the first code, and where its symbols begin in `order`.
  uint32_t first[MAX_CODE + 2], index[MAX_CODE + 2];
  uint16_t order[MAX_MAIN];
  unsigned n;
};

struct lzx {
  const uint8_t *in;
  size_t n, pos;
  uint32_t bits; // the next bits, the first highest
  unsigned have;
  const char *bad;
  uint8_t *out;
  size_t size, done;
  const uint8_t *before; // what matches may reach in front of the output: a dictionary
  size_t nbefore;
  unsigned slots;
  size_t window;
  uint32_t r[3];
  const struct wg_poll *poll;
  struct table main, length, aligned, pre;
};

unsigned wg_lzx_slots(unsigned bits) { return bits == 21 ? 50 : bits == 20 ? 42 : 2 * bits; }
unsigned wg_lzx_extra(unsigned slot) { return slot < 4 ? 0 : slot < 36 ? slot / 2 - 1 : 17; }
uint32_t wg_lzx_base(unsigned slot) {
  uint32_t base = 0;
  for (unsigned i = 0; i < slot; i++) base += 1u << wg_lzx_extra(i);
  return base;
}

// The stream is 16-bit little-endian words, each read from its highest bit. Past its end there are zeros, for a word: a
// stream that needs more is bad.
static void fill(struct lzx *z) {
  while (z->have <= 16) {
    uint32_t w = 0;
    if (z->pos + 1 < z->n)
      w = z->in[z->pos] | (uint32_t)z->in[z->pos + 1] << 8;
    else if (z->pos > z->n + 4)
      z->bad = "the compressed data ends too soon";
    z->pos += 2;
    z->bits |= w << (16 - z->have);
    z->have += 16;
  }
}
static uint32_t take(struct lzx *z, unsigned n) {
  uint32_t v = 0;
  if (n > 16) {
    v = take(z, n - 16) << 16;
    n = 16;
  }
  if (n == 0) return v;
  fill(z);
  v |= z->bits >> (32 - n);
  z->bits <<= n;
  z->have -= n;
  return v;
}

// Builds the canonical code; a code that is not complete is bad, but for the empty one.
static bool build(struct lzx *z, struct table *t, unsigned n) {
  uint32_t count[MAX_CODE + 2] = {0}, code = 0, at = 0;
  t->n = n;
  for (unsigned i = 0; i < n; i++) count[t->length[i]]++;
  bool empty = count[0] == n;
  count[0] = 0;
  for (unsigned len = 1; len <= MAX_CODE; len++) {
    code = (code + count[len - 1]) << 1;
    t->first[len] = code;
    t->index[len] = at;
    for (unsigned i = 0; i < n; i++)
      if (t->length[i] == len) t->order[at++] = (uint16_t)i;
  }
  t->index[MAX_CODE + 1] = at;
  if (empty || code + count[MAX_CODE] == 1u << MAX_CODE) return true;
  z->bad = "a Huffman code is not complete";
  return false;
}

static unsigned symbol(struct lzx *z, const struct table *t) {
  fill(z);
  uint32_t top = z->bits >> 16; // the next 16 bits
  for (unsigned len = 1; len <= MAX_CODE; len++) {
    uint32_t code = top >> (MAX_CODE - len), i = code - t->first[len];
    if (code >= t->first[len] && i < t->index[len + 1] - t->index[len]) {
      i += t->index[len];
      z->bits <<= len;
      z->have -= len;
      return t->order[i];
    }
  }
  z->bad = "a bit pattern is no symbol";
  return 0;
}

// Code lengths, as differences to the ones before, themselves coded by a tree of 20 symbols.
static void read_lengths(struct lzx *z, uint8_t *length, unsigned from, unsigned to) {
  for (unsigned i = 0; i < PRETREE; i++) z->pre.length[i] = (uint8_t)take(z, 4);
  if (!build(z, &z->pre, PRETREE)) return;
  for (unsigned i = from; i < to && !z->bad;) {
    unsigned s = symbol(z, &z->pre), run = 1;
    uint8_t v = 0;
    if (s == 17) {
      run = 4 + take(z, 4);
    } else if (s == 18) {
      run = 20 + take(z, 5);
    } else if (s == 19) {
      run = 4 + take(z, 1);
      v = (uint8_t)((length[i] + 17 - symbol(z, &z->pre) % 17) % 17);
    } else {
      v = (uint8_t)((length[i] + 17 - s) % 17);
    }
    if (run > to - i) {
      z->bad = "a run of code lengths is too long";
      return;
    }
    while (run--) length[i++] = v;
  }
}

static void read_trees(struct lzx *z, bool aligned) {
  unsigned n = CHARS + 8 * z->slots;
  if (aligned) {
    for (unsigned i = 0; i < ALIGNED; i++) z->aligned.length[i] = (uint8_t)take(z, 3);
    if (!build(z, &z->aligned, ALIGNED)) return;
  }
  read_lengths(z, z->main.length, 0, CHARS);
  if (!z->bad) read_lengths(z, z->main.length, CHARS, n);
  if (!z->bad && build(z, &z->main, n)) read_lengths(z, z->length.length, 0, LENGTHS);
  if (!z->bad) build(z, &z->length, LENGTHS);
}

static uint32_t match_offset(struct lzx *z, unsigned slot, bool aligned) {
  if (slot < 3) {
    uint32_t r = z->r[slot];
    z->r[slot] = z->r[0];
    z->r[0] = r;
    return r;
  }
  unsigned extra = wg_lzx_extra(slot);
  uint32_t low = 0;
  if (aligned && extra >= 3) {
    low = take(z, extra - 3) << 3;
    low += symbol(z, &z->aligned);
  } else {
    low = take(z, extra);
  }
  z->r[2] = z->r[1];
  z->r[1] = z->r[0];
  z->r[0] = wg_lzx_base(slot) - 2 + low;
  return z->r[0];
}

static void align_input(struct lzx *z) {
  unsigned odd = z->have % 16;
  z->bits <<= odd;
  z->have -= odd;
}

// A block's symbols up to `end`; a match may not cross it.
static void symbols(struct lzx *z, size_t end, bool aligned) {
  while (z->done < end && !z->bad) {
    unsigned s = symbol(z, &z->main);
    if (z->bad) return;
    if (s < CHARS) {
      z->out[z->done++] = (uint8_t)s;
      continue;
    }
    s -= CHARS;
    size_t length = s & 7;
    if (length == 7) length += symbol(z, &z->length);
    length += 2;
    size_t offset = match_offset(z, s >> 3, aligned);
    if (z->bad) return;
    if (offset == 0 || offset > z->done + z->nbefore || offset > z->window || length > end - z->done) {
      z->bad = "a match reaches outside of the data";
      return;
    }
    for (; length && offset > z->done; length--, z->done++)
      z->out[z->done] = z->before[z->nbefore - (offset - z->done)];
    for (; length; length--, z->done++) z->out[z->done] = z->out[z->done - offset];
  }
}

// The raw bytes of an uncompressed block, or part of one at a frame's end.
static void raw(struct lzx *z, size_t end) {
  size_t n = end - z->done;
  if (z->pos > z->n || n > z->n - z->pos) {
    z->bad = "the compressed data ends too soon";
    return;
  }
  memcpy(z->out + z->done, z->in + z->pos, n);
  z->done += n;
  z->pos += n;
}

// x86 calls were made absolute before compression (frames of the first gigabyte, but for their last ten bytes).
static void undo_calls(uint8_t *p, size_t n, size_t at, int32_t file_size) {
  for (size_t i = 0; n > 10 && i < n - 10; i++) {
    if (p[i] != 0xE8) continue;
    int32_t here = (int32_t)(at + i);
    int32_t v = (int32_t)(p[i + 1] | (uint32_t)p[i + 2] << 8 | (uint32_t)p[i + 3] << 16 | (uint32_t)p[i + 4] << 24);
    if (v >= -here && v < file_size) {
      uint32_t rel = (uint32_t)(v >= 0 ? v - here : v + file_size);
      for (unsigned b = 0; b < 4; b++) p[i + 1 + b] = (uint8_t)(rel >> (8 * b));
    }
    i += 4;
  }
}

static void decode_all(struct lzx *z) {
  int32_t calls = take(z, 1) ? (int32_t)take(z, 32) : 0;
  size_t left = 0; // of the block
  unsigned type = 0;
  size_t odd = 0;
  for (size_t frame = 0; frame < z->size && !z->bad; frame += WG_LZX_FRAME) {
    size_t end = z->size - frame < WG_LZX_FRAME ? z->size : frame + WG_LZX_FRAME;
    if (frame % WG_POLL_BYTES == 0 && !wg_go_on(z->poll)) {
      z->bad = "nobody waits for the rest";
      return;
    }
    while (z->done < end && !z->bad) {
      if (left == 0) {
        if (type == 3 && odd) z->pos++; // an uncompressed block of odd length is padded
        type = take(z, 3);
        left = take(z, 24);
        odd = left & 1;
        if (type == 1 || type == 2) {
          read_trees(z, type == 2);
        } else if (type == 3) {
          // On to a word's boundary (a whole word if already there), then R0 to R2 and the bytes themselves.
          if (z->have % 16 == 0) take(z, 16);
          align_input(z);
          z->pos -= z->have / 8;
          z->have = 0;
          z->bits = 0;
          for (unsigned i = 0; i < 3; i++, z->pos += 4) {
            if (z->pos + 4 > z->n) {
              z->bad = "the compressed data ends too soon";
              return;
            }
            z->r[i] = z->in[z->pos] | (uint32_t)z->in[z->pos + 1] << 8 | (uint32_t)z->in[z->pos + 2] << 16 |
                      (uint32_t)z->in[z->pos + 3] << 24;
          }
        } else {
          z->bad = "a block has an unknown type";
        }
        if (left == 0 && !z->bad) z->bad = "a block is empty";
      }
      if (z->bad) return;
      size_t to = left < end - z->done ? z->done + left : end, before = z->done;
      if (type == 3)
        raw(z, to);
      else
        symbols(z, to, type == 2);
      left -= z->done - before;
    }
    if (type != 3) align_input(z);
  }
  // Matches refer to the data as it was compressed, so the calls come last.
  for (size_t frame = 0; calls && !z->bad && frame < z->size && frame < 1u << 30; frame += WG_LZX_FRAME)
    undo_calls(z->out + frame, z->size - frame < WG_LZX_FRAME ? z->size - frame : WG_LZX_FRAME, frame, calls);
}

static struct lzx *begin(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
  struct lzx *z = wg_xcalloc(1, sizeof *z);
  z->in = in;
  z->n = n;
  z->out = out;
  z->size = size;
  z->r[0] = z->r[1] = z->r[2] = 1;
  return z;
}

// Decodes, and frees `z`.
static const char *finish(struct lzx *z, unsigned bits, size_t *at) {
  if (bits < 15 || bits > 21) {
    z->bad = "the window is not of 2^15 to 2^21 bytes";
  } else {
    z->slots = wg_lzx_slots(bits);
    z->window = (size_t)1 << bits;
    decode_all(z);
  }
  const char *bad = z->bad;
  *at = z->pos < z->n ? z->pos : z->n;
  free(z);
  return bad;
}

const char *wg_lzx_decode(const uint8_t *in, size_t n, unsigned bits, uint8_t *out, size_t size, size_t *at) {
  return wg_lzx_decode_polled(in, n, bits, NULL, out, size, at);
}

const char *wg_lzx_decode_polled(const uint8_t *in, size_t n, unsigned bits, const struct wg_poll *poll, uint8_t *out,
                                 size_t size, size_t *at) {
  struct lzx *z = begin(in, n, out, size);
  z->poll = poll;
  return finish(z, bits, at);
}

const char *wg_lzx_decode_after(const uint8_t *in, size_t n, unsigned bits, const uint8_t *before, size_t nbefore,
                                uint8_t *out, size_t size, size_t *at) {
  struct lzx *z = begin(in, n, out, size);
  z->before = before;
  z->nbefore = nbefore;
  return finish(z, bits, at);
}
