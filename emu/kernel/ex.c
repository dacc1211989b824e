// Ex*: threads, pool, configuration, read/write locks; lists that need no lock; Hal*.
#include <string.h>

#include "emu/kernel/kernel.h"

WG_CALL(ExCreateThread, 7) {
  struct wg_thread_params p = {.stack_size = A(1), .xapi_startup = A(3), .entry = A(4), .ctx = A(5), .flags = A(6)};
  uint32_t handle;
  struct wg_thread *t = wg_thread_create(k->m, &p, k->lr, &handle);
  if (t == NULL) return STATUS_NO_MEMORY;
  if (p.flags & 0x80) {
    wg_object_reference(t->object);
    t->object->pointer_handle = handle;
    wg_out_u32(k, A(0), "pointer", t->kthread);
  }
  wg_out_u32(k, p.flags & 0x80 ? 0 : A(0), "handle", handle);
  wg_out_i32(k, A(2), "tid", (int32_t)t->tid);
  return STATUS_SUCCESS;
}
WG_CALL(ExTerminateThread, 1) {
  if (k->thread == NULL) return STATUS_UNSUCCESSFUL;
  k->state = WG_CALL_NO_RETURN;
  wg_thread_exit(k->m, k->thread, A(0));
  return 0;
}
WG_CALL(ExAllocatePoolTypeWithTag, 3) { return wg_pool_alloc(k->m, A(0), WG_POOL_TITLE); }
WG_CALL(ExFreePool, 1) {
  wg_pool_free(k->m, A(0), WG_POOL_TITLE);
  return 0;
}
WG_CONSTANT(ExRegisterTitleTerminateNotification, 2, 0) // the machine ends without running them, as a power-off does

// XConfig settings that start-up reads (docs/console.md#objects): {category, setting, size, value}.
static const struct {
  uint16_t category, setting, size;
  uint32_t value;
} settings[] = {
    {2, 2, 4, 0x1000}, // secured: AV region, NTSC-M
    {3, 1, 4, 0},         {3, 2, 4, 0}, {3, 3, 4, 0}, {3, 4, 4, 0},
    {3, 5, 4, 0},         {3, 6, 4, 0}, {3, 7, 4, 0}, {3, 9, 4, 1}, // user: language, English
    {3, 0xA, 4, 0x40000},                                           // user: video flags, widescreen
    {3, 0xC, 4, 0},                                                 // user: retail flags
    {3, 0xE, 1, 103},                                               // user: country, United States
};
WG_CALL(ExGetXConfigSetting, 5) {
  bool category = false;
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    category |= settings[i].category == A(0);
    if (settings[i].category != A(0) || settings[i].setting != A(1)) continue;
    if (A(2) == 0 && A(3)) return STATUS_INVALID_PARAMETER_3;
    if (A(2) && A(3) < settings[i].size) return STATUS_BUFFER_TOO_SMALL;
    if (A(2)) wg_kw(k->m, A(2), settings[i].size, settings[i].value);
    if (A(4)) wg_kw(k->m, A(4), 2, settings[i].size);
    wg_json_hex(wg_out(k), "value", settings[i].value);
    wg_json_u64(wg_out(k), "size", settings[i].size);
    wg_told(k, A(2));
    wg_told(k, A(4));
    return STATUS_SUCCESS;
  }
  return category ? STATUS_INVALID_PARAMETER_2 : STATUS_INVALID_PARAMETER_1;
}

WG_CALL(HalReturnToFirmware, 1) {
  k->state = WG_CALL_NO_RETURN;
  wg_stop(k->m, WG_END_EXIT);
  return 0;
}

WG_CALL(ExAllocatePoolWithTag, 2) { return wg_k_ExAllocatePoolTypeWithTag(k); }
WG_CALL(ExAllocatePool, 1) { return wg_k_ExAllocatePoolTypeWithTag(k); }

// --- read/write locks --------------------------------------------------------------------------------------

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
static uint32_t add_at(struct wg_kcall *k, uint32_t at, int32_t n) {
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
  if (add_at(k, RW(LOCK_COUNT), 1) == 0) return 0;
  add_at(k, RW(WRITERS), 1);
  return wait_on(k, RW(EVENT));
}
WG_CALL(ExTryToAcquireReadWriteLockExclusive, 1) {
  if (WG_GET(k->m, A(0), ERWLOCK, LOCK_COUNT) != 0xFFFFFFFFu) return 0;
  WG_PUT(k->m, A(0), ERWLOCK, LOCK_COUNT, 0);
  return 1;
}
WG_CALL(ExAcquireReadWriteLockShared, 1) {
  bool enter = readers_may_enter(k);
  if (add_at(k, RW(LOCK_COUNT), 1) == 0 || enter) {
    add_at(k, RW(INSIDE), 1);
    return 0;
  }
  add_at(k, RW(READERS), 1);
  return wait_on(k, RW(SEMAPHORE));
}
WG_CALL(ExTryToAcquireReadWriteLockShared, 1) {
  if (WG_GET(k->m, A(0), ERWLOCK, LOCK_COUNT) != 0xFFFFFFFFu && !readers_may_enter(k)) return 0;
  add_at(k, RW(LOCK_COUNT), 1);
  add_at(k, RW(INSIDE), 1);
  return 1;
}
// The last reader lets a writer in; a writer lets every waiting reader in, else the next writer.
WG_CALL(ExReleaseReadWriteLock, 1) {
  if ((int32_t)add_at(k, RW(LOCK_COUNT), -1) < 0) {
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
  if (inside) add_at(k, RW(INSIDE), -1);
  if (inside > 1) return 0;
  add_at(k, RW(WRITERS), -1);
  struct wg_object *e = wg_object_at(k->m, RW(EVENT), k->lr);
  if (e) wg_signal(k->m, e, "set", 1, 1);
  return 0;
}

// --- lists that need no lock --------------------------------------------------------------------------------

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

WG_CONSTANT(HalGetCurrentAVPack, 0, 8) // HDMI, as XGetAVPack says
