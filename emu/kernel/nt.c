// Nt* over handles: events, semaphores, mutants, timers, waits, threads; Ob*.
#include <string.h>

#include "emu/kernel/kernel.h"

#define MAX_NAME 1024u

// Opens a named object of this type or makes a new one with a dispatcher header of `size` bytes in the
// pool. Returns the status; *fresh says whether the caller must initialise it. *out is NULL if there is none.
static uint32_t create_object(struct wg_kcall *k, enum wg_otype type, uint32_t size, uint32_t attributes,
                              struct wg_object **out, bool *fresh) {
  struct wg_machine *m = k->m;
  struct wg_buf name = {0};
  uint32_t status = STATUS_OBJECT_NAME_EXISTS;
  if (attributes) wg_kansi(m, WG_GET(k->m, attributes, OBJECT_ATTRIBUTES, NAME), &name);
  struct wg_object *o = name.len ? wg_object_named(m, type, name.data) : NULL;
  *fresh = o == NULL;
  if (o && !wg_handle_room(m)) {
    o = NULL;
    status = STATUS_INSUFFICIENT_RESOURCES;
  } else if (o) {
    o->refs++;
  } else if (name.len > MAX_NAME) {
    status = STATUS_OBJECT_NAME_INVALID;
  } else {
    o = wg_object_make(k, type, size, &status);
    if (o && name.len && !wg_object_name(m, o, name.data)) {
      wg_object_unref(m, o);
      o = NULL;
      status = STATUS_INSUFFICIENT_RESOURCES;
    }
  }
  wg_buf_release(&name);
  *out = o;
  if (o == NULL) *fresh = false;
  return status;
}

static uint64_t publish(struct wg_kcall *k, struct wg_object *o, uint32_t status) {
  wg_out_u32(k, A(0), "handle", o ? wg_handle_publish(k->m, o) : 0);
  return status;
}

WG_CALL(NtCreateEvent, 4) {
  struct wg_object *o;
  bool fresh;
  uint32_t status = create_object(k, WG_O_EVENT, WG_SIZEOF_KEVENT, A(1), &o, &fresh);
  if (fresh) {
    wg_kw(k->m, o->guest, 1, A(2) ? WG_D_SYNCHRONIZATION_EVENT : WG_D_NOTIFICATION_EVENT);
    WG_PUT(k->m, o->guest, DISPATCHER_HEADER, STATE, A(3) & 0xFF ? 1 : 0);
  }
  return publish(k, o, status);
}
WG_CALL(NtCreateSemaphore, 4) {
  if ((int32_t)A(3) <= 0 || (int32_t)A(2) < 0 || A(2) > A(3)) return STATUS_INVALID_PARAMETER;
  struct wg_object *o;
  bool fresh;
  uint32_t status = create_object(k, WG_O_SEMAPHORE, WG_SIZEOF_KSEMAPHORE, A(1), &o, &fresh);
  if (fresh) {
    wg_kw(k->m, o->guest, 1, WG_D_SEMAPHORE);
    WG_PUT(k->m, o->guest, DISPATCHER_HEADER, STATE, A(2));
    WG_PUT(k->m, o->guest, KSEMAPHORE, LIMIT, A(3));
  }
  return publish(k, o, status);
}
WG_CALL(NtCreateMutant, 3) {
  struct wg_object *o;
  bool fresh;
  uint32_t status = create_object(k, WG_O_MUTANT, WG_SIZEOF_KMUTANT, A(1), &o, &fresh);
  if (fresh) {
    wg_kw(k->m, o->guest, 1, WG_D_MUTANT);
    WG_PUT(k->m, o->guest, DISPATCHER_HEADER, STATE, A(2) ? 0 : 1);
    if (A(2)) wg_object_own(o, k->thread);
  }
  return publish(k, o, status);
}
WG_CALL(NtCreateTimer, 3) {
  struct wg_object *o;
  bool fresh;
  uint32_t status = create_object(k, WG_O_TIMER, WG_SIZEOF_KTIMER, A(1), &o, &fresh);
  if (fresh) wg_kw(k->m, o->guest, 1, A(2) ? WG_D_SYNCHRONIZATION_TIMER : WG_D_NOTIFICATION_TIMER);
  return publish(k, o, status);
}

// The object behind a handle argument if it has that type, else NULL with *status set.
static struct wg_object *typed(struct wg_kcall *k, uint32_t handle, enum wg_otype type, uint32_t *status) {
  struct wg_object *o = wg_handle_get(k->m, handle);
  *status = o == NULL ? STATUS_INVALID_HANDLE : o->type == type ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
  return *status ? NULL : o;
}

static uint64_t set_event(struct wg_kcall *k, const char *op, int32_t state, bool previous_out) {
  uint32_t status;
  struct wg_object *o = typed(k, A(0), WG_O_EVENT, &status);
  if (o == NULL) return status;
  int32_t old = wg_signal(k->m, o, op, state, state);
  wg_out_i32(k, previous_out ? A(1) : 0, "previous", old);
  return STATUS_SUCCESS;
}
WG_CALL(NtSetEvent, 2) { return set_event(k, "set", 1, true); }
WG_CALL(NtClearEvent, 1) { return set_event(k, "clear", 0, false); }
WG_CALL(NtPulseEvent, 2) {
  uint64_t status = set_event(k, "pulse", 1, true);
  const struct wg_object *o = wg_handle_get(k->m, A(0));
  if (status == STATUS_SUCCESS) WG_PUT(k->m, o->guest, DISPATCHER_HEADER, STATE, 0);
  return status;
}
WG_CALL(NtReleaseSemaphore, 3) {
  uint32_t status;
  struct wg_object *o = typed(k, A(0), WG_O_SEMAPHORE, &status);
  if (o == NULL) return status;
  int32_t old = wg_state_of(k->m, o), count = (int32_t)A(1), limit = (int32_t)WG_GET(k->m, o->guest, KSEMAPHORE, LIMIT);
  if (count <= 0) return STATUS_INVALID_PARAMETER;
  if ((int64_t)old + count > limit) return STATUS_SEMAPHORE_LIMIT_EXCEEDED; // both lie where the title can write
  wg_signal(k->m, o, "release", old + count, count);
  wg_out_i32(k, A(2), "previous", old);
  return STATUS_SUCCESS;
}
static void release_mutant(struct wg_kcall *k, struct wg_object *o, int32_t old) {
  int32_t state = (int32_t)((uint32_t)old + 1);
  if (state > 0) wg_object_own(o, NULL);
  wg_signal(k->m, o, "release", state, 1);
}
WG_CALL(NtReleaseMutant, 2) {
  uint32_t status;
  struct wg_object *o = typed(k, A(0), WG_O_MUTANT, &status);
  if (o == NULL) return status;
  if (o->owner != k->thread) return STATUS_MUTANT_NOT_OWNED;
  int32_t old = wg_state_of(k->m, o);
  release_mutant(k, o, old);
  wg_out_i32(k, A(1), "previous", old);
  return STATUS_SUCCESS;
}
// NtSetTimerEx(handle, due*, apc routine, apc mode, apc context, resume, period ms, previous state*)
WG_CALL(NtSetTimerEx, 8) {
  uint32_t status;
  struct wg_object *o = typed(k, A(0), WG_O_TIMER, &status);
  if (o == NULL) return status;
  int64_t due = wg_timeout_arg(k, A(1));
  int32_t old = wg_state_of(k->m, o);
  wg_timer_cancel(k->m, o);
  WG_PUT(k->m, o->guest, DISPATCHER_HEADER, STATE, 0);
  o->timer_apc = A(2);
  o->timer_apc_ctx = A(4);
  struct wg_object *before = o->timer_thread;
  o->timer_thread = k->thread ? k->thread->object : NULL;
  if (o->timer_thread) o->timer_thread->refs++;
  if (before) wg_object_unref(k->m, before);
  bool runs = wg_timer_start(k->m, o, due < 0 ? 0 : due, (uint64_t)A(6) * 1000000u);
  wg_out_i32(k, A(7), "previous", old);
  return runs ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
WG_CALL(NtCancelTimer, 2) {
  uint32_t status;
  struct wg_object *o = typed(k, A(0), WG_O_TIMER, &status);
  if (o == NULL) return status;
  bool was = wg_timer_cancel(k->m, o);
  wg_out_i32(k, A(1), "running", was);
  return STATUS_SUCCESS;
}

static bool waitable(const struct wg_object *o) { return o && o->guest != 0; }

WG_CALL(NtWaitForSingleObjectEx, 4) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (!waitable(o)) return o ? STATUS_OBJECT_TYPE_MISMATCH : STATUS_INVALID_HANDLE;
  return wg_wait(k, &o, 1, false, A(2) != 0, wg_timeout_arg(k, A(3)));
}
WG_CALL(NtWaitForMultipleObjectsEx, 6) {
  struct wg_object *o[64];
  uint32_t n = A(0);
  if (n == 0 || n > 64) return STATUS_INVALID_PARAMETER;
  for (uint32_t i = 0; i < n; i++) {
    o[i] = wg_handle_get(k->m, KR32(k, A(1) + 4 * i));
    if (!waitable(o[i])) return o[i] ? STATUS_OBJECT_TYPE_MISMATCH : STATUS_INVALID_HANDLE;
  }
  return wg_wait(k, o, n, A(2) == 0, A(4) != 0, wg_timeout_arg(k, A(5)));
}
WG_CALL(NtSignalAndWaitForSingleObjectEx, 5) {
  struct wg_object *s = wg_handle_get(k->m, A(0)), *o = wg_handle_get(k->m, A(1));
  if (!waitable(s) || !waitable(o)) return STATUS_INVALID_HANDLE;
  if (s->type == WG_O_EVENT)
    wg_signal(k->m, s, "set", 1, 1);
  else if (s->type == WG_O_SEMAPHORE && wg_state_of(k->m, s) >= (int32_t)WG_GET(k->m, s->guest, KSEMAPHORE, LIMIT))
    return STATUS_SEMAPHORE_LIMIT_EXCEEDED;
  else if (s->type == WG_O_SEMAPHORE)
    wg_signal(k->m, s, "release", wg_state_of(k->m, s) + 1, 1);
  else if (s->type == WG_O_MUTANT && s->owner == k->thread)
    release_mutant(k, s, wg_state_of(k->m, s));
  else
    return s->type == WG_O_MUTANT ? STATUS_MUTANT_NOT_OWNED : STATUS_OBJECT_TYPE_MISMATCH;
  return wg_wait(k, &o, 1, false, A(3) != 0, wg_timeout_arg(k, A(4)));
}

WG_CALL(NtClose, 1) { return wg_handle_close(k->m, A(0)); }
WG_CALL(NtDuplicateObject, 3) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL) return STATUS_INVALID_HANDLE;
  if (!wg_handle_room(k->m)) return STATUS_INSUFFICIENT_RESOURCES;
  o->refs++;
  uint32_t h = wg_handle_new(k->m, o);
  wg_emit_handle(k->m, WG_EV_HANDLE_DUP, h, o, A(0));
  wg_out_u32(k, A(1), "handle", h);
  return A(2) & 1 ? wg_handle_close(k->m, A(0)) : STATUS_SUCCESS; // DUPLICATE_CLOSE_SOURCE
}

static struct wg_thread *thread_handle(struct wg_kcall *k, uint32_t *status) {
  struct wg_object *o = typed(k, A(0), WG_O_THREAD, status);
  return o ? o->thread : NULL;
}
WG_CALL(NtResumeThread, 2) {
  uint32_t status;
  struct wg_thread *t = thread_handle(k, &status);
  if (t == NULL) return status;
  uint32_t old = t->run.suspend;
  if (old && --t->run.suspend == 0 && t->run.state == WG_T_READY) wg_ready(k->m, t);
  wg_out_i32(k, A(1), "previous", (int32_t)old);
  return STATUS_SUCCESS;
}
WG_CALL(NtSuspendThread, 2) {
  uint32_t status;
  struct wg_thread *t = thread_handle(k, &status);
  if (t == NULL) return status;
  if (t->run.suspend == 127) return STATUS_SUSPEND_COUNT_EXCEEDED;
  if (t->run.suspend++ == 0) wg_unready(k->m, t);
  wg_out_i32(k, A(1), "previous", (int32_t)t->run.suspend - 1);
  return STATUS_SUCCESS;
}
WG_CALL(NtQueueApcThread, 5) {
  uint32_t status;
  struct wg_thread *t = thread_handle(k, &status);
  if (t == NULL) return status;
  if (t->run.state == WG_T_EXITED) return STATUS_UNSUCCESSFUL;
  struct wg_apc apc = {.routine = A(1), .ctx = A(2), .arg1 = A(3), .arg2 = A(4)};
  return wg_queue_apc(k->m, t, WG_APC_USER, &apc) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}
WG_CALL(NtYieldExecution, 0) {
  wg_yield(k->m);
  return STATUS_SUCCESS;
}

void wg_object_reference(struct wg_object *o) {
  o->refs++;
  o->guest_refs++;
}
// Whether `type`, an exported variable's address, is the type of another kind of object.
static bool other_type(struct wg_machine *m, const struct wg_object *o, uint32_t type) {
  static const struct {
    enum wg_otype type;
    const char *variable;
  } types[] = {{WG_O_EVENT, "ExEventObjectType"},   {WG_O_SEMAPHORE, "ExSemaphoreObjectType"},
               {WG_O_MUTANT, "ExMutantObjectType"}, {WG_O_TIMER, "ExTimerObjectType"},
               {WG_O_THREAD, "ExThreadObjectType"}, {WG_O_IO_COMPLETION, "IoCompletionObjectType"},
               {WG_O_FILE, "IoFileObjectType"}};
  for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
    const struct wg_nt_export *x = wg_nt_find(types[i].variable, strlen(types[i].variable));
    if (x && m->exports.list[wg_nt_index(x)].address == type) return types[i].type != o->type;
  }
  return false;
}
WG_CALL(ObReferenceObjectByHandle, 3) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  if (o == NULL || o->guest == 0 || other_type(k->m, o, A(1))) {
    wg_out_u32(k, A(2), "pointer", 0);
    return o ? STATUS_OBJECT_TYPE_MISMATCH : STATUS_INVALID_HANDLE;
  }
  wg_object_reference(o);
  wg_out_u32(k, A(2), "pointer", o->guest);
  return STATUS_SUCCESS;
}
// What a pointer that the title has got leads to: an enumerator's structure is no dispatcher object.
static struct wg_object *pointed_to(struct wg_kcall *k, uint32_t at) {
  struct wg_object *o = wg_object_placed(k->m, at);
  return o && o->structure == at ? o : wg_object_at(k->m, at, k->lr);
}
// Gives back what the title has taken, no more: what handles, waits and a running thread hold is theirs.
WG_CALL(ObDereferenceObject, 1) {
  struct wg_object *o = pointed_to(k, A(0));
  if (o == NULL || o->in_guest || o->guest_refs == 0) return 0;
  uint32_t handle = --o->guest_refs == 0 ? o->pointer_handle : 0;
  if (handle) {
    o->pointer_handle = 0;
    wg_handle_close(k->m, handle);
  }
  wg_object_unref(k->m, o);
  return 0;
}
WG_CALL(ObReferenceObject, 1) {
  struct wg_object *o = pointed_to(k, A(0));
  if (o && !o->in_guest) wg_object_reference(o);
  return 0;
}
WG_CALL(ObOpenObjectByPointer, 3) {
  struct wg_object *o = pointed_to(k, A(0));
  KW32(k, A(2), 0);
  if (o == NULL) return STATUS_INVALID_PARAMETER;
  if (!wg_handle_room(k->m)) return STATUS_INSUFFICIENT_RESOURCES;
  o->refs++;
  wg_out_u32(k, A(2), "handle", wg_handle_publish(k->m, o));
  return STATUS_SUCCESS;
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
