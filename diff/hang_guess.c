// Waits that only their calls tell of. A text log has no wait events and no results: a wait is its call, prints the
// first alone of several objects, and does not say what ended it. What follows tells much of it all the same.
#include <string.h>

#include "base/vec.h"
#include "diff/hang_watch.h"

static bool by_handle(const struct wg_facts *f, const struct wg_hthread *t) {
  return strncmp(wg_str(&f->side, t->now.call.name), "Ke", 2) != 0;
}

// Before the time limit of each wait stands whether it is alertable, but for a port's.
bool wg_guess_alertable(const struct wg_facts *f, const struct wg_hthread *t) {
  if (t->now.effect == WG_E_DELAY) return t->now.nargs > 1 && t->now.args[1];
  size_t at;
  if (!wg_call_limit(t->now.nt, t->now.nargs, &at) || at == 0 ||
      strcmp(wg_str(&f->side, t->now.call.name), "NtRemoveIoCompletion") == 0)
    return false;
  if (t->now.nt->params[at] == 'm') return at + 1 < t->now.nargs && t->now.args[at + 1]; // as Windows has it
  return (t->now.effect == WG_E_WAIT || t->now.effect == WG_E_WAIT_ANY || t->now.effect == WG_E_SET_AND_WAIT) &&
         (t->now.args[at - 1] & 0xFF);
}

// -- several objects --

static bool has(const struct wg_hwait *w, uint32_t object) {
  for (uint32_t i = 0; i < w->n; i++)
    if (w->objects[i] == object) return true;
  return false;
}

static void add_object(struct wg_hwait *w, uint32_t object) {
  if (w->n < w->total && w->n < WG_HANG_WAITED && !has(w, object)) w->objects[w->n++] = object;
}

static struct wg_harray *array_of(struct wg_facts *f, uint32_t thread, uint32_t first, uint32_t total) {
  for (size_t i = 0; i < f->narrays; i++)
    if (f->arrays[i].thread == thread && f->arrays[i].first == first && f->arrays[i].total == total)
      return &f->arrays[i];
  return NULL;
}

// Another of the objects that this thread waits for, beside `first`.
static void learn(struct wg_facts *f, uint32_t thread, const struct wg_hwait *w, uint32_t object) {
  struct wg_harray *a = array_of(f, thread, w->objects[0], w->total);
  if (a == NULL) {
    if (f->narrays == WG_HANG_ARRAYS) return;
    WG_VEC_ROOM(f->arrays, f->arrays_cap, f->narrays + 1);
    a = &f->arrays[f->narrays++];
    *a = (struct wg_harray){.thread = thread, .first = w->objects[0], .total = w->total};
  }
  if (a->n < WG_HANG_LEARNED && a->n + 1u < w->total) a->objects[a->n++] = object;
}

static void set_several(struct wg_facts *f, uint32_t thread, struct wg_hwait *w) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  uint64_t id;
  uint32_t total = t->now.nargs ? (uint32_t)t->now.args[0] : 0;
  w->all = t->now.nargs > 2 && wg_call_for_all(wg_str(&f->side, t->now.call.name), t->now.args[2]);
  if (total == 0 || total >= WG_HANG_WAITED || !t->now.has_word) return;
  uint32_t first = WG_NONE;
  if (wg_map_get(&f->side.by_handle, t->now.word, &id))
    first = (uint32_t)id;
  else if (!by_handle(f, t) && t->now.word)
    first = wg_object_by_guest(&f->side, t->now.word);
  if (first == WG_NONE) return;
  wg_hobject_at(f, first);
  w->total = (uint8_t)total;
  add_object(w, first);
  const struct wg_harray *a = array_of(f, thread, first, total);
  for (uint32_t i = 0; a && i < a->n; i++) add_object(w, a->objects[i]);
}

// -- the wait of a call --

static bool locked_against(struct wg_facts *f, uint32_t object, uint32_t thread) {
  const struct wg_hthread *t = wg_hthread_at(f, thread);
  const struct wg_hobject *o = wg_hobject_at(f, object);
  if (o->owner == WG_NONE) return false;
  if (t->now.effect == WG_E_ENTER) return o->owner != thread || wg_call_spins(wg_str(&f->side, t->now.call.name));
  return o->exclusive || strstr(wg_str(&f->side, t->now.call.name), "Exclusive") != NULL; // not even against oneself
}

void wg_guess_wait(struct wg_facts *f, uint32_t thread) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  struct wg_hwait w = {.open = true,
                       .timeout_ns = -1,
                       .seq = t->now.call.seq,
                       .idx = t->now.call.idx,
                       .name = t->now.call.name,
                       .lr = t->now.call.lr,
                       .ns = t->now.call.ns,
                       .alertable = wg_guess_alertable(f, t)};
  uint32_t object = WG_NONE;
  size_t at;
  bool limit = wg_call_limit(t->now.nt, t->now.nargs, &at) && !wg_call_endless(t->now.nt, at, t->now.args[at]);
  if (t->now.effect == WG_E_DELAY || limit) w.timeout_ns = 1;
  bool lock = t->now.effect == WG_E_ENTER || t->now.effect == WG_E_RW_ACQUIRE;
  if (t->now.effect == WG_E_SET_AND_WAIT && t->now.nargs > 1)
    object = wg_facts_by_handle(f, thread, (uint32_t)t->now.args[1]);
  if (t->now.effect == WG_E_WAIT || lock) object = wg_facts_target(f, thread);
  if (lock && (object == WG_NONE || !locked_against(f, object, thread))) return;
  w.total = 1;
  if (object != WG_NONE) add_object(&w, object);
  if (t->now.effect == WG_E_WAIT_ANY) set_several(f, thread, &w);
  w.unknown = w.n == 0;
  w.sure = w.n;
  wg_hthread_at(f, thread)->now.wait = w;
}

// -- what ended it --

static bool may_have_come(struct wg_facts *f, uint32_t object) {
  uint32_t is = f->side.objects[object].is_thread;
  if (is != WG_NONE) return wg_hthread_at(f, is)->exited;
  return wg_hobject_at(f, object)->state > 0;
}

static bool is_counted(const struct wg_facts *f, uint32_t object) {
  return wg_facts_type_is(f, object, "Event") || wg_facts_type_is(f, object, "Semaphore");
}

// The one object that was signalled while the thread waited and that nobody else is known to have taken.
static uint32_t signalled_meanwhile(struct wg_facts *f, const struct wg_hwait *w) {
  uint32_t found = WG_NONE;
  for (uint32_t i = 0; i < f->nrecent && i < WG_HANG_RECENT; i++) {
    const struct wg_hrecent *r = &f->recent[(f->nrecent - 1 - i) % WG_HANG_RECENT];
    if (r->seq < w->seq || r->object == found || has(w, r->object) || !may_have_come(f, r->object)) continue;
    if (found != WG_NONE) return WG_NONE;
    found = r->object;
  }
  return found;
}

// The index of what ended a wait for any of several; w->n if nobody knows.
static uint32_t which(struct wg_facts *f, uint32_t thread, struct wg_hwait *w) {
  uint32_t i = 0;
  while (i < w->n && !may_have_come(f, w->objects[i])) i++;
  if (i < w->n || w->n == w->total || w->n == 0) return i;
  uint32_t o = signalled_meanwhile(f, w);
  if (o == WG_NONE) return i;
  learn(f, thread, w, o);
  add_object(w, o);
  return w->n - 1u;
}

// Nothing that it waits for has come, as far as the log tells of all that could.
static bool nothing_came(struct wg_facts *f, const struct wg_hwait *w) {
  if (w->n == 0 || w->n < w->total) return false;
  for (uint32_t i = 0; i < w->n; i++) {
    const struct wg_hobject *o = wg_hobject_at(f, w->objects[i]);
    if (!is_counted(f, w->objects[i]) || o->state || (w->n == 1 && o->nsignals)) return false;
  }
  return true;
}

// A wait without a limit that nothing ended of which the log tells: an APC did.
static void count_untold(struct wg_facts *f, uint32_t thread, const struct wg_hwait *w) {
  struct wg_hthread *t = wg_hthread_at(f, thread);
  bool untold = w->alertable && w->timeout_ns < 0 && w->n == 1 && nothing_came(f, w);
  t->untold = untold ? (t->untold_object == w->objects[0] ? t->untold + 1 : 1) : 0;
  t->untold_object = untold ? w->objects[0] : WG_NONE;
}

void wg_guess_end(struct wg_facts *f, uint32_t thread) {
  wg_guess_wait(f, thread);
  struct wg_hwait *w = &wg_hthread_at(f, thread)->now.wait;
  if (!w->open) return;
  count_untold(f, thread, w);
  if (wg_hthread_at(f, thread)->now.effect != WG_E_WAIT_ANY || w->all || w->n == 0) {
    wg_facts_end_wait(f, thread, !(w->timeout_ns >= 0 && w->n == 1 && nothing_came(f, w)), 0);
    return;
  }
  uint32_t i = which(f, thread, w);
  wg_facts_end_wait(f, thread, !(w->timeout_ns >= 0 && nothing_came(f, w)), i < w->n ? i : 0x3F);
}

// -- what else it waits for --

// Arrays of handles are mostly filled in a loop: the next objects of that type that the same thread made.
static void assume_next(struct wg_facts *f, struct wg_hwait *w) {
  const struct wg_dobject *d = f->side.objects;
  uint32_t first = w->objects[0], creator = wg_hobject_at(f, first)->creator;
  if (d[first].type == 0 || creator == WG_NONE) return;
  for (uint32_t o = first + 1; o < f->side.nobjects && w->n < w->total; o++) {
    const struct wg_hobject *x = wg_hobject_at(f, o);
    if (d[o].type != d[first].type || x->creator != creator || x->closed) continue;
    const struct wg_hsignal *s = wg_facts_signal(x, 0);
    if (!w->all && (may_have_come(f, o) || (s && s->seq > w->seq))) continue; // it would have ended the wait
    add_object(w, o);
  }
}

// An object that was made and that no call ever named is in use where the log prints no handle.
static void assume_unnamed(struct wg_facts *f, uint32_t thread, struct wg_hwait *w) {
  uint32_t found[WG_HANG_LEARNED], n = 0;
  for (uint32_t o = 0; o < f->side.nobjects; o++) {
    const struct wg_hobject *x = wg_hobject_at(f, o);
    if (x->creator != thread || x->named_by_call || x->closed || !is_counted(f, o) || x->kernel || x->state) continue;
    if (n == WG_HANG_LEARNED || n + w->n == w->total) return; // too many to tell
    found[n++] = o;
  }
  for (uint32_t i = 0; i < n; i++) add_object(w, found[i]);
}

void wg_guess_rest(struct wg_facts *f) {
  for (uint32_t i = 0; i < f->side.nthreads; i++) {
    struct wg_hwait *w = &wg_hthread_at(f, i)->now.wait;
    if (!w->open || w->n == 0 || w->n >= w->total) continue;
    assume_next(f, w);
    if (w->n < w->total) assume_unnamed(f, i, w);
  }
}
