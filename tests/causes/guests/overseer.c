// An overseer and its wards: each ward does a shift of some parcels and ends, and the overseer, who waits for any of
// their ends or for a stop, hires another one in its place while there is work. Parcels go from hand to hand by a
// signal that waits; a ward that is asked to rest is suspended. Wards find what they share by name.
#include "engine.h"
#define WARDS 3
#define SHIFTS 7
#define PARCELS 3
static HANDLE wards[WARDS], stop, belt, weighed, scale_thread;
static volatile u32 shift[WARDS], ended, weight, scale_over, open_doors;
static u32 parcels;
static KEVENT bell;

static HANDLE by_name(const char *name, u32 set) {
  HANDLE h = 0;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, name);
  NTSTATUS st = NtCreateEvent(&h, &oa, MANUAL, set);
  if ((s32)st < 0) DbgPrint("overseer: %s, %d\n", name, RtlNtStatusToDosError(st));
  return h;
}

static void scale(void *unused) {
  (void)unused;
  for (;;) {
    NtWaitForSingleObjectEx(belt, 1, 0, NULL);
    if (scale_over) break;
    weight += 3;
    NtSetEvent(weighed, NULL);
  }
  ExTerminateThread(weight);
}

static void ward(void *ctx) {
  u32 n = (u32)(usize)ctx, done = 0;
  HANDLE doors = by_name("\\??\\doors", 0), mine = 0;
  if (NtWaitForSingleObjectEx(doors, 1, 0, NULL) == STATUS_SUCCESS) add(&open_doors, 1);
  NtDuplicateObject(belt, &mine, 0);
  for (u32 i = 0; i < PARCELS; i++) {
    s64 limit = MS(300);
    burn(120 + 50 * (n % 4));
    KeWaitForSingleObject(&bell, 3, 1, 0, NULL);
    NTSTATUS s = NtSignalAndWaitForSingleObjectEx(mine, weighed, 1, 0, &limit);
    if (s == STATUS_SUCCESS) done++, parcels++;
    KeSetEvent(&bell, 1, 0);
  }
  NtClose(mine), NtClose(doors);
  ExTerminateThread(done);
}

static void hire(u32 at, u32 n) {
  shift[at] = n;
  if ((s32)ExCreateThread(&wards[at], 0x8000, NULL, NULL, (void *)ward, (void *)(usize)n, CORE(1 + at)) < 0)
    DbgPrint("overseer: nobody for shift %d\n", n);
}

int main(void) {
  u32 hired = 0, rests = 0;
  KeInitializeEvent(&bell, AUTO, 1);
  NtCreateEvent(&stop, NULL, MANUAL, 0), NtCreateEvent(&belt, NULL, AUTO, 0), NtCreateEvent(&weighed, NULL, AUTO, 0);
  HANDLE doors = by_name("\\??\\doors", 0);
  ExCreateThread(&scale_thread, 0x8000, NULL, NULL, (void *)scale, NULL, CORE(5));
  for (; hired < WARDS; hired++) hire(hired, hired);
  nap(3);
  NtSetEvent(doors, NULL);
  while (ended < SHIFTS) {
    HANDLE any[WARDS + 1] = {stop};
    u32 n = 1, at[WARDS + 1] = {0};
    for (u32 i = 0; i < WARDS; i++)
      if (wards[i]) at[n] = i, any[n++] = wards[i];
    s64 limit = MS(900);
    NTSTATUS s = NtWaitForMultipleObjectsEx(n, any, 1, 1, 0, &limit);
    if (s == 0 || s >= n) {
      DbgPrint("overseer: nothing ends\n");
      break;
    }
    NtClose(wards[at[s]]), wards[at[s]] = 0;
    if (++ended + WARDS <= SHIFTS) hire(at[s], hired++);
    if (ended == 2) {
      u32 other = wards[(at[s] + 1) % WARDS], count = 9;
      KeWaitForSingleObject(&bell, 3, 1, 0, NULL);
      if (other && NtSuspendThread(other, &count) == STATUS_SUCCESS) {
        nap(4);
        NtResumeThread(other, &count);
        rests += count == 1;
      }
      KeSetEvent(&bell, 1, 0);
    }
  }
  scale_over = 1;
  NtSetEvent(belt, NULL);
  NtWaitForSingleObjectEx(scale_thread, 1, 0, NULL);
  DbgPrint("overseer: %d parcels, weight %d, %d ended\n", parcels, weight, ended);
  if (rests != 1 || open_doors != SHIFTS) DbgPrint("overseer: no rest\n");
  NtClose(stop), NtClose(belt), NtClose(weighed), NtClose(doors), NtClose(scale_thread);
  return 0;
}
