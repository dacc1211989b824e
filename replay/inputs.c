#include "replay/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_document.h"
#include "base/vec.h"

// An integer of [lo, hi] at `key`, if there is one.
static bool integer_at(const json_t *o, const char *key, int64_t lo, int64_t hi, int64_t *v) {
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

// What a line of each kind may hold; the key that tells the kind comes first.
static const struct {
  const char *keys[12];
} kinds[] = {
    [WG_INPUT_PAD] = {{"at_ns", "user", "connected", "buttons", "left_trigger", "right_trigger", "lx", "ly", "rx",
                       "ry"}},
    [WG_INPUT_USER] = {{"signed_in", "at_ns", "user", "name"}},
    [WG_INPUT_ANSWER] = {{"answer", "at_ns", "cancelled", "button", "device", "text"}},
    [WG_INPUT_NOTIFY] = {{"notify", "at_ns", "parameter"}},
};

static enum wg_input_kind kind_of(const json_t *o) {
  for (enum wg_input_kind i = WG_INPUT_USER; i <= WG_INPUT_NOTIFY; i++)
    if (json_object_get(o, kinds[i].keys[0])) return i;
  return WG_INPUT_PAD;
}

static bool only_known_keys(const json_t *o, enum wg_input_kind kind) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)o, key, v) {
    bool found = false;
    for (const char *const *known = kinds[kind].keys; *known; known++) found |= strcmp(key, *known) == 0;
    if (!found) return false;
  }
  return true;
}

static const char *text_of(const json_t *o, const char *key, char **text) {
  const json_t *j = json_object_get(o, key);
  if (j == NULL) return NULL;
  if (!json_is_string(j) || strlen(json_string_value(j)) != json_string_length(j)) return "expected a text without NUL";
  *text = wg_xstrdup(json_string_value(j));
  return NULL;
}

static bool choice(const json_t *o, const char *key, const char *const *names, unsigned n, unsigned *out) {
  const char *text = json_string_value(json_object_get(o, key));
  for (*out = 0; text && *out < n; ++*out)
    if (strcmp(text, names[*out]) == 0) return true;
  return false;
}

static const char *parse_pad(const json_t *o, struct wg_pad_state *p) {
  const json_t *on = json_object_get(o, "connected");
  int64_t buttons = p->buttons, lt = p->left_trigger, rt = p->right_trigger, s[4] = {p->lx, p->ly, p->rx, p->ry};
  p->connected = on ? json_is_true(on) : true;
  if (!integer_at(o, "buttons", 0, 0xFFFF, &buttons)) return "expected \"buttons\": 0 to 0xffff";
  if (!integer_at(o, "left_trigger", 0, 255, &lt) || !integer_at(o, "right_trigger", 0, 255, &rt))
    return "expected a trigger of 0 to 255";
  static const char *const sticks[] = {"lx", "ly", "rx", "ry"};
  for (int i = 0; i < 4; i++)
    if (!integer_at(o, sticks[i], -32768, 32767, &s[i])) return "expected a stick of -32768 to 32767";
  p->buttons = (uint16_t)buttons;
  p->left_trigger = (uint8_t)lt;
  p->right_trigger = (uint8_t)rt;
  p->lx = (int16_t)s[0];
  p->ly = (int16_t)s[1];
  p->rx = (int16_t)s[2];
  p->ry = (int16_t)s[3];
  return NULL;
}

static const char *parse_user(const json_t *o, struct wg_input_change *c) {
  static const char *const states[] = {"no", "local", "live"};
  unsigned state;
  if (!choice(o, "signed_in", states, 3, &state)) return "expected \"signed_in\": no, local or live";
  c->signed_in = (enum wg_signed_in)state;
  const char *bad = text_of(o, "name", &c->text);
  if (bad == NULL && c->text && strlen(c->text) > 15) bad = "expected a name of at most 15 characters";
  return bad;
}

static const char *parse_answer(const json_t *o, struct wg_input_change *c) {
  static const char *const dialogs[WG_DIALOGS] = {"message_box", "keyboard", "device", "other"};
  unsigned dialog;
  int64_t value;
  if (!choice(o, "answer", dialogs, WG_DIALOGS, &dialog))
    return "expected \"answer\": message_box, keyboard, device or other";
  c->dialog = (enum wg_dialog_kind)dialog;
  value = c->dialog == WG_DIALOG_DEVICE ? 1 : 0;
  c->cancelled = json_is_true(json_object_get(o, "cancelled"));
  if (!integer_at(o, "button", 0, 63, &value)) return "expected \"button\": 0 to 63";
  if (!integer_at(o, "device", 0, UINT32_MAX, &value))
    return "expected \"device\": a device's number (1 is the hard disk)";
  c->value = (uint32_t)value;
  return text_of(o, "text", &c->text);
}

static const char *parse_notify(const json_t *o, struct wg_input_change *c) {
  int64_t id = -1, parameter = 0;
  if (!integer_at(o, "notify", 0, UINT32_MAX, &id) || id < 0) return "expected \"notify\": a notification's number";
  if (!integer_at(o, "parameter", 0, UINT32_MAX, &parameter)) return "expected \"parameter\": 0 to 0xffffffff";
  c->id = (uint32_t)id;
  c->value = (uint32_t)parameter;
  return NULL;
}

// Fills `c` from a line, over what its controller was before.
static const char *parse(const json_t *o, const struct wg_pad_state *before, struct wg_input_change *c) {
  int64_t at = -1, user = 0;
  *c = (struct wg_input_change){.kind = kind_of(o)};
  if (!only_known_keys(o, c->kind))
    return c->kind == WG_INPUT_PAD ? "has an unknown key; expected at_ns, user, connected, buttons, left_trigger, "
                                     "right_trigger, lx, ly, rx, ry, or one of signed_in, answer and notify"
                                   : "has a key that does not belong to its kind of line";
  if (!integer_at(o, "at_ns", 0, INT64_MAX, &at) || at < 0) return "expected \"at_ns\": nanoseconds of virtual time";
  if (!integer_at(o, "user", 0, 3, &user)) return "expected \"user\": 0 to 3";
  c->at_ns = (uint64_t)at;
  c->user = (uint32_t)user;
  c->pad = before[user];
  switch (c->kind) {
  case WG_INPUT_USER: return parse_user(o, c);
  case WG_INPUT_ANSWER: return parse_answer(o, c);
  case WG_INPUT_NOTIFY: return parse_notify(o, c);
  default: return parse_pad(o, &c->pad);
  }
}

void wg_inputs_free(struct wg_input_change *changes, size_t n) {
  for (size_t i = 0; i < n; i++) free(changes[i].text);
  free(changes);
}

int wg_inputs_read(const char *path, struct wg_input_change **out, size_t *n, struct wg_err *err) {
  struct wg_buf text = {0};
  struct wg_pad_state before[4] = {{0}};
  int code = wg_text_read(path, 64u << 20, &text, err);
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
    json_t *o = wg_json_document(path, line, p, strlen(p), "an object", err);
    if (o == NULL) {
      code = WG_INPUT;
      break;
    }
    struct wg_input_change c = {0};
    const char *bad = parse(o, before, &c);
    if (bad == NULL && *n && c.at_ns < (*out)[*n - 1].at_ns) bad = "comes before the line above it";
    if (bad) {
      free(c.text);
      code = wg_fail(err, WG_INPUT, "%s:%u: %s", path, line, bad);
    } else {
      WG_VEC_NEXT(*out, *n);
      (*out)[(*n)++] = c;
      if (c.kind == WG_INPUT_PAD) before[c.user] = c.pad;
    }
    json_decref(o);
    if (next == NULL) break;
  }
  wg_buf_release(&text);
  if (code != WG_OK) {
    wg_inputs_free(*out, *n);
    *out = NULL;
    *n = 0;
  }
  return code;
}

int wg_inputs_add(const char *path, struct wg_input_change **changes, size_t *n, struct wg_err *err) {
  struct wg_input_change *more;
  size_t count;
  WG_TRY(wg_inputs_read(path, &more, &count, err));
  WG_VEC_SET(*changes, *n + count);
  if (count) memcpy(*changes + *n, more, count * sizeof *more);
  *n += count;
  free(more);
  return WG_OK;
}
