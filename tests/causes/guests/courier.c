// Couriers: letters are APCs that the title makes itself and sends by threads' pointers; each courier sleeps alertably
// and answers with another letter; a postmaster takes one back, and a tardy one reads a file with an APC for its end.
#include "engine.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment), KeRemoveQueueApc(KAPC *);
#define COURIERS 2
#define LETTERS 4
struct courier {
  HANDLE handle;
  void *kthread;
  KEVENT ready;
  volatile u32 got, sum;
};
static struct courier c[COURIERS];
static KAPC letter[COURIERS][LETTERS], withdrawn;
static KEVENT home;
static volatile u32 arrived, read_done;
static HANDLE road;

static void kernel_part(KAPC *a, void **fn, void **ctx, void **x, void **y) {
  (void)a, (void)fn, (void)ctx, (void)x, (void)y;
}
static void open_letter(void *ctx, u32 what, u32 more) {
  struct courier *x = ctx;
  x->got++;
  x->sum = x->sum * 7 + what + more;
  NtReleaseSemaphore(road, 1, NULL);
}
static void read_over(void *ctx, IO_STATUS_BLOCK *io, u32 unused) {
  (void)ctx, (void)unused;
  read_done = io->information;
}

static void carry(void *p) {
  struct courier *x = p;
  KeSetEvent(&x->ready, 1, 0);
  while (x->got < LETTERS) {
    s64 t = MS(300);
    if (KeDelayExecutionThread(1, 1, &t) == 0) DbgPrint("courier: nothing comes\n");
  }
  if (add(&arrived, 1) == COURIERS) KeSetEvent(&home, 1, 0);
  ExTerminateThread(x->sum);
}

static void tardy(void *unused) {
  static u8 text[1024];
  HANDLE f = 0;
  IO_STATUS_BLOCK io;
  u64 at = 512;
  (void)unused;
  open_file(&f, &io, "game:\\data\\part2.bin", FOR_READ, 1, 0x40);
  NTSTATUS s = NtReadFile(f, 0, (void *)read_over, NULL, &io, text, sizeof text, &at);
  for (u32 i = 0; read_done == 0 && i < 5; i++) {
    s64 t = MS(20);
    KeDelayExecutionThread(1, 1, &t);
  }
  if ((s32)s < 0 || read_done != sizeof text) DbgPrint("courier: the book: %x, %d\n", s, read_done);
  NtClose(f);
  ExTerminateThread(read_done);
}

int main(void) {
  HANDLE late;
  KeInitializeEvent(&home, MANUAL, 0);
  NtCreateSemaphore(&road, NULL, 0, 100);
  for (u32 i = 0; i < COURIERS; i++) {
    KeInitializeEvent(&c[i].ready, AUTO, 0);
    ExCreateThread(&c[i].handle, 0x8000, NULL, NULL, (void *)carry, &c[i], CORE(i + 1));
    ObReferenceObjectByHandle(c[i].handle, NULL, &c[i].kthread);
    KeWaitForSingleObject(&c[i].ready, 3, 1, 0, NULL);
  }
  ExCreateThread(&late, 0x8000, NULL, NULL, (void *)tardy, NULL, CORE(4));
  for (u32 k = 0; k < LETTERS; k++) {
    for (u32 i = 0; i < COURIERS; i++) {
      KeInitializeApc(&letter[i][k], c[i].kthread, (void *)kernel_part, NULL, (void *)open_letter, 1, &c[i]);
      if (!KeInsertQueueApc(&letter[i][k], (void *)(usize)(k + 1), (void *)(usize)i, 0)) DbgPrint("courier: no post\n");
    }
    for (u32 i = 0; i < COURIERS; i++) NtWaitForSingleObjectEx(road, 1, 0, NULL);
    nap(2);
  }
  KeWaitForSingleObject(&home, 3, 1, 0, NULL);
  const HANDLE all[3] = {c[0].handle, c[1].handle, late};
  NtWaitForMultipleObjectsEx(3, all, 0, 1, 0, NULL);
  KeInitializeApc(&withdrawn, c[0].kthread, (void *)kernel_part, NULL, (void *)open_letter, 1, &c[0]);
  KeRemoveQueueApc(&withdrawn);
  for (u32 i = 0; i < COURIERS; i++) NtClose(c[i].handle), ObDereferenceObject(c[i].kthread);
  NtClose(late);
  DbgPrint("courier: %x %x\n", c[0].sum, c[1].sum);
  return 0;
}
