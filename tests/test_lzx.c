// LZX as its description has it and our packer does not write it: lengths of codes in runs and as differences to the
// last block's, codes of any shape, aligned offsets with codes of their own, the latest three offsets, several blocks.
// A stream is written here bit by bit, by chance; what it holds is known beside it, and libmspack is asked, too.
#include "emu/loader/lzx.h"

#include <stdlib.h>

#include "tests/mspack.h"
#include "tests/random.h"

enum { BITS = 17, CHARS = 256, SLOTS = 2 * BITS, MAINS = CHARS + 8 * SLOTS, LENGTHS = 249, ALIGNED = 8 };
enum { BEFORE = 4, MOST = 30000, TOKENS = 4000 };

// 16-bit words, low byte first, each filled from its highest bit.
struct stream {
  struct wg_buf out;
  uint32_t word;
  unsigned used;
};

static void put(struct stream *s, uint32_t v, unsigned n) {
  for (; n > 0; n--) {
    s->word = s->word << 1 | (v >> (n - 1) & 1);
    if (++s->used < 16) continue;
    wg_buf_char(&s->out, (char)s->word);
    wg_buf_char(&s->out, (char)(s->word >> 8));
    s->word = s->used = 0;
  }
}

struct code {
  uint8_t length[MAINS];
  uint16_t bits[MAINS];
  unsigned n;
};

// A complete code of those symbols that are wanted, and of others as it takes: a leaf is split until there are enough.
static void make_code(struct code *c, uint64_t *seed, const bool *wanted, unsigned n, unsigned longest) {
  uint8_t leaves[MAINS] = {0};
  unsigned have = 1, want = 0, at = 0;
  c->n = n;
  memset(c->length, 0, sizeof c->length);
  for (unsigned i = 0; i < n; i++) want += wanted[i];
  if (want == 0) return;
  while (have < want || have < 2) {
    unsigned i = random_below(seed, have);
    if (leaves[i] == longest) continue;
    leaves[have++] = ++leaves[i];
  }
  for (unsigned i = 0; i < n; i++)
    if (wanted[i]) c->length[i] = leaves[at++];
  for (unsigned i = 0; i < n && at < have; i++)
    if (!wanted[i]) c->length[i] = leaves[at++];
}

static void number(struct code *c) {
  uint32_t next = 0;
  for (unsigned len = 1; len <= 16; len++, next <<= 1)
    for (unsigned i = 0; i < c->n; i++)
      if (c->length[i] == len) c->bits[i] = (uint16_t)next++;
}

static void symbol(struct stream *s, const struct code *c, unsigned v) { put(s, c->bits[v], c->length[v]); }

static unsigned run_of(const uint8_t *length, unsigned from, unsigned to) {
  unsigned n = 1;
  while (from + n < to && length[from + n] == length[from]) n++;
  return n;
}

// 17: 4 to 19 zeros, 18: 20 to 51, 19: 4 or 5 of one length, told as the first one's difference; else differences.
static void put_lengths(struct stream *s, uint64_t *seed, const uint8_t *old, const struct code *c, unsigned from,
                        unsigned to) {
  struct code pre;
  bool all[20];
  memset(all, true, sizeof all);
  make_code(&pre, seed, all, 20, 15);
  number(&pre);
  for (unsigned i = 0; i < 20; i++) put(s, pre.length[i], 4);
  for (unsigned i = from; i < to;) {
    unsigned run = run_of(c->length, i, to), delta = (old[i] + 17u - c->length[i]) % 17;
    bool zeros = c->length[i] == 0, plain = run < 4 || random_below(seed, 4) == 0;
    if (plain) {
      symbol(s, &pre, delta);
      run = 1;
    } else if (zeros && run >= 20 && random_below(seed, 4)) {
      if (run > 51) run = 20 + random_below(seed, 32);
      symbol(s, &pre, 18);
      put(s, run - 20, 5);
    } else if (zeros) {
      if (run > 19) run = 4 + random_below(seed, 16);
      symbol(s, &pre, 17);
      put(s, run - 4, 4);
    } else {
      run = run == 4 ? 4 : 4 + random_below(seed, 2);
      symbol(s, &pre, 19);
      put(s, run - 4, 1);
      symbol(s, &pre, delta);
    }
    i += run;
  }
}

struct token {
  uint16_t main, length; // UINT16_MAX: none
  uint32_t extra;
  unsigned slot;
};

// What a match of an offset is told by: one of the latest three, or a slot and what is behind its first.
static void tell_offset(struct token *t, uint32_t r[3], uint32_t offset) {
  for (t->slot = 0; t->slot < 3 && r[t->slot] != offset; t->slot++) {
  }
  if (t->slot < 3) {
    r[t->slot] = r[0];
  } else {
    for (t->slot = 3; t->slot + 1 < SLOTS && wg_lzx_base(t->slot + 1) - 2 <= offset; t->slot++) {
    }
    t->extra = offset - (wg_lzx_base(t->slot) - 2);
    r[2] = r[1];
    r[1] = r[0];
  }
  r[0] = offset;
}

static size_t make_token(struct token *t, uint64_t *seed, uint32_t r[3], uint8_t *data, size_t done, size_t room,
                         unsigned kinds) {
  *t = (struct token){.length = UINT16_MAX};
  uint32_t offset =
      random_below(seed, 3) ? 1 + random_below(seed, done > 1 ? (uint32_t)done - 1 : 1) : r[random_below(seed, 3)];
  size_t length = 2 + random_below(seed, random_below(seed, 4) ? 7 : 250);
  if (done < 10 || offset > done || length > room || random_below(seed, 3) == 0) {
    data[done] = (uint8_t)(random_below(seed, kinds) * 7);
    t->main = data[done];
    return 1;
  }
  for (size_t i = 0; i < length; i++) data[done + i] = data[done + i - offset];
  tell_offset(t, r, offset);
  unsigned head = length - 2 < 7 ? (unsigned)length - 2 : 7;
  t->main = (uint16_t)(CHARS + 8 * t->slot + head);
  if (head == 7) t->length = (uint16_t)(length - 9);
  return length;
}

static void put_token(struct stream *s, const struct token *t, const struct code *mains, const struct code *lengths,
                      const struct code *aligned) {
  symbol(s, mains, t->main);
  if (t->length != UINT16_MAX) symbol(s, lengths, t->length);
  unsigned extra = t->slot < 3 ? 0 : wg_lzx_extra(t->slot);
  if (aligned && extra >= 3) {
    put(s, t->extra >> 3, extra - 3);
    symbol(s, aligned, t->extra & 7);
  } else {
    put(s, t->extra, extra);
  }
}

struct writer {
  struct stream s;
  uint8_t main[MAINS], length[LENGTHS]; // of the last block
  uint32_t r[3];
  size_t done;
};

static void put_block(struct writer *w, uint64_t *seed, uint8_t *data, size_t end) {
  static struct token tokens[TOKENS];
  bool mains[MAINS] = {false}, lengths[LENGTHS] = {false}, low[ALIGNED] = {false};
  static struct code main_code, length_code, aligned_code;
  size_t n = 0, from = w->done;
  bool aligned = random_below(seed, 2);
  unsigned kinds = 1 + random_below(seed, 36);
  for (; n < TOKENS && w->done < end; n++) {
    struct token *t = &tokens[n];
    w->done += make_token(t, seed, w->r, data, w->done, end - w->done, kinds);
    mains[t->main] = true;
    if (t->length != UINT16_MAX) lengths[t->length] = true;
    if (t->slot >= 3 && wg_lzx_extra(t->slot) >= 3) low[t->extra & 7] = true;
  }
  make_code(&main_code, seed, mains, MAINS, 16);
  make_code(&length_code, seed, lengths, LENGTHS, 16);
  low[0] = low[7] = true; // a code of nothing is none
  make_code(&aligned_code, seed, low, ALIGNED, 7);
  number(&main_code);
  number(&length_code);
  number(&aligned_code);
  put(&w->s, aligned ? 2 : 1, 3);
  put(&w->s, (uint32_t)(w->done - from), 24);
  for (unsigned i = 0; aligned && i < ALIGNED; i++) put(&w->s, aligned_code.length[i], 3);
  put_lengths(&w->s, seed, w->main, &main_code, 0, CHARS);
  put_lengths(&w->s, seed, w->main, &main_code, CHARS, MAINS);
  put_lengths(&w->s, seed, w->length, &length_code, 0, LENGTHS);
  memcpy(w->main, main_code.length, sizeof w->main);
  memcpy(w->length, length_code.length, sizeof w->length);
  for (size_t i = 0; i < n; i++) put_token(&w->s, &tokens[i], &main_code, &length_code, aligned ? &aligned_code : NULL);
}

static void any_stream_is_read(void) {
  static uint8_t all[BEFORE + MOST], back[MOST];
  uint64_t seed = 20;
  for (unsigned turn = 0; turn < 60; turn++) {
    struct writer w = {.r = {1, 1, 1}};
    struct wg_buf frames = {0}, out = {0};
    size_t size = 100 + random_below(&seed, MOST - 100), at;
    put(&w.s, 0, 1); // no calls
    while (w.done < size) {
      size_t left = size - w.done;
      put_block(&w, &seed, all + BEFORE,
                random_below(&seed, 3) ? w.done + 1 + random_below(&seed, (uint32_t)left) : size);
    }
    put(&w.s, 0, (16 - w.s.used) % 16);
    uint32_t n = (uint32_t)w.s.out.len;
    wg_buf_add(&frames, &n, sizeof n);
    const char *bad = wg_lzx_decode((const uint8_t *)w.s.out.data, n, BITS, back, size, &at);
    CU_ASSERT_PTR_NULL(bad);
    CU_ASSERT_EQUAL(memcmp(back, all + BEFORE, size), 0);
    mspack_makes(&w.s.out, &frames, all, BEFORE, (uint32_t)size, &out);
    CU_ASSERT_FATAL(out.len == size && memcmp(out.data, all + BEFORE, size) == 0);
    wg_buf_release(&out);
    wg_buf_release(&frames);
    wg_buf_release(&w.s.out);
  }
}

// A block whose code is empty has no symbols.
static void an_empty_code_has_no_symbols(void) {
  static const struct code none;
  static const uint8_t old[MAINS];
  struct stream s = {.used = 0};
  uint64_t seed = 9;
  uint8_t back[10];
  size_t at;
  put(&s, 0, 1);
  put(&s, 1, 3);
  put(&s, sizeof back, 24);
  put_lengths(&s, &seed, old, &none, 0, CHARS);
  put_lengths(&s, &seed, old, &none, CHARS, MAINS);
  put_lengths(&s, &seed, old, &none, 0, LENGTHS);
  for (unsigned i = 0; i < 20; i++) put(&s, 0xA5, 16);
  const char *bad = wg_lzx_decode((const uint8_t *)s.out.data, s.out.len, BITS, back, sizeof back, &at);
  CU_ASSERT_FATAL(bad != NULL && strstr(bad, "no symbol") != NULL);
  wg_buf_release(&s.out);
}

WG_MAIN("LZX", {"any stream is read", any_stream_is_read},
        {"an empty code has no symbols", an_empty_code_has_no_symbols})
