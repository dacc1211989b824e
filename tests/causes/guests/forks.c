// A sort by forks: who has much to sort makes a thread for the left half and does the right half itself, then joins it;
// threads live for a moment, their handles' numbers are used again, and each tells what it did by its exit code.
#include "engine.h"

void *ExAllocatePoolWithTag(u32 size, u32 tag);
struct part {
  u32 *at, n, depth;
};
static u32 *numbers;
static HANDLE room;
static KEVENT go;
static volatile u32 made, alone;

static void merge(u32 *at, u32 n) {
  u32 half = n / 2, *t = ExAllocatePoolWithTag(n * 4, 0x4D524745), i = 0, j = half;
  if (t == NULL) {
    DbgPrint("forks: no memory\n");
    return;
  }
  for (u32 k = 0; k < n; k++) t[k] = j == n || (i < half && at[i] <= at[j]) ? at[i++] : at[j++];
  for (u32 k = 0; k < n; k++) at[k] = t[k];
  ExFreePool(t);
}

static void sort(struct part p);
static void forked(void *arg) {
  struct part p = *(struct part *)arg;
  ExFreePool(arg);
  if (p.depth == 0) KeWaitForSingleObject(&go, 3, 1, 0, NULL);
  sort(p);
  NtReleaseSemaphore(room, 1, NULL);
  ExTerminateThread(p.n);
}

static void sort(struct part p) {
  if (p.n < 8) {
    for (u32 i = 1; i < p.n; i++)
      for (u32 j = i; j && p.at[j - 1] > p.at[j]; j--) {
        u32 x = p.at[j];
        p.at[j] = p.at[j - 1], p.at[j - 1] = x;
      }
    return;
  }
  s64 none = 0;
  HANDLE h = 0;
  struct part right = {p.at + p.n / 2, p.n - p.n / 2, p.depth + 1}, left = {p.at, p.n / 2, p.depth + 1};
  if (NtWaitForSingleObjectEx(room, 1, 0, &none) == STATUS_SUCCESS) {
    struct part *q = ExAllocatePoolWithTag(sizeof *q, 0x50415254);
    *q = left;
    if (ExCreateThread(&h, 0x8000, NULL, NULL, (void *)forked, q, CORE(p.depth)) != STATUS_SUCCESS) {
      ExFreePool(q);
      NtReleaseSemaphore(room, 1, NULL);
    } else {
      add(&made, 1);
    }
  }
  if (h == 0) {
    add(&alone, 1);
    sort(left);
  }
  sort(right);
  if (h) {
    s64 t = MS(300);
    if (NtWaitForSingleObjectEx(h, 1, 0, &t) != STATUS_SUCCESS) DbgPrint("forks: %d did not come back\n", left.n);
    NtClose(h);
  }
  merge(p.at, p.n);
}

int main(void) {
  u32 seed = 7, size = 4096, base = 0, wrong = 0;
  HANDLE first = 0;
  if (NtAllocateVirtualMemory(&base, &size, 0x1000, 4, 0) != STATUS_SUCCESS) return 1;
  numbers = (u32 *)base;
  for (u32 i = 0; i < 96; i++) numbers[i] = (seed = seed * 1103515245u + 12345u) >> 16;
  NtCreateSemaphore(&room, NULL, 3, 3);
  KeInitializeEvent(&go, 0, 0);
  struct part *q = ExAllocatePoolWithTag(sizeof *q, 0x50415254);
  *q = (struct part){numbers, 96, 0};
  NtWaitForSingleObjectEx(room, 1, 0, NULL);
  ExCreateThread(&first, 0x8000, NULL, NULL, (void *)forked, q, CORE(1) | 1);
  void *thread = NULL;
  ObReferenceObjectByHandle(first, NULL, &thread);
  KeSetBasePriorityThread(thread, 3);
  ObDereferenceObject(thread);
  NtResumeThread(first, NULL);
  nap(1);
  KeSetEvent(&go, 0, 0);
  NtWaitForSingleObjectEx(first, 1, 0, NULL);
  NtClose(first);
  for (u32 i = 1; i < 96; i++) wrong += numbers[i - 1] > numbers[i];
  NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  NtClose(room);
  DbgPrint("forks: %d wrong\n", wrong);
  return 0;
}
