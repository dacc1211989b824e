// What does not fit a family: read/write locks, lists, I/O completion, symbolic links, threads by id, odds and ends.
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "emu/kernel/format.h"
#include "emu/kernel/state.h"

// A part of the ERWLOCK that the call was given.
#define RW(field) WG_ADDR(A(0), ERWLOCK, field)
WG_CALL(ExInitializeReadWriteLock, 1) {
  WG_PUT(k->m, A(0), ERWLOCK, LOCK_COUNT, 0xFFFFFFFFu);
  WG_PUT(k->m, A(0), ERWLOCK, WRITERS, 0);
  WG_PUT(k->m, A(0), ERWLOCK, READERS, 0);
  WG_PUT(k->m, A(0), ERWLOCK, INSIDE, 0);
  wg_dispatcher_init(k->m, RW(EVENT), WG_D_SYNCHRONIZATION_EVENT, 0);
  wg_dispatcher_init(k->m, RW(SEMAPHORE), WG_D_SEMAPHORE, 0);
  WG_PUT(k->m, RW(SEMAPHORE), KSEMAPHORE, LIMIT, 0x7FFFFFFF);
  WG_PUT(k->m, A(0), ERWLOCK, SPIN_LOCK, 0);
  return 0;
}
static uint32_t add(struct wg_kcall *k, uint32_t at, int32_t n) {
  uint32_t v = KR32(k, at) + (uint32_t)n;
  KW32(k, at, v);
  return v;
}
static uint64_t wait_on(struct wg_kcall *k, uint32_t at) {
  struct wg_object *o = wg_object_at(k->m, at, k->lr);
  if (o && k->thread) wg_wait(k, &o, 1, false, false, -1);
  return 0;
}
static bool readers_may_enter(struct wg_kcall *k) {
  return WG_GET(k->m, A(0), ERWLOCK, INSIDE) != 0 && WG_GET(k->m, A(0), ERWLOCK, WRITERS) == 0;
}
WG_CALL(ExAcquireReadWriteLockExclusive, 1) {
  if (add(k, RW(LOCK_COUNT), 1) == 0) return 0;
  add(k, RW(WRITERS), 1);
  return wait_on(k, RW(EVENT));
}
WG_CALL(ExTryToAcquireReadWriteLockExclusive, 1) {
  if (WG_GET(k->m, A(0), ERWLOCK, LOCK_COUNT) != 0xFFFFFFFFu) return 0;
  WG_PUT(k->m, A(0), ERWLOCK, LOCK_COUNT, 0);
  return 1;
}
WG_CALL(ExAcquireReadWriteLockShared, 1) {
  bool enter = readers_may_enter(k);
  if (add(k, RW(LOCK_COUNT), 1) == 0 || enter) {
    add(k, RW(INSIDE), 1);
    return 0;
  }
  add(k, RW(READERS), 1);
  return wait_on(k, RW(SEMAPHORE));
}
WG_CALL(ExTryToAcquireReadWriteLockShared, 1) {
  if (WG_GET(k->m, A(0), ERWLOCK, LOCK_COUNT) != 0xFFFFFFFFu && !readers_may_enter(k)) return 0;
  add(k, RW(LOCK_COUNT), 1);
  add(k, RW(INSIDE), 1);
  return 1;
}
// The last reader lets a writer in; a writer lets every waiting reader in, else the next writer.
WG_CALL(ExReleaseReadWriteLock, 1) {
  if ((int32_t)add(k, RW(LOCK_COUNT), -1) < 0) {
    WG_PUT(k->m, A(0), ERWLOCK, INSIDE, 0);
    return 0;
  }
  uint32_t waiting = WG_GET(k->m, A(0), ERWLOCK, READERS), inside = WG_GET(k->m, A(0), ERWLOCK, INSIDE);
  if (inside == 0 && waiting) {
    WG_PUT(k->m, A(0), ERWLOCK, READERS, 0);
    WG_PUT(k->m, A(0), ERWLOCK, INSIDE, waiting);
    struct wg_object *s = wg_object_at(k->m, RW(SEMAPHORE), k->lr);
    if (s) wg_signal(k->m, s, "release", (int32_t)((uint32_t)wg_state_of(k->m, s) + waiting), (int32_t)waiting);
    return 0;
  }
  if (inside) add(k, RW(INSIDE), -1);
  if (inside > 1) return 0;
  add(k, RW(WRITERS), -1);
  struct wg_object *e = wg_object_at(k->m, RW(EVENT), k->lr);
  if (e) wg_signal(k->m, e, "set", 1, 1);
  return 0;
}

WG_CALL(InterlockedPushEntrySList, 2) {
  uint32_t old = WG_GET(k->m, A(0), SLIST_HEADER, FIRST), counts = WG_GET(k->m, A(0), SLIST_HEADER, COUNTS);
  KW32(k, A(1), old);
  WG_PUT(k->m, A(0), SLIST_HEADER, FIRST, A(1));
  WG_PUT(k->m, A(0), SLIST_HEADER, COUNTS, counts + 0x10001);
  return old;
}
WG_CALL(InterlockedPopEntrySList, 1) {
  uint32_t first = WG_GET(k->m, A(0), SLIST_HEADER, FIRST);
  if (first == 0) return 0;
  WG_PUT(k->m, A(0), SLIST_HEADER, FIRST, KR32(k, first));
  WG_PUT(k->m, A(0), SLIST_HEADER, COUNTS, WG_GET(k->m, A(0), SLIST_HEADER, COUNTS) - 0x10000);
  return first;
}
WG_CALL(InterlockedFlushSList, 1) {
  uint32_t first = WG_GET(k->m, A(0), SLIST_HEADER, FIRST);
  WG_PUT(k->m, A(0), SLIST_HEADER, FIRST, 0);
  WG_PUT(k->m, A(0), SLIST_HEADER, COUNTS, 0);
  return first;
}

// --- I/O completion: a queue whose length is a semaphore --------------------------------------------

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

WG_CALL(NtQueryEvent, 2) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL) return STATUS_INVALID_HANDLE;
  if (o->type != WG_O_EVENT) return STATUS_OBJECT_TYPE_MISMATCH;
  uint32_t type = (uint32_t)wg_kr(k->m, o->guest, 1); // notification 0, synchronization 1
  WG_PUT(k->m, A(1), EVENT_BASIC_INFORMATION, TYPE, type);
  WG_PUT(k->m, A(1), EVENT_BASIC_INFORMATION, STATE, wg_state_of(k->m, o));
  wg_json_u64(wg_out(k), "event_type", type);
  wg_json_i64(wg_out(k), "state", wg_state_of(k->m, o));
  wg_told(k, A(1));
  return STATUS_SUCCESS;
}

// --- symbolic links ------------------------------------------------------------------------------------

WG_CALL(NtOpenSymbolicLinkObject, 2) {
  struct wg_buf name = {0};
  if (A(1) == 0) return STATUS_INVALID_PARAMETER;
  wg_kansi(k->m, WG_GET(k->m, A(1), OBJECT_ATTRIBUTES, NAME), &name);
  const char *n = name.len ? name.data : "";
  if (strncmp(n, "\\??\\", 4) == 0) n += 4;
  uint32_t status = STATUS_OBJECT_NAME_NOT_FOUND;
  if (wg_vfs_link_target(k->m->vfs, n)) {
    struct wg_object *o = wg_object_make(k, WG_O_SYMBOLIC_LINK, 0, &status);
    if (o && !wg_object_name(k->m, o, n)) {
      wg_object_unref(k->m, o);
      o = NULL;
      status = STATUS_INSUFFICIENT_RESOURCES;
    }
    wg_out_u32(k, A(0), "handle", o ? wg_handle_publish(k->m, o) : 0);
  }
  wg_buf_release(&name);
  return status;
}
WG_CALL(NtQuerySymbolicLinkObject, 2) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  const char *to = o && o->type == WG_O_SYMBOLIC_LINK ? wg_vfs_link_target(k->m->vfs, o->name) : NULL;
  if (to == NULL) return STATUS_INVALID_HANDLE;
  uint32_t n = (uint32_t)strlen(to), room = WG_GET(k->m, A(1), STRING, ROOM);
  if (n > room) return STATUS_BUFFER_TOO_SMALL;
  uint8_t *p = wg_kptr(k->m, WG_GET(k->m, A(1), STRING, BUFFER), n, true);
  if (p && n) memcpy(p, to, n);
  WG_PUT(k->m, A(1), STRING, LENGTH, n);
  wg_json_str(wg_out(k), "target", to);
  wg_told(k, A(1));
  return STATUS_SUCCESS;
}

// --- objects and threads by name and id --------------------------------------------------------------------

static const enum wg_otype named_types[] = {WG_O_EVENT, WG_O_SEMAPHORE, WG_O_MUTANT, WG_O_TIMER};
static struct wg_object *by_name(struct wg_kcall *k, uint32_t ansi) {
  struct wg_buf name = {0};
  struct wg_object *o = NULL;
  wg_kansi(k->m, ansi, &name);
  for (size_t i = 0; o == NULL && name.len && i < sizeof named_types / sizeof *named_types; i++)
    o = wg_object_named(k->m, named_types[i], name.data);
  wg_buf_release(&name);
  return o;
}
// (attributes, type, parse context, handle*)
WG_CALL(ObOpenObjectByName, 4) {
  if (A(0) == 0) return STATUS_INVALID_PARAMETER;
  struct wg_object *o = by_name(k, WG_GET(k->m, A(0), OBJECT_ATTRIBUTES, NAME));
  if (o == NULL) return STATUS_OBJECT_NAME_NOT_FOUND;
  if (!wg_handle_room(k->m)) return STATUS_INSUFFICIENT_RESOURCES;
  o->refs++;
  wg_out_u32(k, A(3), "handle", wg_handle_publish(k->m, o));
  return STATUS_SUCCESS;
}
// (name, attributes, type, parse context, pointer*)
WG_CALL(ObReferenceObjectByName, 5) {
  struct wg_object *o = by_name(k, A(0));
  if (o == NULL) return STATUS_OBJECT_NAME_NOT_FOUND;
  wg_object_reference(o);
  wg_out_u32(k, A(4), "pointer", o->guest);
  return STATUS_SUCCESS;
}
WG_CALL(ObLookupThreadByThreadId, 2) {
  struct wg_thread *t = wg_thread_by_tid(k->m, A(0));
  bool found = t && t->object;
  if (found) wg_object_reference(t->object);
  wg_out_u32(k, A(1), "pointer", found ? t->kthread : 0);
  if (!found) return STATUS_INVALID_PARAMETER;
  return STATUS_SUCCESS;
}
// Memory with an object header; what the title makes of it is its own.
WG_CALL(ObCreateObject, 4) {
  uint32_t at = A(2) < WG_POOL_SIZE ? wg_pool_alloc(k->m, A(2) + WG_SIZEOF_OBJECT_HEADER, WG_POOL_TITLE) : 0;
  if (at == 0) return STATUS_NO_MEMORY;
  WG_PUT(k->m, at, OBJECT_HEADER, POINTERS, 1);
  WG_PUT(k->m, at, OBJECT_HEADER, TYPE, A(0));
  wg_out_u32(k, A(3), "pointer", at + WG_SIZEOF_OBJECT_HEADER);
  return STATUS_SUCCESS;
}
WG_CALL(KeRemoveQueueApc, 1) {
  for (size_t i = 0; i < k->m->threads.n; i++) {
    struct wg_thread *t = k->m->threads.list[i];
    wg_work(k->m, 1);
    if (wg_remove_apc(k->m, t, A(0))) return 1;
  }
  return 0;
}
// KeSetCurrentStackPointers(sp, thread, allocation, base, limit): fibers tell the kernel of another stack.
WG_CALL(KeSetCurrentStackPointers, 6) {
  if (k->thread == NULL) return 0;
  WG_PUT(k->m, k->thread->kthread, KTHREAD, STACK_ALLOCATION, A(2));
  WG_PUT(k->m, k->thread->kthread, KTHREAD, STACK_BASE, A(3));
  WG_PUT(k->m, k->thread->kthread, KTHREAD, STACK_LIMIT, A(4));
  WG_PUT(k->m, (uint32_t)k->cpu->gpr[13], KPCR, STACK_BASE, A(3));
  WG_PUT(k->m, (uint32_t)k->cpu->gpr[13], KPCR, STACK_LIMIT, A(4));
  k->cpu->gpr[1] = A(0);
  return 0;
}
WG_CALL(RtlGetStackLimits, 2) {
  uint32_t kpcr = (uint32_t)k->cpu->gpr[13];
  wg_out_u32(k, A(0), "limit", WG_GET(k->m, kpcr, KPCR, STACK_LIMIT));
  wg_out_u32(k, A(1), "base", WG_GET(k->m, kpcr, KPCR, STACK_BASE));
  return 0;
}

// --- memory ----------------------------------------------------------------------------------------------------

WG_CALL(MmIsAddressValid, 1) { return wg_mem_ptr(k->m->mem, A(0), 1, false) != NULL; }
WG_CALL(MmCreateKernelStack, 2) {
  uint32_t size = (A(0) + 0xFFF) & ~0xFFFu;
  struct wg_alloc a = {.size = size,
                       .lo = 0x70000000,
                       .hi = 0x7EFFFFFF,
                       .page = 0x1000,
                       .protect = WG_PROT_READWRITE,
                       .commit = true,
                       .owner = WG_MEM_KERNEL_STACK};
  uint32_t at = size ? wg_mem_reserve(k->m->mem, &a) : 0;
  return at ? at + size : 0;
}
WG_CALL(MmDeleteKernelStack, 2) {
  const struct wg_region *r = wg_mem_region(k->m->mem, A(1));
  if (r == NULL || r->owner != WG_MEM_KERNEL_STACK) return STATUS_UNSUCCESSFUL;
  wg_mem_release(k->m->mem, A(1));
  return STATUS_SUCCESS;
}
// Device memory is where it always is.
WG_CALL(MmMapIoSpace, 4) { return A(1); }
WG_CALL(NtAllocateEncryptedMemory, 3) {
  struct wg_alloc a = {.size = A(1),
                       .lo = 0x8C000000u,
                       .hi = 0x8FFFFFFFu,
                       .page = 0x10000,
                       .protect = WG_PROT_READWRITE,
                       .commit = true};
  if (A(1) == 0 || A(1) > 16u << 20) return STATUS_INVALID_PARAMETER;
  uint32_t at = wg_mem_reserve(k->m->mem, &a);
  if (at == 0) return STATUS_NO_MEMORY;
  wg_out_u32(k, A(2), "pointer", at);
  return STATUS_SUCCESS;
}
WG_CALL(RtlImageNtHeader, 1) {
  if (A(0) == 0 || wg_kr(k->m, A(0), 2) != 0x4D5A) return 0;
  const uint8_t *p = wg_mem_ptr(k->m->mem, WG_ADDR(A(0), DOS_HEADER, NEW), 4, false); // PE fields are little-endian
  uint32_t at = p ? A(0) + wg_load_le32(p) : 0;
  return at && KR32(k, at) == 0x50450000 ? at : 0;
}
// (base, mapped as image, index, size*)
WG_CALL(RtlImageDirectoryEntryToData, 4) {
  uint32_t nt = (uint32_t)wg_k_RtlImageNtHeader(k), index = A(2);
  const uint8_t *p =
      nt ? wg_mem_ptr(k->m->mem, WG_ADDR(nt, PE_HEADER, DIRECTORIES) + WG_SIZEOF_PE_DIRECTORY * index, 8, false) : NULL;
  if (p == NULL || index > 15) return 0;
  wg_out_i32(k, A(3), "size", (int32_t)WG_LOAD_LE(p, PE_DIRECTORY, SIZE));
  return wg_load_le32(p) ? A(0) + wg_load_le32(p) : 0;
}

// --- strings and numbers ------------------------------------------------------------------------------------------

// Case in the console's code page, Latin-1; the capital of y with diaeresis is not in it.
static uint32_t lower(uint32_t c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ? c + 32 : c;
}
static uint32_t upper(uint32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7) ? c - 32 : c;
}
static uint64_t compare(struct wg_kcall *k, uint32_t a, uint32_t na, uint32_t b, uint32_t nb, bool fold) {
  const uint8_t *p = wg_kptr(k->m, a, na, false), *q = wg_kptr(k->m, b, nb, false);
  if (p && q) wg_work(k->m, na < nb ? na : nb);
  for (uint32_t i = 0; p && q && i < na && i < nb; i++) {
    int x = (int)(fold ? upper(p[i]) : p[i]), y = (int)(fold ? upper(q[i]) : q[i]);
    if (x != y) return (uint64_t)(int64_t)(x - y);
  }
  return (uint64_t)((int64_t)na - (int64_t)nb);
}
static uint32_t length_of(struct wg_kcall *k, uint32_t s, uint32_t n) {
  if (n != 0xFFFFFFFFu) return n;
  struct wg_buf text = {0};
  wg_kstr(k->m, s, &text);
  n = (uint32_t)text.len;
  wg_buf_release(&text);
  return n;
}
WG_CALL(RtlCompareStringN, 5) {
  return compare(k, A(0), length_of(k, A(0), A(1)), A(2), length_of(k, A(2), A(3)), A(4) != 0);
}
WG_CALL(RtlCompareString, 3) {
  return compare(k, WG_GET(k->m, A(0), STRING, BUFFER), WG_GET(k->m, A(0), STRING, LENGTH),
                 WG_GET(k->m, A(1), STRING, BUFFER), WG_GET(k->m, A(1), STRING, LENGTH), A(2) != 0);
}
WG_CALL(RtlLowerChar, 1) { return lower(A(0) & 0xFF); }
static uint64_t copy_string(struct wg_kcall *k) {
  uint32_t n = A(1) ? WG_GET(k->m, A(1), STRING, LENGTH) : 0, room = WG_GET(k->m, A(0), STRING, ROOM);
  if (n > room) n = room;
  const uint8_t *from = n ? wg_kptr(k->m, WG_GET(k->m, A(1), STRING, BUFFER), n, false) : NULL;
  uint8_t *to = n ? wg_kptr(k->m, WG_GET(k->m, A(0), STRING, BUFFER), n, true) : NULL;
  if (from && to) memmove(to, from, n);
  WG_PUT(k->m, A(0), STRING, LENGTH, n);
  wg_json_u64(wg_out(k), "length", n);
  if (to) wg_json_hex(wg_out(k), "content", wg_hash(to, n, 0));
  wg_told(k, A(0));
  return 0;
}
// (seed, buffer, length): the CRC-32 of IEEE 802.3, chained.
WG_CALL(RtlComputeCrc32, 3) {
  const uint8_t *p = A(2) ? wg_kptr(k->m, A(1), A(2), false) : NULL;
  if (p) wg_work(k->m, A(2));
  uint32_t crc = A(0);
  for (uint32_t i = 0, part; p && i < A(2) && (i == 0 || wg_look(k->m)); i += part) {
    part = A(2) - i < WG_POLL_BYTES ? A(2) - i : WG_POLL_BYTES;
    crc = (uint32_t)crc32_z(crc, p + i, part);
  }
  return crc;
}
// The inverse of RtlTimeToTimeFields (rtl.c): days from civil, a year beginning on March 1st.
WG_CALL(RtlTimeFieldsToTime, 2) {
  uint32_t f[7];
  for (uint32_t i = 0; i < 7; i++) f[i] = (uint32_t)wg_kr(k->m, A(0) + 2 * i, 2);
  static const uint8_t days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  uint32_t year = f[0], month = f[1];
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (year < 1601 || month < 1 || month > 12 || f[2] < 1 ||
      f[2] > (uint32_t)days_of[month - 1] + (uint32_t)(month == 2 && leap) || f[3] > 23 || f[4] > 59 || f[5] > 59 ||
      f[6] > 999)
    return 0;
  int64_t y = (int64_t)year - (month <= 2), era = y / 400, yoe = y - era * 400;
  int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + f[2] - 1;
  int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 584694;
  uint64_t ms = ((f[3] * 60ull + f[4]) * 60 + f[5]) * 1000 + f[6];
  wg_out_time(k, A(1), (uint64_t)days * 864000000000ull + ms * 10000);
  return 1;
}
static uint64_t wide(struct wg_kcall *k, uint32_t fmt, uint32_t list, uint32_t to, uint32_t room, bool bounded) {
  struct wg_buf s = {0};
  struct wg_varargs va = wg_varargs_list(k, list);
  wg_format(k, fmt, true, &va, &s);
  uint32_t n = (uint32_t)s.len, copy = bounded && n > room ? room : n;
  for (uint32_t i = 0; to && i < copy; i++) wg_kw(k->m, to + 2 * i, 2, (uint8_t)s.data[i]);
  if (to && (!bounded || n < room)) wg_kw(k->m, to + 2 * copy, 2, 0);
  wg_json_str(wg_out(k), "text", s.len ? s.data : "");
  if (to) wg_told(k, to);
  wg_buf_release(&s);
  return bounded && n > room ? 0xFFFFFFFFu : n;
}
WG_CALL(vswprintf, 3) { return wide(k, A(1), A(2), A(0), 0, false); }
WG_CALL(_vsnwprintf, 4) { return wide(k, A(2), A(3), A(0), A(1), true); }
WG_CALL(_vscwprintf, 2) { return wide(k, A(0), A(1), 0, 0, false); }

// --- devices ------------------------------------------------------------------------------------------------------

WG_CONSTANT(HalGetCurrentAVPack, 0, 8) // HDMI, as XGetAVPack says
WG_CONSTANT(FscSetCacheElementCount, 2, STATUS_SUCCESS)
// A device that answers nothing, so that the title can go on.
WG_CALL(IoCreateDevice, 6) {
  uint32_t at = A(1) < WG_POOL_SIZE ? wg_pool_alloc(k->m, A(1) + WG_SIZEOF_DEVICE_OBJECT, WG_POOL_TITLE) : 0;
  if (at == 0) return STATUS_NO_MEMORY;
  WG_PUT(k->m, at, DEVICE_OBJECT, EXTENSION, at + WG_SIZEOF_DEVICE_OBJECT);
  wg_out_u32(k, A(5), "pointer", at);
  return STATUS_SUCCESS;
}
WG_CALL(IoDeleteDevice, 1) {
  wg_pool_free(k->m, A(0), WG_POOL_TITLE);
  return 0;
}
// (handle, event, apc, ctx, io status, code, in, in size, out, out size): the geometry of a disk, else nothing.
WG_CALL(NtDeviceIoControlFile, 10) {
  if (wg_handle_get(k->m, A(0)) == NULL) return STATUS_INVALID_HANDLE;
  if (A(5) == 0x70000 && A(8) &&
      A(9) >= WG_SIZEOF_DISK_GEOMETRY) { // IOCTL_DISK_GET_DRIVE_GEOMETRY: sectors, bytes a sector
    WG_PUT(k->m, A(8), DISK_GEOMETRY, SECTORS, 0x1E8480);
    WG_PUT(k->m, A(8), DISK_GEOMETRY, SECTOR_BYTES, 512);
    return STATUS_SUCCESS;
  }
  if (A(5) == 0x74004 && A(8) &&
      A(9) >= WG_SIZEOF_PARTITION_INFORMATION) { // IOCTL_DISK_GET_PARTITION_INFO: offset, length
    WG_PUT(k->m, A(8), PARTITION_INFORMATION, OFFSET, 0);
    WG_PUT(k->m, A(8), PARTITION_INFORMATION, LENGTH, 0x3D090000);
    return STATUS_SUCCESS;
  }
  return STATUS_INVALID_PARAMETER;
}

WG_CALL(ObLookupAnyThreadByThreadId, 2) { return wg_k_ObLookupThreadByThreadId(k); }
WG_CONSTANT(KeSaveFloatingPointState, 1, 0) // every context keeps its own registers
WG_CONSTANT(KeGetImagePageTableEntry, 1, 0)
WG_CALL(RtlUpcaseUnicodeChar, 1) { return (A(0) & 0xFFFF) == 0xFF ? 0x178 : upper(A(0) & 0xFFFF); }
WG_CALL(RtlUpperChar, 1) { return (A(0) & 0xFF) == 0xFF ? '?' : upper(A(0) & 0xFF); }
WG_CALL(RtlCopyString, 2) { return copy_string(k); }
WG_CALL(RtlCopyUnicodeString, 2) { return copy_string(k); }
WG_CONSTANT(FscGetCacheElementCount, 1, 0)
WG_CONSTANT(HidReadKeys, 3, STATUS_UNSUCCESSFUL)
WG_CONSTANT(IoCheckShareAccess, 5, 0) // one title never conflicts with itself here
WG_CONSTANT(IoSetShareAccess, 4, 0)
WG_CONSTANT(IoRemoveShareAccess, 2, 0)
WG_CONSTANT(IoInvalidDeviceRequest, 2, 0xC0000010u)
WG_CONSTANT(IoDismountVolume, 1, 0)
WG_CONSTANT(IoDismountVolumeByFileHandle, 1, 0)
WG_CONSTANT(IoDismountVolumeByName, 1, 0)
WG_CONSTANT(XUsbcamSetCaptureMode, 4, STATUS_NOT_IMPLEMENTED) // no camera was created
WG_CONSTANT(XUsbcamSetConfig, 3, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamReadFrame, 4, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamSetView, 2, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamDestroy, 1, STATUS_NOT_IMPLEMENTED)
WG_CONSTANT(XUsbcamGetState, 0, 0)
WG_CONSTANT(XUsbcamCreate, 3, STATUS_NOT_IMPLEMENTED)

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
