// Controllers, driven by the input script: what is pressed when, in virtual time. Without a script none is connected.
#include <string.h>

#include "emu/kernel/kernel.h"

#define ERROR_DEVICE_NOT_CONNECTED 0x48Fu
#define ERROR_EMPTY 4306u
#define ANY_USER 0xFFu

// The change at the head of the script takes effect.
static void apply(struct wg_machine *m) {
  const struct wg_input_change *c = &m->cfg.inputs[m->next_input++];
  struct wg_pad *p = &m->pads[c->user];
  p->state = *c;
  p->packet++;
  struct wg_event e;
  struct wg_buf j = {0};
  wg_buf_char(&j, '{');
  wg_json_u64(&j, "user", c->user);
  wg_json_bool(&j, "connected", c->connected);
  wg_json_hex(&j, "buttons", c->buttons);
  const int64_t values[] = {c->left_trigger, c->right_trigger, c->lx, c->ly, c->rx, c->ry};
  static const char *const names[] = {"left_trigger", "right_trigger", "lx", "ly", "rx", "ry"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) wg_json_i64(&j, names[i], values[i]);
  wg_buf_char(&j, '}');
  wg_emit_init(m, &e, WG_EV_INPUT);
  wg_ev_raw(&e, WG_K_STATE, j.data, j.len);
  wg_emit(m, &e);
  wg_buf_release(&j);
}

static void due(struct wg_machine *m, void *arg, uint64_t token) {
  (void)arg;
  (void)token;
  wg_input_start(m);
}

void wg_input_start(struct wg_machine *m) {
  while (m->next_input < m->cfg.ninputs && m->cfg.inputs[m->next_input].at_ns <= wg_now(m)) apply(m);
  if (m->next_input < m->cfg.ninputs) wg_after(m, m->cfg.inputs[m->next_input].at_ns, true, due, NULL);
}

static const struct wg_pad *pad(struct wg_kcall *k, uint32_t user) {
  if (user == ANY_USER) user = 0;
  return user < 4 && k->m->pads[user].state.connected ? &k->m->pads[user] : NULL;
}

// X_INPUT_GAMEPAD (C): buttons, triggers, two sticks.
static void put_gamepad(struct wg_kcall *k, uint32_t at, const struct wg_input_change *c) {
  wg_kw(k->m, at, 2, c->buttons);
  wg_kw(k->m, at + 2, 1, c->left_trigger);
  wg_kw(k->m, at + 3, 1, c->right_trigger);
  const int16_t sticks[] = {c->lx, c->ly, c->rx, c->ry};
  for (uint32_t i = 0; i < 4; i++) wg_kw(k->m, at + 4 + 2 * i, 2, (uint16_t)sticks[i]);
}
static uint64_t k_XamInputGetState(struct wg_kcall *k) {
  const struct wg_pad *p = pad(k, A(0));
  if (p == NULL) return ERROR_DEVICE_NOT_CONNECTED;
  if (A(2) == 0) return 0;
  KW32(k, A(2), p->packet);
  put_gamepad(k, A(2) + 4, &p->state);
  return 0;
}
// X_INPUT_CAPABILITIES (14): type 1 gamepad, subtype 1, flags, what it has, its two motors.
static uint64_t capabilities(struct wg_kcall *k, uint32_t user, uint32_t at) {
  static const struct wg_input_change all = {
      .buttons = 0xF3FF, .left_trigger = 0xFF, .right_trigger = 0xFF, .lx = -1, .ly = -1, .rx = -1, .ry = -1};
  if (pad(k, user) == NULL) return ERROR_DEVICE_NOT_CONNECTED;
  KW32(k, at, 0x01010000);
  put_gamepad(k, at + 4, &all);
  KW32(k, at + 16, 0xFFFFFFFFu);
  return 0;
}
static uint64_t k_XamInputGetCapabilities(struct wg_kcall *k) { return capabilities(k, A(0), A(2)); }
static uint64_t k_XamInputGetCapabilitiesEx(struct wg_kcall *k) { return capabilities(k, A(1), A(3)); }
static uint64_t k_XamInputSetState(struct wg_kcall *k) { return pad(k, A(0)) ? 0 : ERROR_DEVICE_NOT_CONNECTED; }
static uint64_t k_XamInputGetKeystroke(struct wg_kcall *k) {
  return pad(k, A(0)) ? ERROR_EMPTY : ERROR_DEVICE_NOT_CONNECTED;
}
static uint64_t k_XamInputGetKeystrokeEx(struct wg_kcall *k) {
  return pad(k, KR32(k, A(0))) ? ERROR_EMPTY : ERROR_DEVICE_NOT_CONNECTED;
}

WG_TABLE(input) = {
    {"XamInputGetState", k_XamInputGetState, "ddp", 'd'},
    {"XamInputSetState", k_XamInputSetState, "ddp", 'd'},
    {"XamInputGetCapabilities", k_XamInputGetCapabilities, "ddp", 'd'},
    {"XamInputGetCapabilitiesEx", k_XamInputGetCapabilitiesEx, "dddp", 'd'},
    {"XamInputGetKeystroke", k_XamInputGetKeystroke, "ddp", 'd'},
    {"XamInputGetKeystrokeEx", k_XamInputGetKeystrokeEx, "pdp", 'd'},
    {0},
};
