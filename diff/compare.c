// The values of two calls that stand beside one another.
#include <stdio.h>
#include <string.h>

#include "base/json_iter.h"
#include "diff/calls.h"
#include "diff/pair.h"
#include "diff/rules.h"
#include "nt/status.h"

static const struct wg_content *at(const struct wg_pairing *p, int side, uint32_t content) {
  return &p->s[side]->contents[content];
}

static const char *skip(const struct wg_pairing *p, const char *call, const char *field, unsigned arg,
                        const char *key) {
  return (p->own_rules ? wg_rules_own_skip : wg_rules_skip)(p->rules, call, field, arg, key);
}

static bool both(const struct wg_content *a, const struct wg_content *b, unsigned flag) {
  return (a->flags & flag) && (b->flags & flag);
}

static void delta(struct wg_delta *d, enum wg_class_id cls, const char *field, uint64_t a, uint64_t b) {
  d->cls = cls;
  d->field = field;
  d->value[0] = a;
  d->value[1] = b;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }

// As far as a log's line can tell: without case, and without what it leaves off at its end.
static bool same_text(const struct wg_side *const s[2], uint32_t a, uint32_t b) {
  const char *x = wg_str(s[0], a), *y = wg_str(s[1], b);
  size_t n = wg_told_length(x, wg_strings_len(&s[0]->strings, a));
  if (n != wg_told_length(y, wg_strings_len(&s[1]->strings, b))) return false;
  for (size_t i = 0; i < n; i++) // NULs may be among them
    if (lower(x[i]) != lower(y[i])) return false;
  return true;
}

static bool text_differs(const struct wg_pairing *p, const struct wg_content *a, const struct wg_content *b,
                         const char *name, struct wg_delta *d) {
  if (a->detail == 0 || b->detail == 0) return false;
  const struct wg_side *const s[2] = {p->s[0], p->s[1]};
  if (same_text(s, a->detail, b->detail) || skip(p, name, "detail", 0, NULL)) return false;
  delta(d, WG_D_ARGS, "detail", a->detail, b->detail);
  return true;
}

static bool args_differ(const struct wg_pairing *p, const struct wg_content *a, const struct wg_content *b,
                        const char *name, struct wg_delta *d) {
  if (!both(a, b, WG_C_ARGS)) return false;
  unsigned n = a->nargs < b->nargs ? a->nargs : b->nargs;
  if (wg_nt_of(a) && wg_nt_nparams(wg_nt_of(a)) < n && wg_nt_of(a)->params[0] != '?')
    n = (unsigned)wg_nt_nparams(wg_nt_of(a));
  for (unsigned i = 0; i < n; i++) {
    uint64_t x = wg_arg(p->s[0], a, i), y = wg_arg(p->s[1], b, i);
    if (x == y || skip(p, name, "arg", i, NULL)) continue;
    delta(d, WG_D_ARGS, "arg", x, y);
    d->arg = i;
    return true;
  }
  return false;
}

static bool member(const char *json, const struct wg_json_member *like, struct wg_json_member *out) {
  struct wg_json_iter it;
  if (!wg_json_walk(&it, json, strlen(json))) return false;
  while (wg_json_next(&it, out))
    if (out->nkey == like->nkey && memcmp(out->key, like->key, like->nkey) == 0) return true;
  return false;
}

// argN: what the call wrote through a parameter that nobody named: a number or an address.
static bool unnamed(const struct wg_json_member *m) {
  return m->nkey >= 4 && m->nkey <= 5 && memcmp(m->key, "arg", 3) == 0;
}

static bool same_member(const struct wg_json_member *a, const struct wg_json_member *b) {
  uint64_t x, y;
  if (unnamed(a) && wg_json_int(a, &x) && wg_json_int(b, &y)) return wg_canonical('x', x) == wg_canonical('x', y);
  if (a->nvalue == b->nvalue && memcmp(a->value, b->value, a->nvalue) == 0) return true;
  return wg_json_int(a, &x) && wg_json_int(b, &y) && x == y;
}

// One of them wrote nothing at all, or was no more than a row in a table.
static bool silent_differs(const struct wg_pairing *p, const struct wg_content *a, const struct wg_content *b,
                           const char *name, struct wg_delta *d) {
  if (a->out == b->out || !both(a, b, WG_C_OUT) || (p->s[0]->title == 0) != (p->s[1]->title == 0)) return false;
  struct wg_json_iter it;
  struct wg_json_member m;
  int side = a->out == 0;
  const char *json = wg_str(p->s[side], side ? b->out : a->out);
  if (!wg_json_walk(&it, json, strlen(json)) || !wg_json_next(&it, &m)) return false;
  snprintf(d->key, sizeof d->key, "%.*s", (int)m.nkey, m.key);
  if (skip(p, name, "out", 0, d->key)) return false;
  delta(d, WG_D_OUT, "out", a->out, b->out);
  return true;
}

static bool out_differs(const struct wg_pairing *p, const struct wg_content *a, const struct wg_content *b,
                        const char *name, struct wg_delta *d) {
  if (a->out == 0 || b->out == 0) return silent_differs(p, a, b, name, d);
  const char *x = wg_str(p->s[0], a->out), *y = wg_str(p->s[1], b->out);
  struct wg_json_iter it;
  struct wg_json_member m, n;
  if (strcmp(x, y) == 0 || !wg_json_walk(&it, x, strlen(x))) return false;
  while (wg_json_next(&it, &m)) {
    bool stub = wg_json_is(&m, "unimplemented");
    bool there = member(y, &m, &n);
    // One engine tells what nobody named in one way, as long as it is as much.
    bool other_way = !there && m.nkey > 3 && memcmp(m.key, "arg", 3) == 0 && p->s[0]->title && p->s[1]->title;
    if ((!there && !stub && !other_way) || (there && same_member(&m, &n))) continue;
    snprintf(d->key, sizeof d->key, "%.*s", (int)m.nkey, m.key);
    if (skip(p, name, "out", 0, d->key)) continue;
    delta(d, WG_D_OUT, "out", a->out, b->out);
    return true;
  }
  return false;
}

// What a call of this kind does whenever it succeeds, whatever the other side tells of; 0: nothing that is known.
static unsigned due(const struct wg_side *s, const struct wg_content *c) {
  const struct wg_call *call = wg_content_is(c, WG_NT_SIGNALS) ? wg_call_of(wg_str(s, c->name)) : NULL;
  if (!(c->flags & WG_C_RETURNED) ||
      (wg_nt_of(c) && wg_nt_of(c)->ret == 'S' && (!(c->flags & WG_C_RV) || c->rv >= 0x40000000u)))
    return 0;
  if (call && (call->law == WG_L_SET || call->law == WG_L_RELEASE || call->law == WG_L_UNLOCK)) {
    bool counted = call->law == WG_L_RELEASE && c->nargs > call->arg && wg_arg(s, c, call->arg) < 15;
    return WG_DID_SIGNAL | (counted ? (unsigned)wg_arg(s, c, call->arg) : 0) * WG_DID_AMOUNT;
  }
  return wg_waits_for_objects(c) ? WG_DID_WAIT : 0;
}

// A side's trace alone shows it: a call that succeeds without doing what its kind does.
static bool fails_silently(const struct wg_pairing *p, int side, const struct wg_content *a, struct wg_delta *d) {
  const struct wg_side *s = p->s[side];
  const struct wg_known *known = wg_known_of(p, side, a);
  // Wedge tells of it whenever it happens; of another engine that is known where it does at other times.
  bool tells = strcmp(wg_str(s, s->engine), "wedge") == 0 || known->acted * 2 > known->returned;
  unsigned want = s->title && tells ? due(s, a) : p->waits_told ? due(s, a) & WG_DID_WAIT : 0;
  unsigned told = (s->has_signals ? WG_DID_SIGNAL | WG_DID_SIGNALS | WG_DID_OTHER | 15 * WG_DID_AMOUNT : 0) |
                  (s->has_waits ? WG_DID_WAIT : 0);
  unsigned mask = want & WG_DID_WAIT ? WG_DID_WAIT : told & ~(unsigned)WG_DID_WAIT;
  if (!(want >= 15 * WG_DID_AMOUNT || want & ~(unsigned)(WG_DID_SIGNAL | WG_DID_WAIT))) mask &= ~(15u * WG_DID_AMOUNT);
  mask &= told;
  if (want == 0 || ((a->effects ^ want) & mask) == 0) return false;
  delta(d, WG_D_EFFECT, "effect", a->effects & mask, want & mask);
  return true;
}

bool wg_fails_silently(const struct wg_pairing *p, uint32_t a_content, struct wg_delta *d) {
  *d = (struct wg_delta){.field = ""};
  return p->effects == 0 && fails_silently(p, 0, at(p, 0, a_content), d);
}

// It fails, and in the reference, which tells of no results, it makes a handle. A log without results shows that it
// fails where other calls of its kind are seen to make handles.
static bool makes_nothing(const struct wg_pairing *p, const struct wg_content *a, const struct wg_content *b,
                          struct wg_delta *d) {
  bool says = (a->flags & WG_C_RV) && a->rv >= 0xC0000000u && wg_nt_status_name(a->rv);
  bool seen = wg_content_is(a, WG_NT_OPENS) || (b->effects & WG_DID_THREAD);
  bool shows =
      !(a->flags & WG_C_RV) && (a->flags & (WG_C_RETURNED | WG_C_PASSED)) && seen && wg_known_of(p, 0, a)->makes[0];
  if ((!says && !shows) || both(a, b, WG_C_RV) || !wg_content_is(a, WG_NT_CREATES)) return false;
  if ((a->effects & WG_DID_CREATE) || !(b->effects & WG_DID_CREATE)) return false;
  delta(d, WG_D_EFFECT, "effect", 0, WG_DID_CREATE);
  return true;
}

static bool effects_differ(const struct wg_pairing *p, const struct wg_content *a, const struct wg_content *b,
                           struct wg_delta *d) {
  unsigned mask = p->effects;
  if (mask == 0) {
    struct wg_delta there = {.field = ""};
    return makes_nothing(p, a, b, d) || (fails_silently(p, 0, a, d) && !fails_silently(p, 1, b, &there));
  }
  // What has not returned has at least begun to wait, unless its trace was cut before it told.
  if (!both(a, b, WG_C_RETURNED))
    mask &= a->effects & b->effects & WG_DID_WAIT ? WG_DID_WAIT_ENDLESS | WG_DID_WAIT_ALL | WG_DID_ALERTABLE : 0;
  if (((a->effects ^ b->effects) & mask) == 0) return false;
  delta(d, WG_D_EFFECT, "effect", a->effects & mask, b->effects & mask);
  return true;
}

static bool rv_differs(const struct wg_content *a, const struct wg_content *b, struct wg_delta *d) {
  if (!both(a, b, WG_C_RV) || a->rv == b->rv) return false;
  delta(d, WG_D_VALUE, "rv", a->rv, b->rv);
  return true;
}

bool wg_compare(const struct wg_pairing *p, uint32_t a_content, uint32_t b_content, struct wg_delta *d) {
  const struct wg_content *a = at(p, 0, a_content), *b = at(p, 1, b_content);
  const char *name = wg_str(p->s[0], a->name);
  *d = (struct wg_delta){.field = ""};
  if (text_differs(p, a, b, name, d) || args_differ(p, a, b, name, d)) return true;
  // A state before a signal says less than whether there was one.
  bool before = wg_content_is(a, WG_NT_SIGNALS | WG_NT_RESETS);
  if (before && effects_differ(p, a, b, d)) return true;
  // That one engine chooses a value does not explain why the other fails.
  bool fails = both(a, b, WG_C_RV) && (a->rv >= 0xC0000000u) != (b->rv >= 0xC0000000u) &&
               wg_nt_status_name(a->rv >= 0xC0000000u ? a->rv : b->rv);
  if ((fails || !skip(p, name, "rv", 0, NULL)) && rv_differs(a, b, d)) return true;
  return out_differs(p, a, b, name, d) || effects_differ(p, a, b, d);
}

// Addresses of two pages: where a page lies is the engine's choice, what stands where in it is not.
static bool on_other_page(uint64_t a, uint64_t b) {
  return wg_canonical('x', a) == 1 && wg_canonical('x', b) == 1 && ((a ^ b) & 0xFFF) == 0;
}

bool wg_compare_all(const struct wg_pairing *p, uint32_t a_content, uint32_t b_content, struct wg_delta *d) {
  if (wg_compare(p, a_content, b_content, d)) return true;
  return rv_differs(at(p, 0, a_content), at(p, 1, b_content), d) && !on_other_page(d->value[0], d->value[1]);
}

bool wg_same_object(struct wg_pairing *p, uint32_t a, uint32_t b) {
  uint64_t to, from;
  if (a == WG_NONE || b == WG_NONE) return true;
  bool has = wg_map_get(&p->same[0], a, &to), had = wg_map_get(&p->same[1], b, &from);
  if (!has && !had) {
    wg_map_put(&p->same[0], a, b);
    wg_map_put(&p->same[1], b, a);
    return true;
  }
  return !(has && had) || to == b; // one that is new to only one side tells nothing
}

// The state before a signal, or of a lock that is tried: who came first.
bool wg_timing(const struct wg_content *c, const struct wg_delta *d) {
  const char *name = wg_nt_of(c) ? wg_nt_of(c)->name : "";
  bool own = strstr(name, "Thread") || strstr(name, "Virtual"); // how often it is suspended, how a page is protected
  bool before =
      wg_content_is(c, WG_NT_SIGNALS | WG_NT_RESETS) && wg_nt_of(c)->ret == 'd' && d->cls == WG_D_VALUE && !own;
  bool tries = wg_content_is(c, WG_NT_LOCK) && wg_nt_of(c)->ret == 'b' && d->cls == WG_D_VALUE;
  return before || tries ||
         (d->cls == WG_D_OUT && d->value[0] && d->value[1] && !own && strncmp(d->key, "previous", 8) == 0);
}

// By its arguments, a wait that lets no APC in.
static bool not_alertable(const struct wg_side *s, const struct wg_content *c) {
  size_t at;
  return wg_call_limit(wg_nt_of(c), c->nargs, &at) && at > 0 && wg_nt_of(c)->params[at] == 't' &&
         wg_nt_of(c)->params[at - 1] == 'd' && (wg_arg(s, c, at - 1) & 0xFF) == 0;
}

// What no schedule makes a wait give: an error, of a mere sleep that it found something, or an APC where none may come.
bool wg_no_chance(const struct wg_side *s, const struct wg_content *c) {
  if (!wg_content_is(c, WG_NT_WAITS) || !(c->flags & WG_C_RV) || wg_nt_of(c)->ret != 'S') return false;
  if (c->rv >= 0xC0000000u) return wg_nt_status_name(c->rv) != NULL;
  if (c->rv == STATUS_USER_APC) return not_alertable(s, c);
  return wg_call_sleeps(wg_str(s, c->name)) && c->rv != 0 && c->rv != STATUS_USER_APC && c->rv != STATUS_ALERTED;
}

bool wg_apcs_come(const struct wg_side *s, const struct wg_dthread *t) {
  for (size_t i = 0; i < t->nsteps; i++) {
    const struct wg_content *c = wg_content_at(s, t, i);
    if ((c->flags & WG_C_RV) && c->rv == STATUS_USER_APC && wg_content_is(c, WG_NT_WAITS)) return true;
  }
  return false;
}

bool wg_interrupted(const struct wg_pairing *p, uint32_t pair, const struct wg_content *c, const struct wg_delta *d) {
  if (d->cls != WG_D_VALUE || strcmp(d->field, "rv") != 0 || !wg_content_is(c, WG_NT_WAITS)) return false;
  if (d->value[0] >= 0x80000000u || d->value[1] >= 0x80000000u) return false;
  if ((d->value[0] == STATUS_USER_APC) == (d->value[1] == STATUS_USER_APC)) return false;
  return p->pairs[pair].apcs[0] && p->pairs[pair].apcs[1];
}
