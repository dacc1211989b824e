// Rtl*: critical sections, strings, memory, images; the printf family and DbgPrint.
#include <string.h>

#include "emu/kernel/format.h"
#include "nt/time.h"

static uint64_t init_cs(struct wg_kcall *k, uint32_t at, uint32_t spin) {
  uint32_t units = (spin + 255) >> 8;
  KW32(k, at, 1u << 24 | (units > 255 ? 255 : units) << 16);
  WG_PUT(k->m, at, DISPATCHER_HEADER, STATE, 0);
  wg_list_init(k->m, WG_ADDR(at, DISPATCHER_HEADER, WAIT_LIST));
  WG_PUT(k->m, at, CRITICAL_SECTION, LOCK_COUNT, 0xFFFFFFFFu);
  WG_PUT(k->m, at, CRITICAL_SECTION, RECURSION, 0);
  WG_PUT(k->m, at, CRITICAL_SECTION, OWNER, 0);
  return STATUS_SUCCESS;
}
WG_CALL(RtlInitializeCriticalSection, 1) { return init_cs(k, A(0), 0); }
WG_CALL(RtlInitializeCriticalSectionAndSpinCount, 2) { return init_cs(k, A(0), A(1)); }

uint64_t wg_lock_acquired(struct wg_machine *m, struct wg_thread *t, uint32_t status) {
  (void)status;
  WG_PUT(m, t->wait.param, CRITICAL_SECTION, RECURSION, 1);
  WG_PUT(m, t->wait.param, CRITICAL_SECTION, OWNER, t->kthread);
  return 0;
}
static struct wg_object *cs_object(struct wg_kcall *k, uint32_t at) {
  struct wg_object *o = wg_object_placed(k->m, at);
  if (o && o->type == WG_O_CRITICAL_SECTION) return o;
  return wg_object_adopt(k->m, WG_O_CRITICAL_SECTION, at, k->lr);
}
static uint32_t tid_at(const struct wg_machine *m, uint32_t kthread) {
  const struct wg_object *o = wg_object_placed(m, kthread);
  return o && o->thread ? o->thread->tid : 0;
}
WG_CALL(RtlEnterCriticalSection, 1) {
  uint32_t at = A(0), owner = WG_GET(k->m, at, CRITICAL_SECTION, OWNER);
  if (k->thread == NULL || k->m->calls.fault) return 0;
  uint32_t count = WG_GET(k->m, at, CRITICAL_SECTION, LOCK_COUNT) + 1;
  WG_PUT(k->m, at, CRITICAL_SECTION, LOCK_COUNT, count);
  if (count == 0 || owner == 0) {
    WG_PUT(k->m, at, CRITICAL_SECTION, RECURSION, 1);
    WG_PUT(k->m, at, CRITICAL_SECTION, OWNER, k->thread->kthread);
  } else if (owner == k->thread->kthread) {
    WG_PUT(k->m, at, CRITICAL_SECTION, RECURSION, WG_GET(k->m, at, CRITICAL_SECTION, RECURSION) + 1);
  } else {
    struct wg_object *o = cs_object(k, at);
    o->owner_tid = tid_at(k->m, owner);
    wg_wait(k, &o, 1, false, false, -1);
    k->thread->wait.then = WG_THEN_LOCK_ACQUIRED;
    k->thread->wait.param = at;
  }
  return 0;
}
WG_CALL(RtlTryEnterCriticalSection, 1) {
  uint32_t at = A(0), owner = WG_GET(k->m, at, CRITICAL_SECTION, OWNER);
  if (k->thread == NULL) return 0;
  if (WG_GET(k->m, at, CRITICAL_SECTION, LOCK_COUNT) == 0xFFFFFFFFu) {
    WG_PUT(k->m, at, CRITICAL_SECTION, LOCK_COUNT, 0);
    WG_PUT(k->m, at, CRITICAL_SECTION, RECURSION, 1);
    WG_PUT(k->m, at, CRITICAL_SECTION, OWNER, k->thread->kthread);
    return 1;
  }
  if (owner != k->thread->kthread) return 0;
  WG_PUT(k->m, at, CRITICAL_SECTION, LOCK_COUNT, WG_GET(k->m, at, CRITICAL_SECTION, LOCK_COUNT) + 1);
  WG_PUT(k->m, at, CRITICAL_SECTION, RECURSION, WG_GET(k->m, at, CRITICAL_SECTION, RECURSION) + 1);
  return 1;
}
WG_CALL(RtlLeaveCriticalSection, 1) {
  uint32_t at = A(0), recursion = WG_GET(k->m, at, CRITICAL_SECTION, RECURSION) - 1,
           count = WG_GET(k->m, at, CRITICAL_SECTION, LOCK_COUNT) - 1;
  if (k->m->calls.fault) return 0;
  WG_PUT(k->m, at, CRITICAL_SECTION, RECURSION, recursion);
  WG_PUT(k->m, at, CRITICAL_SECTION, LOCK_COUNT, count);
  if (recursion != 0) return 0;
  WG_PUT(k->m, at, CRITICAL_SECTION, OWNER, 0);
  if ((int32_t)count < 0) return 0;
  struct wg_object *o = cs_object(k, at);
  if (o->nwaiters == 0) return 0;
  // Handed straight to the first waiter, as the console's kernel does through its event.
  struct wg_thread *next = o->first->t;
  o->owner_tid = next->tid;
  struct wg_who by = wg_emit_signal(k->m, o, "release", 1, 0);
  o->signalled = by;
  o->signals++;
  wg_wait_end(k->m, next, STATUS_SUCCESS, NULL, &by);
  return 0;
}

WG_CALL(RtlInitAnsiString, 2) {
  struct wg_buf s = {0};
  if (A(1)) wg_kstr(k->m, A(1), &s);
  uint32_t n = (uint32_t)s.len > 65534 ? 65534 : (uint32_t)s.len;
  KW32(k, A(0), A(1) ? n << 16 | (n + 1) : 0);
  WG_PUT(k->m, A(0), STRING, BUFFER, A(1));
  wg_json_u64(wg_out(k), "length", n);
  wg_told(k, A(0));
  wg_buf_release(&s);
  return 0;
}
WG_CALL(RtlInitUnicodeString, 2) {
  struct wg_buf s = {0};
  if (A(1)) wg_kwstr(k->m, A(1), &s);
  uint32_t n = (uint32_t)s.len > 32766 ? 65532 : (uint32_t)s.len * 2;
  KW32(k, A(0), A(1) ? n << 16 | (n + 2) : 0);
  WG_PUT(k->m, A(0), STRING, BUFFER, A(1));
  wg_json_u64(wg_out(k), "length", n);
  wg_told(k, A(0));
  wg_buf_release(&s);
  return 0;
}
static uint64_t k_RtlFreeString(struct wg_kcall *k) {
  wg_pool_free(k->m, WG_GET(k->m, A(0), STRING, BUFFER), WG_POOL_TITLE);
  KW32(k, A(0), 0);
  WG_PUT(k->m, A(0), STRING, BUFFER, 0);
  return 0;
}
static void tell_text(struct wg_kcall *k, uint32_t at, uint32_t n) {
  const uint8_t *p = n ? wg_mem_ptr(k->m->mem, at, n, false) : NULL;
  struct wg_buf s = {0};
  if (p) wg_buf_add(&s, p, n);
  wg_json_str(wg_out(k), "text", s.len ? s.data : "");
  wg_buf_release(&s);
}
// RtlUnicodeStringToAnsiString(ansi, unicode, allocate)
WG_CALL(RtlUnicodeStringToAnsiString, 3) {
  uint32_t units = (uint32_t)wg_kr(k->m, A(1), 2) / 2, from = WG_GET(k->m, A(1), STRING, BUFFER);
  uint32_t room = WG_GET(k->m, A(0), STRING, ROOM), to = WG_GET(k->m, A(0), STRING, BUFFER);
  if (A(2)) {
    to = wg_pool_alloc(k->m, units + 1, WG_POOL_TITLE);
    if (to == 0) return STATUS_NO_MEMORY;
    room = units + 1;
    WG_PUT(k->m, A(0), STRING, ROOM, room);
    WG_PUT(k->m, A(0), STRING, BUFFER, to);
  }
  bool all = room > units;
  if (!all && room == 0) return STATUS_BUFFER_OVERFLOW;
  if (!all) units = room - 1; // what has room is there
  for (uint32_t i = 0; i < units; i++) {
    uint64_t c = wg_kr(k->m, from + 2 * i, 2);
    wg_kw(k->m, to + i, 1, c < 256 ? c : '?');
  }
  wg_kw(k->m, to + units, 1, 0);
  wg_kw(k->m, A(0), 2, units);
  tell_text(k, to, units);
  wg_told(k, A(0));
  return all ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}
// RtlMultiByteToUnicodeN(destination, bytes, written*, source, length)
WG_CALL(RtlMultiByteToUnicodeN, 5) {
  uint32_t n = A(1) / 2 < A(4) ? A(1) / 2 : A(4);
  for (uint32_t i = 0; i < n && !k->m->calls.fault; i++) wg_kw(k->m, A(0) + 2 * i, 2, wg_kr(k->m, A(3) + i, 1));
  wg_out_i32(k, A(2), "written", (int32_t)(2 * n));
  return STATUS_SUCCESS;
}
WG_CALL(RtlUnicodeToMultiByteN, 5) {
  uint32_t n = A(1) < A(4) / 2 ? A(1) : A(4) / 2;
  for (uint32_t i = 0; i < n && !k->m->calls.fault; i++) {
    uint64_t c = wg_kr(k->m, A(3) + 2 * i, 2);
    wg_kw(k->m, A(0) + i, 1, c < 256 ? c : '?');
  }
  wg_out_i32(k, A(2), "written", (int32_t)n);
  return STATUS_SUCCESS;
}
WG_CALL(RtlFillMemoryUlong, 3) {
  for (uint32_t i = 0; i < A(1) / 4 && !k->m->calls.fault; i++) KW32(k, A(0) + 4 * i, A(2));
  return 0;
}
WG_CALL(RtlCompareMemoryUlong, 3) {
  uint32_t i = 0;
  while (i < A(1) / 4 && !k->m->calls.fault && KR32(k, A(0) + 4 * i) == A(2)) i++;
  return i * 4;
}
WG_CALL(RtlCompareMemory, 3) {
  uint32_t i = 0;
  while (i < A(2) && !k->m->calls.fault && wg_kr(k->m, A(0) + i, 1) == wg_kr(k->m, A(1) + i, 1)) i++;
  return i;
}
WG_CALL(RtlNtStatusToDosError, 1) {
  static const struct {
    uint32_t status, error;
  } map[] = {{0, 0},
             {STATUS_TIMEOUT, 0x102},
             {STATUS_PENDING, 997},
             {STATUS_NO_MORE_FILES, 18},
             {STATUS_UNSUCCESSFUL, 31},
             {STATUS_NOT_IMPLEMENTED, 1},
             {STATUS_INVALID_INFO_CLASS, 87},
             {STATUS_ACCESS_VIOLATION, 998},
             {STATUS_INVALID_HANDLE, 6},
             {STATUS_INVALID_PARAMETER, 87},
             {STATUS_NO_SUCH_FILE, 2},
             {STATUS_END_OF_FILE, 38},
             {STATUS_NO_MEMORY, 8},
             {STATUS_CONFLICTING_ADDRESSES, 487},
             {STATUS_ACCESS_DENIED, 5},
             {STATUS_BUFFER_TOO_SMALL, 122},
             {STATUS_OBJECT_TYPE_MISMATCH, 6},
             {STATUS_OBJECT_NAME_INVALID, 123},
             {STATUS_OBJECT_NAME_NOT_FOUND, 2},
             {STATUS_OBJECT_NAME_COLLISION, 183},
             {STATUS_OBJECT_PATH_NOT_FOUND, 3},
             {STATUS_MUTANT_NOT_OWNED, 288},
             {STATUS_SEMAPHORE_LIMIT_EXCEEDED, 298},
             {STATUS_DISK_FULL, 112},
             {STATUS_FILE_IS_A_DIRECTORY, 5},
             {STATUS_DIRECTORY_NOT_EMPTY, 145},
             {STATUS_NOT_A_DIRECTORY, 267}};
  for (size_t i = 0; i < sizeof map / sizeof *map; i++)
    if (map[i].status == A(0)) return map[i].error;
  return (A(0) & 0xFFFF0000u) == 0x80070000u ? A(0) & 0xFFFF : 317; // ERROR_MR_MID_NOT_FOUND
}
WG_CALL(RtlTimeToTimeFields, 2) {
  uint64_t t = wg_kr(k->m, A(0), 8);
  uint16_t f[WG_NT_FIELDS];
  wg_nt_time_fields(t, f);
  wg_json_i64(wg_out(k), "time", (int64_t)t);
  for (uint32_t i = 0; i < WG_NT_FIELDS; i++) {
    wg_kw(k->m, A(1) + 2 * i, 2, f[i]);
    wg_json_u64(wg_out(k), wg_nt_field_names[i], f[i]);
  }
  wg_told(k, A(1));
  return 0;
}

// --- text ------------------------------------------------------------------------------------------

static uint64_t put_text(struct wg_kcall *k, uint32_t to, uint32_t room, bool bounded, const struct wg_buf *s) {
  uint32_t n = (uint32_t)s->len;
  bool cut = bounded && n > room;
  uint32_t copy = cut ? room : n, zero = !bounded || n < room;
  if (to && copy + zero) {
    uint8_t *p = wg_kptr(k->m, to, copy + zero, true);
    if (p) {
      if (copy) memcpy(p, s->data, copy);
      if (zero) p[copy] = 0;
    }
  }
  wg_json_str(wg_out(k), "text", s->len ? s->data : "");
  if (to) wg_told(k, to);
  return cut ? 0xFFFFFFFFu : n;
}
static uint64_t print_to(struct wg_kcall *k, uint32_t fmt, struct wg_varargs va, uint32_t to, uint32_t room,
                         bool bounded) {
  struct wg_buf s = {0};
  wg_format(k, fmt, false, &va, &s);
  uint64_t n = put_text(k, to, room, bounded, &s);
  wg_buf_release(&s);
  return n;
}
WG_CALL(sprintf, 2) { return print_to(k, A(1), wg_varargs_call(k, 2), A(0), 0, false); }
WG_CALL(_snprintf, 3) { return print_to(k, A(2), wg_varargs_call(k, 3), A(0), A(1), true); }
WG_CALL(vsprintf, 3) { return print_to(k, A(1), wg_varargs_list(k, A(2)), A(0), 0, false); }
WG_CALL(_vsnprintf, 4) { return print_to(k, A(2), wg_varargs_list(k, A(3)), A(0), A(1), true); }
static uint64_t wide_to(struct wg_kcall *k, uint32_t fmt, struct wg_varargs va, uint32_t to, uint32_t room) {
  struct wg_buf s = {0};
  wg_format(k, fmt, true, &va, &s);
  uint32_t n = (uint32_t)s.len, copy = n > room ? room : n;
  for (uint32_t i = 0; i < copy && !k->m->calls.fault; i++) wg_kw(k->m, to + 2 * i, 2, (uint8_t)s.data[i]);
  if (n < room) wg_kw(k->m, to + 2 * n, 2, 0);
  wg_json_str(wg_out(k), "text", s.len ? s.data : "");
  wg_told(k, to);
  wg_buf_release(&s);
  return n > room ? 0xFFFFFFFFu : n;
}
WG_CALL(swprintf, 2) { return wide_to(k, A(1), wg_varargs_call(k, 2), A(0), UINT32_MAX); }
WG_CALL(_snwprintf, 3) { return wide_to(k, A(2), wg_varargs_call(k, 3), A(0), A(1)); }
#define WG_PRINT_MAX (1u << 20)
WG_CALL(DbgPrint, 1) {
  struct wg_buf s = {0};
  struct wg_varargs va = wg_varargs_call(k, 1);
  wg_format(k, A(0), false, &va, &s);
  struct wg_event e;
  wg_emit_init(k->m, &e, WG_EV_GUEST_PRINT);
  // What is longer is no message to anybody; how long it was is said.
  wg_ev_strn(&e, WG_K_TEXT, s.data, s.len > WG_PRINT_MAX ? WG_PRINT_MAX : s.len);
  if (s.len > WG_PRINT_MAX) wg_ev_dec(&e, WG_K_SIZE, s.len);
  wg_emit(k->m, &e);
  wg_buf_release(&s);
  return STATUS_SUCCESS;
}
WG_CONSTANT(DbgBreakPoint, 0,
            0) // no debugger is attached: the break goes unhandled and execution continues, as the reference's

WG_CALL(RtlFreeAnsiString, 1) { return k_RtlFreeString(k); }
WG_CALL(RtlFreeUnicodeString, 1) { return k_RtlFreeString(k); }
WG_CALL(RtlRip, 1) { return wg_k_DbgPrint(k); } // its message; there is no debugger to stop in

// --- images ---------------------------------------------------------------------------------------------------

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
