// Events and semaphores, and who gives and takes: ledger.h.
#include "diff/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "nt/status.h"
#include "trace/event.h"

#define DEPTH 4 // calls within calls that are followed
// A wait that was ended would have been told to end after so many events and so long, and so many times what it took at
// most elsewhere in the trace, of at least so many wakes.
#define WOKEN_EVENTS 200u
#define WOKEN_NS 1000000u
#define WOKEN_TIMES 16u
#define WOKEN_KNOWN 8u

struct account {                // of an object
  bool followed, counts, keeps; // counts: a semaphore; keeps: waits leave it signalled
  bool placed;                  // in guest memory
  bool set;                     // of what waits leave signalled: it may be
  uint32_t credit;              // that waits may still take, at most
  uint32_t waiting;             // waits for it that have not ended
  struct wg_lplace made, last;  // last: the latest call that signals it; thread WG_NONE: none has
  struct wg_lplace reset_by;    // the latest call that takes its signal back; the same
  // The least that is there. Of a semaphore: what calls that have returned gave, and waits that may have taken one; of
  // others: whether it is surely signalled.
  uint32_t given, takers;
  bool sure;
  uint32_t begun, lowered;   // waits, and calls that take a signal back, so far
  struct wg_lplace given_by; // the latest call that gave and has returned
  uint32_t singles, ended;   // waits for it alone; waits that have ended
  struct unfelt {            // the latest call that should have ended a wait, and has not yet
    struct wg_lplace by;     // thread WG_NONE: none
    uint32_t seq;
    uint64_t ns;
  } unfelt;
  struct wg_lplace doubted; // a call said that less was there: this one had not given; thread WG_NONE: none
};

struct call {
  uint8_t op, arg;
  uint32_t object, list, entry;                   // of a list: its address, and of what is put there
  uint32_t amount;                                // that it gives
  uint32_t begun, lowered, given, waiting, ended; // of the object, when it began
  struct wg_lplace at;
};

// A wait for what is surely there.
struct due {
  uint32_t object; // WG_NONE: none
  uint32_t given, begun, lowered;
  struct wg_lplace by;
};

struct thread {
  struct call call[DEPTH];
  unsigned ncalls;
  struct due due;
  uint32_t clock; // what it was told last, and by which call; thread WG_NONE: nothing yet
  struct wg_lplace asked;
};

struct wg_ledger {
  struct wg_map at; // object -> index
  struct account *accounts, nobody;
  size_t naccounts;
  struct thread *threads;
  size_t nthreads;
  struct wg_lplace signal;     // the latest call that signals anything
  uint32_t signalled;          // what
  uint32_t by_system;          // seq of the latest call that may signal what none of its arguments names; 0: none
  bool adopts;                 // objects in guest memory get handles: not all waits for them are known to be
  uint32_t wakes, slow_events; // waits that calls were seen to end, and the longest that it took
  uint64_t slow_ns;
  struct wg_listing lists;
};

static struct wg_ledger *ledger_of(struct wg_law_state *st) {
  if (st->ledger == NULL) {
    st->ledger = wg_xcalloc(1, sizeof *st->ledger);
    st->ledger->signal.thread = WG_NONE;
  }
  return st->ledger;
}

// Of an object that no call was seen to make: one that is not followed.
static struct account *account_of(struct wg_ledger *g, uint32_t object) {
  uint64_t i;
  if (wg_map_get(&g->at, object, &i)) return &g->accounts[i];
  g->nobody = (struct account){0};
  return &g->nobody;
}

static struct account *make_account(struct wg_ledger *g, uint32_t object) {
  uint64_t i;
  if (wg_map_get(&g->at, object, &i)) return &g->accounts[i];
  WG_VEC_NEXT(g->accounts, g->naccounts);
  wg_map_put(&g->at, object, g->naccounts);
  return &g->accounts[g->naccounts++];
}

static struct thread *thread_of(struct wg_ledger *g, uint32_t id) {
  if (id >= g->nthreads) {
    size_t n = wg_vec_more(g->nthreads, (size_t)id + 16, sizeof *g->threads);
    WG_VEC_MOVE(g->threads, n);
    memset(g->threads + g->nthreads, 0, (n - g->nthreads) * sizeof *g->threads);
    for (size_t i = g->nthreads; i < n; i++) g->threads[i].due.object = g->threads[i].asked.thread = WG_NONE;
    g->nthreads = n;
  }
  return &g->threads[id];
}

// -- what calls make and give --

#define ATTRIBUTES 1u // argument of what makes an object with a handle: with a name, another one may be the same object

static void make(struct wg_ledger *g, uint32_t object, const struct call *c, const struct wg_open *call) {
  bool unset = c->op == WG_L_MAKE_UNSET;
  if (c->op != WG_L_MAKE_EVENT && c->op != WG_L_MAKE_SEMAPHORE && !unset) return;
  bool handle = unset || strncmp(call->nt ? call->nt->name : "", "Nt", 2) == 0;
  if (!unset && (c->arg + 1u >= call->nargs || (handle && call->args[ATTRIBUTES]))) return;
  uint64_t v = unset ? 0 : call->args[c->arg], next = unset ? 0 : call->args[c->arg + 1u];
  struct account *x = make_account(g, object);
  const struct wg_lplace nobody = {.thread = WG_NONE};
  *x = (struct account){.followed = true,
                        .counts = c->op == WG_L_MAKE_SEMAPHORE,
                        .made = c->at,
                        .last = nobody,
                        .given_by = nobody,
                        .reset_by = nobody,
                        .doubted = nobody,
                        .unfelt = {.by = nobody}};
  bool is_set = (handle ? next & 0xFF : (uint32_t)next) != 0;
  x->placed = !handle;
  x->keeps = !x->counts && (uint32_t)v == 0;
  x->set = x->keeps && is_set;
  x->credit = x->counts ? (uint32_t)v : is_set;
  x->given = x->counts ? (uint32_t)v : 0;
}

static void give(struct wg_ledger *g, const struct call *c, uint32_t amount) {
  struct account *x = account_of(g, c->object);
  g->signal = c->at;
  g->signalled = c->object;
  x->last = c->at;
  if (x->keeps) x->set = true;
  x->credit = x->credit > UINT32_MAX / 2 - amount ? UINT32_MAX / 2 : x->credit + amount;
}

static void on_object(struct wg_ledger *g, struct call *c, const struct wg_open *call) {
  bool releases = c->op == WG_L_RELEASE, told = call->has_args && (!releases || c->arg < call->nargs);
  if (c->object == WG_NONE) return;
  make(g, c->object, c, call);
  struct account *x = account_of(g, c->object);
  if (!told || (releases && !x->counts)) x->followed = false;
  c->begun = x->begun;
  c->waiting = x->waiting;
  c->ended = x->ended;
  c->given = x->given;
  if (c->op == WG_L_RESET || c->op == WG_L_PULSE) x->lowered++, x->sure = false, x->reset_by = c->at;
  c->lowered = x->lowered;
  c->amount = releases && told ? (uint32_t)call->args[c->arg] : 1;
  if (c->op == WG_L_SET || c->op == WG_L_PULSE || c->op == WG_L_SIGNAL_AND_WAIT || releases) give(g, c, c->amount);
}

// A wait goes on that was to end long ago.
static void check_unfelt(struct wg_laws *l, const struct wg_side *s, struct account *x, uint32_t thread,
                         const struct wg_event *e) {
  const struct wg_ledger *g = l->state->ledger;
  if (!x->followed || (x->placed && g->adopts) || x->unfelt.by.thread == WG_NONE) return;
  uint64_t events = WOKEN_EVENTS + (uint64_t)WOKEN_TIMES * g->slow_events, ns = WOKEN_NS + WOKEN_TIMES * g->slow_ns;
  if (g->wakes < WOKEN_KNOWN || s->events < x->unfelt.seq + events || e->host_ns < x->unfelt.ns + ns) return;
  x->followed = false;
  wg_law_broken(l, WG_LAW_WAKES, &x->unfelt.by, thread, e->idx);
}

static void on_list(struct wg_laws *l, struct wg_ledger *g, struct call *c, const struct wg_open *call) {
  if (!call->has_args || call->nargs == 0) return;
  c->list = (uint32_t)call->args[0];
  if (c->op == WG_L_POP) wg_listing_pop(&g->lists, c->list);
  if (c->op == WG_L_FLUSH) wg_listing_flush(&g->lists, c->list);
  if (c->op != WG_L_PUSH || call->nargs < 2) return;
  c->entry = (uint32_t)call->args[1];
  wg_listing_push(l, &g->lists, c->list, c->entry, &c->at);
}

// What a call is given that is none of these the kernel may signal and reset by itself: input and output do.
static void hand_over(struct wg_ledger *g, const struct wg_side *s, const struct wg_open *call) {
  uint64_t object;
  const char *kinds = call->nt && !(call->nt->flags & (WG_NT_CLOSES | WG_NT_WAITS)) ? call->nt->params : "";
  for (unsigned i = 0; kinds[i] && i < call->nargs; i++)
    if (kinds[i] == 'h' && call->args[i] && wg_map_get(&s->by_handle, (uint32_t)call->args[i], &object))
      account_of(g, (uint32_t)object)->followed = false;
}

// An overlapped call sets the event that stands in a structure of the title's, when it is over; what is in no list may.
static bool signals_later(const struct wg_open *call) {
  return call->nt == NULL || (strcmp(call->nt->module, "xam.xex") == 0 && strchr(call->nt->params, 'p'));
}

static void on_call(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call) {
  struct wg_ledger *g = ledger_of(l->state);
  unsigned arg = 0, op = wg_law_op(l->state, s, call->name, &arg);
  bool about = op == WG_L_SET || op == WG_L_PULSE || op == WG_L_RELEASE || op == WG_L_RESET ||
               op == WG_L_SIGNAL_AND_WAIT || op == WG_L_MAKE_EVENT || op == WG_L_MAKE_UNSET ||
               op == WG_L_MAKE_SEMAPHORE;
  bool list = op == WG_L_PUSH || op == WG_L_POP || op == WG_L_FLUSH;
  bool clock = op == WG_L_READ_CLOCK && arg == WG_LAW_INTERRUPT_TIME;
  if (op == WG_L_NONE || op == WG_L_FILE_APC || op == WG_L_REFERENCE) hand_over(g, s, call);
  if (op == WG_L_NONE && signals_later(call)) g->by_system = (uint32_t)s->events;
  bool slot = op == WG_L_FREE_SLOT;
  if (slot && call->nargs) wg_map_del(&l->state->given_slots, (uint32_t)call->args[0]); // whether it is one or not
  if (!about && !list && !clock && !slot) return;
  struct thread *t = thread_of(g, thread);
  if (t->ncalls == DEPTH) t->ncalls = 0; // of a trace without returns
  struct call *c = &t->call[t->ncalls++];
  *c = (struct call){.op = (uint8_t)op,
                     .arg = (uint8_t)arg,
                     .object = about ? s->threads[thread].steps[call->step].object : WG_NONE,
                     .at = {thread, (uint32_t)e->idx, (uint32_t)s->events, call->name}};
  if (slot) c->arg = call->nargs != 0;
  bool gives = op == WG_L_SET || op == WG_L_RELEASE;
  if (gives && c->object != WG_NONE) check_unfelt(l, s, account_of(g, c->object), thread, e);
  if (about) on_object(g, c, call);
  if (list) on_list(l, g, c, call);
}

// Beyond one more than there are waits, signals of an event come to nothing; a signal that is taken back may have been
// taken by who waited.
static void settle_given(struct wg_ledger *g, const struct call *c) {
  struct account *x = account_of(g, c->object);
  if (!x->followed || x->counts || x->last.seq > c->at.seq) return; // another one came while it was made
  bool back = c->op == WG_L_RESET || c->op == WG_L_PULSE;
  uint32_t most = x->waiting + !back;
  if (back) x->set = false;
  if (x->credit > most) x->credit = most;
}

// How much was there before, as the call says; less than there must have been: the one before it gave nothing, if the
// next one says so too.
static void check_previous(struct wg_laws *l, struct account *x, const struct call *c, uint32_t previous,
                           uint64_t idx) {
  bool less = c->given > x->takers && previous < c->given - x->takers;
  if (!less) {
    x->doubted.thread = WG_NONE;
  } else if (x->doubted.thread != WG_NONE) {
    x->followed = false;
    wg_law_broken(l, WG_LAW_STATE, &x->doubted, c->at.thread, idx);
  } else {
    x->doubted = x->given_by;
  }
}

// It has given what it gives, unless it failed.
static void gave(struct wg_laws *l, const struct wg_side *s, const struct call *c, const struct wg_event *e) {
  struct account *x = account_of(l->state->ledger, c->object);
  uint64_t rv;
  bool told = wg_ev_u64(e, WG_K_RV, &rv), ke = wg_str(s, c->at.name)[0] == 'K'; // returns the state before
  bool failed = !ke && ((uint32_t)rv != 0) != (strncmp(wg_str(s, c->at.name), "NetDll_", 7) == 0);
  if (!x->followed || (c->op != WG_L_SET && c->op != WG_L_RELEASE) || !told || failed) return;
  if (x->counts && ke && !l->state->ledger->adopts) check_previous(l, x, c, (uint32_t)rv, e->idx);
  x->given_by = c->at;
  x->unfelt.by.thread = WG_NONE;
  l->state->ledger->wakes += c->waiting && c->ended != x->ended;
  if (c->waiting && x->singles == x->waiting && c->ended == x->ended)
    x->unfelt = (struct unfelt){c->at, (uint32_t)s->events, e->host_ns};
  if (x->counts)
    x->given = x->given > UINT32_MAX / 2 - c->amount ? 0 : x->given + c->amount;
  else if (c->lowered == x->lowered && (x->keeps || (c->waiting == 0 && c->begun == x->begun)))
    x->sure = true;
}

// No clock goes back: one of the two was told wrongly. As much of it as a result's low half tells.
static void check_clock(struct wg_laws *l, struct thread *t, const struct call *c, const struct wg_event *e) {
  uint64_t rv;
  if (!wg_ev_u64(e, WG_K_RV, &rv)) return;
  if (t->asked.thread != WG_NONE && (int32_t)((uint32_t)rv - t->clock) < 0)
    wg_law_broken(l, WG_LAW_CLOCK, &t->asked, c->at.thread, e->idx);
  t->clock = (uint32_t)rv;
  t->asked = c->at;
}

// What it gives nobody else has; where it is not told what is freed, all of them may be.
static void check_slot(struct wg_laws *l, const struct wg_side *s, const struct call *c, const struct wg_event *e) {
  uint64_t rv;
  bool gives = strcmp(wg_str(s, c->at.name), "KeTlsAlloc") == 0;
  if (gives && wg_ev_u64(e, WG_K_RV, &rv)) wg_law_slot_given(l, (uint32_t)rv, &c->at, e->idx);
  if (gives || c->arg) return;
  wg_map_release(&l->state->given_slots);
  l->state->given_slots = (struct wg_map){0};
}

static void on_return(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_ledger *g = ledger_of(l->state);
  struct thread *t = thread_of(g, thread);
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  uint64_t rv;
  if (t->ncalls == 0 || name == NULL || name->type != WG_F_STR) return;
  unsigned i = t->ncalls;
  while (i > 0 && strcmp(wg_str(s, t->call[i - 1].at.name), name->s) != 0) i--;
  if (i == 0) return;
  const struct call c = t->call[i - 1];
  t->ncalls = i - 1;
  if (c.object != WG_NONE) settle_given(g, &c);
  if (c.object != WG_NONE) gave(l, s, &c, e);
  if (c.op == WG_L_READ_CLOCK) check_clock(l, t, &c, e);
  if (c.op == WG_L_FREE_SLOT) check_slot(l, s, &c, e);
  if (c.list == 0) return;
  if (c.op == WG_L_PUSH) wg_listing_pushed(&g->lists, c.list, c.entry, (uint32_t)s->events);
  if (c.op != WG_L_POP) return;
  if (wg_ev_u64(e, WG_K_RV, &rv))
    wg_listing_popped(l, &g->lists, c.list, (uint32_t)rv, &c.at, e->idx);
  else
    wg_listing_flush(&g->lists, c.list); // what it found is not told
}

// -- what waits take --

// More was taken than was given. A semaphore's count was raised by more than its calls say, or made higher; an event
// was signalled by a call for another object, of which the waits go on.
static void unfounded(struct wg_laws *l, struct wg_ledger *g, uint32_t object, uint32_t thread, uint32_t began,
                      uint64_t idx) {
  struct account *x = account_of(g, object);
  x->followed = false;
  // Since the wait began nobody has signalled anything: it found what had been taken back.
  bool untouched = g->signal.seq < began && g->by_system < x->reset_by.seq;
  if (x->keeps && x->reset_by.thread != WG_NONE && untouched) {
    wg_law_broken(l, WG_LAW_RESET, &x->reset_by, thread, idx);
    return;
  }
  if (x->counts) {
    bool made = x->last.thread == WG_NONE;
    wg_law_broken(l, made ? WG_LAW_INITIAL : WG_LAW_AMOUNT, made ? &x->made : &x->last, thread, idx);
    return;
  }
  if (g->signal.thread == WG_NONE || g->signalled == object) return;
  const struct account *other = account_of(g, g->signalled);
  if (other->followed && other->waiting && other->credit) wg_law_broken(l, WG_LAW_OBJECT, &g->signal, thread, idx);
}

static void take_waited(struct wg_laws *l, uint32_t object, uint32_t thread, uint32_t began, uint64_t idx) {
  struct account *x = account_of(l->state->ledger, object);
  if (!x->followed || x->set) return;
  if (x->credit)
    x->credit--;
  else
    unfounded(l, l->state->ledger, object, thread, began, idx);
}

// Its wait that began, or ended, last.
static const struct wg_dwait *latest_wait(const struct wg_side *s, uint32_t thread) {
  const struct wg_dthread *t = &s->threads[thread];
  return t->wait_at && t->wait_at <= t->nwaits ? &t->waits[t->wait_at - 1] : NULL;
}

static void on_wait_begin(struct wg_laws *l, const struct wg_side *s, uint32_t thread) {
  const struct wg_dwait *w = latest_wait(s, thread);
  struct wg_ledger *g = ledger_of(l->state);
  struct due due = {.object = WG_NONE};
  for (uint32_t i = 0; w && w->end_seq == 0 && i < w->n; i++) {
    uint32_t object = s->wait_objects[w->objects + i];
    struct account *x = account_of(g, object);
    bool there = x->followed && (x->counts ? x->given > x->takers : x->sure);
    x->waiting++;
    x->takers++;
    x->begun++;
    x->singles += w->n == 1;
    if (!x->keeps) x->sure = false;
    if (there && w->n == 1) due = (struct due){object, x->given, x->begun, x->lowered, x->given_by};
  }
  thread_of(g, thread)->due = due;
}

// It was there all the time, and the wait has given up.
static void not_found(struct wg_laws *l, const struct due *due, uint32_t thread, uint64_t idx) {
  struct account *x = account_of(l->state->ledger, due->object);
  bool changed = x->lowered != due->lowered || (!x->keeps && x->begun != due->begun);
  if (!x->followed || (x->placed && l->state->ledger->adopts)) return;
  if (x->counts ? due->given <= x->takers : changed) return; // it may have been taken
  x->followed = false;
  bool made = due->by.thread == WG_NONE;
  wg_law_broken(l, made ? WG_LAW_INITIAL : WG_LAW_SIGNALLED, made ? &x->made : &due->by, thread, idx);
}

// How long it took.
static void note_wake(struct wg_ledger *g, const struct wg_side *s, const struct account *x, const struct wg_event *e) {
  if (!x->followed || x->unfelt.by.thread == WG_NONE) return;
  uint32_t events = (uint32_t)s->events - x->unfelt.seq;
  uint64_t ns = e->host_ns > x->unfelt.ns ? e->host_ns - x->unfelt.ns : 0;
  g->wakes++;
  if (events > g->slow_events) g->slow_events = events;
  if (ns > g->slow_ns) g->slow_ns = ns;
}

static void on_wait_end(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  const struct wg_dwait *w = latest_wait(s, thread);
  struct wg_ledger *g = ledger_of(l->state);
  uint64_t status;
  if (w == NULL || w->end_seq != (uint32_t)s->events || w->end_seq == 0) return;
  bool told = wg_ev_u64(e, WG_K_STATUS, &status);
  for (uint32_t i = 0; i < w->n; i++) {
    uint32_t object = s->wait_objects[w->objects + i];
    struct account *x = account_of(g, object);
    x->waiting -= x->waiting != 0;
    x->singles -= w->n == 1 && x->singles;
    x->ended++;
    if (told && (uint32_t)status == STATUS_TIMEOUT)
      check_unfelt(l, s, x, thread, e);
    else
      note_wake(g, s, x, e);
    x->unfelt.by.thread = WG_NONE;
    if (!told) x->followed = false;
    bool all = w->all ? (uint32_t)status == 0 : (uint32_t)status == i || w->n == 1;
    bool takes = told && all && (uint32_t)status < 0x80;
    if (!takes) x->takers -= x->takers != 0;
    if (takes) take_waited(l, object, thread, s->threads[thread].steps[w->step].seq, e->idx);
  }
  struct due *due = &thread_of(g, thread)->due;
  if (due->object != WG_NONE && told && (uint32_t)status == STATUS_TIMEOUT) not_found(l, due, thread, e->idx);
  due->object = WG_NONE;
}

// Where it begins, and with what: as the call that makes it was asked.
static void check_made(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e,
                       const struct wg_open *call) {
  unsigned arg;
  if (!call->has_args || wg_law_op(l->state, s, call->name, &arg) != WG_L_MAKE_THREAD || call->nargs < arg + 2) return;
  const struct wg_lplace by = {thread, s->threads[thread].steps[call->step].idx, (uint32_t)s->events, call->name};
  uint64_t entry, ctx;
  if (!wg_ev_u64(e, WG_K_ENTRY, &entry) || !wg_ev_u64(e, WG_K_CTX, &ctx)) return;
  if ((uint32_t)entry == (uint32_t)call->args[arg] && (uint32_t)ctx == (uint32_t)call->args[arg + 1]) return;
  wg_law_broken(l, WG_LAW_THREAD, &by, thread, e->idx);
}

void wg_ledger_event(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e,
                     const struct wg_open *call) {
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
    if (call) on_call(l, s, thread, e, call);
    break;
  case WG_EV_KERNEL_RETURN: on_return(l, s, thread, e); break;
  case WG_EV_WAIT_BEGIN: on_wait_begin(l, s, thread); break;
  case WG_EV_WAIT_END: on_wait_end(l, s, thread, e); break;
  case WG_EV_THREAD_CREATE:
    if (call) check_made(l, s, thread, e, call);
    break;
  case WG_EV_HANDLE_CREATE:
    if (call && !(call->nt && call->nt->flags & WG_NT_CREATES)) ledger_of(l->state)->adopts = true;
    if (call && call->created != WG_NONE) {
      struct thread *t = thread_of(ledger_of(l->state), thread);
      const struct call *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
      if (c && c->object == WG_NONE && c->at.name == call->name) make(l->state->ledger, call->created, c, call);
    }
    break;
  default: break;
  }
}

void wg_ledger_finish(struct wg_laws *l) {
  if (l->state->ledger) wg_listing_finish(l, &l->state->ledger->lists);
}

void wg_ledger_release(struct wg_ledger *g) {
  if (g == NULL) return;
  wg_map_release(&g->at);
  free(g->accounts);
  free(g->threads);
  free(g);
}
