// xam.xex: the system's dialogs. The next answer of their kind in the input script closes them, or somebody who takes
// what is offered; that takes a moment, while XN_SYS_UI tells the title that it is covered.
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/state.h"
#include "emu/kernel/xam.h"

#define OPEN_NS 100000000u // as the reference's headless dialogs
#define DEVICE_HDD 1u

struct wg_dialog {
  struct wg_dialog *next;
  struct wg_input_change answer;
  bool scripted;                  // it is from the input script:
  uint32_t line;                  // of that
  struct wg_object *thread;       // that asked; held
  uint32_t overlapped, out, room; // where the answer goes
  uint32_t text;                  // a keyboard's default
  uint32_t offered;               // a message box's focused button
};

void wg_dialogs_free(struct wg_xam *x) {
  while (x->dialogs) {
    struct wg_dialog *d = x->dialogs;
    x->dialogs = d->next;
    free(d);
  }
}

static const struct wg_input_change *next_answer(struct wg_machine *m, enum wg_dialog_kind kind) {
  for (size_t *i = &m->xam->next_answer[kind]; *i < m->input.n;) {
    const struct wg_input_change *c = &m->cfg.inputs[(*i)++];
    if (c->kind == WG_INPUT_ANSWER && c->dialog == kind) return c;
  }
  return NULL;
}

// UTF-8 as 16-bit units; `text` is valid.
static void put_utf16(struct wg_machine *m, const char *text, uint32_t to, uint32_t room) {
  uint32_t n = 0;
  const uint8_t *p = (const uint8_t *)text;
  while (*p && n + 1 < room) {
    uint32_t c = *p++;
    unsigned more = c < 0xC0 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    if (more) c &= 0x3Fu >> more;
    while (more-- && *p) c = c << 6 | (*p++ & 0x3F);
    if (c > 0xFFFF && n + 2 < room) {
      wg_kw(m, to + 2 * n++, 2, 0xD7C0 + (c >> 10));
      c = 0xDC00 | (c & 0x3FF);
    }
    wg_kw(m, to + 2 * n++, 2, c);
  }
  wg_kw(m, to + 2 * n, 2, 0);
}

static void put_default(struct wg_machine *m, const struct wg_dialog *d) {
  for (uint32_t i = 0; i < d->room; i++) {
    uint64_t c = d->text && i + 1 < d->room ? wg_kr(m, d->text + 2 * i, 2) : 0;
    wg_kw(m, d->out + 2 * i, 2, c);
    if (c == 0) break;
  }
}

static void write_answer(struct wg_machine *m, struct wg_dialog *d) {
  switch (d->answer.dialog) {
  case WG_DIALOG_MESSAGE_BOX:
    if (!d->scripted) d->answer.value = d->offered;
    if (d->out) wg_kw(m, d->out, 4, d->answer.value);
    break;
  case WG_DIALOG_DEVICE:
    if (!d->scripted) d->answer.value = DEVICE_HDD;
    if (d->out) wg_kw(m, d->out, 4, d->answer.value);
    break;
  case WG_DIALOG_KEYBOARD:
    if (d->out && d->answer.text)
      put_utf16(m, d->answer.text, d->out, d->room);
    else if (d->out)
      put_default(m, d);
    break;
  case WG_DIALOG_OTHER: break;
  }
}

static void close_dialog(void *ctx, void *arg, uint64_t token) {
  struct wg_machine *m = ctx;
  struct wg_dialog *d = arg;
  (void)token;
  for (struct wg_dialog **at = &m->xam->dialogs; *at; at = &(*at)->next) {
    if (*at != d) continue;
    *at = d->next;
    break;
  }
  if (!d->answer.cancelled) write_answer(m, d);
  m->calls.fault = false; // the title has freed what it gave
  wg_dialog_emit(m, &d->answer, d->scripted);
  if (d->overlapped)
    wg_xam_finish(m, d->thread ? d->thread->thread : NULL, d->overlapped,
                  d->answer.cancelled ? ERROR_CANCELLED : ERROR_SUCCESS,
                  d->answer.dialog == WG_DIALOG_MESSAGE_BOX ? d->answer.value : 0);
  wg_xam_notify(m, XN_SYS_UI, 0);
  if (d->thread) wg_object_unref(m, d->thread);
  m->bounds.dialogs--;
  free(d);
}

static void describe_dialog(struct wg_archive *a, void *ctx, void **arg) {
  struct wg_machine *m = ctx;
  uint32_t n = 0, i = WG_AR_NONE;
  for (const struct wg_dialog *d = m->xam->dialogs; d; d = d->next, n++)
    if (d == *arg) i = n;
  i = wg_ar_index(a, i, n);
  if (!wg_ar_loading(a)) return;
  struct wg_dialog *d = m->xam->dialogs;
  for (; d && i != WG_AR_NONE && i; i--) d = d->next;
  if (d == NULL) wg_ar_fail(a, "a due time of no dialog");
  *arg = d;
}

void wg_dialogs_state(struct wg_archive *a, struct wg_machine *m) {
  size_t n = 0;
  for (const struct wg_dialog *d = m->xam->dialogs; d; d = d->next) n++;
  n = wg_ar_count(a, n, WG_MAX_DIALOGS);
  if (wg_ar_loading(a)) wg_dialogs_free(m->xam);
  struct wg_dialog **at = &m->xam->dialogs;
  for (size_t i = 0; i < n; i++, at = &(*at)->next) {
    if (wg_ar_loading(a)) *at = wg_xcalloc(1, sizeof **at);
    struct wg_dialog *d = *at;
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): so many were counted, or made
    d->scripted = wg_ar_kind(a, d->scripted, 2);
    d->answer.dialog = (enum wg_dialog_kind)wg_ar_kind(a, d->answer.dialog, WG_DIALOGS);
    d->line = wg_ar_index(a, d->line, d->scripted ? m->input.n : 1);
    if (wg_ar_loading(a) && d->scripted && d->line != WG_AR_NONE) d->answer = m->cfg.inputs[d->line];
    wg_ar_object(a, m, &d->thread);
    uint32_t *const words[] = {&d->overlapped, &d->out, &d->room, &d->text, &d->offered};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) wg_ar_u32(a, words[w]);
  }
}

void wg_dialogs_init(struct wg_machine *m) {
  wg_clock_serve(&m->clock, WG_DUE_DIALOG,
                 &(struct wg_due_service){.fire = close_dialog, .describe = describe_dialog, .ctx = m});
}

static uint64_t open_dialog(struct wg_kcall *k, enum wg_dialog_kind kind, uint32_t overlapped, struct wg_dialog like) {
  struct wg_machine *m = k->m;
  if (m->bounds.dialogs == WG_MAX_DIALOGS) {
    wg_limit(m, WG_L_DIALOGS);
    return ERROR_ACCESS_DENIED;
  }
  m->bounds.dialogs++;
  const struct wg_input_change *answer = next_answer(m, kind);
  struct wg_dialog *d = wg_xcalloc(1, sizeof *d);
  *d = like;
  d->answer = answer ? *answer : (struct wg_input_change){.kind = WG_INPUT_ANSWER, .dialog = kind};
  d->scripted = answer != NULL;
  if (answer) d->line = (uint32_t)(answer - m->cfg.inputs);
  d->thread = k->thread ? k->thread->object : NULL;
  if (d->thread) d->thread->refs++;
  d->overlapped = overlapped;
  d->next = m->xam->dialogs;
  m->xam->dialogs = d;
  if (overlapped) {
    WG_PUT(k->m, overlapped, OVERLAPPED, RESULT, ERROR_IO_PENDING);
    WG_PUT(k->m, overlapped, OVERLAPPED, LENGTH, 0);
  }
  uint64_t when = wg_now(m) + OPEN_NS;
  wg_xam_notify(m, XN_SYS_UI, 1);
  wg_after(m, answer && answer->at_ns > when ? answer->at_ns : when, true, WG_DUE_DIALOG, d);
  return overlapped ? ERROR_IO_PENDING : ERROR_SUCCESS;
}

// (user, type, flags, total, device*, overlapped)
WG_CALL(XamShowDeviceSelectorUI, 6) {
  if (A(5) == 0) return ERROR_INVALID_PARAMETER;
  if ((A(0) > 3 && A(0) != ANY_USER) || A(2) & 0x83F00008u || A(4) == 0) {
    WG_PUT(k->m, A(5), OVERLAPPED, EXTENDED_ERROR, ERROR_INVALID_PARAMETER);
    return ERROR_INVALID_PARAMETER;
  }
  if (A(0) != ANY_USER && wg_xam_nobody(k->m, A(0))) return wg_xam_complete(k, A(5), ERROR_NO_SUCH_USER, 0);
  return open_dialog(k, WG_DIALOG_DEVICE, A(5), (struct wg_dialog){.out = A(4)});
}
// (user, title, text, buttons, list, focus, flags, result*, overlapped)
WG_CALL(XamShowMessageBoxUI, 9) {
  return open_dialog(k, WG_DIALOG_MESSAGE_BOX, A(8), (struct wg_dialog){.out = A(7), .offered = A(5)});
}
// (user, title, text, buttons, list, focus, flags, ?, result*, overlapped)
WG_CALL(XamShowMessageBoxUIEx, 10) {
  return open_dialog(k, WG_DIALOG_MESSAGE_BOX, A(9), (struct wg_dialog){.out = A(8), .offered = A(5)});
}
// (user, flags, default, title, text, buffer, length, overlapped)
WG_CALL(XamShowKeyboardUI, 8) {
  if (A(5) == 0) return ERROR_INVALID_PARAMETER;
  return open_dialog(k, WG_DIALOG_KEYBOARD, A(7), (struct wg_dialog){.out = A(5), .room = A(6), .text = A(2)});
}
// Those that only show something, or whose effect the script tells by itself (who signs in).
static uint64_t k_show(struct wg_kcall *k) { return open_dialog(k, WG_DIALOG_OTHER, 0, (struct wg_dialog){.out = 0}); }
// (user, flags, offers, count, result*, overlapped): nothing can be bought
WG_CALL(XamShowMarketplaceDownloadItemsUI, 6) {
  wg_out_u32(k, A(4), "result", 0x80070057u);
  return open_dialog(k, WG_DIALOG_OTHER, A(5), (struct wg_dialog){.out = 0});
}
WG_CALL(XamShowDirtyDiscErrorUI, 1) {
  wg_buf_str(&k->m->ending.report, "the title reports that its disc cannot be read (XamShowDirtyDiscErrorUI)\n");
  k->state = WG_CALL_NO_RETURN;
  wg_stop(k->m, WG_END_EXIT);
  return 0;
}
WG_CALL(XamIsUIActive, 0) { return k->m->xam->dialogs != NULL; }

static uint64_t sign_in(struct wg_kcall *k, uint32_t users) {
  return users == 1 || users == 2 || users == 4 ? k_show(k) : ERROR_INVALID_PARAMETER;
}
WG_CALL(XamShowSigninUI, 2) { return sign_in(k, A(0)); }
// (user, as XamShowSigninUI)
WG_CALL(XamShowSigninUIp, 3) { return sign_in(k, A(1)); }
WG_CALL(XamShowAchievementsUI, 2) { return k_show(k); }
WG_CALL(XamShowMarketplaceUI, 4) { return k_show(k); }
WG_CALL(XamShowCommunitySessionsUI, 2) { return k_show(k); }
WG_CALL(XamShowPartyUI, 2) { return k_show(k); }
WG_CALL(XamShowNuiTroubleshooterUI, 3) { return k_show(k); }
WG_CALL(XamShowGamerCardUIForXUID, 2) { return k_show(k); }
WG_CALL(XamShowPlayerReviewUI, 2) { return k_show(k); }
WG_CALL(XamShowFriendRequestUI, 2) { return k_show(k); }
WG_CALL(XamShowFriendsUI, 1) { return k_show(k); }
WG_CALL(XamShowMessagesUI, 1) { return k_show(k); }
WG_CALL(XamShowPlayersUI, 1) { return k_show(k); }
WG_CALL(XamShowQuickChatUI, 2) { return k_show(k); }
WG_CALL(XamShowVoiceMailUI, 2) { return k_show(k); }
WG_CALL(XamShowMessageComposeUI, 4) { return k_show(k); }
WG_CALL(XamShowGameInviteUI, 4) { return k_show(k); }
