// I/O completion: a queue whose length is a semaphore.
#include <stdlib.h>

#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

struct packet {
  uint32_t key, value, status, information;
  struct packet *next;
};

WG_CALL(NtCreateIoCompletion, 4) {
  uint32_t status;
  struct wg_object *o = wg_object_make(k, WG_O_IO_COMPLETION, 0x20, &status);
  if (o == NULL) return status;
  wg_dispatcher_init(k->m, o->guest, WG_D_SEMAPHORE, 0);
  WG_PUT(k->m, o->guest, KSEMAPHORE, LIMIT, 0x7FFFFFFF);
  uint32_t h = wg_handle_publish(k->m, o);
  wg_out_u32(k, A(0), "handle", h);
  return STATUS_SUCCESS;
}
static struct wg_object *completion(struct wg_kcall *k, uint32_t *status) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  *status = o ? STATUS_OBJECT_TYPE_MISMATCH : STATUS_INVALID_HANDLE;
  return o && o->type == WG_O_IO_COMPLETION ? o : NULL;
}
WG_CALL(NtSetIoCompletion, 5) {
  uint32_t bad;
  struct wg_object *o = completion(k, &bad);
  if (o == NULL) return bad;
  if (k->m->bounds.packets == WG_MAX_PACKETS) {
    wg_limit(k->m, WG_L_PACKETS);
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  struct packet *p = wg_xcalloc(1, sizeof *p), *last = o->last_packet;
  *p = (struct packet){A(1), A(2), A(3), A(4), NULL};
  if (o->packets)
    last->next = p;
  else
    o->packets = p;
  o->last_packet = p;
  k->m->bounds.packets++;
  wg_signal(k->m, o, "release", (int32_t)((uint32_t)wg_state_of(k->m, o) + 1), 1);
  return STATUS_SUCCESS;
}
// The wait has taken one count; the packet goes with it.
uint64_t wg_packet_taken(struct wg_machine *m, struct wg_thread *t, uint32_t status) {
  struct wg_object *o = t->wait.links[0].o;
  struct packet *p = status == STATUS_SUCCESS ? o->packets : NULL;
  const uint32_t *to = t->wait.outputs;
  if (p == NULL) return status;
  o->packets = p->next;
  m->bounds.packets--;
  if (to[0]) wg_kw(m, to[0], 4, p->key);
  if (to[1]) wg_kw(m, to[1], 4, p->value);
  if (to[2]) {
    WG_PUT(m, to[2], IO_STATUS_BLOCK, STATUS, p->status);
    WG_PUT(m, to[2], IO_STATUS_BLOCK, INFORMATION, p->information);
  }
  wg_json_hex(&m->calls.out, "key", p->key);
  wg_json_hex(&m->calls.out, "value", p->value);
  wg_json_hex(&m->calls.out, "io_status", p->status);
  wg_json_u64(&m->calls.out, "information", p->information);
  free(p);
  return status;
}
WG_CALL(NtRemoveIoCompletion, 5) {
  uint32_t bad;
  struct wg_object *o = completion(k, &bad);
  if (o == NULL) return bad;
  if (k->thread == NULL) return STATUS_INVALID_HANDLE;
  for (int i = 0; i < 3; i++) k->thread->wait.outputs[i] = A(1 + i);
  uint32_t status = wg_wait(k, &o, 1, false, false, wg_timeout_arg(k, A(4)));
  if (k->state == WG_CALL_BLOCKED) {
    k->thread->wait.then = WG_THEN_PACKET_TAKEN;
    return status;
  }
  k->thread->wait.links[0].o = o;
  for (int i = 1; i < 4; i++) wg_told(k, A(i));
  return wg_packet_taken(k->m, k->thread, status);
}
void wg_packets_free(struct wg_machine *m, struct wg_object *o) {
  for (struct packet *p = o->packets, *next; p; p = next) {
    next = p->next;
    m->bounds.packets--;
    free(p);
  }
  o->packets = NULL;
}

void wg_packets_state(struct wg_archive *a, struct wg_object *o) {
  size_t n = 0;
  for (const struct packet *p = o->packets; p; p = p->next) n++;
  n = wg_ar_count(a, n, WG_MAX_PACKETS);
  struct packet *p = o->packets;
  for (size_t i = 0; i < n; i++) {
    if (wg_ar_loading(a)) {
      struct packet *last = o->last_packet;
      p = wg_xcalloc(1, sizeof *p);
      if (last) last->next = p;
      if (o->packets == NULL) o->packets = p;
      o->last_packet = p;
    }
    wg_ar_u32(a, &p->key);
    wg_ar_u32(a, &p->value);
    wg_ar_u32(a, &p->status);
    wg_ar_u32(a, &p->information);
    p = p->next; // NOLINT(clang-analyzer-core.NullDereference): so many were counted, or made
  }
}
