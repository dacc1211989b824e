// What stands between the logo and the game: three services are made suspended and let go one after another (who plays,
// which games are saved, is there a network); each tells the loop by letter. The loop wakes by letters and by a timer
// and reads XAM's notices meanwhile. A question ends it, which an overlapped call asks.
#include "engine.h"
#define SERVICES 3
#define LETTERS 8
u32 NetDll_XNetStartup(u32, void *), NetDll_WSAStartup(u32, u32, void *), NetDll_socket(u32, u32, u32, u32);
u32 NetDll_closesocket(u32, u32), NetDll_XNetGetTitleXnAddr(u32, void *), NetDll_XNetRandom(u32, void *, u32);
u32 NetDll_WSAGetLastError(void);
struct overlapped {
  u32 result, length, context, event, routine, routine_context, extended;
};
static HANDLE mail, tick, services[SERVICES], listener, profile_known;
static CRITICAL_SECTION box_lock;
static volatile u32 box[LETTERS], box_in, box_out;
static u8 listed[4 * 0x134], game[0x134], net_params[16], net_addr[36], noise[8];
static u64 xuid;

static void post(u32 letter) {
  RtlEnterCriticalSection(&box_lock);
  box[box_in++ % LETTERS] = letter;
  RtlLeaveCriticalSection(&box_lock);
  NtSetEvent(mail, NULL);
}

static u32 take(void) {
  u32 letter = 0;
  RtlEnterCriticalSection(&box_lock);
  if (box_out != box_in) letter = box[box_out++ % LETTERS];
  RtlLeaveCriticalSection(&box_lock);
  return letter;
}

static void profile(void *unused) {
  char name[32];
  (void)unused;
  u32 state = XamUserGetSigninState(0);
  if (state == 0 || XamUserGetXUID(0, 1, &xuid)) DbgPrint("frontend: nobody plays\n");
  if (state && XamUserGetName(0, name, sizeof name)) DbgPrint("frontend: who?\n");
  NtSetEvent(profile_known, NULL);
  post(0x100 | state);
  ExTerminateThread(state);
}

static void saves(void *unused) {
  HANDLE e = 0, done = 0;
  u32 size = 0, count = 0, n = 0, rv;
  (void)unused;
  NtWaitForSingleObjectEx(profile_known, 1, 0, NULL);
  game[3] = 1, game[7] = 1, game[9] = 'G', game[0x108] = 'g';
  if (XamContentCreate(0, "game0", game, 2, &size, NULL, NULL) || XamContentClose("game0", NULL))
    DbgPrint("frontend: no room\n");
  NtCreateEvent(&done, NULL, MANUAL, 0);
  rv = XamContentCreateEnumerator(0, 1, 1, 0, 4, &size, &e);
  while (rv == 0) {
    struct overlapped o = {0, 0, 0, done, 0, 0, 0};
    NtClearEvent(done);
    rv = XamEnumerate(e, 0, listed, size, NULL, &o);
    if (rv == 997) {
      NtWaitForSingleObjectEx(done, 1, 0, NULL);
      rv = XamGetOverlappedResult(&o, &count, 0);
      if (rv == 1627) rv = o.extended & 0xFFFF;
    }
    if (rv == 0) n += count;
  }
  if (rv != 18) DbgPrint("frontend: no list, %d\n", rv);
  NtClose(e), NtClose(done);
  post(0x200 | n);
  ExTerminateThread(n);
}

static void network(void *unused) {
  u8 data[400];
  u32 up = 0;
  (void)unused;
  NtWaitForSingleObjectEx(profile_known, 1, 0, NULL);
  u32 a = NetDll_XNetStartup(1, net_params), b = a ? 1 : NetDll_WSAStartup(1, 0x202, data);
  if (a == 0 && b == 0) {
    u32 s = NetDll_socket(1, 2, 2, 17);
    if (s == 0xFFFFFFFFu) DbgPrint("frontend: no socket, %d\n", NetDll_WSAGetLastError());
    for (u32 i = 0; i < 3 && up == 0; i++) up = NetDll_XNetGetTitleXnAddr(1, net_addr), nap(2);
    NetDll_XNetRandom(1, noise, sizeof noise);
    NetDll_closesocket(1, s);
  } else {
    DbgPrint("frontend: no network\n");
  }
  post(0x300 | (up != 0));
  ExTerminateThread(up);
}

static u32 ask_start(void) {
  HANDLE done = 0;
  u32 answer = 9;
  s64 limit = MS(500);
  NtCreateEvent(&done, NULL, MANUAL, 0);
  struct overlapped o = {0, 0, 0, done, 0, 0, 0};
  u32 rv = XamShowMessageBoxUI(0, NULL, NULL, 2, NULL, 0, 0, &answer, (u32 *)&o);
  if (rv == 997 && NtWaitForSingleObjectEx(done, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("frontend: no answer\n");
  u32 ended = XamGetOverlappedResult(&o, NULL, 0);
  NtClose(done);
  return ended ? 99 : answer;
}

int main(void) {
  static void (*const entries[SERVICES])(void *) = {profile, saves, network};
  u32 come = 0, known = 0, id, value, notices = 0, idle = 0;
  s64 first = MS(4);
  RtlInitializeCriticalSectionAndSpinCount(&box_lock, 100);
  NtCreateEvent(&mail, NULL, AUTO, 0), NtCreateEvent(&profile_known, NULL, MANUAL, 0);
  NtCreateTimer(&tick, NULL, AUTO), NtSetTimerEx(tick, &first, NULL, 1, NULL, 0, 5, NULL);
  listener = XamNotifyCreateListener(0x7F, 1);
  if (listener == 0) DbgPrint("frontend: nobody tells me\n");
  for (u32 i = 0; i < SERVICES; i++)
    ExCreateThread(&services[i], 0x10000, NULL, NULL, (void *)entries[i], NULL, CORE(i + 1) | 1);
  for (u32 i = 0; i < SERVICES; i++) NtResumeThread(services[i], NULL);
  while (come < SERVICES && idle < 40) {
    HANDLE both[2] = {mail, tick};
    NTSTATUS s = NtWaitForMultipleObjectsEx(2, both, 1, 1, 0, NULL);
    while (XNotifyGetNext(listener, 0, &id, &value)) notices++;
    if (s == 1) idle++;
    for (u32 letter = take(); letter; letter = take()) come++, known = known << 4 | letter >> 8;
  }
  if (come < SERVICES) DbgPrint("frontend: only %d letters\n", come);
  NtCancelTimer(tick, NULL);
  NtWaitForMultipleObjectsEx(SERVICES, services, 0, 1, 0, NULL);
  u32 start = ask_start();
  HANDLE f = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = 0;
  if ((s32)open_file(&f, &io, start == 0 ? "game:\\data\\part0.bin" : "game:\\data\\english.bin", FOR_READ, 1, 0x60) <
      0)
    DbgPrint("frontend: nothing to start\n");
  NtReadFile(f, 0, NULL, NULL, &io, listed, 64, &at);
  DbgPrint("frontend: started with %d, notices %d\n", start, notices > 0);
  for (u32 i = 0; i < SERVICES; i++) NtClose(services[i]);
  NtClose(f), NtClose(mail), NtClose(tick), NtClose(profile_known), NtClose(listener);
  return 0;
}
