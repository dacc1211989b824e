// A lobby on XAM's own words: threads of CreateThread, events of the network library, sleeps and waits in milliseconds.
// A host lets two guests in, deals rounds to them, and counts what comes back.
#include "xbox.h"

HANDLE CreateThread(void *, u32 stack, void *fn, void *ctx, u32 flags, u32 *id);
u32 ResumeThread(HANDLE), WaitForSingleObject(HANDLE, u32 ms), WaitForSingleObjectEx(HANDLE, u32 ms, u32 alertable);
void Sleep(u32 ms), ExitThread(u32) __attribute__((noreturn));
u32 CloseHandle(HANDLE), GetTickCount(void), SleepEx(u32 ms, u32 alertable), GetCurrentThreadId(void);
HANDLE NetDll_WSACreateEvent(void);
u32 NetDll_WSASetEvent(HANDLE), NetDll_WSAResetEvent(HANDLE), NetDll_WSACloseEvent(HANDLE);
u32 NetDll_WSAWaitForMultipleEvents(u32 n, const HANDLE *, u32 all, u32 ms, u32 alertable);

#define SEATS 2
#define ROUNDS 4
static HANDLE deal[SEATS], played[SEATS], open_door, thread[SEATS + 1];
static volatile u32 card[SEATS], hand[SEATS], late, over;

static void guest(void *self) {
  u32 me = (u32)(usize)self;
  if (WaitForSingleObject(open_door, 500)) ExitThread(100 + me);
  for (u32 i = 0; i < ROUNDS; i++) {
    u32 s = WaitForSingleObjectEx(deal[me], 200, 0);
    NetDll_WSAResetEvent(deal[me]);
    if (s) late++;
    hand[me] = hand[me] * 3 + card[me];
    Sleep(1 + me);
    NetDll_WSASetEvent(played[me]);
  }
  ExitThread(hand[me]);
}

static void clock_keeper(void *unused) {
  u32 began = GetTickCount(), ticks = 0;
  (void)unused;
  while (!over) {
    SleepEx(3, 1);
    ticks++;
  }
  ExitThread(GetTickCount() - began > 3 * ticks + 50 ? 1 : 0);
}

int main(void) {
  open_door = NetDll_WSACreateEvent();
  for (u32 i = 0; i < SEATS; i++) {
    deal[i] = NetDll_WSACreateEvent(), played[i] = NetDll_WSACreateEvent();
    thread[i] = CreateThread(NULL, 0x8000, (void *)guest, (void *)(usize)i, 4, NULL);
  }
  thread[SEATS] = CreateThread(NULL, 0x8000, (void *)clock_keeper, NULL, 0, NULL);
  for (u32 i = 0; i < SEATS; i++) ResumeThread(thread[i]);
  Sleep(2);
  NetDll_WSASetEvent(open_door);
  for (u32 r = 0; r < ROUNDS; r++) {
    for (u32 i = 0; i < SEATS; i++) card[i] = 10 * r + i, NetDll_WSASetEvent(deal[i]);
    u32 s = NetDll_WSAWaitForMultipleEvents(SEATS, played, 1, 400, 0);
    if (s) DbgPrint("matchmaker: round %d: %x\n", r, s);
    for (u32 i = 0; i < SEATS; i++) NetDll_WSAResetEvent(played[i]);
  }
  over = 1;
  for (u32 i = 0; i < SEATS + 1; i++) WaitForSingleObject(thread[i], 0xFFFFFFFF), CloseHandle(thread[i]);
  DbgPrint("matchmaker: %d %d, %d late\n", hand[0], hand[1], late);
  for (u32 i = 0; i < SEATS; i++) NetDll_WSACloseEvent(deal[i]), NetDll_WSACloseEvent(played[i]);
  return 0;
}
