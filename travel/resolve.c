#include "travel/resolve.h"

#include <string.h>

#include "trace/reader.h"

#define ASK_EVERY 1024u // events

int wg_position_resolve(const struct wg_position *p, const char *dir, bool (*give_up)(void *ctx), void *ctx,
                        struct wg_position *out, struct wg_err *err) {
  *out = *p;
  if (p->kind != WG_AT_CALL && p->kind != WG_AT_RETURN) return WG_OK;
  enum wg_kind kind = p->kind == WG_AT_CALL ? WG_EV_KERNEL_CALL : WG_EV_KERNEL_RETURN;
  uint64_t seen = 0, read = 0;
  bool left = false;
  struct wg_reader *r;
  struct wg_event e;
  WG_TRY(wg_reader_open(&r, dir, err));
  while (!left && seen < p->value && wg_reader_next(r, &e)) {
    left = read++ % ASK_EVERY == 0 && give_up && give_up(ctx);
    const char *name = e.kind == kind ? wg_ev_text(&e, WG_K_NAME) : NULL;
    if (name == NULL || strcmp(name, p->name) != 0 || ++seen < p->value) continue;
    *out = (struct wg_position){.kind = WG_AT_EVENT, .tid = e.tid, .value = e.idx};
  }
  int code = WG_OK;
  if (left) {
    code = wg_fail(err, WG_INPUT, "interrupted on the way");
  } else if (seen < p->value) {
    const char *damage = wg_reader_damage(r);
    code = wg_fail(err, WG_INPUT, "%s: %s of %s: the trace has %llu, and no %llu%s%s", dir,
                   p->kind == WG_AT_CALL ? "calls" : "returns", p->name, (unsigned long long)seen,
                   (unsigned long long)p->value, damage ? "; but it is damaged: " : "", damage ? damage : "");
  }
  wg_reader_close(r);
  return code;
}
