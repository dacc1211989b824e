// Audio without sound (docs/console.md#audio): render-driver clients are called 187.5 times a second of virtual time;
// the decoder is emu/apu/xma.c.
#include <string.h>

#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

#define FRAMES_NS 16000000u // of three frames: 256 samples each at 48 kHz
#define DRIVER 0x41550000u

// --- render driver -----------------------------------------------------------------------------------------

// The n-th callback after registration is due at a third of 16 ms each, without drift.
static uint64_t due_at(const struct wg_audio_client *c) { return c->start_ns + c->frames * FRAMES_NS / 3; }

static void tick(void *ctx, void *arg, uint64_t token) {
  struct wg_machine *m = ctx;
  struct wg_audio_client *c = arg;
  if (c->thread == NULL || c->token != token) return; // of a client that was here before
  c->token = 0;
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_APU_CALLBACK);
  wg_ev_dec(&e, WG_K_COUNT, c->frames);
  wg_emit(m, &e);
  wg_ready(m, c->thread);
}

static void describe_client(struct wg_archive *a, void *ctx, void **arg) {
  struct wg_machine *m = ctx;
  const struct wg_audio_client *c = *arg;
  uint32_t i = wg_ar_kind(a, c ? (uint32_t)(c - m->audio.clients) : 0, WG_AUDIO_CLIENTS);
  *arg = &m->audio.clients[i];
}

void wg_audio_init(struct wg_machine *m) {
  wg_clock_serve(&m->clock, WG_DUE_AUDIO,
                 &(struct wg_due_service){.fire = tick, .describe = describe_client, .ctx = m});
}

// A callback has returned to its thread's first frame: it is called again when the next frame is due, or ends.
bool wg_audio_again(struct wg_machine *m, struct wg_thread *t) {
  for (uint32_t i = 0; i < WG_AUDIO_CLIENTS; i++) {
    struct wg_audio_client *c = &m->audio.clients[i];
    if (c->thread != t) continue;
    c->frames++;
    t->ctx.cpu.pc = t->entry;
    t->ctx.cpu.gpr[3] = t->start_ctx;
    t->ctx.cpu.lr = WG_RETURN_SENTINEL;
    t->run.state = WG_T_WAITING;
    c->token = wg_after(m, due_at(c) > wg_now(m) ? due_at(c) : wg_now(m), false, WG_DUE_AUDIO, c);
    return true;
  }
  return false;
}

void wg_audio_forget(struct wg_machine *m, const struct wg_thread *t) {
  for (uint32_t i = 0; i < WG_AUDIO_CLIENTS; i++)
    if (m->audio.clients[i].thread == t) m->audio.clients[i].thread = NULL;
}

WG_CALL(XAudioRegisterRenderDriverClient, 2) {
  struct wg_machine *m = k->m;
  uint32_t i = 0;
  if (A(0) == 0 || WG_GET(k->m, A(0), RENDER_CLIENT, FUNCTION) == 0) return 0x80070057u; // E_INVALIDARG
  while (i < WG_AUDIO_CLIENTS && m->audio.clients[i].thread) i++;
  if (i == WG_AUDIO_CLIENTS) return 0x80070057u; // E_INVALIDARG
  uint32_t cell = wg_pool_alloc(m, 16, WG_POOL_KERNEL), handle;
  if (cell == 0) return 0x8007000Eu; // E_OUTOFMEMORY
  KW32(k, cell, WG_GET(k->m, A(0), RENDER_CLIENT, ARGUMENT));
  // It begins when the first frame is due, so it is not made ready.
  struct wg_thread_params p = {
      .stack_size = 0x10000, .entry = WG_GET(k->m, A(0), RENDER_CLIENT, FUNCTION), .ctx = cell, .flags = 1};
  struct wg_thread *t = wg_thread_create(m, &p, k->lr, &handle);
  if (t == NULL) {
    wg_pool_free(m, cell, WG_POOL_KERNEL);
    return 0x8007000Eu;
  }
  wg_handle_close(m, handle);
  t->run.suspend = 0;
  t->run.state = WG_T_WAITING;
  t->service = true;
  t->run.priority = 15;
  struct wg_audio_client *c = &m->audio.clients[i];
  *c = (struct wg_audio_client){.thread = t, .start_ns = wg_now(m), .frames = 1};
  c->token = wg_after(m, due_at(c), false, WG_DUE_AUDIO, c);
  wg_out_u32(k, A(1), "driver", DRIVER | i);
  return STATUS_SUCCESS;
}
static struct wg_audio_client *client(struct wg_kcall *k) {
  uint32_t i = A(0) & 0xFFFF;
  return (A(0) & 0xFFFF0000u) == DRIVER && i < WG_AUDIO_CLIENTS && k->m->audio.clients[i].thread
             ? &k->m->audio.clients[i]
             : NULL;
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

// --- XMA: exports over the decoder's contexts (emu/apu/xma.h) ----------------------------------------------------

static uint32_t get(struct wg_kcall *k, enum wg_xma_field f) { return wg_xma_get(k->m->xma, A(0), f); }
static void put_field(struct wg_kcall *k, enum wg_xma_field f, uint32_t v) { wg_xma_put(k->m->xma, A(0), f, v); }
static uint32_t physical(uint32_t addr) {
  uint32_t p = wg_mem_to_phys(addr);
  return p == UINT32_MAX ? addr & 0x1FFFFFFF : p;
}

WG_CALL(XMACreateContext, 1) {
  uint32_t at = wg_xma_take(k->m->xma);
  if (at)
    wg_out_u32(k, A(0), "context", at);
  else
    KW32(k, A(0), 0);
  return at ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}
WG_CALL(XMAReleaseContext, 1) {
  wg_xma_give_back(k->m->xma, A(0));
  return 0;
}
static void put_loop(struct wg_kcall *k, uint32_t at) {
  put_field(k, WG_XMA_LOOP_START, WG_GET(k->m, at, XMA_LOOP_DATA, START));
  put_field(k, WG_XMA_LOOP_END, WG_GET(k->m, at, XMA_LOOP_DATA, END));
  put_field(k, WG_XMA_LOOP_COUNT, WG_GET(k->m, at, XMA_LOOP_DATA, COUNT));
  put_field(k, WG_XMA_LOOP_SUB_END, WG_GET(k->m, at, XMA_LOOP_DATA, SUBFRAME_END));
  put_field(k, WG_XMA_LOOP_SUB_SKIP, WG_GET(k->m, at, XMA_LOOP_DATA, SUBFRAME_SKIP));
}
WG_CALL(XMAInitializeContext, 2) {
  struct wg_machine *m = k->m;
  uint32_t c = A(0), in = A(1);
  for (uint32_t i = 0; i < WG_XMA_CONTEXT; i += 4) KW32(k, c + i, 0);
  for (uint32_t i = 0; i < 2; i++) {
    uint32_t given = WG_ADDR(in, XMA_CONTEXT_INIT, INPUTS) + WG_EACH_XMA_CONTEXT_INIT_INPUTS * i;
    uint32_t p = WG_GET(m, given, XMA_INPUT, BUFFER);
    if (p == 0) continue;
    KW32(k, WG_ADDR(c, XMA_CONTEXT, INPUTS) + 4 * i, physical(p));
    put_field(k, (enum wg_xma_field)(WG_XMA_IN_PACKETS_0 + i), WG_GET(m, given, XMA_INPUT, PACKETS)); // not valid yet
  }
  put_field(k, WG_XMA_READ_OFFSET, WG_GET(k->m, in, XMA_CONTEXT_INIT, READ_OFFSET));
  WG_PUT(k->m, c, XMA_CONTEXT, OUTPUT, physical(WG_GET(k->m, in, XMA_CONTEXT_INIT, OUTPUT)));
  put_field(k, WG_XMA_OUT_BLOCKS, WG_GET(k->m, in, XMA_CONTEXT_INIT, OUTPUT_BLOCKS));
  WG_PUT(k->m, c, XMA_CONTEXT, WORK, physical(WG_GET(k->m, in, XMA_CONTEXT_INIT, WORK)));
  put_field(k, WG_XMA_SUBFRAMES, WG_GET(k->m, in, XMA_CONTEXT_INIT, SUBFRAMES));
  put_field(k, WG_XMA_STEREO, WG_GET(k->m, in, XMA_CONTEXT_INIT, CHANNELS) >= 2);
  uint32_t hz = WG_GET(k->m, in, XMA_CONTEXT_INIT, RATE);
  put_field(k, WG_XMA_RATE, hz <= 3 ? hz : hz == 24000 ? 0 : hz == 32000 ? 1 : hz == 44100 ? 2 : 3);
  put_loop(k, WG_ADDR(in, XMA_CONTEXT_INIT, LOOP));
  return STATUS_SUCCESS;
}
WG_CALL(XMASetLoopData, 2) {
  put_loop(k, A(1));
  return STATUS_SUCCESS;
}
static uint64_t set_input(struct wg_kcall *k, uint32_t i) {
  KW32(k, WG_ADDR(A(0), XMA_CONTEXT, INPUTS) + 4 * i, physical(A(1)));
  put_field(k, (enum wg_xma_field)(WG_XMA_IN_PACKETS_0 + i), A(2));
  return STATUS_SUCCESS;
}
WG_CALL(XMASetInputBuffer0, 3) { return set_input(k, 0); }
WG_CALL(XMASetInputBuffer1, 3) { return set_input(k, 1); }
#define GETTER(name, field)                                                                                            \
  WG_CALL(name, 1) { return get(k, field); }
#define SETTER(name, n, field, value)                                                                                  \
  WG_CALL(name, n) {                                                                                                   \
    put_field(k, field, value);                                                                                        \
    return STATUS_SUCCESS;                                                                                             \
  }
GETTER(XMAIsInputBuffer0Valid, WG_XMA_IN_VALID_0)
GETTER(XMAIsInputBuffer1Valid, WG_XMA_IN_VALID_1)
GETTER(XMAIsOutputBufferValid, WG_XMA_OUT_VALID)
GETTER(XMAGetInputBufferReadOffset, WG_XMA_READ_OFFSET)
GETTER(XMAGetOutputBufferReadOffset, WG_XMA_OUT_READ)
GETTER(XMAGetOutputBufferWriteOffset, WG_XMA_OUT_WRITE)
GETTER(XMAGetPacketMetadata, WG_XMA_METADATA)
SETTER(XMASetInputBuffer0Valid, 1, WG_XMA_IN_VALID_0, 1)
SETTER(XMASetInputBuffer1Valid, 1, WG_XMA_IN_VALID_1, 1)
SETTER(XMASetOutputBufferValid, 1, WG_XMA_OUT_VALID, 1)
SETTER(XMASetInputBufferReadOffset, 2, WG_XMA_READ_OFFSET, A(1))
SETTER(XMASetOutputBufferReadOffset, 2, WG_XMA_OUT_READ, A(1))
WG_CALL(XMAEnableContext, 1) {
  wg_xma_kick(k->m->xma, A(0));
  return STATUS_SUCCESS;
}

WG_CONSTANT(XAudioEnableDucker, 1, STATUS_SUCCESS)
WG_CONSTANT(XMADisableContext, 2, STATUS_SUCCESS)
WG_CONSTANT(XMABlockWhileInUse, 1, STATUS_SUCCESS)

void wg_audio_state(struct wg_archive *a, struct wg_machine *m) {
  wg_ar_part(a, "audio clients");
  for (unsigned i = 0; i < WG_AUDIO_CLIENTS; i++) {
    struct wg_audio_client *c = &m->audio.clients[i];
    wg_ar_thread(a, m, &c->thread);
    wg_ar_u64(a, &c->token);
    wg_ar_u64(a, &c->start_ns);
    wg_ar_u64(a, &c->frames);
  }
}
