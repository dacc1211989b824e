// Stock text logs of xenia-canary, as long as asked: spin loops and lock pairs over a few threads, little that is
// distinct.
#include <stdlib.h>

#include "base/err.h"
#include "bench/diff/world.h"

#define LOG_THREADS 5
#define PERIOD 64 // turns after which a thread does the same again

// What a thread does is of the title and the same in both logs; how often it spins and who is next is chance.
struct log {
  struct wg_buf out;
  struct rng chance;
  struct rng title[LOG_THREADS];
  uint64_t seed;
  uint32_t turns[LOG_THREADS];
};

static const uint32_t thread_handles[LOG_THREADS] = {0xf8000008u, 0x01000010u, 0xf800000cu, 0xf8000010u, 0xf8000014u};

static void head(struct wg_buf *b) {
  wg_buf_str(b, "i> 0000137E Build: canary / 0000000000000000000000000000000000000000\n");
  wg_buf_str(b, "i> 0000137E KernelState: Launching module...\n");
  for (uint32_t i = 0; i < LOG_THREADS; i++) {
    uint32_t by = i < 2 ? 0x137eu : thread_handles[0];
    if (i >= 2)
      wg_buf_printf(
          b, "d> %08X ExCreateThread(7018FB50(00000000), 00010000, 00000000, 82087000, %08X, 40010000, 00000000)\n", by,
          0x82100000u + 0x100 * i);
    wg_buf_printf(b, "i> %08X Added handle:%08X for N2xe6kernel7XObjectE\n", by, thread_handles[i]);
    wg_buf_printf(b, "i> %08X XThread%08X (%u) Stack: %08X-%08X\n", by, thread_handles[i], i + 6,
                  0x70150000u + (i << 18), 0x70190000u + (i << 18));
    wg_buf_printf(b, "K> %08X XThread::Execute thid %u (handle=%08X, 'XThread%08X', native=8DADD6C0)\n",
                  thread_handles[i], i + 6, thread_handles[i], thread_handles[i]);
  }
}

static void spin(struct log *l, uint32_t h) {
  for (uint32_t n = rng_range(&l->chance, 4, 60); n; n--)
    wg_buf_printf(&l->out, "d> %08X KeTlsGetValue(00000000)\n", h);
}

static void locks(struct log *l, uint32_t h, uint32_t lock) {
  for (uint32_t n = rng_range(&l->chance, 1, 12); n; n--)
    wg_buf_printf(&l->out, "d> %08X RtlEnterCriticalSection(%08X)\nd> %08X RtlLeaveCriticalSection(%08X)\n", h, lock, h,
                  lock);
}

static void frame(struct wg_buf *b, uint32_t h) {
  wg_buf_printf(b, "d> %08X VdGetSystemCommandBuffer(7018F620, 7018F5C4)\n", h);
  wg_buf_printf(b,
                "i> %08X VdSwap(BFB06BC0, 7018F5D0, FFCA3008, 7018F620, BEEF0001, 7018F5BC(FF6F7000), "
                "7018F5C0(00000006), 7018F5B8(00000000), 7018F5B0(00000500), 7018F5B4(000002D0))\n",
                h);
}

static void vblank(struct wg_buf *b, uint32_t h) {
  wg_buf_printf(b, "d> %08X KeGetCurrentProcessType(ContextArg)\n", h);
  wg_buf_printf(b, "d> %08X KfAcquireSpinLock(40005C60, ContextArg)\n", h);
  wg_buf_printf(b, "d> %08X KeQueryPerformanceFrequency()\n", h);
  wg_buf_printf(b, "d> %08X KfReleaseSpinLock(40005C60, 00000002, ContextArg)\n", h);
  wg_buf_printf(b, "!> %08X PM4_DRAW_INDX(48, 13, 2): Failed in backend\n", h);
}

static void turn(struct log *l) {
  uint32_t t = rng_below(&l->chance, LOG_THREADS), h = thread_handles[t], at = l->turns[t]++ % PERIOD;
  struct rng *title = &l->title[t];
  if (at == 0) title->s = l->seed * LOG_THREADS + t;
  uint32_t what = rng_below(title, 2), lock = 0x82271a88u + 28 * rng_below(title, 6);
  if (t == 1)
    vblank(&l->out, h);
  else if (t == 0 && at % 8 == 7)
    frame(&l->out, h);
  else if (what)
    spin(l, h);
  else
    locks(l, h, lock);
}

static int text_log(const struct options *o, const char *name, uint64_t bytes, uint64_t chance) {
  struct wg_buf path = {0};
  struct log l = {.chance = {chance}, .seed = o->seed};
  uint64_t written = 0;
  wg_buf_printf(&path, "%s/%s", o->dir, name);
  FILE *f = fopen(path.data, "wb");
  bool bad = f == NULL;
  head(&l.out);
  while (!bad && written < bytes) {
    while (l.out.len < 1u << 20 && written + l.out.len < bytes) turn(&l);
    bad = fwrite(l.out.data, 1, l.out.len, f) != l.out.len;
    written += l.out.len;
    wg_buf_clear(&l.out);
  }
  if (f && fclose(f) != 0) bad = true;
  if (bad) perror(path.data);
  wg_buf_release(&path);
  wg_buf_release(&l.out);
  return bad ? WG_INTERNAL : WG_OK;
}

int text_logs(const struct options *o, uint64_t bytes) {
  int code = text_log(o, "ours.log", bytes, o->seed * 2);
  return code == WG_OK ? text_log(o, "canary.log", bytes, o->seed * 2 + 1) : code;
}
