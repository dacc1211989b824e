#include "replay/inputs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

// An integer of [lo, hi] at `key`, if there is one.
static bool number(const json_t *o, const char *key, int64_t lo, int64_t hi, int64_t *v) {
  const json_t *j = json_object_get(o, key);
  uint64_t u;
  if (j == NULL) return true;
  if (json_is_integer(j))
    *v = json_integer_value(j);
  else if (json_is_string(j) && wg_parse_u64(json_string_value(j), (uint64_t)hi, &u))
    *v = (int64_t)u;
  else
    return false;
  return *v >= lo && *v <= hi;
}

// Fills `c` from a line, over what its controller was before.
static const char *parse(const json_t *o, const struct wg_input_change *before, struct wg_input_change *c) {
  static const char *const known[] = {"at_ns",         "user", "connected", "buttons", "left_trigger",
                                      "right_trigger", "lx",   "ly",        "rx",      "ry"};
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)o, key, v) {
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) found |= strcmp(key, known[i]) == 0;
    if (!found)
      return "has an unknown key; expected at_ns, user, connected, buttons, left_trigger, right_trigger, lx, ly, rx, "
             "ry";
  }
  int64_t at = -1, user = 0;
  if (!number(o, "at_ns", 0, INT64_MAX, &at) || at < 0) return "expected \"at_ns\": nanoseconds of virtual time";
  if (!number(o, "user", 0, 3, &user)) return "expected \"user\": 0 to 3";
  *c = before[user];
  c->at_ns = (uint64_t)at;
  c->user = (uint32_t)user;
  const json_t *on = json_object_get(o, "connected");
  c->connected = on ? json_is_true(on) : true;
  int64_t buttons = c->buttons, lt = c->left_trigger, rt = c->right_trigger, s[4] = {c->lx, c->ly, c->rx, c->ry};
  if (!number(o, "buttons", 0, 0xFFFF, &buttons)) return "expected \"buttons\": 0 to 0xffff";
  if (!number(o, "left_trigger", 0, 255, &lt) || !number(o, "right_trigger", 0, 255, &rt))
    return "expected a trigger of 0 to 255";
  static const char *const sticks[] = {"lx", "ly", "rx", "ry"};
  for (int i = 0; i < 4; i++)
    if (!number(o, sticks[i], -32768, 32767, &s[i])) return "expected a stick of -32768 to 32767";
  c->buttons = (uint16_t)buttons;
  c->left_trigger = (uint8_t)lt;
  c->right_trigger = (uint8_t)rt;
  c->lx = (int16_t)s[0];
  c->ly = (int16_t)s[1];
  c->rx = (int16_t)s[2];
  c->ry = (int16_t)s[3];
  return NULL;
}

int wg_inputs_read(const char *path, struct wg_input_change **out, size_t *n, struct wg_err *err) {
  struct wg_buf text = {0};
  struct wg_input_change before[4] = {{0}};
  int code = wg_file_read(path, 64u << 20, &text, err);
  unsigned line = 0;
  *out = NULL;
  *n = 0;
  for (char *p = text.data, *next; code == WG_OK && p && *p; p = next) {
    line++;
    next = strchr(p, '\n');
    if (next) *next++ = 0;
    if (p[strspn(p, " \t\r")] == 0) {
      if (next == NULL) break;
      continue;
    }
    json_error_t je;
    json_t *o = json_loads(p, JSON_REJECT_DUPLICATES, &je);
    struct wg_input_change c;
    const char *bad = !o ? je.text : !json_is_object(o) ? "expected an object" : parse(o, before, &c);
    if (bad == NULL && *n && c.at_ns < (*out)[*n - 1].at_ns) bad = "comes before the line above it";
    if (bad) {
      code = wg_fail(err, WG_INPUT, "%s:%u: %s", path, line, bad);
    } else {
      if ((*n & (*n - 1)) == 0) *out = wg_xrealloc(*out, (*n ? 2 * *n : 1) * sizeof **out);
      (*out)[(*n)++] = before[c.user] = c;
    }
    json_decref(o);
    if (next == NULL) break;
  }
  wg_buf_release(&text);
  if (code != WG_OK) {
    free(*out);
    *out = NULL;
    *n = 0;
  }
  return code;
}
