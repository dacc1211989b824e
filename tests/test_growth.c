// What a call costs the host while ever more of its kind exists: counted, never timed. This file's copy of the kernel,
// the scheduler, memory, files and base/ is built so that every edge of its flow of control adds one (trace-pc), and
// moved or cleared memory adds its words; an operation must cost about the same with 1,000, 10,000 and 100,000.
#include <malloc.h>
#include <stdio.h>

#include "tests/machine.h"

static uint64_t counted;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) { counted++; }

void *__real_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n) {
  counted += n / 8;
  return __real_memmove(to, from, n);
}
void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n) {
  counted += n / 8;
  return __real_memcpy(to, from, n);
}
void *__real_memset(void *to, int c, size_t n);
void *__wrap_memset(void *to, int c, size_t n);
void *__wrap_memset(void *to, int c, size_t n) {
  counted += n / 8;
  return __real_memset(to, c, n);
}
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n) {
  counted += p ? malloc_usable_size(p) / 8 : 0; // what it may have to move
  return __real_realloc(p, n);
}

static struct wg_machine *m;

static void start(void) { m = machine_of(WG_GUESTS "/hello.xex"); }

static uint32_t call(struct wg_thread *t, uint32_t index, const uint64_t *args, size_t n) {
  return (uint32_t)call_on(m, t, index, args, n);
}
#define CALL_ON(t, index, ...) call(t, index, ARGS(__VA_ARGS__))
#define CALL(index, ...) CALL_ON(m->threads.list[0], index, __VA_ARGS__)

static uint32_t word(uint32_t at) { return wg_load_be32(m->mem->base + at); }

// Three batches, at a thousand, ten thousand and a hundred thousand (or as many as a bound lets there be).
struct growth {
  const char *what;
  uint64_t each[3];
};
static const uint32_t levels[3] = {1000, 10000, 100000};

static void check(const struct growth *g, uint64_t most) {
  bool flat = g->each[0] <= most && g->each[2] <= g->each[0] + g->each[0] / 2 + 8;
  printf("\n    %s: %llu, %llu, %llu each%s", g->what, (unsigned long long)g->each[0], (unsigned long long)g->each[1],
         (unsigned long long)g->each[2], flat ? "" : ": not flat");
  CU_ASSERT_TRUE(flat);
}

// The cost of each call of `op` between the levels before and at each; `i` counts up from 0.
static void grow(struct growth *g, uint32_t most, void (*op)(uint32_t i)) {
  uint32_t i = 0;
  for (unsigned l = 0; l < 3; l++) {
    uint64_t before = counted;
    uint32_t first = i, until = levels[l] < most ? levels[l] : most;
    for (; i < until; i++) op(i);
    g->each[l] = (counted - before) / (i - first);
  }
}

static uint32_t handles[100000], f, remove_f, completion;

static void make_event(uint32_t i) {
  CU_ASSERT_EQUAL(CALL(f, DATA, 0, 1, 0), STATUS_SUCCESS);
  handles[i] = word(DATA);
}
static void make_named_event(uint32_t i) {
  char *name = (char *)m->mem->base + DATA + 0x40;
  uint32_t n = (uint32_t)snprintf(name, 32, "event-%u", i);
  wg_store_be32(m->mem->base + DATA + 0x14, DATA + 0x20); // OBJECT_ATTRIBUTES: root, name, attributes
  wg_store_be32(m->mem->base + DATA + 0x20, n << 16 | (n + 1));
  wg_store_be32(m->mem->base + DATA + 0x24, DATA + 0x40);
  CU_ASSERT_EQUAL(CALL(f, DATA, DATA + 0x10, 1, 0), STATUS_SUCCESS);
  handles[i] = word(DATA);
}
static void duplicate(uint32_t i) {
  CU_ASSERT_EQUAL(CALL(f, handles[0], DATA, 0), STATUS_SUCCESS);
  (void)i;
}
static void close_last(uint32_t i) { CU_ASSERT_EQUAL(CALL(f, handles[99999 - i]), STATUS_SUCCESS); }
static void close_first(uint32_t i) { CU_ASSERT_EQUAL(CALL(f, handles[i]), STATUS_SUCCESS); }
static void close_scattered(uint32_t i) { CU_ASSERT_EQUAL(CALL(f, handles[i * 7919ull % 100000]), STATUS_SUCCESS); }

static void objects(void) {
  static void (*const orders[])(uint32_t) = {close_first, close_last, close_scattered};
  static void (*const makers[])(uint32_t) = {make_event, make_named_event, make_event};
  for (unsigned o = 0; o < 3; o++) {
    struct growth made = {.what = o == 1 ? "named objects made" : "objects made"}, closed = {.what = "objects closed"};
    start();
    f = function_named(m, "NtCreateEvent");
    grow(&made, 100000, makers[o]);
    f = function_named(m, "NtClose");
    grow(&closed, 100000, orders[o]);
    wg_machine_free(m);
    check(&made, 3000);
    check(&closed, 2000);
  }
  struct growth g = {.what = "handles duplicated"};
  start();
  f = function_named(m, "NtCreateEvent");
  make_event(0);
  f = function_named(m, "NtDuplicateObject");
  grow(&g, 100000, duplicate);
  wg_machine_free(m);
  check(&g, 3000);
}

// Objects in the title's own memory; the idle ones that are known are bounded.
static void set_event(uint32_t i) {
  uint32_t at = 0x40000000u + 16 * i;
  wg_store_8(m->mem->base + at, WG_D_NOTIFICATION_EVENT);
  CALL(f, at, 0, 0);
}
static void guest_objects(void) {
  struct growth g = {.what = "objects in the title's memory"};
  start();
  struct wg_alloc a = {
      .addr = 0x40000000u, .size = 0x200000, .page = 0x10000, .protect = WG_PROT_READWRITE, .commit = true};
  CU_ASSERT_EQUAL_FATAL(wg_mem_reserve(m->mem, &a), a.addr);
  f = function_named(m, "KeSetEvent");
  grow(&g, 100000, set_event);
  wg_machine_free(m);
  check(&g, 3000);
}

static void put_packet(uint32_t i) { CU_ASSERT_EQUAL(CALL(f, completion, i, i, 0, 0), STATUS_SUCCESS); }
static void take_packet(uint32_t i) {
  CU_ASSERT_EQUAL(CALL(remove_f, completion, DATA, DATA + 8, DATA + 16, 0), STATUS_SUCCESS);
  CU_ASSERT_EQUAL(word(DATA), i);
}
// So many are queued, and one more is put and taken.
static void put_and_take(uint32_t i) {
  CALL(f, completion, i, i, 0, 0);
  CALL(remove_f, completion, DATA, DATA + 8, DATA + 16, 0);
}

static void completion_packets(void) {
  struct growth put = {.what = "packets put"}, taken = {.what = "packets taken"},
                through = {.what = "packets passed on"};
  start();
  CU_ASSERT_EQUAL(CALL(function_named(m, "NtCreateIoCompletion"), DATA, 0x1F0003, 0, 0), STATUS_SUCCESS);
  completion = word(DATA);
  f = function_named(m, "NtSetIoCompletion");
  remove_f = function_named(m, "NtRemoveIoCompletion");
  grow(&put, WG_MAX_PACKETS - 1, put_packet);
  grow(&through, 100000, put_and_take);
  while (m->bounds.packets) CALL(remove_f, completion, DATA, DATA + 8, DATA + 16, 0);
  for (uint32_t i = 0; i < WG_MAX_PACKETS; i++) put_packet(i);
  grow(&taken, WG_MAX_PACKETS, take_packet);
  wg_machine_free(m);
  check(&put, 3000);
  check(&through, 6000);
  check(&taken, 3000);
}

// A thread waits for its event, with a time limit; another one ends that.
static struct wg_thread *waiter;
static uint32_t wait_f, set_f, event;
static void wait_and_signal(uint32_t i) {
  (void)i;
  CALL_ON(waiter, wait_f, event, 1, 0, DATA + 0x80);
  CU_ASSERT_EQUAL(waiter->run.state, WG_T_WAITING);
  CALL(set_f, event, 0);
  CU_ASSERT_EQUAL(waiter->run.state, WG_T_READY);
}
static void wait_already(uint32_t i) {
  (void)i;
  CU_ASSERT_EQUAL(CALL(wait_f, event, 1, 0, DATA + 0x80), STATUS_SUCCESS);
}
static struct wg_thread *new_thread(void) {
  struct wg_thread_params p = {.stack_size = 0x1000, .entry = LOOP, .flags = 0};
  uint32_t handle;
  return wg_thread_create(m, &p, LOOP, &handle);
}
static void new_waiter(uint32_t manual) {
  waiter = new_thread();
  CU_ASSERT_PTR_NOT_NULL_FATAL(waiter);
  CU_ASSERT_EQUAL(CALL(function_named(m, "NtCreateEvent"), DATA, 0, manual, 0), STATUS_SUCCESS);
  event = word(DATA);
}

static void waits(void) {
  struct growth g = {.what = "waits, one after another"}, already = {.what = "waits that do not block"};
  start();
  wait_f = function_named(m, "NtWaitForSingleObjectEx");
  set_f = function_named(m, "NtSetEvent");
  wg_store_be64(m->mem->base + DATA + 0x80, (uint64_t)-10000000000ll);
  new_waiter(1);
  grow(&g, 100000, wait_and_signal);
  check(&g, 8000);
  new_waiter(0); // NotificationEvent: stays signalled
  CALL(set_f, event, 0);
  grow(&already, 100000, wait_already);
  check(&already, 3000);
  wg_machine_free(m);
}

// As many threads wait, each for its own event and with a limit, as there may be: one more waits as cheaply. Then all
// of them wait for one event.
static void waiters(void) {
  static struct wg_thread *all[2500];
  struct growth own = {.what = "waits beside 25, 250 and 2,500 waiting threads"};
  struct growth shared = {.what = "waits at an event with 25, 250 and 2,500 waiters"};
  static const uint32_t most[3] = {25, 250, 2500};
  for (int together = 0; together < 2; together++) {
    uint32_t n = 0, one = 0;
    start();
    wait_f = function_named(m, "NtWaitForSingleObjectEx");
    set_f = function_named(m, "NtSetEvent");
    wg_store_be64(m->mem->base + DATA + 0x80, (uint64_t)-10000000000ll);
    new_waiter(1);
    one = event;
    struct wg_thread *last = waiter;
    for (unsigned l = 0; l < 3; l++) {
      for (; n < most[l]; n++) {
        if (!together) new_waiter(1);
        all[n] = together ? new_thread() : waiter;
        CU_ASSERT_PTR_NOT_NULL_FATAL(all[n]);
        CALL_ON(all[n], wait_f, together ? one : event, 1, 0, DATA + 0x80);
      }
      uint64_t before = counted;
      for (uint32_t i = 0; i < 1000; i++) {
        // Together, the first in the queue goes on, and is the last in it again.
        struct wg_thread *next = together ? wg_handle_get(m, one)->first->t : last;
        if (!together) CALL_ON(next, wait_f, one, 1, 0, DATA + 0x80);
        CALL(set_f, one, 0);
        CU_ASSERT_EQUAL(next->run.state, WG_T_READY);
        if (together) CALL_ON(next, wait_f, one, 1, 0, DATA + 0x80);
      }
      (together ? &shared : &own)->each[l] = (counted - before) / 1000;
    }
    wg_machine_free(m);
  }
  check(&own, 8000);
  check(&shared, 8000);
}

WG_MAIN("growth", {"objects", objects}, {"objects in the title's memory", guest_objects},
        {"completion packets", completion_packets}, {"waits", waits}, {"waiting threads", waiters})
