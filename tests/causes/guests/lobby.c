// Looking for a session on a network that is not there: the stack is started, sockets are made, a listener thread polls
// a socket, a connection is tried, and in the end the title plays alone; a sign-in and its notifications beside it.
#include "stage.h"

u32 NetDll_WSAStartup(u32, u32, void *), NetDll_WSACleanup(u32), NetDll_socket(u32, u32, u32, u32);
u32 NetDll_bind(u32, u32, void *, u32), NetDll_closesocket(u32, u32), NetDll_connect(u32, u32, void *, u32);
u32 NetDll_inet_addr(u32, const char *), NetDll_WSAGetLastError(void),
    NetDll_recvfrom(u32, u32, void *, u32, u32, void *, u32 *);
u32 NetDll_XNetStartup(u32, void *), NetDll_XNetGetTitleXnAddr(u32, void *), NetDll_ioctlsocket(u32, u32, u32, u32 *);
u32 XamUserGetSigninState(u32), XamUserGetXUID(u32, u32, u64 *), XamUserCheckPrivilege(u32, u32, u32 *);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *);

static u8 data[400], address[16], self[36];
static u32 udp, tcp, polls, notes, alone, privilege;
static HANDLE ready, searched, answered;
static volatile u32 quit;

static u32 start_stack(void) {
  u32 rv = NetDll_XNetStartup(1, NULL);
  if (rv) DbgPrint("lobby: no stack (%d)\n", rv);
  rv = NetDll_WSAStartup(1, 0x202, data);
  if (rv) return DbgPrint("lobby: no sockets (%d)\n", rv), 0;
  udp = NetDll_socket(1, 2, 2, 17), tcp = NetDll_socket(1, 2, 1, 6);
  if (udp == 0xFFFFFFFFu || tcp == 0xFFFFFFFFu)
    return DbgPrint("lobby: socket: error %d\n", NetDll_WSAGetLastError()), 0;
  u32 one = 1;
  NetDll_ioctlsocket(1, udp, 0x8004667E, &one);
  if (NetDll_bind(1, udp, address, 16)) DbgPrint("lobby: bind: error %d\n", NetDll_WSAGetLastError());
  return 1;
}

static void listener(void *ctx) {
  (void)ctx;
  u32 up = start_stack();
  NtSetEvent(ready, NULL);
  while (up && !quit) {
    u32 n = NetDll_recvfrom(1, udp, data, sizeof data, 0, NULL, NULL);
    if (n != 0xFFFFFFFFu) {
      NtSetEvent(answered, NULL);
      break;
    }
    if (NetDll_WSAGetLastError() == 10035) polls++;
    pause_ms(2);
  }
  ExTerminateThread(up);
}

static u32 search(void) {
  u32 host = NetDll_inet_addr(1, "10.1.2.3");
  if (host == 0xFFFFFFFFu) return DbgPrint("lobby: no such host\n"), 0;
  *(u32 *)(void *)(address + 4) = host;
  u32 rv = NetDll_connect(1, tcp, address, 16);
  if (rv == 0) return 1;
  u32 error = NetDll_WSAGetLastError();
  if (error != 10050 && error != 10051) DbgPrint("lobby: connect: error %d\n", error);
  return 0;
}

static void searcher(void *ctx) {
  (void)ctx;
  wait_for(ready, MS(500));
  u32 kind = NetDll_XNetGetTitleXnAddr(1, self);
  u32 found = 0;
  for (u32 i = 0; i < 3 && !found; i++) {
    found = search();
    if (wait_for(answered, MS(5)) == STATUS_SUCCESS) found = 1;
  }
  alone = !found;
  NtSetEvent(searched, NULL);
  ExTerminateThread(kind);
}

static void user(void) {
  u64 xuid = 0;
  HANDLE l = XamNotifyCreateListener(3, 0);
  u32 id, value;
  while (XNotifyGetNext(l, 0, &id, &value)) notes++;
  if (XamUserGetSigninState(0) && XamUserGetXUID(0, 1, &xuid)) DbgPrint("lobby: nobody\n");
  if (XamUserCheckPrivilege(0, 254, &privilege)) DbgPrint("lobby: privileges cannot be asked\n");
  NtClose(l);
}

int main(void) {
  ready = new_event(0, 0), searched = new_event(0, 0), answered = new_event(1, 0);
  HANDLE t[2] = {spawn(listener, 0, ON(2)), spawn(searcher, 0, ON(3))};
  user();
  if (wait_for(searched, MS(600)) != STATUS_SUCCESS) DbgPrint("lobby: the search does not end\n");
  if (!alone) DbgPrint("lobby: a session was found\n");
  quit = 1;
  join(t[0]), join(t[1]);
  NetDll_closesocket(1, udp), NetDll_closesocket(1, tcp), NetDll_WSACleanup(1);
  DbgPrint("lobby: alone %d, %d notes, %s\n", alone, notes, polls ? "polled" : "silent");
  return 0;
}
