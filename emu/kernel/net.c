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
  if (k->thread) KW32(k, k->thread->kthread + 0x160, error);
  return SOCKET_ERROR;
}
// X_WSADATA (190): 0 version, 2 highest version, then text and limits.
static uint64_t k_WSAStartup(struct wg_kcall *k) {
  if (A(2)) {
    uint8_t *p = wg_kptr(k->m, A(2), 0x190, true);
    if (p) memset(p, 0, 0x190);
    wg_kw(k->m, A(2), 2, A(1) & 0xFFFF);
    wg_kw(k->m, A(2) + 2, 2, 0x202);
  }
  return 0;
}
static uint64_t k_WSAGetLastError(struct wg_kcall *k) { return k->thread ? KR32(k, k->thread->kthread + 0x160) : 0; }
static uint64_t k_WSASetLastError(struct wg_kcall *k) {
  fail(k, A(0));
  return 0;
}
static uint64_t k_socket(struct wg_kcall *k) { return 4 * (wg_ordinal(k->m, 0x536F636B) + 1); }
static uint64_t k_would_block(struct wg_kcall *k) { return fail(k, WSAEWOULDBLOCK); }
static uint64_t k_net_down(struct wg_kcall *k) { return fail(k, WSAENETDOWN); }
static uint64_t k_not_connected(struct wg_kcall *k) { return fail(k, WSAENOTCONN); }
// Nothing is ever ready: the sets come back empty, after the timeout if there is one.
static uint64_t k_select(struct wg_kcall *k) {
  for (int i = 2; i < 5; i++)
    if (A(i)) KW32(k, A(i), 0);
  int64_t ns = A(5) ? (int64_t)KR32(k, A(5)) * 1000000000 + (int64_t)KR32(k, A(5) + 4) * 1000 : 0;
  if (ns > 0 && k->thread) {
    wg_wait(k, NULL, 0, false, false, ns);
    return 0;
  }
  return 0;
}
static uint64_t k_sendto(struct wg_kcall *k) { return A(3); } // datagrams vanish
static uint64_t k_getsockname(struct wg_kcall *k) {
  uint32_t room = A(3) ? KR32(k, A(3)) : 0;
  uint8_t *p = room ? wg_kptr(k->m, A(2), room < 16 ? room : 16, true) : NULL;
  if (p) memset(p, 0, room < 16 ? room : 16);
  return 0;
}
static uint64_t k_getsockopt(struct wg_kcall *k) {
  if (A(5) && KR32(k, A(5)) >= 4) KW32(k, A(4), 0);
  return 0;
}
static uint64_t k_inet_addr(struct wg_kcall *k) {
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
static uint64_t k_XNetRandom(struct wg_kcall *k) {
  wg_random(k->m, 0x584E6574, A(2) ? wg_kptr(k->m, A(1), A(2), true) : NULL, A(2));
  return 0;
}
static uint64_t k_no_host(struct wg_kcall *k) {
  (void)k;
  return WSAHOST_NOT_FOUND;
}
static uint64_t k_refuse(struct wg_kcall *k) {
  (void)k;
  return WSAENETDOWN;
}
static uint64_t k_title_id(struct wg_kcall *k) {
  if (A(1)) KW32(k, A(1), k->m->image.title_id);
  return 0;
}
static uint64_t k_WSACreateEvent(struct wg_kcall *k) {
  struct wg_object *o = wg_object_new(k->m, WG_O_EVENT, k->lr);
  wg_object_place(k->m, o, wg_pool_alloc(k->m, 0x10));
  KW32(k, o->guest, WG_D_NOTIFICATION_EVENT << 24);
  KW32(k, o->guest + 8, o->guest + 8);
  KW32(k, o->guest + 12, o->guest + 8);
  return wg_handle_publish(k->m, o);
}
static uint64_t event_op(struct wg_kcall *k, const char *op, int32_t state) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->type != WG_O_EVENT) return 0;
  wg_signal(k->m, o, op, state, state);
  return 1;
}
static uint64_t k_WSASetEvent(struct wg_kcall *k) { return event_op(k, "set", 1); }
static uint64_t k_WSAResetEvent(struct wg_kcall *k) { return event_op(k, "reset", 0); }
static uint64_t k_WSACloseEvent(struct wg_kcall *k) { return wg_handle_close(k->m, A(0)) == STATUS_SUCCESS; }
// (count, handles, all, timeout in ms, alertable)
static uint64_t k_WSAWaitForMultipleEvents(struct wg_kcall *k) {
  struct wg_object *objects[64];
  if (A(0) == 0 || A(0) > 64 || k->thread == NULL) return SOCKET_ERROR;
  for (uint32_t i = 0; i < A(0); i++) {
    objects[i] = wg_handle_get(k->m, KR32(k, A(1) + 4 * i));
    if (objects[i] == NULL || objects[i]->guest == 0) return SOCKET_ERROR;
  }
  return wg_wait(k, objects, A(0), A(2) != 0, A(4) != 0, A(3) == 0xFFFFFFFFu ? -1 : (int64_t)A(3) * 1000000);
}
static uint64_t k_XNetInAddrToString(struct wg_kcall *k) {
  struct wg_buf s = {0};
  uint32_t a = A(1);
  wg_buf_printf(&s, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
  for (uint32_t i = 0; i <= s.len && i < A(3); i++) wg_kw(k->m, A(2) + i, 1, i < s.len ? (uint8_t)s.data[i] : 0);
  wg_buf_release(&s);
  return 0;
}

WG_TABLE(net) = {
    {"NetDll_WSAStartup", k_WSAStartup, "ddp", 'd'},
    {"NetDll_WSAStartupEx", k_WSAStartup, "ddpd", 'd'},
    {"NetDll_WSACleanup", wg_k_zero, "d", 'd'},
    {"NetDll_WSAGetLastError", k_WSAGetLastError, "", 'd'},
    {"NetDll_WSASetLastError", k_WSASetLastError, "d", 'v'},
    {"NetDll_WSACreateEvent", k_WSACreateEvent, "", 'd'},
    {"NetDll_WSACloseEvent", k_WSACloseEvent, "h", 'b'},
    {"NetDll_WSASetEvent", k_WSASetEvent, "h", 'b'},
    {"NetDll_WSAResetEvent", k_WSAResetEvent, "h", 'b'},
    {"NetDll_WSAWaitForMultipleEvents", k_WSAWaitForMultipleEvents, "dpddd", 'd'},
    {"NetDll_WSARecvFrom", k_would_block, "ddpdpppppp", 'd'},
    {"NetDll_WSASendTo", k_net_down, "ddpdpdpdpp", 'd'},
    {"NetDll_XNetStartup", wg_k_zero, "dp", 'd'},
    {"NetDll_XNetStartupEx", wg_k_zero, "dpd", 'd'},
    {"NetDll_XNetCleanup", wg_k_zero, "dp", 'd'},
    {"NetDll_XNetRandom", k_XNetRandom, "dpd", 'd'},
    {"NetDll_XNetGetTitleXnAddr", k_XnAddr, "dp", 'd'},
    {"NetDll_XNetGetDebugXnAddr", k_XnAddr, "dp", 'd'},
    {"NetDll_XNetGetEthernetLinkStatus", wg_k_zero, "d", 'd'},
    {"NetDll_XNetGetOpt", k_refuse, "ddpp", 'd'},
    {"NetDll_XNetCreateKey", k_refuse, "dpp", 'd'},
    {"NetDll_XNetRegisterKey", wg_k_zero, "dpp", 'd'},
    {"NetDll_XNetUnregisterKey", wg_k_zero, "dpp", 'd'},
    {"NetDll_XNetXnAddrToInAddr", k_refuse, "dppp", 'd'},
    {"NetDll_XNetInAddrToXnAddr", k_refuse, "dppp", 'd'},
    {"NetDll_XNetInAddrToString", k_XNetInAddrToString, "ddpd", 'v'},
    {"NetDll_XNetXnAddrToMachineId", k_refuse, "dpp", 'd'},
    {"NetDll_XNetDnsLookup", k_no_host, "dsdp", 'd'},
    {"NetDll_XNetDnsRelease", wg_k_zero, "dp", 'd'},
    {"NetDll_XNetQosListen", k_refuse, "dppddd", 'd'},
    {"NetDll_XNetQosRelease", wg_k_zero, "dp", 'd'},
    {"NetDll_XNetQosServiceLookup", k_refuse, "dddp", 'd'},
    {"NetDll_XNetSetSystemLinkPort", wg_k_zero, "dd", 'd'},
    {"NetDll_socket", k_socket, "dddd", 'd'},
    {"NetDll_closesocket", wg_k_zero, "dd", 'd'},
    {"NetDll_shutdown", wg_k_zero, "ddd", 'd'},
    {"NetDll_bind", wg_k_zero, "ddpd", 'd'},
    {"NetDll_listen", wg_k_zero, "ddd", 'd'},
    {"NetDll_connect", k_net_down, "ddpd", 'd'},
    {"NetDll_accept", k_would_block, "ddpp", 'd'},
    {"NetDll_select", k_select, "ddpppp", 'd'},
    {"NetDll_recv", k_not_connected, "ddpdd", 'd'},
    {"NetDll_recvfrom", k_would_block, "ddpddpp", 'd'},
    {"NetDll_send", k_not_connected, "ddpdd", 'd'},
    {"NetDll_sendto", k_sendto, "ddpddpd", 'd'},
    {"NetDll_ioctlsocket", wg_k_zero, "dddp", 'd'},
    {"NetDll_setsockopt", wg_k_zero, "ddddpd", 'd'},
    {"NetDll_getsockopt", k_getsockopt, "ddddpp", 'd'},
    {"NetDll_getsockname", k_getsockname, "ddpp", 'd'},
    {"NetDll_inet_addr", k_inet_addr, "ds", 'd'},
    {"NetDll_getpeername", k_not_connected, "ddpp", 'd'},
    {"NetDll_WSARecv", k_not_connected, "ddpdpppp", 'd'},
    {"NetDll_WSASend", k_not_connected, "ddpdpdpp", 'd'},
    {"NetDll_WSAGetOverlappedResult", wg_k_zero, "ddppdp", 'd'},
    {"NetDll_WSACancelOverlappedIO", wg_k_zero, "dd", 'd'},
    {"NetDll_WSAEventSelect", wg_k_zero, "ddhd", 'd'},
    {"NetDll_XNetUnregisterInAddr", wg_k_zero, "dd", 'd'},
    {"NetDll_XNetConnect", k_refuse, "dd", 'd'},
    {"NetDll_XNetGetConnectStatus", wg_k_zero, "dd", 'd'}, // idle
    {"NetDll_XNetServerToInAddr", k_refuse, "dddp", 'd'},
    {"NetDll_XNetTsAddrToInAddr", k_refuse, "dpdpp", 'd'},
    {"NetDll_XNetInAddrToServer", k_refuse, "ddp", 'd'},
    {"NetDll_XNetQosLookup", k_refuse, "ddppppppdddp", 'd'},
    {"NetDll_XNetQosGetListenStats", k_refuse, "dpp", 'd'},
    {"NetDll_XNetGetBroadcastVersionStatus", wg_k_zero, "dd", 'd'},
    {"NetDll_XNetSetOpt", wg_k_zero, "ddpd", 'd'},
    {"NetDll_XnpLogonGetStatus", k_refuse, "dp", 'd'},
    {"XNetLogonGetTitleID", k_title_id, "dp", 'd'},
    {"XNetLogonGetMachineID", k_refuse, "p", 'd'},
    {"NetDll___WSAFDIsSet", wg_k_zero, "dp", 'd'},
    {0},
};
