// Audio without sound (docs/console.md#audio): render-driver clients are called 187.5 times a second of virtual time,
// XMA contexts consume their input and give silence.
#include <string.h>

#include "emu/kernel/kernel.h"

#define FRAMES_NS 16000000u // of three frames: 256 samples each at 48 kHz
#define CLIENTS 8u
#define DRIVER 0x41550000u

// --- render driver -----------------------------------------------------------------------------------------

// The n-th callback after registration is due at a third of 16 ms each, without drift.
static uint64_t due(const struct wg_audio_client *c) { return c->start_ns + c->frames * FRAMES_NS / 3; }

static void tick(struct wg_machine *m, void *arg, uint64_t token) {
  struct wg_audio_client *c = arg;
  if (c->thread == NULL || c->token != token) return; // of a client that was here before
  c->token = 0;
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_APU_CALLBACK);
  wg_ev_dec(&e, WG_K_COUNT, (int64_t)c->frames);
  wg_emit(m, &e);
  wg_ready(m, c->thread);
}

// A callback has returned to its thread's first frame: it is called again when the next frame is due, or ends.
bool wg_audio_again(struct wg_machine *m, struct wg_thread *t) {
  for (uint32_t i = 0; i < CLIENTS; i++) {
    struct wg_audio_client *c = &m->audio[i];
    if (c->thread != t) continue;
    c->frames++;
    t->ctx.cpu.pc = t->entry;
    t->ctx.cpu.gpr[3] = t->start_ctx;
    t->ctx.cpu.lr = WG_RETURN_SENTINEL;
    t->state = WG_T_WAITING;
    c->token = wg_after(m, due(c) > wg_now(m) ? due(c) : wg_now(m), false, tick, c);
    return true;
  }
  return false;
}

void wg_audio_forget(struct wg_machine *m, const struct wg_thread *t) {
  for (uint32_t i = 0; i < CLIENTS; i++)
    if (m->audio[i].thread == t) m->audio[i].thread = NULL;
}

WG_CALL(XAudioRegisterRenderDriverClient, 2) {
  struct wg_machine *m = k->m;
  uint32_t i = 0;
  if (A(0) == 0 || KR32(k, A(0)) == 0) return 0x80070057u; // E_INVALIDARG
  while (i < CLIENTS && m->audio[i].thread) i++;
  if (i == CLIENTS) return 0x80070057u; // E_INVALIDARG
  uint32_t cell = wg_pool_alloc(m, 16, WG_POOL_KERNEL), handle;
  if (cell == 0) return 0x8007000Eu; // E_OUTOFMEMORY
  KW32(k, cell, KR32(k, A(0) + 4));
  // It begins when the first frame is due, so it is not made ready.
  struct wg_thread_params p = {.stack_size = 0x10000, .entry = KR32(k, A(0)), .ctx = cell, .flags = 1};
  struct wg_thread *t = wg_thread_create(m, &p, k->lr, &handle);
  if (t == NULL) {
    wg_pool_free(m, cell, WG_POOL_KERNEL);
    return 0x8007000Eu;
  }
  wg_handle_close(m, handle);
  t->suspend = 0;
  t->state = WG_T_WAITING;
  t->service = true;
  t->priority = 15;
  m->audio[i] = (struct wg_audio_client){.thread = t, .start_ns = wg_now(m), .frames = 1};
  m->audio[i].token = wg_after(m, due(&m->audio[i]), false, tick, &m->audio[i]);
  wg_out_u32(k, A(1), "driver", DRIVER | i);
  return STATUS_SUCCESS;
}
static struct wg_audio_client *client(struct wg_kcall *k) {
  uint32_t i = A(0) & 0xFFFF;
  return (A(0) & 0xFFFF0000u) == DRIVER && i < CLIENTS && k->m->audio[i].thread ? &k->m->audio[i] : NULL;
}
WG_CALL(XAudioUnregisterRenderDriverClient, 1) {
  struct wg_audio_client *c = client(k);
  if (c == NULL) return STATUS_SUCCESS;
  struct wg_thread *t = c->thread;
  c->thread = NULL;
  // One that waits for its next frame ends here; one that runs ends when its callback returns.
  if (c->token) wg_thread_exit(k->m, t, 0);
  return STATUS_SUCCESS;
}
WG_CALL(XAudioSubmitRenderDriverFrame, 2) { return client(k) ? STATUS_SUCCESS : 0x80070057u; }
WG_CALL(XAudioGetSpeakerConfig, 1) {
  wg_out_u32(k, A(0), "speakers", 0x00010001);
  return STATUS_SUCCESS;
}
WG_CALL(XAudioGetVoiceCategoryVolumeChangeMask, 2) {
  KW32(k, A(1), 0);
  return STATUS_SUCCESS;
}
WG_CALL(XAudioGetVoiceCategoryVolume, 2) {
  KW32(k, A(1), 0x3F800000); // 1.0
  return STATUS_SUCCESS;
}

// --- XMA ---------------------------------------------------------------------------------------------------

#define CONTEXTS 320u
#define CONTEXT_SIZE 64u

// Fields of a context: word, lowest bit, width.
struct bits {
  uint8_t word, shift, width;
};
static const struct bits in_packets[2] = {{0, 0, 12}, {1, 0, 12}}, in_valid[2] = {{0, 20, 1}, {0, 21, 1}},
                         loop_count = {0, 12, 8}, out_blocks = {0, 22, 5}, out_write = {0, 27, 5},
                         loop_sub_end = {1, 14, 3}, loop_sub_skip = {1, 17, 3}, subframes = {1, 20, 4},
                         rate = {1, 27, 2}, stereo = {1, 29, 1}, out_valid = {1, 31, 1}, read_offset = {2, 0, 26},
                         loop_start = {3, 0, 26}, loop_end = {4, 0, 26}, metadata = {4, 26, 5}, current = {4, 31, 1},
                         out_read = {9, 0, 5};

static uint32_t mask_of(struct bits b) { return (b.width == 32 ? 0 : 1u << b.width) - 1u; }
static uint32_t get(struct wg_machine *m, uint32_t ctx, struct bits b) {
  return (uint32_t)wg_kr(m, ctx + 4u * b.word, 4) >> b.shift & mask_of(b);
}
static void put(struct wg_machine *m, uint32_t ctx, struct bits b, uint32_t v) {
  uint32_t at = ctx + 4u * b.word, w = (uint32_t)wg_kr(m, at, 4), mask = mask_of(b) << b.shift;
  wg_kw(m, at, 4, (w & ~mask) | (v << b.shift & mask));
}
static uint32_t physical(uint32_t addr) {
  uint32_t p = wg_mem_to_phys(addr);
  return p == UINT32_MAX ? addr & 0x1FFFFFFF : p;
}

static uint32_t contexts(struct wg_machine *m) {
  if (m->xma_base == 0) {
    uint32_t phys = wg_mem_phys_alloc(m->mem, CONTEXTS * CONTEXT_SIZE, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE);
    if (phys != UINT32_MAX) m->xma_base = 0xA0000000u + phys;
  }
  return m->xma_base;
}

// What a kick does: the current input is used up, the output gets silence as far as there is room.
static void decode(struct wg_machine *m, uint32_t ctx) {
  uint32_t which = get(m, ctx, current);
  if (!get(m, ctx, in_valid[which])) return;
  put(m, ctx, in_valid[which], 0);
  put(m, ctx, current, !which);
  put(m, ctx, read_offset, 32); // a packet's header is 32 bits
  uint32_t blocks = get(m, ctx, out_blocks), to = (uint32_t)wg_kr(m, ctx + 28, 4);
  if (!get(m, ctx, out_valid) || blocks == 0) return;
  uint8_t *p = wg_mem_ptr(m->mem, 0xA0000000u + (to & 0x1FFFFFFF), blocks * 256, true);
  if (p) memset(p, 0, blocks * 256);
  wg_work(m, 16 * blocks);
  put(m, ctx, out_write, (get(m, ctx, out_read) + blocks - 1) % blocks);
  put(m, ctx, out_valid, 0);
}

// Registers by their number; values are byte-reversed on the bus.
uint32_t wg_xma_read(struct wg_machine *m, uint32_t addr) {
  uint32_t reg = (addr & 0xFFFF) / 4, v = 0;
  if (reg == 0x600) v = contexts(m) & 0x1FFFFFFF;
  if (reg == 0x606) {
    v = m->xma_current;
    m->xma_current = (m->xma_current + 1) % CONTEXTS; // rotates, as titles poll it to see the decoder move
  }
  if (reg == 0x607) v = (m->xma_current + 1) % CONTEXTS;
  return __builtin_bswap32(v);
}
void wg_xma_write(struct wg_machine *m, uint32_t addr, uint32_t value) {
  uint32_t reg = (addr & 0xFFFF) / 4, bits = __builtin_bswap32(value);
  bool kick = reg >= 0x650 && reg <= 0x659, clear = reg >= 0x6A0 && reg <= 0x6A9;
  if ((!kick && !clear) || m->xma_base == 0) return;
  for (uint32_t n = 0; n < 32; n++) {
    uint32_t ctx = m->xma_base + (32 * (reg - (kick ? 0x650 : 0x6A0)) + n) * CONTEXT_SIZE;
    if (!(bits >> n & 1)) continue;
    if (kick) {
      decode(m, ctx);
    } else {
      put(m, ctx, in_valid[0], 0);
      put(m, ctx, in_valid[1], 0);
      put(m, ctx, out_valid, 0);
      put(m, ctx, read_offset, 0);
      put(m, ctx, out_read, 0);
      put(m, ctx, out_write, 0);
    }
  }
}

WG_CALL(XMACreateContext, 1) {
  struct wg_machine *m = k->m;
  for (uint32_t i = 0; contexts(m) && i < CONTEXTS; i++) {
    if (m->xma_used[i / 8] >> (i % 8) & 1) continue;
    m->xma_used[i / 8] |= (uint8_t)(1u << (i % 8));
    memset(wg_mem_phys_ptr(m->mem, m->xma_base & 0x1FFFFFFF) + i * CONTEXT_SIZE, 0, CONTEXT_SIZE);
    wg_out_u32(k, A(0), "context", m->xma_base + i * CONTEXT_SIZE);
    return STATUS_SUCCESS;
  }
  KW32(k, A(0), 0);
  return STATUS_NO_MEMORY;
}
WG_CALL(XMAReleaseContext, 1) {
  uint32_t i = (A(0) - k->m->xma_base) / CONTEXT_SIZE;
  if (k->m->xma_base && A(0) >= k->m->xma_base && i < CONTEXTS) k->m->xma_used[i / 8] &= (uint8_t) ~(1u << (i % 8));
  return 0;
}
// XMA_CONTEXT_INIT: in0 pointer, count, in1 pointer, count, read offset, out pointer, blocks, work, subframes,
// channels, rate, loop {start, end, count, sub end, skip}.
WG_CALL(XMAInitializeContext, 2) {
  struct wg_machine *m = k->m;
  uint32_t c = A(0), in = A(1);
  for (uint32_t i = 0; i < CONTEXT_SIZE; i += 4) KW32(k, c + i, 0);
  for (uint32_t i = 0; i < 2; i++) {
    uint32_t p = KR32(k, in + 8 * i);
    if (p == 0) continue;
    KW32(k, c + 20 + 4 * i, physical(p));
    put(m, c, in_packets[i], KR32(k, in + 8 * i + 4)); // valid once the title says so
  }
  put(m, c, read_offset, KR32(k, in + 16));
  KW32(k, c + 28, physical(KR32(k, in + 20)));
  put(m, c, out_blocks, KR32(k, in + 24));
  KW32(k, c + 32, physical(KR32(k, in + 28)));
  put(m, c, subframes, KR32(k, in + 32));
  put(m, c, stereo, KR32(k, in + 36) >= 2);
  uint32_t hz = KR32(k, in + 40);
  put(m, c, rate, hz <= 3 ? hz : hz == 24000 ? 0 : hz == 32000 ? 1 : hz == 44100 ? 2 : 3);
  put(m, c, loop_start, KR32(k, in + 44));
  put(m, c, loop_end, KR32(k, in + 48));
  put(m, c, loop_count, (uint32_t)wg_kr(m, in + 52, 1));
  put(m, c, loop_sub_end, (uint32_t)wg_kr(m, in + 53, 1));
  put(m, c, loop_sub_skip, (uint32_t)wg_kr(m, in + 54, 1));
  return STATUS_SUCCESS;
}
WG_CALL(XMASetLoopData, 2) {
  put(k->m, A(0), loop_start, KR32(k, A(1)));
  put(k->m, A(0), loop_end, KR32(k, A(1) + 4));
  put(k->m, A(0), loop_count, (uint32_t)wg_kr(k->m, A(1) + 8, 1));
  put(k->m, A(0), loop_sub_end, (uint32_t)wg_kr(k->m, A(1) + 9, 1));
  put(k->m, A(0), loop_sub_skip, (uint32_t)wg_kr(k->m, A(1) + 10, 1));
  return STATUS_SUCCESS;
}
static uint64_t set_input(struct wg_kcall *k, uint32_t i) {
  KW32(k, A(0) + 20 + 4 * i, physical(A(1)));
  put(k->m, A(0), in_packets[i], A(2));
  return STATUS_SUCCESS;
}
WG_CALL(XMASetInputBuffer0, 3) { return set_input(k, 0); }
WG_CALL(XMASetInputBuffer1, 3) { return set_input(k, 1); }
#define GETTER(name, field)                                                                                            \
  WG_CALL(name, 1) { return get(k->m, A(0), field); }
#define SETTER(name, n, field, value)                                                                                  \
  WG_CALL(name, n) {                                                                                                   \
    put(k->m, A(0), field, value);                                                                                     \
    return STATUS_SUCCESS;                                                                                             \
  }
GETTER(XMAIsInputBuffer0Valid, in_valid[0])
GETTER(XMAIsInputBuffer1Valid, in_valid[1])
GETTER(XMAIsOutputBufferValid, out_valid)
GETTER(XMAGetInputBufferReadOffset, read_offset)
GETTER(XMAGetOutputBufferReadOffset, out_read)
GETTER(XMAGetOutputBufferWriteOffset, out_write)
GETTER(XMAGetPacketMetadata, metadata)
SETTER(XMASetInputBuffer0Valid, 1, in_valid[0], 1)
SETTER(XMASetInputBuffer1Valid, 1, in_valid[1], 1)
SETTER(XMASetOutputBufferValid, 1, out_valid, 1)
SETTER(XMASetInputBufferReadOffset, 2, read_offset, A(1))
SETTER(XMASetOutputBufferReadOffset, 2, out_read, A(1))
WG_CALL(XMAEnableContext, 1) {
  decode(k->m, A(0));
  return STATUS_SUCCESS;
}

WG_CONSTANT(XAudioEnableDucker, 1, STATUS_SUCCESS)
WG_CONSTANT(XMADisableContext, 2, STATUS_SUCCESS)
WG_CONSTANT(XMABlockWhileInUse, 1, STATUS_SUCCESS)
