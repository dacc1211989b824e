// Keeps a checkpoint of where a run is, in the run's folder.
#include "travel/inside.h"

static bool same_window(void *ctx) {
  const struct wg_travel *t = ctx;
  return wg_machine_windows(t->h.run.m) >= t->keeps || (t->asked.give_up && t->asked.give_up(t->asked.ctx));
}

// To the moment between turns where a window begins.
static int go_to_window(struct wg_travel *t, uint64_t window, struct wg_err *err) {
  const struct wg_travel_hooks h = {.give_up = same_window, .ctx = t};
  size_t at = t->marks.n;
  enum wg_halt why;
  bool there;
  while (at && t->marks.list[at - 1].at.windows > window) at--;
  WG_TRY(wg_travel_begin(t, at ? at - 1 : SIZE_MAX, err));
  t->keeps = window;
  if (wg_machine_windows(t->h.run.m) < window) WG_TRY(wg_travel_run(t, &h, NULL, &why, &there, err));
  return wg_machine_windows(t->h.run.m) >= window ? WG_OK : wg_travel_interrupted(err);
}

static int keep(struct wg_travel *t, struct wg_checkpoints *file, const struct wg_here *here,
                struct wg_machine_where *out, struct wg_err *err) {
  uint64_t window = here->at.windows - (here->halt == WG_HALT_END); // which has been its last
  WG_TRY(go_to_window(t, window, err));
  wg_machine_where(t->h.run.m, out);
  file->packets = t->marks.packets;
  wg_checkpoint_take(file, t->h.run.m);
  wg_checkpoint_take(&t->marks, t->h.run.m);
  return wg_checkpoints_finish(file, err);
}

int wg_travel_keep(struct wg_travel *t, struct wg_machine_where *out, struct wg_err *err) {
  struct wg_checkpoints file;
  struct wg_here here;
  wg_travel_here(t, &here);
  if (here.at.windows == 0) return wg_fail(err, WG_INPUT, "the start of a run needs no checkpoint");
  wg_checkpoints_init(&file);
  int code = wg_checkpoints_append(&file, t->dir, t->identity.data, err);
  if (code == WG_OK) {
    struct wg_err lost = {0};
    code = keep(t, &file, &here, out, err);
    int back = wg_travel_return(t, &here, code == WG_OK ? err : &lost);
    if (code == WG_OK) code = back;
  }
  wg_checkpoints_release(&file);
  return code;
}
