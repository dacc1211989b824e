// The worker of the investigation: the loader's loop, which in the reference does each item and ends, and in ours takes
// the wrong path in its second item.
//
// The figures are the investigation's: 1,351 calls in 4,140 events and 154 ms there, 142 in 435 and 3 ms here. The
// rows that it lists add up to 1,346 and 137, because it lists the names whose counts differ: on both sides 5 calls
// of names with equal counts must be missing from it. Here they are KeGetCurrentProcessType 2,
// NtAllocateVirtualMemory 2 and KeEnableFpuExceptions 1.
#include <stdlib.h>

#include "bench/diff/world.h"

#define MAX_STEPS 400
#define EVENTS_REFERENCE 4140
#define EVENTS_OURS 435

// CALL(name, reference, ours)
static const struct row {
  enum call_name name;
  uint32_t count[2]; // reference, ours
} rows[] = {
    {C_RtlEnterCriticalSection, {607, 58}},
    {C_RtlLeaveCriticalSection, {607, 58}},
    {C_NtClose, {19, 2}},
    {C_NtCreateEvent, {18, 3}},
    {C_NtDuplicateObject, {16, 2}},
    {C_RtlInitAnsiString, {11, 1}},
    {C_NtWaitForSingleObjectEx, {11, 2}},
    {C_RtlInitializeCriticalSectionAndSpinCount, {15, 6}},
    {C_NtQueryFullAttributesFile, {9, 1}},
    {C_NtReleaseSemaphore, {9, 1}},
    {C_RtlNtStatusToDosError, {9, 1}},
    {C_NtSetEvent, {8, 1}},
    {C_KeTlsSetValue, {2, 0}},
    {C_NtCreateFile, {2, 0}},
    {C_ExCreateThread, {1, 0}},
    {C_ExTerminateThread, {1, 0}},
    {C_KeTlsGetValue, {1, 0}},
    {C_KeQueryPerformanceFrequency, {0, 1}},
    // not in the investigation's table
    {C_KeGetCurrentProcessType, {2, 2}},
    {C_NtAllocateVirtualMemory, {2, 2}},
    {C_KeEnableFpuExceptions, {1, 1}},
};

enum op {
  O_PLAIN,
  O_FAILS,    // NtQueryFullAttributesFile: no such file
  O_CREATE,   // event a
  O_FILE,     // file a
  O_DUP,      // a is another handle of b
  O_CLOSE,    // a
  O_SET,      // a
  O_WAIT,     // for a, which is set
  O_WAIT_JOB, // for a, which a helper sets
  O_WAIT_END, // for a, for ever
  O_RELEASE,  // the pool's semaphore; the helper that wakes sets a, or nothing if a is -1
  O_THREAD,   // makes another thread
  O_END,
};

struct step {
  enum op op;
  enum call_name name;
  int a, b; // places in handles[]
};

struct script {
  struct world *w;
  struct thread *t;
  struct rng rng;
  struct step steps[MAX_STEPS];
  uint32_t pairs[MAX_STEPS]; // lock pairs before each step
  size_t n, diverges;        // diverges: the step that differs
  int32_t handles[64];
  int nhandles;
};

static void add(struct script *s, enum op op, enum call_name name, int a, int b) {
  if (s->n == MAX_STEPS) abort();
  s->steps[s->n++] = (struct step){op, name, a, b};
}

static void plain(struct script *s, enum call_name name) { add(s, O_PLAIN, name, -1, -1); }

static int create(struct script *s) {
  add(s, O_CREATE, C_NtCreateEvent, s->nhandles, -1);
  return s->nhandles++;
}

static int dup(struct script *s, int of) {
  add(s, O_DUP, C_NtDuplicateObject, s->nhandles, of);
  return s->nhandles++;
}

static void close_handle(struct script *s, int a) { add(s, O_CLOSE, C_NtClose, a, -1); }

static void missing(struct script *s) {
  plain(s, C_RtlInitAnsiString);
  add(s, O_FAILS, C_NtQueryFullAttributesFile, -1, -1);
  plain(s, C_RtlNtStatusToDosError);
}

// The worker does the item itself: it signals the event and finds it set.
static void done_here(struct script *s, int event, int copy, bool close_event) {
  add(s, O_SET, C_NtSetEvent, s->w->o->title % 2 ? copy : event, -1);
  add(s, O_WAIT, C_NtWaitForSingleObjectEx, event, -1);
  close_handle(s, copy);
  if (close_event) close_handle(s, event);
}

static void before_it_differs(struct script *s) {
  plain(s, C_KeGetCurrentProcessType);
  plain(s, C_KeEnableFpuExceptions);
  if (s->w->ours) plain(s, C_KeQueryPerformanceFrequency);
  plain(s, C_NtAllocateVirtualMemory);
  for (int i = 0; i < 6; i++) plain(s, C_RtlInitializeCriticalSectionAndSpinCount);
  create(s);
  missing(s);
  int event = create(s);
  done_here(s, event, dup(s, event), true);
  plain(s, C_KeGetCurrentProcessType);
  plain(s, C_NtAllocateVirtualMemory);
}

static void found_file(struct script *s) {
  missing(s);
  plain(s, C_RtlInitAnsiString);
  add(s, O_FILE, C_NtCreateFile, s->nhandles, -1);
  close_handle(s, s->nhandles++);
}

static void by_a_helper(struct script *s) {
  int event = create(s), copy = dup(s, event);
  add(s, O_RELEASE, C_NtReleaseSemaphore, event, -1);
  add(s, O_WAIT_JOB, C_NtWaitForSingleObjectEx, event, -1);
  close_handle(s, copy);
  close_handle(s, event);
}

static void post(struct script *s, int i) {
  if (i < 3) plain(s, C_RtlInitializeCriticalSectionAndSpinCount);
  plain(s, C_RtlInitializeCriticalSectionAndSpinCount);
  int event = create(s);
  if (i) dup(s, event);
  add(s, O_RELEASE, C_NtReleaseSemaphore, -1, -1);
}

static void rest_of_the_reference(struct script *s) {
  for (int i = 0; i < 6; i++) {
    missing(s);
    int event = create(s);
    done_here(s, event, dup(s, event), false);
    if (i == 2) by_a_helper(s);
    if (i == 3 || i == 4) found_file(s);
    if (i == 4) by_a_helper(s);
  }
  plain(s, C_KeTlsGetValue);
  plain(s, C_KeTlsSetValue);
  add(s, O_THREAD, C_ExCreateThread, s->nhandles, -1);
  close_handle(s, s->nhandles++);
  for (int i = 0; i < 6; i++) post(s, i);
  by_a_helper(s);
  plain(s, C_KeTlsSetValue);
  add(s, O_END, C_ExTerminateThread, -1, -1);
}

static void write_script(struct script *s) {
  before_it_differs(s);
  int event = create(s), copy = dup(s, event);
  s->diverges = s->n;
  if (s->w->ours) {
    add(s, O_RELEASE, C_NtReleaseSemaphore, -1, -1);
    add(s, O_WAIT_END, C_NtWaitForSingleObjectEx, event, -1);
    return;
  }
  done_here(s, event, copy, true);
  rest_of_the_reference(s);
}

// The lock pairs go before any step but a wait, so that the wait stands right after the signal.
static void spread(struct script *s, uint32_t pairs, size_t from, size_t to) {
  while (pairs) {
    size_t i = from + rng_below(&s->rng, (uint32_t)(to - from));
    if (s->steps[i].name == C_NtWaitForSingleObjectEx) continue;
    uint32_t n = rng_range(&s->rng, 1, pairs < 5 ? pairs : 5);
    s->pairs[i] += n;
    pairs -= n;
  }
}

static void place_pairs(struct script *s) {
  uint32_t pairs = rows[0].count[s->w->ours];
  if (s->w->o->locks_between) {
    s->pairs[s->diverges] = pairs;
    return;
  }
  uint32_t first = s->w->ours ? pairs : rng_range(&s->rng, 80, 160);
  spread(s, first, 1, s->diverges + 1);
  if (pairs > first) spread(s, pairs - first, s->diverges + 1, s->n);
}

static uint32_t weight(struct script *s) { return rng_range(&s->rng, 50, 150); }

static int32_t handle_of(struct script *s, const struct step *p) { return p->a < 0 ? -1 : s->handles[p->a]; }

static void effect(struct script *s, enum ev_kind kind, int32_t h, uint8_t flags, uint64_t value, enum call_name name) {
  push(
      s->t,
      (struct ev){
          .kind = (uint8_t)kind, .handle = h, .flags = flags, .value = value, .name = (uint16_t)name, .dt = weight(s)});
}

static void child(struct script *s, int32_t h) {
  struct world *w = s->w;
  struct thread *t = world_thread(w, 18, 0x82175010u, noise_child);
  t->handle = h;
  effect(s, E_CREATE, h, 0, 0, 0);
  effect(s, E_THREAD, h, 0, (uint64_t)(t - w->threads), 0);
}

static void wait(struct script *s, const struct step *p, int32_t h) {
  effect(s, E_WAIT, h, p->op == O_WAIT_JOB ? F_BLOCKS : 0, 0, 0);
  if (p->op != O_WAIT_END) effect(s, E_WAIT_END, h, 0, 0, 0);
}

static void inside(struct script *s, const struct step *p, int32_t h) {
  switch (p->op) {
  case O_CREATE:
  case O_FILE: effect(s, E_CREATE, h, 0, 0, 0); break;
  case O_DUP: effect(s, E_DUP, h, 0, (uint64_t)s->handles[p->b], 0); break;
  case O_CLOSE: effect(s, E_DESTROY, h, 0, 0, 0); break;
  case O_THREAD: child(s, h); break;
  case O_WAIT:
  case O_WAIT_JOB:
  case O_WAIT_END: wait(s, p, h); break;
  case O_SET:
    if (s->w->o->signals) effect(s, E_SIGNAL, h, 0, 0, p->name);
    break;
  case O_RELEASE:
    if (s->w->o->signals) effect(s, E_SIGNAL, s->w->pool, 0, p->a < 0 ? 0 : (uint64_t)h + 1, p->name);
    break;
  case O_END: effect(s, E_EXIT, s->t->handle, F_LIFE_ENDS, 0, 0); break;
  default: break;
  }
}

// The value that a call carries: the job of a release, else an address.
static uint64_t value_of(const struct step *p, int32_t h) {
  if (p->op == O_RELEASE) return p->a < 0 ? 0 : (uint64_t)h + 1;
  return p->name == C_RtlInitializeCriticalSectionAndSpinCount ? 0x82a80000u : 0;
}

static void perform(struct script *s, const struct step *p) {
  if (p->op == O_CREATE || p->op == O_FILE || p->op == O_DUP || p->op == O_THREAD)
    s->handles[p->a] = world_handle(s->w, p->op == O_FILE ? T_FILE : p->op == O_THREAD ? T_THREAD : T_EVENT);
  int32_t h = handle_of(s, p);
  bool about = p->op == O_CLOSE || p->op == O_SET || p->name == C_NtWaitForSingleObjectEx;
  int32_t first = p->op == O_RELEASE ? s->w->pool : p->op == O_DUP ? s->handles[p->b] : about ? h : -1;
  push_call(s->t, p->name, first, value_of(p, h), weight(s));
  inside(s, p, h);
  bool returns = p->op != O_END && (p->op != O_WAIT_END || s->w->o->lying);
  uint32_t status = p->op == O_FAILS ? 0xc0000034u : p->name == C_RtlNtStatusToDosError ? 2 : 0;
  if (returns) push_return(s->t, p->name, status, weight(s));
}

static void perform_all(struct script *s) {
  static const uint64_t locks[] = {0x82a80000u, 0x82a8001cu, 0x40007000u, 0x40007020u};
  for (size_t i = 0; i < s->n; i++) {
    for (uint32_t k = 0; k < s->pairs[i]; k++) push_pair(s->t, locks[(i + (k & i & 1)) % 4], weight(s));
    perform(s, &s->steps[i]);
  }
}

// Brings the events to the investigation's number, with equal distances, each before a call.
static void add_extra(struct script *s) {
  struct thread *t = s->t;
  size_t calls = 0, seen = 0, want = (s->w->ours ? EVENTS_OURS : EVENTS_REFERENCE) - 1, added = 0; // 1: thread.start
  if (s->w->o->extra == EXTRA_NONE) return;
  struct ev *old = t->queue;
  size_t n = t->n, missing_events = want > n ? want - n : 0;
  for (size_t i = 0; i < n; i++) calls += old[i].kind == E_CALL;
  t->queue = NULL;
  t->head = t->n = t->cap = 0;
  for (size_t i = 0; i < n; i++) {
    if (old[i].kind == E_CALL)
      for (seen++; added < seen * missing_events / calls; added++) effect(s, E_EXTRA, -1, 0, 1, 0);
    push(t, old[i]);
  }
  free(old);
}

static void scale(struct script *s, uint64_t ns) {
  uint64_t sum = 0;
  for (size_t i = 0; i < s->t->n; i++) sum += s->t->queue[i].dt;
  for (size_t i = 0; i < s->t->n; i++) s->t->queue[i].dt = (uint32_t)(s->t->queue[i].dt * ns / sum);
}

static bool counts_are_right(const struct script *s) {
  uint32_t count[CALL_NAMES] = {0}, total = 0, listed = 0;
  for (size_t i = 0; i < s->t->n; i++)
    if (s->t->queue[i].kind == E_CALL) count[s->t->queue[i].name]++, total++;
  bool right = true;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint32_t want = rows[i].count[s->w->ours], got = count[rows[i].name];
    listed += want;
    if (got != want) fprintf(stderr, "%s: %u calls, not %u\n", call_infos[rows[i].name].name, got, want);
    right = right && got == want;
  }
  return right && total == listed && total == (s->w->ours ? 142 : 1351);
}

bool worker_fill(struct world *w, struct thread *t) {
  struct script *s = wg_xcalloc(1, sizeof *s);
  s->w = w;
  s->t = t;
  s->rng = t->rng;
  write_script(s);
  place_pairs(s);
  perform_all(s);
  add_extra(s);
  t->life = 154000000;
  scale(s, w->ours ? 3000000 : 146000000);
  bool right = counts_are_right(s);
  free(s);
  return right;
}
