// The input script takes effect: controllers, users, notifications, in virtual time. Without a script no controller is
// connected.
#include <string.h>

#include "emu/kernel/state.h"
#include "emu/kernel/xam.h"

#define ERROR_NOT_SUPPORTED 50u
#define ERROR_BAD_ARGUMENTS 0xA0u
#define ERROR_NOT_CONNECTED 0x48Fu
#define E_NOT_CONNECTED 0x8007048Fu
#define ERROR_EMPTY 4306u

static void emit_state(struct wg_machine *m, struct wg_buf *j) {
  struct wg_event e;
  wg_buf_char(j, '}');
  wg_emit_init(m, &e, WG_EV_INPUT);
  wg_ev_raw(&e, WG_K_STATE, j->data, j->len);
  wg_emit(m, &e);
  wg_buf_release(j);
}

static void change_pad(struct wg_machine *m, const struct wg_input_change *c, struct wg_buf *j) {
  struct wg_pad *p = &m->input.pads[c->user];
  p->state = c->pad;
  p->packet++;
  wg_json_u64(j, "user", c->user);
  wg_json_bool(j, "connected", c->pad.connected);
  wg_json_hex(j, "buttons", c->pad.buttons);
  const int64_t values[] = {c->pad.left_trigger, c->pad.right_trigger, c->pad.lx, c->pad.ly, c->pad.rx, c->pad.ry};
  static const char *const names[] = {"left_trigger", "right_trigger", "lx", "ly", "rx", "ry"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) wg_json_i64(j, names[i], values[i]);
}

// The change at the head of the script takes effect. Answers wait for their dialogs.
static void apply(struct wg_machine *m) {
  static const char *const states[] = {"no", "local", "live"};
  const struct wg_input_change *c = &m->cfg.inputs[m->input.next++];
  struct wg_buf j = {0};
  wg_buf_char(&j, '{');
  switch (c->kind) {
  case WG_INPUT_PAD: change_pad(m, c, &j); break;
  case WG_INPUT_USER:
    wg_json_u64(&j, "user", c->user);
    wg_json_str(&j, "signed_in", states[c->signed_in]);
    if (c->text) wg_json_str(&j, "name", c->text);
    break;
  case WG_INPUT_NOTIFY:
    wg_json_hex(&j, "notify", c->id);
    wg_json_hex(&j, "parameter", c->value);
    break;
  case WG_INPUT_ANSWER: wg_buf_release(&j); return;
  }
  emit_state(m, &j);
  if (c->kind == WG_INPUT_USER) wg_xam_sign(m, c->user, c->signed_in, c->text);
  if (c->kind == WG_INPUT_NOTIFY) wg_xam_notify(m, c->id, c->value);
}

void wg_dialog_emit(struct wg_machine *m, const struct wg_input_change *c, bool scripted) {
  static const char *const names[WG_DIALOGS] = {"message_box", "keyboard", "device", "other"};
  struct wg_buf j = {0};
  wg_buf_char(&j, '{');
  wg_json_str(&j, "answer", names[c->dialog]);
  wg_json_bool(&j, "scripted", scripted);
  wg_json_bool(&j, "cancelled", c->cancelled);
  if (!c->cancelled && c->dialog == WG_DIALOG_MESSAGE_BOX) wg_json_u64(&j, "button", c->value);
  if (!c->cancelled && c->dialog == WG_DIALOG_DEVICE) wg_json_u64(&j, "device", c->value);
  if (!c->cancelled && c->dialog == WG_DIALOG_KEYBOARD && c->text) wg_json_str(&j, "text", c->text);
  emit_state(m, &j);
}

static void on_due(void *ctx, void *arg, uint64_t token) {
  (void)arg, (void)token;
  wg_input_start(ctx);
}

void wg_input_init(struct wg_machine *m) {
  wg_clock_serve(&m->clock, WG_DUE_INPUT, &(struct wg_due_service){.fire = on_due, .ctx = m});
}

void wg_input_start(struct wg_machine *m) {
  struct wg_input *in = &m->input;
  while (in->next < in->n && m->cfg.inputs[in->next].at_ns <= wg_now(m)) apply(m);
  in->token = 0;
  if (in->next < in->n) in->token = wg_after(m, m->cfg.inputs[in->next].at_ns, true, WG_DUE_INPUT, NULL);
}

void wg_input_script(struct wg_machine *m, size_t next, size_t n) {
  if (m->input.token) wg_clock_cancel(&m->clock, m->input.token);
  m->input.next = next;
  m->input.n = n;
  for (unsigned i = 0; i < WG_DIALOGS; i++) m->xam->next_answer[i] = next;
  wg_input_start(m);
}

static struct wg_pad *pad_of(struct wg_kcall *k, uint32_t user) {
  if (user == ANY_USER) user = 0;
  return user < 4 && k->m->input.pads[user].state.connected ? &k->m->input.pads[user] : NULL;
}

static void put_gamepad(struct wg_kcall *k, uint32_t at, const struct wg_pad_state *c) {
  WG_PUT(k->m, at, GAMEPAD, BUTTONS, c->buttons);
  WG_PUT(k->m, at, GAMEPAD, LEFT_TRIGGER, c->left_trigger);
  WG_PUT(k->m, at, GAMEPAD, RIGHT_TRIGGER, c->right_trigger);
  const int16_t sticks[] = {c->lx, c->ly, c->rx, c->ry};
  for (uint32_t i = 0; i < 4; i++) wg_kw(k->m, WG_ADDR(at, GAMEPAD, STICKS) + 2 * i, 2, (uint16_t)sticks[i]);
}
static void zero(struct wg_kcall *k, uint32_t at, uint32_t n) {
  uint8_t *p = wg_kptr(k->m, at, n, true);
  if (p) memset(p, 0, n);
}
WG_CALL(XamInputGetState, 3) {
  struct wg_pad *p = pad_of(k, A(0));
  if (A(2)) zero(k, A(2), WG_SIZEOF_INPUT_STATE);
  if (p == NULL) return ERROR_NOT_CONNECTED;
  if (A(2) == 0) return 0;
  WG_PUT(k->m, A(2), INPUT_STATE, PACKET, p->packet);
  wg_json_u64(wg_out(k), "packet", p->packet);
  wg_json_hex(wg_out(k), "buttons", p->state.buttons);
  put_gamepad(k, WG_ADDR(A(2), INPUT_STATE, GAMEPAD), &p->state);
  return 0;
}
// A gamepad (type 1, subtype 1) with all that one has, and two motors.
static uint64_t capabilities(struct wg_kcall *k, uint32_t user, uint32_t at) {
  static const struct wg_pad_state all = {
      .buttons = 0xF3FF, .left_trigger = 0xFF, .right_trigger = 0xFF, .lx = -1, .ly = -1, .rx = -1, .ry = -1};
  if (at == 0) return ERROR_BAD_ARGUMENTS;
  zero(k, at, WG_SIZEOF_INPUT_CAPABILITIES);
  if (pad_of(k, user) == NULL) return ERROR_NOT_CONNECTED;
  WG_PUT(k->m, at, INPUT_CAPABILITIES, TYPE, 0x01010000);
  put_gamepad(k, WG_ADDR(at, INPUT_CAPABILITIES, GAMEPAD), &all);
  WG_PUT(k->m, at, INPUT_CAPABILITIES, MOTORS, 0xFFFFFFFFu);
  return 0;
}
WG_CALL(XamInputGetCapabilities, 3) { return capabilities(k, A(0), A(2)); }
WG_CALL(XamInputGetCapabilitiesEx, 4) { return A(0) > 1 ? ERROR_NOT_SUPPORTED : capabilities(k, A(1), A(3)); }
WG_CALL(XamInputSetState, 3) {
  if (A(0) > 3) return E_NOT_CONNECTED;
  if (A(2) == 0) return ERROR_BAD_ARGUMENTS;
  return pad_of(k, A(0)) ? 0 : ERROR_NOT_CONNECTED;
}
// A button's change each time.
static uint64_t keystroke(struct wg_kcall *k, uint32_t user, uint32_t at, uint32_t *who) {
  static const uint16_t keys[16] = {0x5810, 0x5811, 0x5812, 0x5813, 0x5814, 0x5815, 0x5816, 0x5817,
                                    0x5805, 0x5804, 0,      0,      0x5800, 0x5801, 0x5802, 0x5803};
  uint32_t first = user == ANY_USER ? 0 : user, last = user == ANY_USER ? 3 : user;
  bool any = false;
  if (at == 0) return ERROR_BAD_ARGUMENTS;
  for (uint32_t u = first; u <= last && u < 4; u++) {
    struct wg_pad *p = pad_of(k, u);
    if (p == NULL) continue;
    any = true;
    uint16_t changed = p->pressed ^ (p->state.buttons & 0xF3FF);
    if (changed == 0) continue;
    unsigned bit = (unsigned)__builtin_ctz(changed);
    p->pressed ^= (uint16_t)(1u << bit);
    WG_PUT(k->m, at, KEYSTROKE, KEY, keys[bit]);
    WG_PUT(k->m, at, KEYSTROKE, CHARACTER, 0);
    WG_PUT(k->m, at, KEYSTROKE, FLAGS, p->pressed >> bit & 1 ? 1 : 2);
    WG_PUT(k->m, at, KEYSTROKE, USER, u);
    WG_PUT(k->m, at, KEYSTROKE, DEVICE, 0);
    wg_json_hex(wg_out(k), "key", keys[bit]);
    wg_json_bool(wg_out(k), "down", p->pressed >> bit & 1);
    wg_json_u64(wg_out(k), "user", u);
    wg_told(k, at);
    *who = u;
    return 0;
  }
  return any ? ERROR_EMPTY : ERROR_NOT_CONNECTED;
}
WG_CALL(XamInputGetKeystroke, 3) {
  uint32_t who;
  return keystroke(k, A(0), A(2), &who);
}
// (user*, flags, keystroke*)
WG_CALL(XamInputGetKeystrokeEx, 3) {
  uint32_t who;
  uint64_t rv = keystroke(k, KR32(k, A(0)), A(2), &who);
  if (rv == 0) KW32(k, A(0), who);
  return rv;
}

void wg_input_state(struct wg_archive *a, struct wg_input *in) {
  wg_ar_part(a, "controllers");
  for (unsigned i = 0; i < 4; i++) {
    struct wg_pad *p = &in->pads[i];
    wg_ar_bool(a, &p->state.connected);
    wg_ar_u16(a, &p->state.buttons);
    wg_ar_u8(a, &p->state.left_trigger);
    wg_ar_u8(a, &p->state.right_trigger);
    int16_t *const sticks[] = {&p->state.lx, &p->state.ly, &p->state.rx, &p->state.ry};
    for (unsigned s = 0; s < 4; s++) wg_ar_i16(a, sticks[s]);
    wg_ar_u32(a, &p->packet);
    wg_ar_u16(a, &p->pressed);
  }
  wg_ar_size(a, &in->next);
  wg_ar_u64(a, &in->token);
}
