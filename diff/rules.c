#include "diff/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"

static const struct wg_rule builtin[] = {
#define WG_RULE(call, field, arg, key, why) {call, field, arg, key, why},
#include "diff/rules.def"
};

static bool fits(const struct wg_rule *r, const char *call, const char *field, unsigned arg, const char *key) {
  size_t n = strlen(r->call);
  bool named = n && r->call[n - 1] == '*' ? strncmp(r->call, call, n - 1) == 0 : strcmp(r->call, call) == 0;
  if (!named) return false;
  if (strcmp(r->field, "*") == 0) return true;
  if (strcmp(r->field, field) != 0) return false;
  if (strcmp(field, "arg") == 0) return r->arg < 0 || (unsigned)r->arg == arg;
  return r->key == NULL || (key && strcmp(r->key, key) == 0);
}

const char *wg_rules_skip(const struct wg_rules *r, const char *call, const char *field, unsigned arg,
                          const char *key) {
  for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
    if (fits(&builtin[i], call, field, arg, key)) return builtin[i].why;
  return wg_rules_own_skip(r, call, field, arg, key);
}

const char *wg_rules_own_skip(const struct wg_rules *r, const char *call, const char *field, unsigned arg,
                              const char *key) {
  for (size_t i = 0; r && i < r->n; i++)
    if (fits(&r->own[i], call, field, arg, key)) return r->own[i].why;
  return NULL;
}

static char *word(char **at) {
  char *p = *at + strspn(*at, " \t\r");
  char *end = p + strcspn(p, " \t\r");
  *at = *end ? end + 1 : end;
  *end = 0;
  return p;
}

static bool parse_field(char *field, struct wg_rule *r) {
  static const char *const fields[] = {"rv", "arg", "out", "detail", "call", "count", "*"};
  char *dot = strchr(field, '.');
  r->arg = -1;
  if (strncmp(field, "out.", 4) == 0) {
    r->key = dot + 1;
    *dot = 0;
  } else if (strncmp(field, "arg", 3) == 0 && field[3]) {
    uint64_t v;
    if (!wg_parse_u64(field + 3, 15, &v)) return false;
    r->arg = (int)v;
    field[3] = 0;
  }
  r->field = field;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (strcmp(field, fields[i]) == 0) return true;
  return false;
}

static int parse_line(struct wg_rules *r, char *line, const char *path, unsigned lineno, struct wg_err *err) {
  line[strcspn(line, "#\r")] = 0;
  char *at = line, *call = word(&at), *field = word(&at);
  if (*call == 0) return WG_OK;
  struct wg_rule rule = {.call = call};
  if (*field == 0 || !parse_field(field, &rule))
    return wg_fail(err, WG_INPUT,
                   "%s:%u: expected CALL FIELD [why], FIELD being rv, arg, arg0..arg15, out, out.KEY, detail, call, "
                   "count or *; got '%s %s'",
                   path, lineno, call, field);
  at += strspn(at, " \t");
  rule.why = *at ? at : "the user's rule";
  WG_VEC_NEXT(r->own, r->n);
  r->own[r->n++] = rule;
  return WG_OK;
}

int wg_rules_load(struct wg_rules *r, const char *path, struct wg_err *err) {
  *r = (struct wg_rules){0};
  if (path == NULL) return WG_OK;
  struct wg_buf b = {0};
  int code = wg_text_read(path, 1u << 20, &b, err);
  wg_buf_reserve(&b, 1);
  r->text = b.data;
  unsigned lineno = 0;
  for (char *line = r->text, *next; code == WG_OK && line && *line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    code = parse_line(r, line, path, ++lineno, err);
  }
  return code;
}

void wg_rules_release(struct wg_rules *r) {
  free(r->own);
  free(r->text);
  *r = (struct wg_rules){0};
}
