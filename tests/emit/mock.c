/* A mock engine of many threads, each a host thread, that records what they do with wedge_trace.h: a thread that makes
 * workers, hands them work and waits for it, as titles do. What each thread does is the same in every run; when, is
 * not.
 *
 *   mock TRACE [--workers N] [--rounds N] [--fault] [--crash] [--idle N] [--chunk BYTES] [--memory BYTES]
 *
 * --fault: a worker finds no file in one round. --crash: the process dies in the midst of it, with a handler. --idle:
 * so many threads more that do next to nothing. Compiled as C11 and as C++17.
 */
#define WEDGE_TRACE_IMPLEMENTATION
#include "wedge_trace.h"

#include <signal.h>
#include <stdio.h>

#define KERNEL "xboxkrnl.exe"
#define MAIN 4096u /* numbers from there on are as good as any */
#define SUCCESS 0u
#define NO_SUCH_FILE 0xC000000Fu
#define TIMEOUT 0x102u
#define LR 0x82010000u

static const wedge_export create_event = {"NtCreateEvent", KERNEL, 0xD1}, set_event = {"NtSetEvent", KERNEL, 0xF1},
                          wait_one = {"NtWaitForSingleObjectEx", KERNEL, 0xFD}, nt_close = {"NtClose", KERNEL, 0xCF},
                          open_file = {"NtCreateFile", KERNEL, 0xD2}, create_thread = {"ExCreateThread", KERNEL, 0xD},
                          exit_thread = {"ExTerminateThread", KERNEL, 0x19}, dbg_print = {"DbgPrint", KERNEL, 3},
                          enter = {"RtlEnterCriticalSection", KERNEL, 0x125},
                          leave = {"RtlLeaveCriticalSection", KERNEL, 0x130};

/* An event that resets itself, with a handle, as an engine keeps it. */
typedef struct event {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int signalled, waited;
  wedge_cause by;
  wedge_object object;
  uint32_t handle;
} event;

typedef struct worker {
  pthread_t host;
  wedge_thread *t;
  uint32_t tid;
  uint64_t hsid, cycle;
  event start, done;
} worker;

static struct {
  wedge_trace *trace;
  unsigned workers, rounds, idle;
  int fault, crash;
  worker *all;
} mock;

static void work(worker *me, unsigned instructions) { wedge_cycle(me->t, me->cycle += instructions); }

static void make_event(worker *me, event *e, uint32_t handle, uint32_t lr) {
  const uint32_t args[4] = {0x7018FF00u, 0, 1, 0};
  pthread_mutex_init(&e->lock, NULL);
  pthread_cond_init(&e->changed, NULL);
  e->handle = handle;
  work(me, 40);
  wedge_call(me->t, &create_event, lr, args, 4);
  e->object.hsid = wedge_object_id(me->t, "Event", me->hsid, lr);
  e->object.type = "Event";
  wedge_handle_create(me->t, handle, &e->object, NULL);
  wedge_return_begin(me->t, &create_event, SUCCESS, 1);
  wedge_note_hex(me->t, "handle", handle);
  wedge_end(me->t);
}

static void call_with(worker *me, const wedge_export *x, const event *e, uint32_t lr) {
  uint32_t args[4] = {0, 1, 0, 0};
  args[0] = e->handle;
  work(me, 25);
  wedge_call_begin(me->t, x, lr, args, x == &wait_one ? 4 : 2);
  wedge_note_object(me->t, "object", e->object.hsid);
  wedge_note_text(me->t, "object_type", "Event", 5);
  wedge_end(me->t);
}

static void set(worker *me, event *e) {
  call_with(me, &set_event, e, LR + 0x10);
  pthread_mutex_lock(&e->lock);
  e->by = wedge_signal(me->t, &e->object, WEDGE_SET, 1, e->signalled);
  e->signalled = 1;
  pthread_cond_signal(&e->changed);
  pthread_mutex_unlock(&e->lock);
  wedge_return_status(me->t, &set_event, SUCCESS);
}

static void wait_for(worker *me, event *e) {
  wedge_cause by;
  int already;
  call_with(me, &wait_one, e, LR + 0x20);
  pthread_mutex_lock(&e->lock);
  wedge_wait_begin(me->t, &e->object, 1, 0, 0, -1);
  already = e->signalled;
  while (!e->signalled) pthread_cond_wait(&e->changed, &e->lock);
  e->signalled = 0;
  by = e->by;
  pthread_mutex_unlock(&e->lock);
  wedge_wait_end(me->t, SUCCESS, already ? WEDGE_BY_ALREADY : WEDGE_BY_SIGNAL, &by);
  wedge_return_status(me->t, &wait_one, SUCCESS);
}

static void lock_and_compute(worker *me) {
  const uint32_t section = 0x82030000u;
  wedge_call(me->t, &enter, LR + 0x30, &section, 1);
  wedge_return(me->t, &enter, 0);
  work(me, 300);
  wedge_call(me->t, &leave, LR + 0x34, &section, 1);
  wedge_return(me->t, &leave, 0);
}

static void load_file(worker *me, unsigned round) {
  const uint32_t args[9] = {0x7018FF10u, 0x80100080u, 0x7018FF20u, 0x7018FF30u, 0, 0x80, 1, 1, 0x20};
  uint32_t handle = 0xF9000000u + (me->tid << 8) + 4 * (round % 2);
  int missing = mock.fault && round == 3 && me->tid == MAIN + 2;
  char path[64];
  wedge_object file;
  int n = snprintf(path, sizeof path, "game:\\levels\\%u_%u.bin", (unsigned)me->tid, round);
  work(me, 60);
  wedge_call_begin(me->t, &open_file, LR + 0x40, args, 9);
  wedge_note_text(me->t, "path", path, (size_t)n);
  wedge_end(me->t);
  file.type = "File";
  file.hsid = missing ? 0 : wedge_object_id(me->t, "File", me->hsid, LR + 0x40);
  file.guest_object = 0;
  if (!missing) wedge_handle_create(me->t, handle, &file, path);
  wedge_return_begin(me->t, &open_file, missing ? NO_SUCH_FILE : SUCCESS, 1);
  if (!missing) wedge_note_hex(me->t, "handle", handle);
  wedge_note_hex(me->t, "io_status", missing ? NO_SUCH_FILE : SUCCESS);
  wedge_note_int(me->t, "information", missing ? 2 : 1);
  wedge_note_bool(me->t, "cached", 0);
  wedge_end(me->t);
  if (missing) return;
  wedge_call(me->t, &nt_close, LR + 0x44, &handle, 1);
  wedge_handle_destroy(me->t, handle, &file);
  wedge_return_status(me->t, &nt_close, SUCCESS);
}

static void end_thread(worker *me) {
  const uint32_t code = 0;
  wedge_object self = {0, "Thread", 0};
  self.hsid = me->hsid;
  wedge_call(me->t, &exit_thread, LR + 0x50, &code, 1);
  wedge_thread_exit(me->t, code);
  wedge_signal(me->t, &self, WEDGE_EXIT, 1, 0);
  wedge_thread_close(me->t);
}

static void *run_worker(void *arg) {
  worker *me = (worker *)arg;
  unsigned i;
  wedge_thread_start(me->t, 0x82020000u, me->tid);
  for (i = 0; i < mock.rounds; i++) {
    wait_for(me, &me->start);
    lock_and_compute(me);
    load_file(me, i);
    set(me, &me->done);
  }
  end_thread(me);
  return NULL;
}

static void *run_idle(void *arg) {
  worker *me = (worker *)arg;
  wedge_thread_start(me->t, 0x82028000u, me->tid);
  end_thread(me);
  return NULL;
}

static void make_thread(worker *maker, worker *child, uint32_t entry, void *(*run)(void *)) {
  uint32_t args[7] = {0x7018FF18u, 0x10000, 0, 0, 0, 0, 0}, handle = 0xF8000000u + (child->tid << 4);
  wedge_object thread = {0, "Thread", 0};
  args[4] = entry;
  args[5] = child->tid;
  wedge_call(maker->t, &create_thread, LR, args, 7);
  thread.hsid = child->hsid = wedge_object_id(maker->t, "Thread", maker->hsid, LR);
  child->t = wedge_thread_open(mock.trace, child->tid);
  wedge_handle_create(maker->t, handle, &thread, NULL);
  wedge_thread_create(maker->t, child->tid, entry, child->tid, 0x10000, 0, handle, child->hsid);
  wedge_return_begin(maker->t, &create_thread, SUCCESS, 1);
  wedge_note_hex(maker->t, "handle", handle);
  wedge_note_int(maker->t, "tid", child->tid);
  wedge_end(maker->t);
  wedge_cycle(child->t, 0);
  if (run && pthread_create(&child->host, NULL, run, child) != 0) {
    perror("mock: pthread_create");
    exit(3);
  }
}

/* Each kind of event once, with texts that are hard to print. */
static void show_all(worker *me) {
  static const char odd[] = "a \"quoted\" \\ line\n\x01\xff\xc3\xa9";
  static const char utf8[] = "f\xc3\xbcr \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x8e\xae";
  static char longer[4000];
  wedge_object timer = {0x1234, "Timer", 0x82031000u}, both[2];
  unsigned i;
  memset(longer, 'x', sizeof longer);
  both[0] = timer;
  both[1] = mock.all[0].start.object;
  wedge_print(me->t, odd, sizeof odd - 1);
  wedge_print(me->t, longer, sizeof longer);
  wedge_print(me->t, "", 0);
  wedge_print(me->t, utf8, sizeof utf8 - 1);
  wedge_wait_begin(me->t, both, 2, 1, 1, 30000000);
  wedge_wait_end(me->t, TIMEOUT, WEDGE_BY_TIMEOUT, NULL);
  wedge_wait_begin(me->t, both, 1, 0, 1, 0);
  wedge_wait_end(me->t, 0xC0, WEDGE_BY_APC, NULL);
  for (i = WEDGE_SET; i <= WEDGE_CLEAR; i++) wedge_signal(me->t, &timer, (enum wedge_op)i, -1, 1);
  wedge_handle_dup(me->t, 0xF80000F0u, &mock.all[0].start.object, mock.all[0].start.handle);
  wedge_handle_destroy(me->t, 0xF80000F0u, &mock.all[0].start.object);
  wedge_frame(me->t, 0x1FC80000u, 1280, 720, 1);
  wedge_mmio(me->t, "write", 0x7FC80714u, 9);
  wedge_apc(me->t, 0x82010000u, 1);
  wedge_dpc(me->t, 0x82030000u, 0x82010000u, 0);
  wedge_audio_callback(me->t, 1);
  wedge_input(me->t, 0, 1, 0x10);
  wedge_limit(me->t, "threads", 3, odd);
  wedge_module_load(me->t, "xam.xex", 0x90000000u, 65536, 0, NULL, "\\Device\\xam.xex");
  wedge_module_unload(me->t, "xam.xex", 0x90000000u);
  wedge_call(me->t, &dbg_print, LR, NULL, 0);
  wedge_return(me->t, &dbg_print, 0);
  wedge_call(NULL, &dbg_print, LR, NULL, 0); /* tracing is off */
  wedge_note_int(NULL, "nothing", 1);
}

static void show_exception(worker *maker) {
  worker faulty;
  memset((void *)&faulty, 0, sizeof faulty);
  faulty.tid = 2;
  make_thread(maker, &faulty, 0x8202C000u, NULL);
  wedge_thread_start(faulty.t, 0x8202C000u, 2);
  wedge_exception_begin(faulty.t, 0x82010004u, "access violation", "7c0802a6 mfspr");
  wedge_note_hex(faulty.t, "r3", UINT64_MAX);
  wedge_note_hex(faulty.t, "lr", LR);
  wedge_end(faulty.t);
}

static void on_fatal(int sig) {
  wedge_trace_crash(mock.trace);
  signal(sig, SIG_DFL);
  raise(sig);
}

static void start(wedge_thread *system) {
  char digits[65];
  wedge_sha256("abc", 3, digits);
  wedge_cycle(system, 0);
  wedge_module_load(system, "title.xex", 0x82000000u, 262144, LR, digits, "game:\\title.xex");
  wedge_interrupt(system, 0, 2);
}

static void run(worker *me) {
  unsigned i, round;
  wedge_thread_start(me->t, LR, 0);
  for (i = 0; i < mock.workers; i++) {
    worker *c = &mock.all[i];
    c->tid = MAIN + 1 + i;
    make_event(me, &c->start, 0xF8000000u + 8 * i + 4, LR + 0x60);
    make_event(me, &c->done, 0xF8000000u + 8 * i + 8, LR + 0x64);
  }
  for (i = 0; i < mock.workers; i++) make_thread(me, &mock.all[i], 0x82020000u, run_worker);
  for (i = 0; i < mock.idle; i++) {
    worker idle;
    memset((void *)&idle, 0, sizeof idle);
    idle.tid = MAIN + 1 + mock.workers + i;
    make_thread(me, &idle, 0x82028000u, NULL);
    run_idle(&idle);
  }
  show_all(me);
  show_exception(me);
  for (round = 0; round < mock.rounds; round++) {
    for (i = 0; i < mock.workers; i++) set(me, &mock.all[i].start);
    for (i = 0; i < mock.workers; i++) wait_for(me, &mock.all[i].done);
    if (mock.crash && round == mock.rounds / 2) abort();
  }
  for (i = 0; i < mock.workers; i++) pthread_join(mock.all[i].host, NULL);
  end_thread(me);
}

static unsigned option(int argc, char **argv, const char *name, unsigned otherwise) {
  int i;
  for (i = 2; i < argc; i++)
    if (strcmp(argv[i], name) == 0)
      return i + 1 < argc && argv[i + 1][0] != '-' ? (unsigned)strtoul(argv[i + 1], NULL, 0) : 1;
  return otherwise;
}

int main(int argc, char **argv) {
  wedge_trace_options options;
  wedge_thread *system;
  worker first;
  if (argc < 2) return 2;
  memset((void *)&first, 0, sizeof first);
  memset(&options, 0, sizeof options);
  options.chunk_bytes = option(argc, argv, "--chunk", 0);
  options.max_bytes = option(argc, argv, "--memory", 0);
  mock.workers = option(argc, argv, "--workers", 8);
  mock.rounds = option(argc, argv, "--rounds", 100);
  mock.idle = option(argc, argv, "--idle", 0);
  mock.fault = option(argc, argv, "--fault", 0) != 0;
  mock.crash = option(argc, argv, "--crash", 0) != 0;
  mock.all = (worker *)calloc(mock.workers, sizeof *mock.all);
  mock.trace = wedge_trace_open(argv[1], "mock", "1.0", "title.xex", &options);
  if (mock.trace == NULL || mock.all == NULL) {
    perror(argv[1]);
    return 2;
  }
  if (mock.crash) signal(SIGABRT, on_fatal);
  system = wedge_thread_open(mock.trace, 0);
  start(system);
  first.tid = MAIN;
  first.hsid = 1;
  first.t = wedge_thread_open(mock.trace, MAIN);
  wedge_cycle(first.t, 0);
  wedge_thread_create(system, MAIN, LR, 0, 0x40000, 0, 0xF8000000u, first.hsid);
  run(&first);
  free(mock.all);
  if (wedge_trace_close(mock.trace, "exit") == 0) return 0;
  fprintf(stderr, "%s: cannot be written\n", argv[1]);
  return 1;
}
