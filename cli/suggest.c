// What somebody may have meant.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/cli.h"
#include "nt/exports.h"

#define LONGEST 64u

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// Letters to change, add, leave out or swap with their neighbour; case counts for nothing.
static size_t distance(const char *a, size_t na, const char *b, size_t nb) {
  size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= nb; j++) last[j] = j;
  for (size_t i = 1; i <= na; i++) {
    now[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      char x = lower(a[i - 1]), y = lower(b[j - 1]);
      now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y) now[j] = least(now[j], before[j - 2] + 1);
    }
    size_t *swap = before;
    before = last;
    last = now;
    now = swap;
  }
  return last[nb];
}

void wg_suggest(struct wg_suggestion *s, const char *candidate) {
  size_t n = strlen(s->word), m = strlen(candidate);
  size_t limit = s->best[0] ? s->distance - 1 : n / 3 + 1;
  if (n > LONGEST || m > LONGEST || m == 0 || (s->best[0] && s->distance == 0)) return;
  bool begins = n >= 3 && strncasecmp(s->word, candidate, n) == 0;
  if (!begins && (n > m + limit || m > n + limit)) return;
  size_t d = begins && m > n ? 1 : distance(s->word, n, candidate, m);
  if (d > limit || d >= n) return;
  s->distance = d;
  memcpy(s->best, candidate, m + 1);
}

void wg_suggest_exports(struct wg_suggestion *s) {
  const struct wg_nt_export *x;
  for (size_t i = 0; (x = wg_nt_row(i)) != NULL; i++) wg_suggest(s, x->name);
}

const char *wg_suggested(struct wg_suggestion *s) {
  wg_buf_clear(&s->words);
  wg_buf_reserve(&s->words, 1);
  if (s->best[0]) wg_buf_printf(&s->words, "; did you mean '%s'?", s->best);
  return s->words.data;
}

int wg_check_exports(const struct wg_command *cmd, const char *option, const char *list) {
  for (const char *p = list; p && *p;) {
    size_t n = strcspn(p, ",");
    char *name = wg_xstrndup(p, n);
    struct wg_suggestion s = {.word = name};
    bool known = wg_nt_find(name, n) != NULL;
    int code = WG_OK;
    if (!known) {
      wg_suggest_exports(&s);
      code = wg_cli_usage(cmd, "%s: there is no export '%s'%s", option, name, wg_suggested(&s));
    }
    wg_buf_release(&s.words);
    free(name);
    if (code != WG_OK) return code;
    p += n + (p[n] == ',');
  }
  return WG_OK;
}
