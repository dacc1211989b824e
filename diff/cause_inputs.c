// What a thread had last learned from outside before it went another way.
#include <string.h>

#include "diff/cause_walk.h"

#define IO_PENDING 997u // ERROR_IO_PENDING: an overlapped call goes on

// What a thread last learned from outside before a place: a file's data, whether a path exists; failing that, whatever
// it asked last.
static bool is_input(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_content *c = wg_content_at(s, t, step);
  uint32_t o = t->steps[step].object;
  const char *name = wg_str(s, c->name);
  if (wg_content_is(c, WG_NT_OPENS)) return true;
  bool file = strstr(name, "File") || (o != WG_NONE && strcmp(wg_str(s, s->objects[o].type), "File") == 0);
  return file && (strstr(name, "Read") || strstr(name, "Query")); // a log does not tell what a handle is of
}

// All that it tells its caller is its result.
static bool writes_nothing(const struct wg_nt_export *nt) {
  return nt && nt->ret != 'v' && strpbrk(nt->params, "PH?") == NULL;
}

// Both tell what it gave, and it is the same: not that.
static bool known_equal(const struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b) {
  if (b == WG_NONE) return false;
  const struct wg_content *x = wg_content_at(p->s[0], wg_pair_thread(p, pair, 0), a);
  const struct wg_content *y = wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b);
  return (x->flags & y->flags & WG_C_RV) && ((x->out && y->out) || writes_nothing(wg_nt_of(x)));
}

// Both tell its result, which is the same, and it gives nothing else.
static bool told_equal(const struct wg_pairing *p, uint32_t pair, uint32_t a) {
  uint32_t b = wg_partner_step(p, pair, 0, a);
  if (b == WG_NONE) return false;
  const struct wg_content *x = wg_content_at(p->s[0], wg_pair_thread(p, pair, 0), a);
  const struct wg_content *y = wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b);
  return (x->flags & y->flags & WG_C_RV) && x->rv == y->rv && writes_nothing(wg_nt_of(x));
}

// It only makes something of what the thread has: a string.
static bool own_memory(const struct wg_content *c) {
  return wg_content_is(c, WG_NT_QUERY) && !wg_content_is(c, WG_NT_TIME) && wg_nt_of(c) && wg_nt_of(c)->ret == 'v';
}

// It can have told the thread something.
static bool may_tell(const struct wg_pairing *p, const struct wg_content *c) {
  const char *name = wg_str(p->s[0], c->name);
  if (wg_content_is(c, WG_NT_CONSEQUENCE | WG_NT_CLOSES | WG_NT_FREES)) return false;
  if (strstr(name, "Delay") || strstr(name, "Yield")) return false;
  bool gives = !wg_nt_of(c) || wg_nt_of(c)->ret != 'v' || strchr(wg_nt_of(c)->params, 'P');
  return gives && !own_memory(c);
}

// It can tell nothing but in which state an event was before, for which titles seldom ask.
static bool only_signals(const struct wg_content *c) {
  const struct wg_nt_export *nt = wg_nt_of(c);
  return nt && (strcmp(nt->name, "KeSetEvent") == 0 || strcmp(nt->name, "NtSetEvent") == 0);
}

// All that it gave is told.
static bool is_told(const struct wg_content *c) {
  bool writes = wg_nt_of(c) && strchr(wg_nt_of(c)->params, 'P');
  return (c->flags & WG_C_RV) && (!writes || c->out);
}

// It is known to have done what it was asked for, or chance decides what it gives.
static bool went_well(const struct wg_side *s, const struct wg_content *c) {
  if (wg_waits_for_objects(c)) return !wg_content_limited(s, c);
  bool only_status = wg_content_is(c, WG_NT_SIGNALS) || strchr(wg_nt_of(c) ? wg_nt_of(c)->params : "", 'P') == NULL;
  return is_told(c) && only_status && wg_nt_of(c) && wg_nt_of(c)->ret == 'S' && c->rv == 0;
}

bool wg_said_of(const struct wg_pairing *p, uint32_t pair, uint32_t input, uint32_t a_step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  if (a_step >= t->nsteps || !wg_content_is(wg_content_at(p->s[0], t, a_step), WG_NT_CONSEQUENCE)) return false;
  while (a_step-- > input + 1)
    if (wg_weight_of(p, 0, t->steps[a_step].content) != WG_NEUTRAL) return false;
  uint32_t b = wg_partner_step(p, pair, 0, input);
  const struct wg_content *x = wg_content_at(p->s[0], t, input);
  const struct wg_content *y = b == WG_NONE ? NULL : wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b);
  return !(is_told(x) && (y == NULL || is_told(y))) && !went_well(p->s[0], x);
}

// What a thread says of a call's result it says right behind it: the call before this one, if it tells something that
// is not known to be the same.
static uint32_t right_before(const struct wg_pairing *p, uint32_t pair, uint32_t at) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  const uint32_t said = at;
  if (at >= t->nsteps || !wg_content_is(wg_content_at(p->s[0], t, at), WG_NT_CONSEQUENCE)) return WG_NONE;
  while (at-- > 0 && wg_weight_of(p, 0, t->steps[at].content) == WG_NEUTRAL) {
  }
  if (at == UINT32_MAX) return WG_NONE;
  const struct wg_content *c = wg_content_at(p->s[0], t, at);
  if (!may_tell(p, c) || only_signals(c) || !wg_said_of(p, pair, at, said)) return WG_NONE;
  return known_equal(p, pair, at, wg_partner_step(p, pair, 0, at)) ? WG_NONE : at;
}

// Made as often by the thread, from the same place, before a step.
static uint32_t times(const struct wg_pairing *p, uint32_t pair, int side, uint32_t until, uint64_t site) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  uint32_t n = 0;
  for (uint32_t i = 0; i < until && i < t->nsteps; i++)
    if (wg_key_weak(p, side, t->steps[i].content) == site) n += t->steps[i].count;
  return n;
}

// A thread may ask it until it gives what it wants.
static bool is_asked(const struct wg_pairing *p, const struct wg_content *c) {
  const unsigned others = WG_NT_SIGNALS | WG_NT_LOCK | WG_NT_UNLOCK | WG_NT_TIME | WG_NT_CREATES;
  return !wg_content_is(c, others) && may_tell(p, c) && !went_well(p->s[0], c);
}

#define ASKED_REACH 24         // calls before the place
#define ASKED_STEPS (1u << 18) // of a thread with more nobody counts how often it asked

// The last call before a place that the thread has made more or less often than its like, up to where the two part:
// it gave what it was asked for sooner or later than there.
static uint32_t asked_otherwise(const struct wg_pairing *p, const struct wg_finding *f, uint32_t at) {
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  uint32_t there = wg_parting(p, f, 1);
  if (at > ASKED_STEPS || there > ASKED_STEPS) return WG_NONE;
  for (uint32_t i = at, n = 0; i-- > 0 && n < ASKED_REACH; n++) {
    const struct wg_content *c = wg_content_at(p->s[0], t, i);
    if (!is_asked(p, c)) continue;
    uint64_t site = wg_key_weak(p, 0, t->steps[i].content);
    uint32_t b = times(p, f->pair, 1, there, site);
    if (b && times(p, f->pair, 0, at, site) != b) return i;
  }
  return WG_NONE;
}

// What is given back on one side only was not got on the other: the last call before it that gets such a thing, made on
// both sides.
static uint32_t got_before(const struct wg_pairing *p, const struct wg_finding *f) {
  int side = f->step[0] == WG_NONE || f->count[0] == 0;
  const bool lone = f->cls == WG_D_EXTRA || f->cls == WG_D_MISSING || (f->cls == WG_D_COUNT && f->count[!side] == 0);
  uint32_t step = f->step[side];
  if (!lone || step == WG_NONE) return WG_NONE;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
  if (!wg_content_is(wg_content_at(p->s[side], t, step), WG_NT_FREES)) return WG_NONE;
  while (step-- > 0) {
    const struct wg_content *c = wg_content_at(p->s[side], t, step);
    if (wg_content_is(c, WG_NT_FREES)) return WG_NONE; // of that one
    if (!wg_content_is(c, WG_NT_ALLOCATES)) continue;
    return side ? wg_partner_step(p, f->pair, 1, step) : step;
  }
  return WG_NONE;
}

// Of this side alone it is told that the call failed.
static bool failed_here(const struct wg_pairing *p, const struct wg_content *c, const struct wg_content *there) {
  const struct wg_nt_export *nt = wg_nt_of(c);
  if (!(c->flags & WG_C_RV) || nt == NULL || (there && (there->flags & WG_C_RV))) return false;
  if (there == NULL && wg_known_of(p, 0, c)->rvs[1]) return false;
  bool codes = strncmp(nt->name, "Xam", 3) == 0 || strncmp(nt->name, "NetDll_", 7) == 0; // a code of an error, or 0
  switch (nt->ret) {
  case 'S': return c->rv >= 0x80000000u;
  case 'p':
  case 'h': return c->rv == 0;
  case 'd':
    return codes && !wg_known_of(p, 0, c)->rvs[1] && (c->rv >= 0x80000000u || (c->rv > 1 && c->rv < 0x4000)) &&
           c->rv != IO_PENDING;
  default: return false;
  }
}

// What the thread did right before the two part, if it is told to have failed here and the other side tells nothing of
// it. What a thread closes, frees and reports then, it does because of that.
static uint32_t failed_before(const struct wg_pairing *p, const struct wg_finding *f) {
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  uint32_t at = wg_parting(p, f, 0);
  if (at > t->nsteps) return WG_NONE;
  while (at-- > 0) {
    const struct wg_content *c = wg_content_at(p->s[0], t, at);
    if (wg_weight_of(p, 0, t->steps[at].content) == WG_NEUTRAL ||
        wg_content_is(c, WG_NT_CLOSES | WG_NT_FREES | WG_NT_CONSEQUENCE))
      continue;
    uint32_t b = wg_partner_step(p, f->pair, 0, at);
    if (b == WG_NONE) return WG_NONE;
    return failed_here(p, c, wg_content_at(p->s[1], wg_pair_thread(p, f->pair, 1), b)) ? at : WG_NONE;
  }
  return WG_NONE;
}

// It gets or makes something, and not both sides tell that it did.
static bool may_fail(const struct wg_pairing *p, uint32_t pair, uint32_t a) {
  uint32_t b = wg_partner_step(p, pair, 0, a);
  const struct wg_content *x = wg_content_at(p->s[0], wg_pair_thread(p, pair, 0), a);
  if (b == WG_NONE || !wg_content_is(x, WG_NT_ALLOCATES | WG_NT_CREATES | WG_NT_OPENS)) return false;
  return !(x->flags & wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b)->flags & WG_C_RV);
}

#define INPUT_REACH 40 // calls before the place, and so many that only ask
#define INPUT_QUERIES 1000
#define INPUT_SIGNALS 8 // calls before one that only signals: what tells more among them comes first

bool wg_may_have_told(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  if (wg_weight_of(p, 0, t->steps[a_step].content) == WG_NEUTRAL) return false;
  uint32_t b = wg_partner_step(p, pair, 0, a_step);
  const struct wg_content *x = wg_content_at(p->s[0], t, a_step);
  if (!may_tell(p, x) || went_well(p->s[0], x)) return false;
  return b == WG_NONE || !(x->flags & wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b)->flags & WG_C_RV);
}

// How often a thread makes the same call from the same place from one step to before another one.
static uint32_t like_it(const struct wg_pairing *p, uint32_t pair, int side, uint32_t from, uint32_t to,
                        uint64_t site) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  uint32_t n = 0;
  for (uint32_t i = from; i < to && i < t->nsteps; i++) n += wg_key_weak(p, side, t->steps[i].content) == site;
  return n;
}

// Its like in the reference comes behind what is missing here: it had not been asked yet. What only asks may have no
// like by itself; it is counted from the last step that has one.
static bool comes_later(const struct wg_pairing *p, const struct wg_finding *f, uint32_t a_step) {
  if (f->step[0] != WG_NONE || f->step[1] == WG_NONE) return false;
  uint32_t at = a_step, b = WG_NONE;
  while (a_step - at < INPUT_REACH && (b = wg_partner_step(p, f->pair, 0, at)) == WG_NONE && at > 0) at--;
  if (b == WG_NONE || at == a_step) return b != WG_NONE && b > f->step[1];
  uint64_t site = wg_key_weak(p, 0, wg_pair_thread(p, f->pair, 0)->steps[a_step].content);
  return like_it(p, f->pair, 0, at + 1, a_step + 1, site) > like_it(p, f->pair, 1, b + 1, f->step[1], site);
}

void wg_find_input(struct wg_pairing *p, struct wg_cause *c) {
  unsigned looked = 0, queries = 0;
  const struct wg_finding *f = &p->findings[c->finding];
  if (wg_is_value(f) || wg_is_symptom(f->cls) || wg_is_symptom_there(f->cls) || f->cls == WG_D_LOST ||
      f->cls == WG_D_LOST_THERE)
    return;
  c->input = got_before(p, f);
  c->got = c->input != WG_NONE;
  if (c->got || f->cls == WG_D_COUNT) return;
  c->input = failed_before(p, f);
  c->failed = c->input != WG_NONE;
  if (c->failed) return;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  uint32_t at = f->step[0] != WG_NONE ? f->step[0] : (uint32_t)t->nsteps, last = WG_NONE, signal = WG_NONE;
  c->input = f->step[0] == WG_NONE ? WG_NONE : right_before(p, f->pair, at);
  if (c->input != WG_NONE) return;
  if (f->cls == WG_D_ARGS) c->input = asked_otherwise(p, f, at);
  c->often = c->input != WG_NONE;
  if (c->often) return;
  for (uint32_t i = at; i-- > 0;) {
    if (t->steps[i].seq >= f->seq || wg_weight_of(p, 0, t->steps[i].content) == WG_NEUTRAL) continue;
    if (comes_later(p, f, i)) continue;
    const struct wg_content *x = wg_content_at(p->s[0], t, i);
    bool clock =
        wg_content_is(x, WG_NT_TIME) && wg_partner_step(p, f->pair, 0, i) == WG_NONE; // asked on this side only
    bool tells = last == WG_NONE && !clock && may_tell(p, x) && !told_equal(p, f->pair, i),
         signals = tells && only_signals(x);
    if (signals && signal == WG_NONE) signal = i;
    if (tells && !signals) last = signal != WG_NONE && i + INPUT_SIGNALS < signal ? signal : i;
    if (last == i && looked + queries == 0 && f->cls != WG_D_ARGS && may_fail(p, f->pair, i))
      break; // looked at right behind it
    bool query = wg_content_is(x, WG_NT_QUERY) && !is_input(p->s[0], t, i);
    if (++*(query ? &queries : &looked) > (query ? INPUT_QUERIES : INPUT_REACH)) break;
    if (!is_input(p->s[0], t, i)) continue;
    if (!known_equal(p, f->pair, i, wg_partner_step(p, f->pair, 0, i))) last = i;
    break;
  }
  if (last == WG_NONE) last = signal;
  c->input = last;
  if (last == WG_NONE || !is_input(p->s[0], t, last)) return;
  uint32_t b = wg_partner_step(p, f->pair, 0, last);
  const struct wg_content *there = b == WG_NONE ? NULL : wg_content_at(p->s[1], wg_pair_thread(p, f->pair, 1), b);
  c->failed = failed_here(p, wg_content_at(p->s[0], t, last), there);
}
