#include "diff/diff.h"

#include <stdlib.h>

#include "diff/side.h"

static bool no_calls(const struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++)
    if (s->threads[i].ncalls) return false;
  return true;
}

int wg_diff(const char *a, const char *b, const struct wg_diff_options *opt, struct wg_buf *out, struct wg_err *err) {
  struct wg_names names = {0};
  struct wg_side sa = {0}, sb = {0};
  wg_name(&names, "", 0); // id 0 = none
  int code = wg_side_load(&sa, a, opt->ignore, &names, err);
  if (code == WG_OK) code = wg_side_load(&sb, b, opt->ignore, &names, err);
  if (code == WG_OK && no_calls(&sa) && no_calls(&sb))
    code = wg_fail(err, WG_INPUT,
                   "%s and %s: neither records kernel calls. A stock xenia-canary log has them with log_level = 3 "
                   "(and log_high_frequency_kernel_calls = true for all of them)",
                   a, b);
  if (code == WG_OK) {
    wg_match_threads(&sa, &sb);
    wg_align(&sa, &sb, &names);
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
  return code;
}
