#include "trace/whole_call.h"

#include <string.h>

#include "base/assert.h"

static bool is_said(const struct wg_field *f) {
  bool null = f && f->type == WG_F_RAW && f->n == 4 && memcmp(f->s, "null", 4) == 0;
  return f && !null;
}

bool wg_call_is_whole(const struct wg_event *e) {
  if (e->kind != WG_EV_KERNEL_CALL) return false;
  return is_said(wg_ev_get(e, WG_K_RV)) || is_said(wg_ev_get(e, WG_K_STATUS));
}

static bool is_of_return(enum wg_key key) {
  return key == WG_K_RV || key == WG_K_STATUS || key == WG_K_OUT || key == WG_K_VOID;
}

void wg_call_split(struct wg_event *call, struct wg_event *its_return) {
  WG_ASSERT(wg_call_is_whole(call), "a call is told with what it returned");
  const struct wg_field *name = wg_ev_get(call, WG_K_NAME);
  size_t kept = 0, moved = 0;
  wg_ev_init(its_return, WG_EV_KERNEL_RETURN);
  its_return->tid = call->tid;
  its_return->idx = call->idx;
  its_return->host_ns = call->host_ns;
  its_return->cycle = call->cycle;
  its_return->has_cycle = call->has_cycle;
  if (name) its_return->fields[moved++] = *name;
  for (size_t i = 0; i < call->nfields; i++) {
    const struct wg_field f = call->fields[i];
    if (is_of_return(f.key) && moved < WG_EVENT_FIELDS)
      its_return->fields[moved++] = f;
    else
      call->fields[kept++] = f;
  }
  call->nfields = kept;
  its_return->nfields = moved;
}
