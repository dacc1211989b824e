#include "diff/diff.h"

#include <stdlib.h>

#include "diff/side.h"

static bool no_calls(const struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++)
    if (s->threads[i].ncalls) return false;
  return true;
}

// The kinds of difference between another run of the reference and the reference.
static int learn_noise(const char *other, const char *reference, const char *ignore, struct wg_names *names,
                       struct wg_map *noise, struct wg_err *err) {
  struct wg_side so = {0}, sr = {0};
  int code = wg_side_load(&so, other, ignore, names, err);
  if (code == WG_OK) code = wg_side_load(&sr, reference, ignore, names, err);
  if (code == WG_OK) {
    wg_match_threads(&so, &sr);
    wg_align(&so, &sr, names);
    for (size_t i = 0; i < so.nthreads; i++)
      for (size_t j = 0; j < so.threads[i].nitems; j++) wg_map_put(noise, wg_item_key(&so.threads[i].items[j]), 1);
  }
  wg_side_release(&so);
  wg_side_release(&sr);
  return code;
}

static void mark_noise(struct wg_side *a, const struct wg_map *noise) {
  uint64_t v;
  for (size_t i = 0; i < a->nthreads; i++)
    for (size_t j = 0; j < a->threads[i].nitems; j++)
      a->threads[i].items[j].noise = wg_map_get(noise, wg_item_key(&a->threads[i].items[j]), &v);
}

int wg_diff(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *opt,
            struct wg_buf *out, struct wg_err *err) {
  struct wg_names names = {0};
  struct wg_side sa = {0}, sb = {0};
  wg_name(&names, "", 0); // id 0 = none
  int code = wg_side_load(&sa, a, opt->ignore, &names, err);
  if (code == WG_OK) code = wg_side_load(&sb, b, opt->ignore, &names, err);
  struct wg_map noise = {0};
  for (size_t i = 0; i < nmore && code == WG_OK; i++) code = learn_noise(more[i], b, opt->ignore, &names, &noise, err);
  if (code == WG_OK && no_calls(&sa) && no_calls(&sb))
    code = wg_fail(err, WG_INPUT,
                   "%s and %s: neither records kernel calls. A stock xenia-canary log has them with log_level = 3 "
                   "(and log_high_frequency_kernel_calls = true for all of them)",
                   a, b);
  if (code == WG_OK) {
    wg_match_threads(&sa, &sb);
    wg_align(&sa, &sb, &names);
    mark_noise(&sa, &noise);
    if (opt->json)
      wg_report_json(&sa, &sb, &names, out);
    else
      wg_report(&sa, &sb, &names, out);
    if (wg_any_difference(&sa, &sb)) code = WG_DIFFERS;
  }
  wg_side_release(&sa);
  wg_side_release(&sb);
  for (size_t i = 0; i < names.n; i++) free(names.text[i]);
  free(names.text);
  wg_map_release(&names.by_hash);
  wg_map_release(&noise);
  return code;
}
