// Who has a lock or mutant, as the calls for it tell.
#include <string.h>

#include "diff/load.h"

void wg_track_lock(struct wg_side *s, const struct wg_dthread *t, const struct wg_step *x,
                   const struct wg_nt_export *nt, const struct wg_returned *r) {
  if (nt == NULL || x->object == WG_NONE || !(nt->flags & (WG_NT_LOCK | WG_NT_UNLOCK))) return;
  struct wg_dobject *o = &s->objects[x->object];
  uint32_t me = wg_thread_index(s, t);
  if (nt->flags & WG_NT_LOCK) {
    if (nt->ret == 'b' && r->has_rv && (r->rv & 0xFF) == 0) return;
    o->depth = o->owner == me ? o->depth + 1 : 1;
    o->owner = me;
    o->owner_step = (uint32_t)(x - t->steps);
  } else if (o->owner == me && --o->depth == 0) {
    o->owner = WG_NONE;
  }
}

void wg_track_mutant(struct wg_side *s, const struct wg_dthread *t, const struct wg_step *x, const char *name,
                     uint32_t rv) {
  if (x->object == WG_NONE) return;
  struct wg_dobject *o = &s->objects[x->object];
  uint32_t me = wg_thread_index(s, t);
  if (strcmp(wg_str(s, o->type), "Mutant") != 0) return;
  if (strstr(name, "Release")) {
    if (o->owner == me && o->depth && --o->depth == 0) o->owner = WG_NONE;
  } else if (strstr(name, "WaitForSingle") && (rv == 0 || rv == 0x80)) {
    o->depth = o->owner == me ? o->depth + 1 : 1;
    o->owner = me;
    o->owner_step = (uint32_t)(x - t->steps);
  } else if (strstr(name, "CreateMutant") && rv == 0) {
    const struct wg_content *c = x->content == WG_NONE ? NULL : &s->contents[x->content];
    if (c && c->nargs >= 3 && wg_arg(s, c, 2)) o->owner = me, o->depth = 1, o->owner_step = (uint32_t)(x - t->steps);
  }
}
