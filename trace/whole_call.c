#include "trace/whole_call.h"

#include "base/assert.h"

bool wg_call_is_whole(const struct wg_event *e) {
  if (e->kind != WG_EV_KERNEL_CALL) return false;
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if ((f->key == WG_K_RV || f->key == WG_K_STATUS) && !wg_field_is_null(f)) return true;
  }
  return false;
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
  for (size_t i = 0; i < call->nmore && moved < WG_EVENT_FIELDS; i++) // which stay with the call, too
    if (is_of_return(call->more[i].key)) its_return->fields[moved++] = call->more[i];
  call->nfields = kept;
  its_return->nfields = moved;
}
