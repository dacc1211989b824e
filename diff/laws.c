#include "diff/laws.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "trace/event.h"

const struct wg_law_text wg_law_texts[] = {
#define WG_LAW(id, field, words) {field, words},
#include "diff/laws.def"
};

enum op {
  OP_NONE,
  OP_SET,
  OP_PULSE,
  OP_RELEASE, // arg: by how much
  OP_UNLOCK,
  OP_RESET,
  OP_SIGNAL_AND_WAIT,
  OP_SET_TIMER,
  OP_CANCEL_TIMER,
  OP_QUEUE_APC,      // arg: the routine
  OP_FILE_APC,       // the same
  OP_MAKE_EVENT,     // arg: its type
  OP_MAKE_SEMAPHORE, // arg: its count
  OP_MAKE_MUTANT,    // arg: whether the caller owns it
  OP_MAKE_TIMER,     // arg: its type
  OP_MAKE_OTHER,
  OP_PUT_PACKET, // arg: the first of four words
  OP_GET_PACKET,
  OP_WAIT,
  OP_LEAVE,
  OP_RW_ACQUIRE,
  OP_RW_RELEASE,
  OP_SET_SLOT, // arg: which, and the value after it
  OP_GET_SLOT,
  OP_FREE_SLOT,
};

static const struct {
  const char *name;
  uint8_t op, arg;
} rows[] = {
#define WG_LAW_CALL(name, op, arg) {name, OP_##op, arg},
#include "diff/law_calls.def"
};

#define ROWS (sizeof rows / sizeof *rows)
#define UNKNOWN_HIGH INT32_MAX
#define SLACK_NS 2000000u // a timer's own grain, and more
#define SURE 16           // events after which a trace was not cut in the middle of a call
#define DEPTH 8           // calls within calls that are followed

struct place {
  uint32_t thread, idx, seq, name; // thread WG_NONE: nowhere
};

enum kind { KIND_UNKNOWN, KIND_TAKES, KIND_KEEPS, KIND_COUNTS, KIND_MUTANT };

struct packet {
  uint64_t word[4];
  struct place by;
};

struct lobject {
  int32_t low, high;  // between these its state is; a mutant's: 1 free, 0 owned
  uint8_t kind;       // enum kind
  bool broken;        // a law was broken about it: what follows from that is no breach of its own
  bool by_system;     // no call gave its latest signal
  bool taken;         // a wait took its signal since the last one was given
  uint32_t waiting;   // threads that wait for it, not for all of several
  uint32_t all_ended; // how many waits for all of several, it among them, have ended
  uint32_t owner, depth;
  uint32_t acquiring, holders; // of a read/write lock
  struct place made, raised, lowered;
  uint64_t due_ns, period_ns; // of a timer: when it goes off next; UINT64_MAX: not known
  bool armed, cancelled, fired;
  struct packet *queue;
  uint32_t head, tail, cap;
};

struct pending { // a call that has not returned
  uint8_t op, row;
  uint32_t name, object, waiting; // waiting: how many waited for the object when it began
  bool signalled;                 // it was seen to signal its object
  bool gave;                      // to signal anything
  bool waited;                    // and to wait
  uint32_t all_ended;             // of the object, before it
  uint32_t wait_status;
  int64_t previous;       // state that its signal found; -1: none seen
  uint64_t handle, child; // that it made; 0: none seen
  int32_t low, high;      // of the object, before it
  uint32_t step;
  struct place at;
  uint64_t args[8];
  uint8_t nargs;
  int64_t asked_ns; // how long to wait: -1 without end, -2 not known
};

struct lthread {
  struct pending call[DEPTH];
  unsigned ncalls;
  bool waits, due, all; // due: what it waits for was signalled when the wait began
  uint32_t due_object, object, nobjects;
  int64_t limit_ns;
  uint64_t begin_ns;
  struct place wait; // its call
  uint32_t apcs;
  struct place apc;
  bool alertable;
  uint64_t call_cycle; // at its latest call
};

struct slot {
  uint64_t value;
  struct place by;
};

struct wg_law_state {
  uint8_t *op_of; // by string id: row + 1, 0 unknown, 255 none
  size_t nop_of;
  struct lobject *objects;
  size_t nobjects;
  struct lthread *threads;
  size_t nthreads;
  struct wg_map slots; // thread << 32 | slot -> index
  struct slot *slot;
  size_t nslots;
  bool exact;
  bool timed;      // its times are the virtual clock's
  unsigned unseen; // calls that signal, as far as no signal was seen at all
};

// -- tables that grow with the model's --

static struct lobject *object_at(struct wg_law_state *st, uint32_t id) {
  if (id >= st->nobjects) {
    size_t n = (size_t)id * 2 + 64;
    st->objects = wg_xrealloc(st->objects, n * sizeof *st->objects);
    for (size_t i = st->nobjects; i < n; i++)
      st->objects[i] = (struct lobject){.high = UNKNOWN_HIGH,
                                        .owner = WG_NONE,
                                        .made = {.thread = WG_NONE},
                                        .raised = {.thread = WG_NONE},
                                        .lowered = {.thread = WG_NONE},
                                        .due_ns = UINT64_MAX};
    st->nobjects = n;
  }
  return &st->objects[id];
}

static struct lthread *thread_at(struct wg_law_state *st, uint32_t id) {
  if (id >= st->nthreads) {
    size_t n = (size_t)id * 2 + 16;
    st->threads = wg_xrealloc(st->threads, n * sizeof *st->threads);
    memset(st->threads + st->nthreads, 0, (n - st->nthreads) * sizeof *st->threads);
    st->nthreads = n;
  }
  return &st->threads[id];
}

static unsigned row_of(struct wg_law_state *st, const struct wg_side *s, uint32_t name) {
  if (name >= st->nop_of) {
    size_t n = (size_t)name * 2 + 256;
    st->op_of = wg_xrealloc(st->op_of, n);
    memset(st->op_of + st->nop_of, 0, n - st->nop_of);
    st->nop_of = n;
  }
  if (st->op_of[name] == 0) {
    unsigned i = 0;
    while (i < ROWS && strcmp(rows[i].name, wg_str(s, name)) != 0) i++;
    st->op_of[name] = (uint8_t)(i < ROWS ? i + 1 : 255);
  }
  return st->op_of[name] == 255 ? ROWS : st->op_of[name] - 1u;
}

static void breach(struct wg_laws *l, enum wg_law law, const struct place *by, uint32_t thread, uint64_t idx) {
  if (by->thread == WG_NONE) return;
  if (l->n == l->cap) {
    l->cap = l->cap ? l->cap * 2 : 16;
    l->list = wg_xrealloc(l->list, l->cap * sizeof *l->list);
  }
  l->list[l->n++] = (struct wg_breach){law, by->thread, by->idx, by->seq, by->name, thread, (uint32_t)idx};
}

// -- state --

static void raise(struct lobject *o, int32_t by, const struct place *at) {
  if (o->kind == KIND_COUNTS) {
    o->low += by;
    if (o->high < UNKNOWN_HIGH - by) o->high += by;
  } else {
    o->low = o->high = 1;
  }
  o->raised = *at;
  o->by_system = at->thread == WG_NONE;
  o->taken = false;
}

static void lower(struct lobject *o, const struct place *at) {
  o->low = o->high = 0;
  o->lowered = *at;
}

// A wait that ended takes what it waited for.
static void take(struct lobject *o, uint32_t thread, const struct place *at) {
  switch ((enum kind)o->kind) {
  case KIND_TAKES: lower(o, at); break;
  case KIND_KEEPS: break;
  case KIND_COUNTS:
    if (o->low > 0) o->low--;
    if (o->high > 0 && o->high < UNKNOWN_HIGH) o->high--;
    o->lowered = *at;
    break;
  case KIND_MUTANT:
    o->depth = o->owner == thread ? o->depth + 1 : 1;
    o->owner = thread;
    lower(o, at);
    break;
  case KIND_UNKNOWN: o->low = 0; break;
  }
  o->taken = true;
}

static bool ready(const struct lobject *o, uint32_t thread) {
  return !o->broken && (o->low > 0 || (o->kind == KIND_MUTANT && o->owner == thread));
}

// It was signalled, and a wait for it blocked: who is to blame?
static void ignored_signal(struct wg_laws *l, struct lobject *o, uint32_t thread, uint64_t idx) {
  bool kind = o->kind == KIND_KEEPS && o->taken && o->made.thread != WG_NONE;
  if (kind)
    breach(l, WG_LAW_KIND, &o->made, thread, idx);
  else if (o->raised.thread != WG_NONE)
    breach(l, WG_LAW_SIGNALLED, &o->raised, thread, idx);
  else if (!o->by_system)
    breach(l, WG_LAW_INITIAL, &o->made, thread, idx);
  o->broken = true;
}

// It was not, and a wait for it went through.
static void false_signal(struct wg_laws *l, struct lobject *o, uint32_t thread, uint64_t idx) {
  if (o->lowered.thread == WG_NONE)
    breach(l, WG_LAW_INITIAL, &o->made, thread, idx);
  else if (o->taken)
    breach(l, o->kind == KIND_COUNTS ? WG_LAW_INITIAL : WG_LAW_KIND, &o->made, thread, idx);
  else
    breach(l, WG_LAW_RESET, &o->lowered, thread, idx);
  o->broken = true;
}

// What a call says the state was before it.
static void check_previous(struct wg_laws *l, struct lobject *o, int64_t previous, uint32_t thread, uint64_t idx) {
  if (o->broken || (previous >= o->low && previous <= o->high)) return;
  bool less = previous < o->low;
  if (o->kind == KIND_UNKNOWN || o->kind == KIND_MUTANT) return;
  bool kept = less && o->kind == KIND_KEEPS;                      // no wait takes it
  if ((!less || kept) && o->taken && o->made.thread != WG_NONE) { // a wait took it, or did not
    breach(l, o->kind == KIND_COUNTS ? WG_LAW_INITIAL : WG_LAW_KIND, &o->made, thread, idx);
    o->broken = true;
    return;
  }
  const struct place *by = less ? &o->raised : &o->lowered;
  bool first = by->thread == WG_NONE || (o->raised.thread == WG_NONE && o->lowered.thread == WG_NONE);
  breach(l, first ? WG_LAW_INITIAL : WG_LAW_STATE, first ? &o->made : by, thread, idx);
  o->broken = true;
}

// -- calls --

// A relative time, below 0 in units of 100 ns, as nanoseconds; -2: it is none, or no clock gets there.
static int64_t after_ns(int64_t units) { return units > 0 || units < -(INT64_MAX / 200) ? -2 : -units * 100; }

static int64_t limit_of(const struct wg_open *call, const struct wg_event *e) {
  const char *params = call->nt ? call->nt->params : "", *t = strchr(params, 't');
  if (t == NULL || (size_t)(t - params) >= call->nargs) return -2;
  if (call->args[t - params] == 0) return -1;
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v;
  if (r == NULL || r->type != WG_F_RAW || !wg_json_walk(&it, r->s, r->n)) return -2;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, "timeout_100ns") && wg_json_int(&m, &v)) return after_ns((int64_t)v);
  return -2;
}

// By now it should have gone off.
static void check_fired(struct wg_laws *l, struct lobject *o, uint64_t now) {
  if (!l->state->timed || !o->armed || o->broken || o->due_ns == UINT64_MAX || o->due_ns + SLACK_NS >= now) return;
  breach(l, WG_LAW_FIRES, &o->raised, o->raised.thread, o->raised.idx);
  o->broken = true;
}

// It is no longer signalled, or due; it may go off before the call returns.
static void stop_timer(struct lobject *o, const struct place *at) {
  lower(o, at);
  o->taken = false;
  o->raised = *at;
  o->armed = o->cancelled = o->fired = false;
  o->due_ns = UINT64_MAX;
}

static void set_timer(struct lobject *o, const struct pending *c, uint64_t now) {
  bool nt = c->nargs > 4; // NtSetTimerEx takes a pointer to the time
  int64_t after = nt ? c->asked_ns : after_ns((int64_t)c->args[1]);
  bool known = nt ? after >= 0 : after > 0;
  size_t at = nt ? 6 : 2; // milliseconds between one time and the next
  bool ex = nt || strstr(rows[c->row].name, "Ex");
  o->period_ns = ex && at < c->nargs ? (uint64_t)(uint32_t)c->args[at] * 1000000u : 0;
  o->armed = !o->fired || o->period_ns;
  o->due_ns = known && !o->fired ? now + (uint64_t)after : UINT64_MAX;
}

static void make(struct wg_law_state *st, const struct wg_side *s, const struct pending *c, uint32_t object) {
  const struct wg_dobject *d = &s->objects[object];
  if (d->thread != c->at.thread || d->step != c->step) return; // it was there before
  struct lobject *o = object_at(st, object);
  unsigned arg = rows[c->row].arg;
  if (arg >= c->nargs) return;
  bool handle = d->by_handle;
  uint64_t v = c->args[arg], next = (size_t)arg + 1 < c->nargs ? c->args[arg + 1] : 0;
  o->made = c->at;
  switch ((enum op)c->op) {
  case OP_MAKE_EVENT:
    o->kind = (uint32_t)v == 0 ? KIND_KEEPS : KIND_TAKES;
    o->low = o->high = (handle ? next & 0xFF : (uint32_t)next) != 0;
    break;
  case OP_MAKE_SEMAPHORE:
    o->kind = KIND_COUNTS;
    o->low = o->high = (int32_t)v;
    break;
  case OP_MAKE_MUTANT:
    o->kind = KIND_MUTANT;
    o->low = o->high = (v & 0xFF) == 0;
    if ((v & 0xFF) != 0) o->owner = c->at.thread, o->depth = 1;
    break;
  case OP_MAKE_TIMER:
    o->kind = (uint32_t)v == 0 ? KIND_KEEPS : KIND_TAKES;
    o->low = o->high = 0;
    break;
  default: break;
  }
}

static void put_packet(struct lobject *o, const struct pending *c) {
  if (c->nargs < 5) return;
  if (o->tail == o->cap) {
    o->cap = o->cap ? o->cap * 2 : 16;
    o->queue = wg_xrealloc(o->queue, o->cap * sizeof *o->queue);
  }
  struct packet *p = &o->queue[o->tail++];
  for (unsigned i = 0; i < 4; i++) p->word[i] = (uint32_t)c->args[i + 1];
  p->by = c->at;
}

static void get_packet(struct wg_laws *l, struct lobject *o, const struct wg_event *e, const struct place *at) {
  uint32_t thread = at->thread;
  static const char *const keys[] = {"key", "value", "io_status", "information"};
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t word[4] = {0}, v;
  unsigned known = 0;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m))
    for (unsigned i = 0; i < 4; i++)
      if (wg_json_is(&m, keys[i]) && wg_json_int(&m, &v)) {
        word[i] = (uint32_t)v;
        known |= 1u << i;
      }
  if (known != 15) return;
  for (uint32_t i = o->head; i < o->tail; i++) {
    if (memcmp(o->queue[i].word, word, sizeof word) != 0) continue;
    if (i != o->head && !o->broken) {
      breach(l, WG_LAW_PACKET, &o->queue[o->head].by, thread, e->idx);
      o->broken = true;
    }
    o->head = i + 1;
    return;
  }
  // The one that is first, but for a word that nobody put in it.
  if (o->head == o->tail || memcmp(o->queue[o->head].word, word, 2 * sizeof *word) != 0) return;
  if (!o->broken) breach(l, WG_LAW_ANSWER, at, thread, e->idx);
  o->head++;
}

static uint64_t slot_key(uint32_t thread, uint64_t slot) { return (uint64_t)thread << 32 | (uint32_t)slot; }

static void set_slot(struct wg_law_state *st, const struct pending *c) {
  uint64_t i, key = slot_key(c->at.thread, c->args[0]);
  if (!wg_map_get(&st->slots, key, &i)) {
    if ((st->nslots & (st->nslots - 1)) == 0)
      st->slot = wg_xrealloc(st->slot, (st->nslots ? st->nslots * 2 : 1) * sizeof *st->slot);
    i = st->nslots++;
    wg_map_put(&st->slots, key, i);
  }
  st->slot[i] = (struct slot){(uint32_t)c->args[1], c->at};
}

static void free_slots(struct wg_law_state *st, uint64_t slot) {
  for (uint32_t t = 0; t < st->nthreads; t++) wg_map_del(&st->slots, slot_key(t, slot));
}

// A call that has an APC routine run later; `by` -1: it failed.
static void queue_apc(struct wg_law_state *st, const struct wg_side *s, const struct pending *c, int by) {
  uint32_t to = c->at.thread;
  unsigned arg = rows[c->row].arg;
  if (arg >= c->nargs || c->args[arg] == 0) return;
  if (c->op == OP_QUEUE_APC) {
    if (c->object == WG_NONE || s->objects[c->object].is_thread == WG_NONE) return;
    to = s->objects[c->object].is_thread;
  }
  struct lthread *t = thread_at(st, to);
  if (by < 0 && t->apcs) t->apcs--;
  if (by < 0) return;
  t->apcs++;
  t->apc = c->at;
}

static void on_call(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call) {
  struct wg_law_state *st = l->state;
  unsigned row = row_of(st, s, call->name);
  struct lthread *t = thread_at(st, thread);
  if (row == ROWS || t->ncalls == DEPTH) return;
  if (!call->has_args) { // what it was asked for is not told
    st->exact = false;
    l->n = 0;
    return;
  }
  if (rows[row].op == OP_LEAVE) { // often: all that is asked is who gave the lock back last
    uint32_t lock = s->threads[thread].steps[call->step].object;
    if (lock != WG_NONE)
      object_at(st, lock)->raised = (struct place){thread, (uint32_t)e->idx, (uint32_t)s->events, call->name};
    return;
  }
  struct pending *c = &t->call[t->ncalls++];
  uint32_t object = s->threads[thread].steps[call->step].object;
  *c = (struct pending){.op = rows[row].op,
                        .row = (uint8_t)row,
                        .name = call->name,
                        .object = object,
                        .step = call->step,
                        .at = {thread, (uint32_t)e->idx, (uint32_t)s->events, call->name},
                        .nargs = call->nargs < 8 ? call->nargs : 8,
                        .previous = -1,
                        .asked_ns = -2};
  for (unsigned i = 0; i < c->nargs; i++) c->args[i] = call->args[i];
  if (call->nt && strchr(call->nt->params, 't')) c->asked_ns = limit_of(call, e);
  if (c->op == OP_QUEUE_APC || c->op == OP_FILE_APC) queue_apc(st, s, c, 1);
  if (object == WG_NONE) return;
  c = &thread_at(st, thread)->call[thread_at(st, thread)->ncalls - 1]; // the tables may have moved
  struct lobject *o = object_at(st, object);
  c->waiting = o->waiting;
  c->all_ended = o->all_ended;
  c->low = o->low;
  c->high = o->high;
  if (c->op >= OP_MAKE_EVENT && c->op <= OP_MAKE_TIMER) make(st, s, c, object);
  if (c->op == OP_PUT_PACKET) put_packet(o, c);
  if (c->op == OP_RW_ACQUIRE) o->acquiring++;
  if (c->op == OP_SET_TIMER) {
    check_fired(l, o, e->host_ns);
    stop_timer(o, &c->at);
  }
}

// How many waits a signal must have ended by now.
static uint32_t due_wakes(const struct lobject *o, const struct pending *c) {
  uint64_t by = 1;
  if (c->op == OP_RELEASE) by = rows[c->row].arg < c->nargs ? (uint32_t)c->args[rows[c->row].arg] : 1;
  if (c->op == OP_UNLOCK || o->kind == KIND_UNKNOWN) by = 1;
  if (o->kind == KIND_KEEPS) by = c->waiting;
  return by < c->waiting ? (uint32_t)by : c->waiting;
}

// A call that signals has returned with success, or (SIGNAL_AND_WAIT) has come to wait.
static void signalled(struct wg_laws *l, struct pending *c) {
  l->state->unseen++;
  struct lobject *o = object_at(l->state, c->object);
  if (c->op == OP_UNLOCK || (c->op == OP_SIGNAL_AND_WAIT && o->kind == KIND_MUTANT)) {
    if (o->owner == c->at.thread && o->depth > 1) {
      o->depth--;
      return;
    }
    if (o->owner == c->at.thread) o->owner = WG_NONE, o->depth = 0;
  }
  uint32_t ended = c->waiting > o->waiting ? c->waiting - o->waiting : 0;
  bool others = c->all_ended != o->all_ended; // who waits for all of several may have taken it
  if (!o->broken && !others && ended < due_wakes(o, c)) {
    bool kind = o->kind == KIND_KEEPS && ended && o->made.thread != WG_NONE; // it wakes one where it should wake all
    breach(l, kind ? WG_LAW_KIND : WG_LAW_WAKES, kind ? &o->made : &c->at, c->at.thread, c->at.idx);
    o->broken = true;
    return;
  }
  if (c->signalled || c->op == OP_PULSE) return; // the event told the rest
  if (ended == 0) {
    int32_t by = 1;
    if (c->op == OP_RELEASE && rows[c->row].arg < c->nargs) by = (int32_t)c->args[rows[c->row].arg];
    raise(o, by, &c->at);
  }
}

static void check_slot(struct wg_laws *l, const struct pending *c, uint64_t value, uint64_t idx) {
  uint64_t i;
  if (wg_map_get(&l->state->slots, slot_key(c->at.thread, c->args[0]), &i) &&
      l->state->slot[i].value != (uint32_t)value) {
    breach(l, WG_LAW_SLOT, &c->at, c->at.thread, idx);
    wg_map_del(&l->state->slots, slot_key(c->at.thread, c->args[0]));
  }
}

// The last who has the lock lets somebody in who waits.
static void unlock_rw(struct wg_laws *l, struct lobject *o, const struct pending *c) {
  o->raised = c->at;
  if (o->holders == 0 || --o->holders || o->acquiring == 0 || c->gave || o->broken) return;
  breach(l, WG_LAW_WAKES, &c->at, c->at.thread, c->at.idx);
  o->broken = true;
}

// Nobody has the lock, nobody else wants it, and who comes has to wait.
static void blocked_rw(struct wg_laws *l, struct lobject *o, uint32_t thread, uint64_t idx) {
  if (o->holders || o->acquiring > 1 || o->broken) return;
  breach(l, WG_LAW_SIGNALLED, &o->raised, thread, idx);
  o->broken = true;
}

// A wait returns what it ended with; one that never began has nothing to return but an error.
static void check_wait(struct wg_laws *l, const struct pending *c, uint32_t rv, uint64_t idx) {
  bool fails = rv >= 0x80000000u;
  if (c->waited ? rv != c->wait_status && !(fails && c->op == OP_GET_PACKET) : !fails && c->asked_ns != 0)
    breach(l, WG_LAW_STATUS, &c->at, c->at.thread, idx);
}

static void check_answer(struct wg_laws *l, const struct pending *c, const struct wg_event *e) {
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_int(&m, &v)) continue;
    bool wrong = (wg_json_is(&m, "previous") && c->previous >= 0 && (int64_t)v != c->previous) ||
                 (wg_json_is(&m, "handle") && c->handle && (uint32_t)v != (uint32_t)c->handle) ||
                 (wg_json_is(&m, "tid") && c->child && v != c->child);
    if (!wrong) continue;
    breach(l, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
    return;
  }
}

static void returned(struct wg_laws *l, struct wg_side *s, struct pending *c, const struct wg_event *e) {
  uint64_t rv = 0;
  bool has = wg_ev_u64(e, WG_K_RV, &rv);
  const struct wg_nt_export *nt = wg_nt_find(wg_str(s, c->name), strlen(wg_str(s, c->name)));
  bool ok = !nt || nt->ret != 'S' || (has && (uint32_t)rv < 0x40000000u);
  struct lobject *o = c->object == WG_NONE ? NULL : object_at(l->state, c->object);
  if (ok) check_answer(l, c, e);
  switch ((enum op)c->op) {
  case OP_SET:
  case OP_PULSE:
  case OP_RELEASE:
  case OP_UNLOCK:
    if (ok && o) signalled(l, c);
    if (ok && o && c->op == OP_PULSE) lower(o, &c->at);
    break;
  case OP_RESET:
    if (ok && o) lower(o, &c->at), o->taken = false;
    break;
  case OP_MAKE_EVENT:
  case OP_MAKE_SEMAPHORE:
  case OP_MAKE_MUTANT:
  case OP_MAKE_TIMER: {
    const struct wg_dthread *d = &s->threads[c->at.thread];
    if (o == NULL && ok && c->step < d->nsteps && d->steps[c->step].idx == c->at.idx &&
        d->steps[c->step].object != WG_NONE)
      make(l->state, s, c, d->steps[c->step].object);
    break;
  }
  case OP_SET_TIMER:
    if (ok && o) set_timer(o, c, e->host_ns);
    if (!ok && o) o->high = UNKNOWN_HIGH; // as it was
    break;
  case OP_CANCEL_TIMER:
    if (o == NULL) break;
    check_fired(l, o, e->host_ns);
    o->armed = false;
    if (ok) o->cancelled = true, o->lowered = c->at;
    break;
  case OP_QUEUE_APC:
  case OP_FILE_APC:
    if (!ok) queue_apc(l->state, s, c, -1);
    break;
  case OP_WAIT:
    if (has) check_wait(l, c, (uint32_t)rv, e->idx);
    break;
  case OP_GET_PACKET:
    if (has) check_wait(l, c, (uint32_t)rv, e->idx);
    if (ok && o && (uint32_t)rv == 0) get_packet(l, o, e, &c->at);
    break;
  case OP_RW_ACQUIRE:
    if (o) o->acquiring -= o->acquiring != 0, o->holders++;
    break;
  case OP_RW_RELEASE:
    if (o) unlock_rw(l, o, c);
    break;
  case OP_SET_SLOT:
    if (c->nargs > 1 && has && rv) set_slot(l->state, c);
    break;
  case OP_GET_SLOT:
    if (c->nargs && has) check_slot(l, c, rv, e->idx);
    break;
  case OP_FREE_SLOT:
    if (has) free_slots(l->state, nt && nt->ret == 'd' ? rv : c->args[0]);
    break;
  default: break;
  }
}

static void on_return(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct lthread *t = thread_at(l->state, thread);
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  if (t->ncalls == 0 || name == NULL || name->type != WG_F_STR) return;
  for (unsigned i = t->ncalls; i-- > 0;)
    if (strcmp(wg_str(s, t->call[i].name), name->s) == 0) {
      struct pending c = t->call[i];
      t->ncalls = i;
      returned(l, s, &c, e);
      return;
    }
}

// -- waits --

static void count_waiting(struct wg_law_state *st, const struct wg_side *s, const struct lthread *t, int by) {
  for (uint32_t i = 0; i < t->nobjects; i++) {
    struct lobject *o = object_at(st, s->wait_objects[t->object + i]);
    if (t->all && by < 0) o->all_ended++;
    if (!t->all) o->waiting = by < 0 && o->waiting == 0 ? 0 : o->waiting + (uint32_t)by;
  }
}

static void find_due(struct wg_law_state *st, const struct wg_side *s, struct lthread *t, uint32_t thread) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->nobjects; i++) {
    uint32_t id = s->wait_objects[t->object + i];
    if (!ready(object_at(st, id), thread)) continue;
    t->due_object = id;
    n++;
  }
  t->due = t->nobjects && (t->all ? n == t->nobjects : n != 0);
}

// Does the wait's beginning say what the call's arguments do: for what, for how long, whether APCs come?
static bool as_asked(const struct wg_side *s, const struct pending *c, const struct wg_dwait *w) {
  const char *name = wg_str(s, c->name);
  const struct wg_nt_export *nt = wg_nt_find(name, strlen(name));
  const char *t = nt ? strchr(nt->params, 't') : NULL;
  if (t == NULL || c->op < OP_GET_PACKET || c->asked_ns == -2) return c->op != OP_WAIT || c->asked_ns == -2;
  size_t at = (size_t)(t - nt->params);
  bool several = strstr(name, "Multiple") != NULL;
  if (c->asked_ns != w->timeout_ns) return false;
  if (c->op == OP_GET_PACKET || at == 0 || at > c->nargs) return true;
  if (w->alertable != ((c->args[at - 1] & 0xFF) != 0)) return false;
  if (several) return w->all == ((uint32_t)c->args[2] == 0);
  return w->n != 1 || c->object == WG_NONE || s->wait_objects[w->objects] == c->object;
}

// Nobody has the lock since it was given back, and who comes has to wait.
static void enter_free(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e,
                       const struct wg_open *call) {
  if (call == NULL || strcmp(wg_str(s, call->name), "RtlEnterCriticalSection") != 0) return;
  uint32_t lock = s->threads[thread].steps[call->step].object;
  if (lock == WG_NONE || s->objects[lock].owner != WG_NONE) return;
  struct lobject *o = object_at(l->state, lock);
  if (!o->broken) breach(l, WG_LAW_LOCK, &o->raised, thread, e->idx);
  o->broken = true;
}

static void on_wait_begin(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                          const struct wg_open *call) {
  struct wg_law_state *st = l->state;
  enter_free(l, s, thread, e, call);
  const struct wg_dthread *d = &s->threads[thread];
  struct lthread *t = thread_at(st, thread);
  struct pending *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
  if (d->nwaits == 0 || c == NULL) return;
  const struct wg_dwait *w = &d->waits[d->nwaits - 1];
  if (w->end_seq) return;
  if (c->op == OP_SIGNAL_AND_WAIT && c->object != WG_NONE) signalled(l, c);
  c->waited = true;
  t->waits = true;
  t->all = w->all;
  t->object = w->objects;
  t->nobjects = w->n;
  t->limit_ns = w->timeout_ns;
  t->begin_ns = e->host_ns;
  t->alertable = w->alertable;
  t->wait = c->at;
  find_due(st, s, t, thread);
  count_waiting(st, s, t, 1);
  if (c->op == OP_RW_ACQUIRE && c->object != WG_NONE) blocked_rw(l, object_at(st, c->object), thread, e->idx);
  if (as_asked(s, c, w)) return;
  breach(l, WG_LAW_WAITS, &c->at, thread, e->idx);
}

static void take_all(struct wg_law_state *st, const struct wg_side *s, const struct lthread *t, uint32_t thread,
                     uint32_t status) {
  for (uint32_t i = 0; i < t->nobjects; i++)
    if (t->all || t->nobjects == 1 || status == i || status == 0x80 + i)
      take(object_at(st, s->wait_objects[t->object + i]), thread, &t->wait);
}

static void check_time(struct wg_laws *l, const struct lthread *t, const struct wg_event *e, uint32_t thread) {
  uint64_t took = e->host_ns - t->begin_ns, limit = (uint64_t)t->limit_ns;
  if (t->limit_ns < 0 || !l->state->timed || (took >= limit && took <= limit + limit / 2 + SLACK_NS)) return;
  breach(l, WG_LAW_TIME, &t->wait, thread, e->idx);
}

static void on_wait_end(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_law_state *st = l->state;
  struct lthread *t = thread_at(st, thread);
  uint64_t status = 0;
  if (!t->waits) return;
  t->waits = false;
  wg_ev_u64(e, WG_K_STATUS, &status);
  if (t->ncalls) t->call[t->ncalls - 1].wait_status = (uint32_t)status;
  count_waiting(st, s, t, -1);
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  if (f && f->type == WG_F_RAW && !s->has_signals) st->unseen = 3; // it was signalled, and nobody told
  bool text = f && f->type == WG_F_STR;
  bool timeout = text && strcmp(f->s, "timeout") == 0, apc = text && strcmp(f->s, "apc") == 0;
  bool already = text && strcmp(f->s, "already") == 0;
  if (apc) {
    t->apcs = 0;
    return;
  }
  if (t->apcs && t->alertable && !already && t->limit_ns != 0) {
    breach(l, WG_LAW_APC, &t->apc, thread, e->idx);
    t->apcs = 0;
  }
  if (t->due && !already) ignored_signal(l, object_at(st, t->due_object), thread, e->idx);
  if (timeout) {
    check_time(l, t, e, thread);
    return;
  }
  uint32_t i = (uint32_t)status & ~0x80u; // which of several
  if (already && !t->all && i < t->nobjects) {
    struct lobject *o = object_at(st, s->wait_objects[t->object + i]);
    if (o->high == 0 && !o->broken && !(o->kind == KIND_MUTANT && o->owner == thread))
      false_signal(l, o, thread, e->idx);
  }
  take_all(st, s, t, thread, (uint32_t)status);
}

// -- signals --

static void fire(struct wg_laws *l, struct lobject *o, const struct wg_event *e, uint32_t thread) {
  if (!o->broken && o->cancelled) {
    breach(l, WG_LAW_CANCEL, &o->lowered, thread, e->idx);
    o->broken = true;
  }
  bool known = l->state->timed && o->armed && o->due_ns != UINT64_MAX;
  if (known && !o->broken && (e->host_ns + SLACK_NS < o->due_ns || e->host_ns > o->due_ns + SLACK_NS)) {
    breach(l, WG_LAW_FIRES, &o->raised, thread, e->idx);
    o->broken = true;
  }
  o->fired = true;
  o->armed &= o->period_ns != 0;
  o->due_ns = o->armed ? e->host_ns + o->period_ns : UINT64_MAX;
  o->low = o->high = 1;
  o->taken = false;
}

static uint32_t signal_object(const struct wg_side *s, const struct wg_event *e) {
  uint64_t hsid, id;
  return wg_hsid_of(e, &hsid) && wg_map_get(&s->by_hsid, hsid, &id) ? (uint32_t)id : WG_NONE;
}

// Against what the call was asked for: which object, how often, by how much.
static void check_signal(struct wg_laws *l, const struct wg_side *s, struct pending *c, uint32_t object, uint64_t count,
                         const struct wg_event *e) {
  bool asks = c->op == OP_SET || c->op == OP_PULSE || c->op == OP_RELEASE || c->op == OP_UNLOCK;
  if (!asks || c->object == WG_NONE) return;
  uint64_t by = c->op == OP_RELEASE && rows[c->row].arg < c->nargs ? (uint32_t)c->args[rows[c->row].arg] : 1;
  if (object != c->object && s->objects[c->object].by_handle)
    breach(l, WG_LAW_OBJECT, &c->at, c->at.thread, e->idx);
  else if (object == c->object && (c->signalled || count != by) && c->op != OP_UNLOCK)
    breach(l, WG_LAW_AMOUNT, &c->at, c->at.thread, e->idx);
}

static void on_signal(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  const char *op = wg_ev_text(e, WG_K_OP);
  uint32_t object = signal_object(s, e);
  uint64_t v;
  if (op == NULL || object == WG_NONE) return;
  struct lobject *o = object_at(l->state, object);
  struct lthread *t = thread_at(l->state, thread);
  struct pending *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
  if (c) c->gave = true;
  if (c) check_signal(l, s, c, object, wg_ev_u64(e, WG_K_COUNT, &v) ? v : 1, e);
  if (c && c->object == object) c->signalled = true;
  int32_t previous = 0;
  if (wg_ev_u64(e, WG_K_PREVIOUS, &v)) {
    previous = (int32_t)v;
    check_previous(l, o, previous, thread, e->idx);
    if (c && c->object == object && c->previous < 0) c->previous = previous;
  }
  struct place at = {WG_NONE, 0, 0, 0};
  if (c) at = c->at;
  if (strcmp(op, "fire") == 0) {
    fire(l, o, e, thread);
    return;
  }
  if (strcmp(op, "reset") == 0 || strcmp(op, "clear") == 0) {
    lower(o, &at);
    o->taken = false;
    return;
  }
  bool given = c && (c->op == OP_UNLOCK || c->op == OP_SIGNAL_AND_WAIT);
  if (given && previous < 0) return; // a mutant that its owner has more than once
  if (o->kind == KIND_MUTANT || strcmp(op, "exit") == 0) {
    o->low = o->high = 1;
    o->raised = at;
    o->by_system = at.thread == WG_NONE;
    return;
  }
  raise(o, wg_ev_u64(e, WG_K_COUNT, &v) ? (int32_t)v : 1, &at);
}

static void on_made(struct wg_laws *l, uint32_t thread, const struct wg_event *e) {
  struct lthread *t = thread_at(l->state, thread);
  struct pending *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
  if (c == NULL) return;
  if (e->kind == WG_EV_THREAD_CREATE)
    wg_ev_u64(e, WG_K_CHILD, &c->child);
  else if (c->handle == 0)
    wg_ev_u64(e, WG_K_RAW, &c->handle);
}

// A timer that nobody can name any more does not go off.
static void on_destroyed(struct wg_laws *l, const struct wg_side *s, const struct wg_event *e) {
  uint32_t object = signal_object(s, e);
  if (object != WG_NONE) object_at(l->state, object)->armed = false;
}

// -- the watch --

// Times that no virtual clock gave: instructions are not counted, or a thread comes from one call to the next in none.
static void check_clock(struct wg_law_state *st, uint32_t thread, const struct wg_event *e) {
  struct lthread *t = thread_at(st, thread);
  if (e->kind != WG_EV_KERNEL_CALL || e->tid == 0) return;
  if (!e->has_cycle || e->cycle <= t->call_cycle) st->timed = false;
  t->call_cycle = e->cycle;
}

static void on_event(void *ctx, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                     const struct wg_open *call) {
  struct wg_laws *l = ctx;
  if (e->kind == WG_EV_TRACE_HEADER)
    l->state->exact = l->state->timed = s->virtual_clock && strcmp(wg_str(s, s->engine), "wedge") == 0;
  if (!l->state->exact) return;
  check_clock(l->state, thread, e);
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
    if (call) on_call(l, s, thread, e, call);
    break;
  case WG_EV_KERNEL_RETURN: on_return(l, s, thread, e); break;
  case WG_EV_WAIT_BEGIN: on_wait_begin(l, s, thread, e, call); break;
  case WG_EV_WAIT_END: on_wait_end(l, s, thread, e); break;
  case WG_EV_SIGNAL: on_signal(l, s, thread, e); break;
  case WG_EV_HANDLE_CREATE:
  case WG_EV_HANDLE_DUP:
  case WG_EV_THREAD_CREATE: on_made(l, thread, e); break;
  case WG_EV_HANDLE_DESTROY: on_destroyed(l, s, e); break;
  default: break;
  }
}

struct wg_watch wg_laws_watch(struct wg_laws *l) {
  *l = (struct wg_laws){.state = wg_xcalloc(1, sizeof *l->state)};
  return (struct wg_watch){on_event, l, false};
}

// What never came, though it was due long before the end.
static void check_end(struct wg_laws *l, struct wg_side *s) {
  struct wg_law_state *st = l->state;
  for (uint32_t i = 0; i < st->nthreads && i < s->nthreads; i++) {
    struct lthread *t = &st->threads[i];
    if (!t->waits || s->events < t->wait.seq + SURE) continue;
    if (t->due) ignored_signal(l, object_at(st, t->due_object), i, t->wait.idx);
    if (st->timed && t->limit_ns >= 0 && (uint64_t)t->limit_ns < UINT64_MAX / 4 &&
        s->last_ns > t->begin_ns + (uint64_t)t->limit_ns * 2 + SLACK_NS)
      breach(l, WG_LAW_TIME, &t->wait, i, t->wait.idx);
    if (t->alertable && t->apcs) breach(l, WG_LAW_APC, &t->apc, i, t->wait.idx);
  }
  for (size_t i = 0; i < st->nobjects; i++) check_fired(l, &st->objects[i], s->last_ns);
}

// Of a trace with calls or times of another run in it neither times nor who has a lock tell anything.
static void forget_times(struct wg_laws *l) {
  size_t n = 0;
  for (size_t i = 0; i < l->n; i++)
    if (l->list[i].law != WG_LAW_TIME && l->list[i].law != WG_LAW_FIRES && l->list[i].law != WG_LAW_LOCK)
      l->list[n++] = l->list[i];
  l->n = n;
}

void wg_laws_finish(struct wg_laws *l, struct wg_side *s) {
  struct wg_law_state *st = l->state;
  if (st == NULL) return;
  // A trace that tells of no signal or no wait at all leaves them out.
  if ((!s->has_signals && st->unseen >= 3) || !s->has_waits) st->exact = false;
  if (st->exact) check_end(l, s);
  if (!st->exact) l->n = 0;
  l->held = st->exact;
  if (!st->timed) forget_times(l);
  for (size_t i = 0; i < st->nobjects; i++) free(st->objects[i].queue);
  free(st->objects);
  free(st->threads);
  free(st->op_of);
  free(st->slot);
  wg_map_release(&st->slots);
  free(st);
  l->state = NULL;
}

void wg_laws_release(struct wg_laws *l) {
  free(l->list);
  *l = (struct wg_laws){0};
}
