// Looking for servers: sockets that are polled with growing pauses, a heartbeat through a completion port, an answer
// thread, and a supervisor that gives up after a time; what was learnt decides which list is shown.
#include "runtime.h"

u32 NetDll_WSAStartup(u32, u32, void *), NetDll_WSACleanup(u32), NetDll_socket(u32, u32, u32, u32);
u32 NetDll_closesocket(u32, u32), NetDll_WSAGetLastError(void), NetDll_sendto(u32, u32, void *, u32, u32, void *, u32);
u32 NetDll_recvfrom(u32, u32, void *, u32, u32, void *, u32 *), NetDll_XNetRandom(u32, void *, u32);
u32 NetDll_XNetGetTitleXnAddr(u32, void *), XGetLanguage(void), XexCheckExecutablePrivilege(u32);
NTSTATUS NtCreateIoCompletion(HANDLE *, u32, OBJECT_ATTRIBUTES *, u32);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, u32 status, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *);

#define NONE 0xFFFFFFFFu

static HANDLE port, gave_up, beat_due;
static u32 sock, nonce[2], here[9], attempts, beats, refusals, listed;
static u8 packet[64], from[16];
static volatile u32 state;

static u32 poller(u32 pause) {
  u32 length = 16;
  while (state == 0 && attempts < 6) {
    if (NetDll_sendto(1, sock, packet, 32, 0, from, 16) == NONE) refusals += NetDll_WSAGetLastError() != 10035;
    u32 n = NetDll_recvfrom(1, sock, packet, sizeof packet, 0, from, &length);
    if (n != NONE) {
      NtSetIoCompletion(port, 2, n, 0, 0);
      return attempts;
    }
    attempts++;
    nap(pause);
    pause += pause / 2;
    NtSetIoCompletion(port, 1, attempts, 0, pause);
  }
  NtSetIoCompletion(port, 3, 0, 0, 0);
  return attempts;
}

static u32 heart(u32 period) {
  while (await(gave_up, period) == STATUS_TIMEOUT) {
    beats++;
    set(beat_due);
  }
  return 0;
}

static u32 supervisor(u32 limit) {
  s64 t;
  for (;;) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io = {0, 0};
    NTSTATUS s = NtRemoveIoCompletion(port, &key, &value, &io, span(&t, limit));
    if (s == STATUS_TIMEOUT || key == 3) break;
    if (key == 2) {
      state = 2;
      break;
    }
    if (io.information > 30) state = 1;
  }
  if (state == 0) state = 3;
  set(gave_up);
  return state;
}

int main(void) {
  u8 data[400];
  s32 previous = 0;
  if (XexCheckExecutablePrivilege(10) || NetDll_WSAStartup(1, 0x202, data)) return 1;
  sock = NetDll_socket(1, 2, 2, 17);
  u32 online = NetDll_XNetGetTitleXnAddr(1, here);
  NetDll_XNetRandom(1, nonce, sizeof nonce);
  NtCreateIoCompletion(&port, 0x1F0003, NULL, 0);
  gave_up = make_event(1, 0, NULL), beat_due = make_event(0, 0, NULL);
  HANDLE t[3] = {begin(poller, online & 4 ? 2 : 4, CORE(2)), begin(heart, 7, CORE(3)), begin(supervisor, 90, CORE(4))};
  for (u32 i = 0; i < 3; i++)
    if (await(beat_due, 200) != STATUS_SUCCESS) break;
  await_many(3, t, 1, FOREVER);
  NtSetEvent(gave_up, &previous);
  NetDll_closesocket(1, sock);
  NetDll_WSACleanup(1);
  for (u32 i = 0; i < 3; i++) close(t[i]);
  HANDLE list = open(state == 2 || previous == 0 ? "game:\\data\\movie.bin" : "game:\\data\\english.bin", 0);
  listed = read(list, packet, XGetLanguage() == 1 ? 50 : 60, 0);
  close(list), close(port);
  return 0;
}
