// The threads of a side, and all that its main thread does until it waits for the worker.
//
// The main thread's calls are the same on both sides in the same order, to a few harmless ones: the worker is created
// at the index that the investigation states, 5 events later in ours.
#include <stdlib.h>

#include "bench/diff/world.h"

#define WORKER_ENTRY 0x821748f0u
#define GUEST_THREADS 10 // made during the boot, on both sides

struct boot {
  struct world *w;
  struct thread *main;
  struct rng same, own; // the order of calls is of the title, the time of the engine
  uint32_t left;        // events that both sides still make
  uint32_t made;        // guest threads
  uint32_t next_thread; // events left when the next one is made
  uint32_t differences; // done so far
  uint32_t step;
};

static uint32_t tick(struct boot *b) { return rng_range(&b->own, 2000, 22000); }

static void plain(struct boot *b, enum call_name name, uint64_t value) {
  push_plain(b->main, name, -1, value, tick(b));
  b->left -= 2;
}

static void pair(struct boot *b) {
  push_pair(b->main, 0x82a70000u + 28 * rng_below(&b->same, 12), tick(b));
  b->left -= 4;
}

static int32_t create(struct boot *b, enum call_name name, enum obj_type type) {
  int32_t h = world_handle(b->w, type);
  push_call(b->main, name, -1, 0x7018fb90u, tick(b));
  push(b->main, (struct ev){.kind = E_CREATE, .handle = h, .dt = 400});
  push_return(b->main, name, 0, 300);
  b->left -= 3;
  return h;
}

static void close_handle(struct boot *b, int32_t h) {
  push_call(b->main, C_NtClose, h, 0, tick(b));
  push(b->main, (struct ev){.kind = E_DESTROY, .handle = h, .dt = 300});
  push_return(b->main, C_NtClose, 0, 300);
  b->left -= 3;
}

static void file(struct boot *b) {
  plain(b, C_RtlInitAnsiString, 0x7018fa00u);
  int32_t h = create(b, C_NtCreateFile, T_FILE);
  plain(b, C_NtQueryInformationFile, 0);
  for (uint32_t n = rng_range(&b->same, 1, 6); n; n--) plain(b, C_NtReadFile, 0);
  close_handle(b, h);
}

static void missing_file(struct boot *b) {
  plain(b, C_RtlInitAnsiString, 0x7018fa00u);
  push_call(b->main, C_NtQueryFullAttributesFile, -1, 0x7018fa20u, tick(b));
  push_return(b->main, C_NtQueryFullAttributesFile, 0xc0000034u, 9000);
  push_call(b->main, C_RtlNtStatusToDosError, -1, 0xc0000034u, tick(b));
  push_return(b->main, C_RtlNtStatusToDosError, 2, 90);
  b->left -= 4;
}

static void allocation(struct boot *b) {
  plain(b, C_NtAllocateVirtualMemory, 0x7018fb94u);
  if (rng_below(&b->same, 3) == 0) {
    plain(b, C_MmAllocatePhysicalMemoryEx, 0);
    plain(b, C_MmGetPhysicalAddress, 0);
  }
}

static void temporary_event(struct boot *b) {
  int32_t h = create(b, C_NtCreateEvent, T_EVENT);
  plain(b, C_RtlInitializeCriticalSection, 0x40006000u);
  close_handle(b, h);
}

static void thread(struct boot *b, uint32_t entry, bool (*refill)(struct world *w, struct thread *t)) {
  struct world *w = b->w;
  uint32_t tid = (w->ours ? 3 : 7) + b->made++;
  struct thread *t = world_thread(w, tid, entry, refill);
  t->handle = world_handle(w, T_THREAD);
  push_call(b->main, C_ExCreateThread, -1, 0x7018fb90u, tick(b));
  push(b->main, (struct ev){.kind = E_CREATE, .handle = t->handle, .dt = 400});
  push(b->main, (struct ev){.kind = E_THREAD, .handle = t->handle, .value = (uint64_t)(t - w->threads), .dt = 400});
  push_return(b->main, C_ExCreateThread, 0, 900);
  b->left -= 4;
}

static void next_thread(struct boot *b) {
  uint32_t i = b->made;
  if (i < 4)
    thread(b, 0x82170a40u, noise_helper);
  else if (i < 6)
    thread(b, i == 4 ? 0x82169d00u : 0x82169e80u, noise_audio);
  else if (i < 9)
    thread(b, 0x8217c000u + 0x100 * i, noise_streamer);
  else
    thread(b, 0x82087e00u, noise_notify);
}

// One more call here or there: ours makes 5 events more in all, with the module that only it logs.
static void difference(struct boot *b) {
  struct thread *m = b->main;
  bool ours = b->w->ours;
  switch (b->differences++) {
  case 0:
    if (ours) push_plain(m, C_KeQueryPerformanceFrequency, -1, 0, tick(b));
    break;
  case 1:
    if (ours) push_pair(m, 0x82a70000u, tick(b));
    break;
  case 2:
    if (!ours) push_pair(m, 0x82a7001cu, tick(b));
    break;
  case 3:
    if (ours) push_plain(m, C_KeGetCurrentProcessType, -1, 0, tick(b));
    break;
  default:
    if (ours) push(m, (struct ev){.kind = E_MODULE, .handle = -1, .dt = tick(b)});
    break;
  }
}

static void step(struct boot *b) {
  uint32_t r = rng_below(&b->same, 100);
  if (r < 70)
    for (uint32_t n = rng_range(&b->same, 1, 4); n; n--) pair(b);
  else if (r < 78)
    file(b);
  else if (r < 81)
    missing_file(b);
  else if (r < 89)
    allocation(b);
  else if (r < 92)
    temporary_event(b);
  else
    plain(b, r < 96 ? C_KeTlsGetValue : C_KeGetCurrentProcessType, 0);
}

// The last events: exactly as many as are left.
static void pad(struct boot *b) {
  if (b->left % 2) create(b, C_NtCreateEvent, T_EVENT); // kept open
  while (b->left >= 4) pair(b);
  if (b->left) plain(b, C_KeTlsGetValue, 0);
}

static void boot(struct boot *b) {
  uint32_t whole = b->left, differ_at[] = {whole / 9, whole / 5, whole / 3, whole / 2, whole - whole / 4};
  b->w->pool = create(b, C_NtCreateSemaphore, T_SEMAPHORE);
  while (b->left > 60) {
    uint32_t done = whole - b->left;
    if (b->differences < 5 && done > differ_at[b->differences]) difference(b);
    if (b->made < GUEST_THREADS && done > whole / 3 + b->made * (whole / 30)) next_thread(b);
    step(b);
  }
  pad(b);
}

static void join(struct boot *b) {
  struct world *w = b->w;
  struct thread *m = b->main, *t = world_thread(w, w->ours ? 13 : 17, WORKER_ENTRY, NULL);
  w->worker = (size_t)(t - w->threads);
  w->worker_handle = t->handle = world_handle(w, T_THREAD);
  push_call(m, C_ExCreateThread, -1, 0x7018fb90u, tick(b));
  push(m, (struct ev){.kind = E_CREATE, .handle = t->handle, .dt = 400});
  push(m, (struct ev){.kind = E_THREAD, .flags = F_SUSPENDED, .handle = t->handle, .value = w->worker, .dt = 500});
  push_return(m, C_ExCreateThread, 0, 900);
  push_call(m, C_NtResumeThread, t->handle, 0, 3000);
  m->queue[m->n - 1].flags = F_RESUMES;
  push_return(m, C_NtResumeThread, 0, 900);
  push_call(m, C_NtWaitForSingleObjectEx, t->handle, 0, 2000);
  push(m, (struct ev){.kind = E_WAIT, .flags = w->ours ? 0 : F_BLOCKS, .handle = t->handle, .dt = 300});
  if (w->ours) {
    if (w->o->lying) push_return(m, C_NtWaitForSingleObjectEx, 0, 80);
    return;
  }
  push(m, (struct ev){.kind = E_WAIT_END, .handle = t->handle, .dt = 900});
  push_return(m, C_NtWaitForSingleObjectEx, 0, 300);
  push_call(m, C_NtClose, t->handle, 0, 3000);
  push(m, (struct ev){.kind = E_DESTROY, .handle = t->handle, .dt = 300});
  push_return(m, C_NtClose, 0, 300);
  m->refill = noise_frame;
}

// The engine's own threads: five in the reference, the display's in ours.
static void engine_threads(struct world *w, struct thread *zero) {
  uint32_t first = w->ours ? 2 : 1, last = w->ours ? 2 : 5;
  for (uint32_t tid = first; tid <= last; tid++) {
    struct thread *t = world_thread(w, tid, 0, tid == 2 ? noise_vblank : NULL);
    push(zero, (struct ev){.kind = E_THREAD, .handle = -1, .value = (uint64_t)(t - w->threads), .dt = 90000});
  }
}

bool boot_fill(struct world *w) {
  struct thread *zero = world_thread(w, 0, 0, NULL);
  zero->runs = true;
  zero->idx = w->written; // after the header
  engine_threads(w, zero);
  struct thread *m = world_thread(w, w->ours ? 1 : 6, 0x82087d28u, NULL);
  w->main = (size_t)(m - w->threads);
  m->handle = world_handle(w, T_THREAD);
  push(zero, (struct ev){.kind = E_CREATE, .handle = m->handle, .dt = 90000});
  push(zero, (struct ev){.kind = E_THREAD, .handle = m->handle, .value = w->main, .dt = 90000});
  struct boot b = {.w = w, .main = m, .same = {w->o->title * 77}, .own = m->rng, .left = w->o->boot - 1 - 4};
  boot(&b);
  if (b.differences != 5 || b.made != GUEST_THREADS) abort(); // the boot is too short for what it must hold
  join(&b);
  return worker_fill(w, &w->threads[w->worker]);
}
