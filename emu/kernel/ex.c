// Ex*: threads, pool, configuration; Hal*.
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
