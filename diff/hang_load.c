// The facts of one trace: its events in order, what its end tells, and how long it ran.
#include "base/file.h"
#include "base/json_iter.h"
#include "diff/hang_watch.h"

// A run says how long it ran; the footer of its trace has no time.
static void read_manifest(struct wg_facts *f, const char *path) {
  struct wg_buf name = {0}, text = {0};
  struct wg_err err = {0};
  struct wg_json_iter it, in;
  struct wg_json_member m, x;
  uint64_t ns;
  wg_buf_printf(&name, "%s/manifest.json", path);
  if (wg_file_exists(name.data) && wg_file_read(name.data, 1u << 24, &text, &err) == WG_OK &&
      wg_json_walk(&it, text.data, text.len))
    while (wg_json_next(&it, &m))
      if (wg_json_is(&m, "result") && wg_json_walk(&in, m.value, m.nvalue))
        while (wg_json_next(&in, &x))
          if (wg_json_is(&x, "virtual_ns") && wg_json_int(&x, &ns) && ns > f->end_ns) f->end_ns = ns;
  wg_buf_release(&name);
  wg_buf_release(&text);
}

// Who made the first thread was taken for the title's; one that never calls is the engine's loader, and the first one
// that it made is.
static void find_titles_main(struct wg_facts *f) {
  const struct wg_side *s = &f->side;
  if (f->main == WG_NONE || s->threads[f->main].nsteps) return;
  for (uint32_t i = 0; i < s->nthreads; i++) {
    if (s->threads[i].parent != f->main || s->threads[i].nsteps == 0 || wg_hthread_at(f, i)->host) continue;
    f->main = i;
    return;
  }
}

int wg_facts_load(struct wg_facts *f, const char *path, const struct wg_reading *reading, struct wg_err *err) {
  *f = (struct wg_facts){.main = WG_NONE, .swap_thread = WG_NONE, .failed.thread = WG_NONE};
  struct wg_watch w = {wg_facts_event, f, true};
  const struct wg_load_options options = {.reading = *reading};
  int code = wg_side_load(&f->side, path, &options, &w, NULL, err);
  if (code != WG_OK) {
    wg_facts_release(f);
    return code;
  }
  f->end_seq = (uint32_t)f->side.events;
  f->end_ns = f->side.last_ns;
  read_manifest(f, path);
  for (uint32_t i = 0; i < f->side.nthreads; i++) wg_facts_end_thread(f, i);
  if (f->side.nobjects) wg_hobject_at(f, 0);
  find_titles_main(f);
  wg_guess_rest(f);
  return WG_OK;
}
