// Where compiled code is left, and entered. Late registers are in host registers alone until then: what the
// instructions on the way may have written is owed to the context. A way that is gone often writes it there; one that
// is gone seldom has LLVM note where it keeps it (a stack map), and the call that is put there later reads that
// (emu/cpu/compiled.c).
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "jit/build.h"

#define CALL_BYTES 5u // call rel32

static void add_slot(struct wg_jit_set *s, uint32_t slot) { s->bits[slot / 64] |= 1ull << slot % 64; }
static bool join_slots(struct wg_jit_set *s, const struct wg_jit_set *other) {
  bool more = false;
  for (size_t i = 0; i < WG_JIT_SLOTS / 64; i++) {
    more = more || (other->bits[i] & ~s->bits[i]);
    s->bits[i] |= other->bits[i];
  }
  return more;
}

void wg_jit_wrote(struct wg_jit_build *u, uint32_t slot) {
  uint32_t start, size;
  add_slot(&u->writes[u->now], slot);
  if (slot != wg_jit_slot_of(&u->j->layout, u->j->layout.so, &start, &size) || u->j->so_changes) return;
  u->j->so_changes = true;
  u->again = true;
}

void wg_jit_edge(struct wg_jit_build *u, unsigned to) {
  if (u->nedges == sizeof u->edges / sizeof *u->edges) {
    u->why = "too many ways between its instructions";
    return;
  }
  u->edges[u->nedges].from = u->now;
  u->edges[u->nedges++].to = (uint16_t)to;
}

static bool is_empty(const struct wg_jit_set *s) {
  for (size_t i = 0; i < WG_JIT_SLOTS / 64; i++)
    if (s->bits[i]) return false;
  return true;
}

void wg_jit_share(struct wg_jit_build *u) {
  unsigned now = u->now, place = u->insns[now].place;
  bool straight = now && u->insns[now - 1].place + 1u == place && !u->joins[place];
  if (!straight || u->steps[now - 1] || !is_empty(&u->writes[now - 1])) u->shared = NULL;
}

LLVMBasicBlockRef wg_jit_leave(struct wg_jit_build *u, LLVMBasicBlockRef next, bool after, bool seldom) {
  bool shares = seldom && !after && next == u->original;
  if (shares && u->shared) return u->shared;
  if (u->nways == sizeof u->ways / sizeof *u->ways) {
    u->why = "too many ways out of it";
    return next;
  }
  struct wg_jit_way *w = &u->ways[u->nways++];
  *w = (struct wg_jit_way){wg_jit_block(u), next, u->now, after, seldom};
  if (shares) u->shared = w->block;
  return w->block;
}

// What may be owed before each instruction. What the interpreter executes finds a complete context, and leaves one.
static void find_owed(struct wg_jit_build *u) {
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < u->nedges; i++) {
      unsigned from = u->edges[i].from;
      if (u->steps[from]) continue;
      struct wg_jit_set out = u->owed[from];
      join_slots(&out, &u->writes[from]);
      if (join_slots(&u->owed[u->edges[i].to], &out)) more = true;
    }
  }
}

static void owed_on(const struct wg_jit_build *u, const struct wg_jit_way *w, struct wg_jit_set *out) {
  *out = u->owed[w->insn];
  if (w->after) join_slots(out, &u->writes[w->insn]);
}

static LLVMValueRef value_of(struct wg_jit_build *u, uint32_t slot, const struct wg_jit_granule *g) {
  return LLVMBuildLoad2(u->b, wg_jit_slot_type(u->j, g), wg_jit_slot(u, slot), "");
}

static void pay(struct wg_jit_build *u, const struct wg_jit_set *owed) {
  for (uint32_t slot = 0; slot < WG_JIT_SLOTS; slot++) {
    if (!wg_jit_has(owed, slot)) continue;
    uint32_t offset;
    const struct wg_jit_granule *g = wg_jit_granule_of(&u->j->layout, slot, &offset);
    LLVMValueRef to = wg_jit_at(u, u->c, wg_jit_i64(u->j, offset), wg_jit_type(u->j, g->size));
    LLVMValueRef v = value_of(u, slot, g);
    LLVMSetAlignment(LLVMBuildStore(u->b, g->fields ? wg_jit_order_bytes(u, v) : v, to), g->fields ? 1 : g->size);
  }
}

// A byte is a bit of XER: as a bit it need not be there before it is looked at.
static LLVMValueRef widened(struct wg_jit_build *u, LLVMValueRef v, const struct wg_jit_granule *g) {
  if (g->size == 1) v = LLVMBuildTrunc(u->b, v, u->j->i1, "");
  return g->size == 8 || g->fields ? v : LLVMBuildZExt(u->b, v, u->j->i64, "");
}

// A place for a call, and a note where the values are.
static void note_place(struct wg_jit_build *u, size_t way, const struct wg_jit_set *owed) {
  struct wg_jit *j = u->j;
  LLVMValueRef args[5 + WG_JIT_SLOTS] = {wg_jit_i64(j, way), LLVMConstInt(j->i32, CALL_BYTES, 0), LLVMConstNull(j->p8),
                                         LLVMConstInt(j->i32, 1, 0), u->c};
  unsigned n = 5;
  for (uint32_t slot = 0; slot < WG_JIT_SLOTS; slot++) {
    if (!wg_jit_has(owed, slot)) continue;
    uint32_t offset;
    const struct wg_jit_granule *g = wg_jit_granule_of(&j->layout, slot, &offset);
    args[n++] = widened(u, value_of(u, slot, g), g);
  }
  if (n == 5) return;
  static const char name[] = "llvm.experimental.patchpoint.void";
  LLVMValueRef f = LLVMGetIntrinsicDeclaration(u->module, LLVMLookupIntrinsicID(name, sizeof name - 1), NULL, 0);
  LLVMValueRef call = LLVMBuildCall2(u->b, LLVMGlobalGetValueType(f), f, args, n, "");
  LLVMSetInstructionCallConv(call, WG_JIT_PRESERVE_ALL);
}

void wg_jit_ways(struct wg_jit_build *u) {
  find_owed(u);
  for (size_t i = 0; i < u->nways; i++) {
    struct wg_jit_set owed;
    owed_on(u, &u->ways[i], &owed);
    wg_jit_put(u, u->ways[i].block);
    if (u->ways[i].seldom)
      note_place(u, i, &owed);
    else
      pay(u, &owed);
    LLVMBuildBr(u->b, u->ways[i].next);
  }
}

void wg_jit_fills(struct wg_jit_build *u) {
  for (size_t i = 0; i < u->nfills; i++) {
    wg_jit_put(u, u->fills[i].block);
    for (uint32_t s = 0; s < WG_JIT_SLOTS; s++) {
      if (u->slots[s] == NULL) continue;
      uint32_t offset;
      const struct wg_jit_granule *g = wg_jit_granule_of(&u->j->layout, s, &offset);
      LLVMValueRef v = wg_jit_field(u, offset, wg_jit_type(u->j, g->size));
      LLVMSetAlignment(v, g->fields ? 1 : g->size);
      LLVMBuildStore(u->b, g->fields ? wg_jit_order_of(u, v) : v, u->slots[s]);
    }
    LLVMBuildBr(u->b, u->fills[i].next);
  }
}

// --- the notes, as LLVM writes them (docs: "Stack maps and patch points", version 3) --------------------------------

#define RECORD_BYTES 24u // at least
#define LOCATION_BYTES 12u

struct reader {
  const uint8_t *at, *end;
  bool short_of;
};

static const void *take_bytes(struct reader *r, size_t n) {
  if (n > (size_t)(r->end - r->at)) {
    r->short_of = true;
    return NULL;
  }
  const void *p = r->at;
  r->at += n;
  return p;
}
static uint64_t number(struct reader *r, size_t n) {
  uint64_t v = 0;
  const void *p = take_bytes(r, n);
  if (p) memcpy(&v, p, n);
  return v;
}

struct map {
  uint64_t constants[256];
  size_t nconstants, nrecords;
};

static const char *header(struct reader *r, struct map *m) {
  uint64_t version = number(r, 1);
  take_bytes(r, 3);
  uint64_t functions = number(r, 4);
  m->nconstants = number(r, 4);
  m->nrecords = number(r, 4);
  if (version != 3 || functions != 1 || m->nconstants > sizeof m->constants / sizeof *m->constants)
    return "a stack map of another kind";
  take_bytes(r, 24);
  for (size_t i = 0; i < m->nconstants; i++) m->constants[i] = number(r, 8);
  return NULL;
}

enum { IN_REGISTER = 1, DIRECT, INDIRECT, CONSTANT, LARGE_CONSTANT };

// Where a value is, as LLVM says it.
struct found {
  enum wg_jit_where where;
  unsigned reg;
  int64_t value;
};

static const char *location(struct reader *r, const struct map *m, struct found *k) {
  uint64_t kind = number(r, 1);
  take_bytes(r, 3);
  k->reg = (unsigned)number(r, 2);
  take_bytes(r, 2);
  int32_t at = (int32_t)number(r, 4);
  k->value = at;
  if (k->reg > 15) return "a register of another kind in a stack map";
  switch (kind) {
  case IN_REGISTER: k->where = WG_JIT_IN_REGISTER; return NULL;
  case INDIRECT: k->where = WG_JIT_ON_STACK; return NULL;
  case CONSTANT: k->where = WG_JIT_CONSTANT; return NULL;
  case LARGE_CONSTANT:
    if (at < 0 || (size_t)at >= m->nconstants) return "a constant beyond a stack map's";
    k->where = WG_JIT_CONSTANT;
    k->value = (int64_t)m->constants[at];
    return NULL;
  default: return "a place of another kind in a stack map";
  }
}

struct frames {
  struct wg_jit_frame *frames;
  struct wg_jit_kept *kept;
  size_t nkept;
};

static void put_kept(struct frames *out, uint32_t offset, enum wg_jit_what what, const struct found *k) {
  const unsigned where = k->where == WG_JIT_CONSTANT ? WG_JIT_CONSTANT : k->where + k->reg;
  out->kept[out->nkept++] = (struct wg_jit_kept){
      .offset = (uint16_t)offset, .what = (uint8_t)what, .where = (uint8_t)where, .value = (int32_t)k->value};
}

// A field's number that is known: all four bits, or a difference, of which its sign is enough.
static void add_field(struct frames *out, uint32_t offset, const struct found *k) {
  struct found known = *k;
  if (k->where != WG_JIT_CONSTANT) {
    put_kept(out, offset, WG_JIT_FIELD, k);
    return;
  }
  bool any = wg_jit_is_any(k->value);
  if (!any) known.value = (k->value > 0) - (k->value < 0);
  put_kept(out, offset, any ? WG_JIT_FIELD_BITS : WG_JIT_FIELD, &known);
}

static void add_kept(struct frames *out, uint32_t offset, const struct wg_jit_granule *g, const struct found *k) {
  struct found half = *k;
  bool large = k->where == WG_JIT_CONSTANT && k->value != (int32_t)k->value;
  if (g->size == 1)
    put_kept(out, offset, WG_JIT_BYTE, k);
  else if (g->fields)
    add_field(out, offset, k);
  else if (!large)
    put_kept(out, offset, WG_JIT_WHOLE_REGISTER, k);
  if (g->size != 8 || !large) return;
  put_kept(out, offset, WG_JIT_HALF, k);
  half.value >>= 32;
  put_kept(out, offset + 4, WG_JIT_HALF, &half);
}

#define ALIKE 16u // frames in which one that says the same is looked for

// Many places have the same in the same registers.
static void say_once(struct frames *out, struct wg_jit_frame *f) {
  const size_t n = f->n * sizeof *out->kept;
  for (unsigned i = 1; i <= ALIKE && f - out->frames >= (ptrdiff_t)i; i++) {
    if (f[-(int)i].n != f->n || memcmp(out->kept + f[-(int)i].first, out->kept + f->first, n) != 0) continue;
    out->nkept = f->first;
    f->first = f[-(int)i].first;
    return;
  }
}

static const char *record(const struct wg_jit_build *u, struct reader *r, const struct map *m, struct frames *out,
                          struct wg_jit_frame *f) {
  uint64_t way = number(r, 8);
  f->back = (uint32_t)number(r, 4) + CALL_BYTES;
  take_bytes(r, 2);
  uint64_t n = number(r, 2), had = 0;
  struct wg_jit_set owed;
  if (r->short_of || way >= u->nways || n > (size_t)(r->end - r->at) / LOCATION_BYTES)
    return "a stack map that is not whole";
  owed_on(u, &u->ways[way], &owed);
  f->first = (uint32_t)out->nkept;
  for (uint32_t slot = 0; slot < WG_JIT_SLOTS; slot++) {
    if (!wg_jit_has(&owed, slot)) continue;
    struct found k;
    uint32_t offset;
    const struct wg_jit_granule *g = wg_jit_granule_of(&u->j->layout, slot, &offset);
    if (had++ == n) return "a stack map without all registers";
    const char *why = location(r, m, &k);
    if (why) return why;
    add_kept(out, offset, g, &k);
  }
  if (had != n) return "a stack map with other registers";
  f->n = (uint32_t)(out->nkept - f->first);
  say_once(out, f);
  if ((uintptr_t)(r->end - r->at) % 8) take_bytes(r, 4);
  take_bytes(r, 2);
  take_bytes(r, 4 * number(r, 2));
  if ((uintptr_t)(r->end - r->at) % 8) take_bytes(r, 4);
  return r->short_of ? "a stack map that is cut" : NULL;
}

static int by_place(const void *a, const void *b) {
  const struct wg_jit_frame *x = a, *y = b;
  return x->back < y->back ? -1 : x->back > y->back;
}

// push rax; lea rax, [frames]; push rdx; mov rdx, [rdi + calls]; jmp [rdx + 8 * WG_JIT_LEFT]
static const uint8_t piece[] = {0x50, 0x48, 0x8D, 0x05, 0, 0,    0,    0, 0x52, 0x48, 0x8B,
                                0x97, 0,    0,    0,    0, 0xFF, 0xA2, 0, 0,    0,    0};
static void put_piece(uint8_t *out, size_t at, size_t frames, const struct wg_jit_layout *l) {
  int32_t to = (int32_t)(frames - (at + 8)), table = (int32_t)l->calls, function = 8 * WG_JIT_LEFT;
  memcpy(out + at, piece, sizeof piece);
  memcpy(out + at + 4, &to, 4);
  memcpy(out + at + 12, &table, 4);
  memcpy(out + at + 18, &function, 4);
}

static size_t up(size_t n, size_t to) { return (n + to - 1) / to * to; }

static void append(const struct wg_jit_build *u, const struct frames *f, size_t n, size_t start,
                   struct wg_jit_blob *out) {
  size_t at = up(out->size, 16), frames = up(at + sizeof piece, 16);
  size_t first = frames + sizeof(struct wg_jit_frames), kept = up(first + n * sizeof *f->frames, 8);
  size_t size = kept + f->nkept * sizeof *f->kept;
  wg_jit_grow(out, size);
  put_piece(out->bytes, at, frames, &u->j->layout);
  struct wg_jit_frames head = {(uint32_t)n, (uint32_t)(frames - start)};
  memcpy(out->bytes + frames, &head, sizeof head);
  memcpy(out->bytes + first, f->frames, n * sizeof *f->frames);
  memcpy(out->bytes + kept, f->kept, f->nkept * sizeof *f->kept);
  for (size_t i = 0; i < n; i++) {
    uint8_t *call = out->bytes + start + f->frames[i].back - CALL_BYTES;
    int32_t to = (int32_t)(at - (start + f->frames[i].back));
    call[0] = 0xE8;
    memcpy(call + 1, &to, 4);
  }
}

const char *wg_jit_frames(const struct wg_jit_build *u, const uint8_t *map, size_t size, size_t body,
                          struct wg_jit_blob *out) {
  struct reader r = {map, map + size, false};
  struct map m;
  const char *why = header(&r, &m);
  if (why) return why;
  if (r.short_of || m.nrecords > size / RECORD_BYTES) return "a stack map that is cut";
  struct frames f = {.frames = calloc(m.nrecords + 1, sizeof *f.frames),
                     .kept = calloc(2 * (size / LOCATION_BYTES) + 1, sizeof *f.kept)};
  for (size_t i = 0; i < m.nrecords && why == NULL; i++) why = record(u, &r, &m, &f, &f.frames[i]);
  for (size_t i = 0; i < m.nrecords && why == NULL; i++)
    if (f.frames[i].back > out->size - body) why = "a place beyond the code in a stack map";
  if (why == NULL) {
    qsort(f.frames, m.nrecords, sizeof *f.frames, by_place);
    append(u, &f, m.nrecords, body, out);
  }
  free(f.frames);
  free(f.kept);
  return why;
}
