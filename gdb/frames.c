// Call frame information (DWARF 2) of prologues and epilogues, as the console's compilers make them: the stack pointer
// is moved once, the return address and the registers are stored relative to it, perhaps by a routine that is called.
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/loader/loader.h"
#include "gdb/functions.h"

enum { SP = 1, FPRS = 32, LINK_COLUMN = 65, BLR = 0x4E800020 };
enum { OP_REMEMBER = 0x0A, OP_RESTORE = 0x0B, OP_DEF_CFA = 0x0C, OP_EXTENDED_SF = 0x11 };
enum { OP_ADVANCE4 = 0x04, OP_UNDEFINED = 0x07, OP_CFA_EXPRESSION = 0x0F, OP_EXPRESSION = 0x10 };
enum { OP_DEREF = 0x06, OP_CONST4 = 0x0C, OP_BREG1 = 0x71 };

// What a register holds in a prologue; STACK: `v` bytes from the stack pointer at the function's entry.
struct value {
  enum { UNKNOWN, NUMBER, STACK, LINK } is;
  int32_t v; // wraps as the machine's do
};

struct frame {
  const struct wg_image *img;
  struct wg_buf *out;
  uint32_t told; // where the rows have come to
  struct value r[32];
  bool pushed;
};

static void uleb(struct wg_buf *b, uint32_t v) {
  for (; v >= 0x80; v >>= 7) wg_buf_char(b, (char)(v | 0x80));
  wg_buf_char(b, (char)v);
}
static void sleb(struct wg_buf *b, int32_t v) {
  for (; v < -64 || v > 63; v >>= 7) wg_buf_char(b, (char)(v | 0x80));
  wg_buf_char(b, (char)(v & 0x7F));
}

static bool in_image(const struct frame *f, uint32_t at) {
  return at >= f->img->base && at - f->img->base + 4 <= f->img->size;
}
static uint32_t word_at(const struct frame *f, uint32_t at) {
  return in_image(f, at) ? wg_load_be32(f->img->data + (at - f->img->base)) : 0;
}

static int32_t plus(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

// What follows holds from the instruction at `at` on.
static void row(struct frame *f, uint32_t at) {
  if (at == f->told) return;
  wg_buf_char(f->out, OP_ADVANCE4);
  wg_buf_be32(f->out, at - f->told);
  f->told = at;
}

static void in_memory(struct frame *f, uint32_t at, unsigned column, int32_t offset) {
  row(f, at);
  wg_buf_char(f->out, OP_EXTENDED_SF);
  uleb(f->out, column);
  sleb(f->out, offset);
}

static void cfa(struct frame *f, uint32_t at, uint32_t offset) {
  row(f, at);
  wg_buf_char(f->out, OP_DEF_CFA);
  uleb(f->out, SP);
  uleb(f->out, offset);
}

// The stack pointer at entry is what lies at r1.
static void cfa_by_chain(struct frame *f, uint32_t at) {
  static const char expression[] = {OP_CFA_EXPRESSION, 3, OP_BREG1, 0, OP_DEREF};
  row(f, at);
  wg_buf_add(f->out, expression, sizeof expression);
}

// --- prologues --------------------------------------------------------------------------------------------

static bool is_mflr(uint32_t w) { return (w & 0xFC1FFFFE) == 0x7C0802A6; }
static bool is_push(uint32_t w) { return w >> 16 == 0x9421 || (w & 0xFFFF07FF) == 0x7C21016E; }

static void store(struct frame *f, uint32_t next, unsigned rs, unsigned ra, int32_t d, unsigned first) {
  if (f->r[ra].is != STACK) return;
  if (first == 0 && f->r[rs].is == LINK) {
    in_memory(f, next, LINK_COLUMN, plus(f->r[ra].v, d));
  } else if (rs >= 13) {
    in_memory(f, next, first + rs, plus(f->r[ra].v, d));
  }
}

static void moved(struct frame *f, uint32_t next, struct value v) {
  f->r[SP] = v.is == NUMBER ? (struct value){STACK, plus(f->r[SP].v, v.v)} : (struct value){UNKNOWN, 0};
  f->pushed = true;
  if (f->r[SP].is == STACK && f->r[SP].v < 0)
    cfa(f, next, 0u - (uint32_t)f->r[SP].v);
  else
    cfa_by_chain(f, next);
}

// `next`: where what the instruction has done holds.
static void prologue_step(struct frame *f, uint32_t w, uint32_t next) {
  unsigned rs = w >> 21 & 31, ra = w >> 16 & 31, rb = w >> 11 & 31;
  int32_t d = (int16_t)w;
  switch (w >> 26) {
  case 14: // addi
    f->r[rs] = ra ? (struct value){f->r[ra].is, plus(f->r[ra].v, d)} : (struct value){NUMBER, d};
    break;
  case 15: f->r[rs] = (struct value){ra ? UNKNOWN : NUMBER, (int32_t)((uint32_t)d << 16)}; break; // addis
  case 24:                                                                                        // ori
    if (f->r[rs].is == NUMBER) f->r[ra] = (struct value){NUMBER, f->r[rs].v | (int32_t)(w & 0xFFFF)};
    break;
  case 36:
    if (f->r[rs].is == LINK) store(f, next, rs, ra, d, 0); // stw
    break;
  case 37: // stwu
    if (rs == SP && ra == SP) moved(f, next, (struct value){NUMBER, d});
    break;
  case 54: store(f, next, rs, ra, d, FPRS); break; // stfd
  case 62:                                         // std
    if ((w & 3) == 0) store(f, next, rs, ra, (int16_t)(w & 0xFFFC), 0);
    break;
  case 31:
    if (is_mflr(w)) {
      f->r[rs] = (struct value){LINK, 0};
    } else if ((w >> 1 & 1023) == 444 && rs == rb) { // mr
      f->r[ra] = f->r[rs];
    } else if ((w >> 1 & 1023) == 183 && rs == SP && ra == SP) { // stwux
      moved(f, next, f->r[rb]);
    }
    break;
  default: break;
  }
}

// A routine that saves registers: what it does holds where it has returned. While it executes, its caller's return
// address is in a general register, of 64 bits, which gdb cannot be told to take 32 of: there a backtrace ends.
static void follow_call(struct frame *f, uint32_t to, uint32_t next) {
  for (unsigned left = 64; left && word_at(f, to) != BLR; left--, to += 4)
    if (word_at(f, to) >> 26 != 18) prologue_step(f, word_at(f, to), next);
}

// Whether a function moves the stack pointer or keeps its return address elsewhere.
static bool has_frame(const struct frame *f, const struct wg_gdb_function *fn) {
  for (uint32_t at = fn->begin; at < fn->prologue_end; at += 4)
    if (is_mflr(word_at(f, at)) || is_push(word_at(f, at))) return true;
  return false;
}

// It calls a routine for each kind of register at most.
static void prologue(struct frame *f, const struct wg_gdb_function *fn) {
  unsigned calls = 3;
  for (uint32_t at = fn->begin; at < fn->prologue_end; at += 4) {
    uint32_t w = word_at(f, at);
    if (w >> 26 == 18 && (w & 1) && calls && calls--)
      follow_call(f, (w & 2 ? 0 : at) + (uint32_t)((int32_t)(w << 6) >> 6 & ~3), at + 4);
    else
      prologue_step(f, w, at + 4);
  }
}

// --- epilogues --------------------------------------------------------------------------------------------

// r1 is moved back: addi r1,r1,SIZE or lwz r1,0(r1).
static bool pops(const struct frame *f, uint32_t w) {
  if (w == 0x80210000u) return true;
  return f->r[SP].is == STACK && w >> 16 == 0x3821 && plus(f->r[SP].v, (int16_t)w) == 0;
}
static bool leaves(uint32_t w) { return w == BLR || w == 0x4E800420u || (w >> 26 == 18 && !(w & 1)); }

static void epilogues(struct frame *f, const struct wg_gdb_function *fn) {
  bool popped = false;
  for (uint32_t at = fn->prologue_end; at < fn->end; at += 4) {
    uint32_t w = word_at(f, at);
    if (!popped && pops(f, w)) {
      row(f, at + 4);
      wg_buf_char(f->out, OP_REMEMBER);
      cfa(f, at + 4, 0);
      popped = true;
    } else if (popped && leaves(w)) {
      row(f, at + 4);
      wg_buf_char(f->out, OP_RESTORE);
      popped = false;
    }
  }
}

// A routine that restores registers is jumped to: its caller's return address is where it loads it from.
static void without_frame(struct frame *f, const struct wg_gdb_function *fn) {
  uint32_t at = fn->begin;
  while (in_image(f, at) && at - fn->begin < 256 && !leaves(word_at(f, at))) at += 4;
  uint32_t load = word_at(f, at - 8), move = word_at(f, at - 4);
  bool restores = word_at(f, at) == BLR && at - 8 >= fn->begin && load >> 26 == 32 && (load >> 16 & 31) == SP &&
                  (move & 0xFC1FFFFE) == 0x7C0803A6 && (move >> 21 & 31) == (load >> 21 & 31);
  if (restores) in_memory(f, fn->begin, LINK_COLUMN, (int16_t)load);
}

// --- the kernel -------------------------------------------------------------------------------------------

static void begin_entry(struct wg_buf *out, uint32_t begin, uint32_t end) {
  wg_buf_be32(out, 0);
  wg_buf_be32(out, 0); // its common part's offset
  wg_buf_be32(out, begin);
  wg_buf_be32(out, end - begin);
}

static void end_entry(struct wg_buf *out, size_t begin) {
  while ((out->len - begin) % 4) wg_buf_char(out, 0); // DW_CFA_nop
  wg_store_be32((uint8_t *)out->data + begin, (uint32_t)(out->len - begin - 4));
}

// Where guest code returns to the kernel there is a frame for its stack pointer, by which gdb tells the ends of nested
// ones apart. It has been called from the word before, and that from nowhere: so a backtrace ends without complaint.
static void kernel(struct wg_buf *out) {
  size_t at = out->len;
  begin_entry(out, WG_GDB_KERNEL, WG_GDB_KERNEL + 4);
  wg_buf_char(out, OP_UNDEFINED);
  uleb(out, LINK_COLUMN);
  end_entry(out, at);
  at = out->len;
  begin_entry(out, WG_GDB_KERNEL + 4, WG_GDB_KERNEL_END);
  wg_buf_char(out, OP_EXPRESSION);
  uleb(out, LINK_COLUMN);
  uleb(out, 5);
  wg_buf_char(out, OP_CONST4);
  wg_buf_be32(out, WG_GDB_KERNEL);
  end_entry(out, at);
}

// --- the section ------------------------------------------------------------------------------------------

bool wg_gdb_put_frames(const struct wg_image *img, const struct wg_gdb_function *list, size_t n, struct wg_buf *out) {
  size_t begin = out->len;
  wg_buf_be32(out, 0);
  wg_buf_be32(out, 0xFFFFFFFF); // common: version 1, no augmentation, factors 1 and 1
  wg_buf_add(out, "\1\0\1\1", 4);
  wg_buf_char(out, LINK_COLUMN);
  wg_buf_add(out, "\x0C\1\0", 3);
  end_entry(out, begin);
  kernel(out);
  for (size_t i = 0; i < n; i++) {
    if (out->len - begin > WG_GDB_FRAMES) return false;
    struct frame f = {.img = img, .out = out, .told = list[i].begin};
    size_t at = out->len;
    f.r[SP].is = STACK;
    begin_entry(out, list[i].begin, list[i].end);
    if (has_frame(&f, &list[i])) {
      prologue(&f, &list[i]);
      if (f.pushed) epilogues(&f, &list[i]);
    } else {
      without_frame(&f, &list[i]);
    }
    end_entry(out, at);
  }
  return true;
}
