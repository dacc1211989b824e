// What runs later, and is seen in memory alone: DPCs that count, kernel APCs with a context each, callbacks of a device
// that are taken away in time, and blocks that go round.
#include "runtime.h"

u32 XAudioRegisterRenderDriverClient(const void *, u32 *), XAudioUnregisterRenderDriverClient(u32);
NTSTATUS ObReferenceObjectByHandle(HANDLE, void *type, void **object);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 process_type, u32 zero);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *);
void ObDereferenceObject(void *);
void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *, void *, u32), KeRemoveQueueApc(KAPC *), KeRemoveQueueDpc(KDPC *);

#define LETTERS 6

static KAPC letters[LETTERS];
static KDPC count_dpc, spare_dpc;
static KTIMER clock;
static KEVENT delivered;
static volatile u32 counted, spared, heard, blanks, frames_wanted, sum;
static HANDLE open_door, answers;

static void on_count(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)b;
  counted += a ? a : 1;
}
static void on_spare(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  spared++;
}
static void interrupt(u32 source, u32 ctx) {
  (void)ctx;
  if (source == 0) blanks++;
}
static void mix(void *ctx) {
  (void)ctx;
  frames_wanted++;
}

static void on_letter(void *ctx, void *a, void *b) {
  (void)a, (void)b;
  heard = heard * 3 + (u32)(usize)ctx;
  release(answers, 1);
}

// Takes letters while it waits at the door; what it has heard decides how long it works.
static u32 reader(u32 unused) {
  (void)unused;
  while (await_ex(open_door, FOREVER, 1) == STATUS_USER_APC) burn(20 + (heard & 15));
  return heard;
}

// Blocks that are given back in another order than they came in.
static u32 churn(u32 rounds) {
  u32 *kept[4] = {NULL, NULL, NULL, NULL}, made = 0;
  for (u32 i = 0; i < rounds; i++) {
    u32 **slot = &kept[(i * 7 + 3) & 3];
    if (*slot) {
      sum += **slot;
      ExFreePool(*slot);
    }
    *slot = ExAllocatePool(32 + 16 * (i & 3));
    if (*slot) **slot = i, made++;
  }
  for (u32 i = 0; i < 4; i++)
    if (kept[i]) {
      sum += *kept[i];
      ExFreePool(kept[i]);
    }
  return made;
}

static void post(void *thread) {
  for (u32 i = 0; i < LETTERS; i++) {
    KeInitializeApc(&letters[i], thread, (void *)on_spare, NULL, (void *)on_letter, 1, (void *)(usize)(i + 1));
    KeInsertQueueApc(&letters[i], NULL, NULL, 0);
    if (i == 2) nap(1);
  }
  for (u32 i = 0; i < LETTERS; i++) await(answers, 200);
}

static void run_dpcs(void) {
  KeInitializeDpc(&count_dpc, (void *)on_count, NULL), KeInitializeDpc(&spare_dpc, (void *)on_spare, NULL);
  for (u32 i = 1; i <= 5; i++) {
    KeInsertQueueDpc(&count_dpc, (void *)(usize)i, NULL);
    nap(1);
  }
  KeInitializeTimerEx(&clock, 0, 0, 0);
  for (u32 i = 0; i < 3; i++) {
    KeSetTimer(&clock, -20000, &count_dpc);
    await_here(&clock, 50);
    nap(1);
  }
}

int main(void) {
  u32 driver = 0;
  const void *client[2] = {(void *)mix, NULL};
  void *thread = NULL;
  KeInitializeEvent(&delivered, 0, 0);
  open_door = make_event(1, 0, NULL), answers = make_semaphore(0, LETTERS);
  HANDLE r = begin(reader, 0, CORE(2)), c = begin(churn, 24, CORE(3));
  ObReferenceObjectByHandle(r, NULL, &thread);
  nap(1);
  post(thread);
  run_dpcs();
  VdInitializeEngines(0x4F810000, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)interrupt, NULL);
  XAudioRegisterRenderDriverClient(client, &driver);
  nap(60);
  VdSetGraphicsInterruptCallback(NULL, NULL);
  XAudioUnregisterRenderDriverClient(driver);
  nap(40);
  set(open_door);
  finish(r), finish(c);
  ObDereferenceObject(thread);
  DbgPrint("%d %d %x\n", counted, blanks != 0, heard);
  return 0;
}
