// NetDll_*: a console whose cable is not plugged in. Winsock starts, sockets can be made and bound, and nothing is
// reached: every answer is the same on every machine, so no host network can touch a trace.
#include <string.h>

#include "emu/kernel/kernel.h"

// Arguments are (caller, ...): the first says which library called.
#define WSAEWOULDBLOCK 10035u
#define WSAENOTSOCK 10038u
#define WSAENETDOWN 10050u
#define WSAENOTCONN 10057u
#define WSAHOST_NOT_FOUND 11001u
#define SOCKET_ERROR 0xFFFFFFFFu

static uint64_t fail(struct wg_kcall *k, uint32_t error) {
  if (k->thread) WG_PUT(k->m, k->thread->kthread, KTHREAD, LAST_ERROR, error);
  return SOCKET_ERROR;
}
static uint64_t k_WSAStartup(struct wg_kcall *k) {
  if (A(2)) {
    uint8_t *p = wg_kptr(k->m, A(2), WG_SIZEOF_WSADATA, true);
    if (p) memset(p, 0, WG_SIZEOF_WSADATA);
    WG_PUT(k->m, A(2), WSADATA, VERSION, A(1) & 0xFFFF);
    WG_PUT(k->m, A(2), WSADATA, HIGHEST, 0x202);
  }
  return 0;
}
WG_CALL(NetDll_WSAGetLastError, 0) { return k->thread ? WG_GET(k->m, k->thread->kthread, KTHREAD, LAST_ERROR) : 0; }
WG_CALL(NetDll_WSASetLastError, 1) {
  fail(k, A(0));
  return 0;
}
WG_CALL(NetDll_socket, 4) { return 4 * (wg_ordinal(k->m, 0x536F636B) + 1); }
static uint64_t k_would_block(struct wg_kcall *k) { return fail(k, WSAEWOULDBLOCK); }
static uint64_t k_net_down(struct wg_kcall *k) { return fail(k, WSAENETDOWN); }
static uint64_t k_not_connected(struct wg_kcall *k) { return fail(k, WSAENOTCONN); }
uint64_t wg_none_ready(struct wg_machine *m, struct wg_thread *t, uint32_t status) {
  (void)t, (void)status;
  wg_json_u64(&m->calls.out, "ready", 0);
  return 0;
}
// Nothing is ever ready: the sets come back empty, after the timeout if there is one.
WG_CALL(NetDll_select, 6) {
  for (int i = 2; i < 5; i++) {
    if (A(i)) KW32(k, A(i), 0);
    wg_told(k, A(i));
  }
  int64_t ns = A(5) ? (int64_t)WG_GET(k->m, A(5), TIMEVAL, SECONDS) * 1000000000 +
                          (int64_t)WG_GET(k->m, A(5), TIMEVAL, MICROSECONDS) * 1000
                    : 0;
  if (ns > 0 && k->thread) {
    wg_wait(k, NULL, 0, false, false, ns);
    k->thread->wait.then = WG_THEN_NONE_READY;
    return 0;
  }
  return wg_none_ready(k->m, k->thread, 0);
}
WG_CALL(NetDll_sendto, 7) { return A(3); } // datagrams vanish
WG_CALL(NetDll_getsockname, 4) {
  uint32_t room = A(3) ? KR32(k, A(3)) : 0;
  uint8_t *p = room ? wg_kptr(k->m, A(2), room < 16 ? room : 16, true) : NULL;
  if (p) memset(p, 0, room < 16 ? room : 16);
  return 0;
}
WG_CALL(NetDll_getsockopt, 6) {
  if (A(5) && WG_GET(k->m, A(5), TIMEVAL, SECONDS) >= 4) KW32(k, A(4), 0);
  return 0;
}
WG_CALL(NetDll_inet_addr, 2) {
  struct wg_buf s = {0};
  uint32_t v = 0, parts = 0, part = 0, digits = 0;
  wg_kstr(k->m, A(1), &s);
  for (const char *p = s.len ? s.data : ""; parts < 4; p++) {
    if (*p >= '0' && *p <= '9' && digits < 3) {
      part = part * 10 + (uint32_t)(*p - '0');
      digits++;
      continue;
    }
    if (digits == 0 || part > 255 || (*p != '.' && *p != 0)) break;
    if (parts == 3 && *p != 0) break; // text behind the fourth
    v = v << 8 | part;
    parts++;
    part = digits = 0;
    if (*p == 0) break;
  }
  wg_buf_release(&s);
  return parts == 4 ? v : 0xFFFFFFFFu;
}
// XNADDR (24) of a console without an address; the result says so: 1 is XNET_GET_XNADDR_NONE.
static uint64_t k_XnAddr(struct wg_kcall *k) {
  uint8_t *p = A(1) ? wg_kptr(k->m, A(1), 0x24, true) : NULL;
  if (p) memset(p, 0, 0x24);
  return 1;
}
WG_CALL(NetDll_XNetRandom, 3) {
  wg_random(k->m, 0x584E6574, A(2) ? wg_kptr(k->m, A(1), A(2), true) : NULL, A(2));
  return 0;
}
WG_CALL(XNetLogonGetTitleID, 2) {
  wg_out_u32(k, A(1), "title_id", k->m->image.title_id);
  return 0;
}
WG_CALL(NetDll_WSACreateEvent, 0) {
  uint32_t status;
  struct wg_object *o = wg_object_make(k, WG_O_EVENT, WG_SIZEOF_KEVENT, &status);
  if (o == NULL) return 0; // WSA_INVALID_EVENT
  KW32(k, o->guest, WG_D_NOTIFICATION_EVENT << 24);
  return wg_handle_publish(k->m, o);
}
static uint64_t event_op(struct wg_kcall *k, const char *op, int32_t state) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->type != WG_O_EVENT) return 0;
  wg_signal(k->m, o, op, state, state);
  return 1;
}
WG_CALL(NetDll_WSASetEvent, 1) { return event_op(k, "set", 1); }
WG_CALL(NetDll_WSAResetEvent, 1) { return event_op(k, "reset", 0); }
WG_CALL(NetDll_WSACloseEvent, 1) { return wg_handle_close(k->m, A(0)) == STATUS_SUCCESS; }
// (count, handles, all, timeout in ms, alertable)
WG_CALL(NetDll_WSAWaitForMultipleEvents, 5) {
  struct wg_object *objects[64];
  if (A(0) == 0 || A(0) > 64 || k->thread == NULL) return SOCKET_ERROR;
  for (uint32_t i = 0; i < A(0); i++) {
    objects[i] = wg_handle_get(k->m, KR32(k, A(1) + 4 * i));
    if (objects[i] == NULL || objects[i]->guest == 0) return SOCKET_ERROR;
  }
  return wg_wait(k, objects, A(0), A(2) != 0, A(4) != 0, A(3) == 0xFFFFFFFFu ? -1 : (int64_t)A(3) * 1000000);
}
WG_CALL(NetDll_XNetInAddrToString, 4) {
  struct wg_buf s = {0};
  uint32_t a = A(1);
  wg_buf_printf(&s, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
  for (uint32_t i = 0; i <= s.len && i < A(3); i++) wg_kw(k->m, A(2) + i, 1, i < s.len ? (uint8_t)s.data[i] : 0);
  wg_json_str(wg_out(k), "text", s.data);
  wg_told(k, A(2));
  wg_buf_release(&s);
  return 0;
}

WG_CALL(NetDll_WSAStartup, 3) { return k_WSAStartup(k); }
WG_CALL(NetDll_WSAStartupEx, 4) { return k_WSAStartup(k); }
WG_CONSTANT(NetDll_WSACleanup, 1, 0)
WG_CALL(NetDll_WSARecvFrom, 10) { return k_would_block(k); }
WG_CALL(NetDll_WSASendTo, 10) { return k_net_down(k); }
WG_CONSTANT(NetDll_XNetStartup, 2, 0)
WG_CONSTANT(NetDll_XNetStartupEx, 3, 0)
WG_CONSTANT(NetDll_XNetCleanup, 2, 0)
WG_CALL(NetDll_XNetGetTitleXnAddr, 2) { return k_XnAddr(k); }
WG_CALL(NetDll_XNetGetDebugXnAddr, 2) { return k_XnAddr(k); }
WG_CONSTANT(NetDll_XNetGetEthernetLinkStatus, 1, 0)
WG_CONSTANT(NetDll_XNetGetOpt, 4, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetCreateKey, 3, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetRegisterKey, 3, 0)
WG_CONSTANT(NetDll_XNetUnregisterKey, 3, 0)
WG_CONSTANT(NetDll_XNetXnAddrToInAddr, 4, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetInAddrToXnAddr, 4, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetXnAddrToMachineId, 3, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetDnsLookup, 4, WSAHOST_NOT_FOUND)
WG_CONSTANT(NetDll_XNetDnsRelease, 2, 0)
WG_CONSTANT(NetDll_XNetQosListen, 6, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetQosRelease, 2, 0)
WG_CONSTANT(NetDll_XNetQosServiceLookup, 4, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetSetSystemLinkPort, 2, 0)
WG_CONSTANT(NetDll_closesocket, 2, 0)
WG_CONSTANT(NetDll_shutdown, 3, 0)
WG_CONSTANT(NetDll_bind, 4, 0)
WG_CONSTANT(NetDll_listen, 3, 0)
WG_CALL(NetDll_connect, 4) { return k_net_down(k); }
WG_CALL(NetDll_accept, 4) { return k_would_block(k); }
WG_CALL(NetDll_recv, 5) { return k_not_connected(k); }
WG_CALL(NetDll_recvfrom, 7) { return k_would_block(k); }
WG_CALL(NetDll_send, 5) { return k_not_connected(k); }
WG_CONSTANT(NetDll_ioctlsocket, 4, 0)
WG_CONSTANT(NetDll_setsockopt, 6, 0)
WG_CALL(NetDll_getpeername, 4) { return k_not_connected(k); }
WG_CALL(NetDll_WSARecv, 8) { return k_not_connected(k); }
WG_CALL(NetDll_WSASend, 8) { return k_not_connected(k); }
WG_CONSTANT(NetDll_WSAGetOverlappedResult, 6, 0)
WG_CONSTANT(NetDll_WSACancelOverlappedIO, 2, 0)
WG_CONSTANT(NetDll_WSAEventSelect, 4, 0)
WG_CONSTANT(NetDll_XNetUnregisterInAddr, 2, 0)
WG_CONSTANT(NetDll_XNetConnect, 2, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetGetConnectStatus, 2, 0) // idle
WG_CONSTANT(NetDll_XNetServerToInAddr, 4, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetTsAddrToInAddr, 5, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetInAddrToServer, 3, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetQosLookup, 13, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetQosGetListenStats, 3, WSAENETDOWN)
WG_CONSTANT(NetDll_XNetGetBroadcastVersionStatus, 2, 0)
WG_CONSTANT(NetDll_XNetSetOpt, 4, 0)
WG_CONSTANT(NetDll_XnpLogonGetStatus, 2, WSAENETDOWN)
WG_CONSTANT(XNetLogonGetMachineID, 1, WSAENETDOWN)
WG_CONSTANT(NetDll___WSAFDIsSet, 2, 0)
