// Reads that end in APCs: each completion issues the next read, an alertable wait drives them; a second thread sends
// progress by APC, and a DPC tells the watchdog.
#include "stage.h"

#define BLOCK 2048

static HANDLE file, never, main_thread;
static u8 buffer[BLOCK];
static IO_STATUS_BLOCK io;
static u64 position;
static volatile u32 blocks, progress, alive;
static u32 sum, over;
static KDPC dpc;
static KEVENT watched;

static void completed(void *ctx, IO_STATUS_BLOCK *status, u32 reserved);

static void issue(void) {
  NTSTATUS s = NtReadFile(file, 0, (void *)completed, (void *)0x51, &io, buffer, BLOCK, &position);
  if (FAILED(s)) over = 1;
}

static void completed(void *ctx, IO_STATUS_BLOCK *status, u32 reserved) {
  (void)ctx, (void)reserved;
  if (over) return;
  sum += checksum(buffer, status->information);
  position += status->information;
  blocks++;
  issue();
}

static void told(u32 amount, u32 a, u32 b) {
  (void)a, (void)b;
  progress += amount;
}

static void dpc_routine(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)b;
  alive += a;
  KeSetEvent(&watched, 0, 0);
}

static void reporter(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < 3; i++) {
    pause_ms(3);
    NTSTATUS s = NtQueueApcThread(main_thread, (void *)told, (void *)5, NULL, NULL);
    if (FAILED(s)) complain("apcio: progress", s);
    KeInsertQueueDpc(&dpc, (void *)1, NULL);
  }
  ExTerminateThread(0);
}

int main(void) {
  NTSTATUS s = open_file(&file, "game:\\data\\part1.bin", READ, 1);
  if (FAILED(s)) return complain("apcio", s), 1;
  watched.h.type = 1;
  KeInitializeDpc(&dpc, (void *)dpc_routine, NULL);
  NtDuplicateObject(CURRENT_THREAD, &main_thread, 0);
  never = new_event(0, 0);
  issue();
  u32 idle = 0;
  while (!over && idle < 5) {
    s64 t = MS(10);
    s = NtWaitForSingleObjectEx(never, 1, 1, &t);
    if (s != STATUS_USER_APC) {
      idle++;
      DbgPrint("apcio: nothing came (%x)\n", s);
    }
  }
  DbgPrint("apcio: %d blocks, %x\n", blocks, sum);
  HANDLE t = spawn(reporter, 0, ON(2));
  while (progress < 15) NtWaitForSingleObjectEx(never, 1, 1, NULL);
  KeWaitForSingleObject(&watched, 0, 1, 0, NULL);
  DbgPrint("apcio: alive %d\n", alive ? 1 : 0);
  join(t);
  NtClose(file), NtClose(never), NtClose(main_thread);
  return 0;
}
