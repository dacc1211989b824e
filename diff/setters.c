// Calls of which one sets what the other one tells: NtSetInformationFile and NtQueryInformationFile, by their names.
#include <stdio.h>
#include <string.h>

#include "diff/pair.h"

#define REACH 200u // steps before the one that asks
#define NAME 96

// The name without its verb. False: none of these is in it.
static bool stem(const char *name, const char *const *verbs, size_t n, char out[NAME]) {
  for (size_t i = 0; i < n; i++) {
    const char *at = strstr(name, verbs[i]);
    size_t len = strlen(verbs[i]);
    if (at == NULL || at == name || at[len] < 'A' || at[len] > 'Z') continue;
    int k = snprintf(out, NAME, "%.*s%s", (int)(at - name), name, at + len);
    return k > 0 && k < NAME;
  }
  return false;
}

uint32_t wg_setter_before(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  static const char *const asks[] = {"Query", "Get", "Is", "Remove"}, *const sets[] = {"Set", "Insert"};
  const struct wg_side *s = p->s[0];
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  char asked[NAME], set[NAME];
  const struct wg_content *c = wg_content_at(s, t, a_step);
  if (!stem(wg_str(s, c->name), asks, sizeof asks / sizeof *asks, asked)) return WG_NONE;
  for (uint32_t i = a_step; i-- > 0 && i + REACH >= a_step;) {
    const struct wg_content *x = wg_content_at(s, t, i);
    bool same =
        t->steps[i].object == t->steps[a_step].object && x->nargs && c->nargs && wg_arg(s, x, 0) == wg_arg(s, c, 0);
    if (same && stem(wg_str(s, x->name), sets, sizeof sets / sizeof *sets, set) && strcmp(asked, set) == 0) return i;
  }
  return WG_NONE;
}
