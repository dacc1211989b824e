// Scripts on threads of their own of which one runs at a time: the scheduler resumes one, which suspends itself when
// its slice is over. Priorities are read back; a script that is done says so in its exit.
#include "engine.h"
NTSTATUS ObLookupThreadByThreadId(u32, void **);
#define SCRIPTS 4
static HANDLE thread[SCRIPTS], yielded;
static u32 ids[SCRIPTS];
static volatile u32 pc[SCRIPTS], finished[SCRIPTS], slices, strange;
static void slice_over(void) {
  NtSetEvent(yielded, NULL);
  u32 before = 9;
  NtSuspendThread(CURRENT_THREAD, &before);
  if (before != 0) strange++;
}
static void script(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (pc[me] = 0; pc[me] < 3 + me; pc[me]++) {
    burn(80 * (me + 1));
    slice_over();
  }
  finished[me] = 1;
  NtSetEvent(yielded, NULL);
  ExTerminateThread(me * 11);
}
int main(void) {
  NtCreateEvent(&yielded, NULL, AUTO, 0);
  for (u32 i = 0; i < SCRIPTS; i++) {
    void *o = NULL;
    u32 old = 0;
    ExCreateThread(&thread[i], 0x8000, &ids[i], NULL, (void *)script, (void *)(usize)i, 1);
    ObLookupThreadByThreadId(ids[i], &o);
    s32 was = KeSetBasePriorityThread(o, (s32)i - 2), now = KeQueryBasePriorityThread(o);
    if (was == now && i != 2) strange++;
    KeSetAffinityThread(o, 1u << (i + 1), &old);
    ObDereferenceObject(o);
  }
  for (u32 round = 0, left = SCRIPTS; left && round < 40; round++) {
    u32 i = round % SCRIPTS, before = 0;
    if (finished[i]) continue;
    NTSTATUS s = NtResumeThread(thread[i], &before);
    if ((s32)s < 0) {
      DbgPrint("script %d: %x\n", i, s);
      break;
    }
    if (before != 1) strange++;
    if (NtWaitForSingleObjectEx(yielded, 1, 0, &(s64){MS(200)}) != 0) DbgPrint("script %d does not yield\n", i);
    nap(1);
    slices++;
    left -= finished[i] != 0;
  }
  for (u32 i = 0; i < SCRIPTS; i++) NtWaitForSingleObjectEx(thread[i], 1, 0, NULL), NtClose(thread[i]);
  DbgPrint("scripts: %d slices, %d strange\n", slices, strange);
  return 0;
}
