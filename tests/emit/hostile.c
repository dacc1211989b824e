/* What an engine may do to emit/wedge_trace.h besides recording: forks, two traces at once, texts that are not there,
 * host threads that end, a crash in the midst of an event. hostile MODE A B: two traces. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#define WEDGE_TRACE_IMPLEMENTATION
#include "wedge_trace.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#define LR 0x82000010u

static const wedge_export nt_close = {"NtClose", "xboxkrnl.exe", 0xCF};
static wedge_trace *traces[2];

static wedge_thread *thread(unsigned trace, uint32_t tid) {
  wedge_thread *t = wedge_thread_open(traces[trace], tid);
  wedge_cycle(t, 0);
  return t;
}

static void calls(wedge_thread *t, unsigned n, uint32_t what) {
  unsigned i;
  for (i = 0; i < n; i++) {
    wedge_call(t, &nt_close, LR, &what, 1);
    wedge_return(t, &nt_close, 0);
  }
}

/* The child has threads, buffers and traces of its own by all appearances, and none of them leads anywhere. */
static int forks(void) {
  wedge_thread *t = thread(0, 5);
  int status = -1;
  pid_t child;
  calls(t, 1000, 1);
  child = fork();
  if (child == 0) {
    calls(t, 20000, 0xBAD);
    calls(thread(0, 6), 20000, 0xBAD);
    wedge_trace_crash(traces[0]);
    _exit(wedge_trace_close(traces[0], "exit") | wedge_trace_close(traces[1], "exit"));
  }
  calls(t, 1000, 2);
  return waitpid(child, &status, 0) == child ? status : -1;
}

static int absent(void) {
  wedge_thread *t = thread(0, 0);
  wedge_object o;
  o.hsid = 1;
  o.type = NULL;
  o.guest_object = 0;
  wedge_module_load(t, NULL, 1, 2, 3, NULL, NULL);
  wedge_module_unload(t, NULL, 1);
  wedge_handle_create(t, 4, &o, NULL);
  wedge_limit(t, NULL, 1, NULL);
  wedge_exception_begin(t, 1, NULL, NULL);
  wedge_end(t);
  wedge_print(t, NULL, 0);
  calls(NULL, 1, 0);
  wedge_thread_close(NULL);
  /* And a folder that is not there, which errno tells. */
  errno = 0;
  if (wedge_trace_open("not/there.jsonl", "hostile", "1.0", NULL, NULL) != NULL || errno != ENOENT) return -1;
  return wedge_thread_open(NULL, 1) != NULL || wedge_trace_close(NULL, "exit") != 0;
}

static void *short_life(void *arg) {
  uint32_t tid = (uint32_t)(uintptr_t)arg;
  wedge_thread *t = thread(tid % 2, tid);
  wedge_thread_start(t, LR, tid);
  calls(t, 10, tid);
  wedge_thread_exit(t, 0);
  wedge_thread_close(t);
  return NULL;
}

/* Ten thousand host threads, of which each records in one of two traces and is gone. */
static int hosts(void) {
  uint32_t first, i;
  for (first = 1; first < 10000; first += 50) {
    pthread_t all[50];
    for (i = 0; i < 50; i++)
      if (pthread_create(&all[i], NULL, short_life, (void *)(uintptr_t)(first + i)) != 0) return 1;
    for (i = 0; i < 50; i++) pthread_join(all[i], NULL);
  }
  return 0;
}

static void on_fatal(int sig) {
  wedge_trace_crash(traces[0]);
  wedge_trace_crash(traces[1]);
  signal(sig, SIG_DFL);
  raise(sig);
}

static void *busy(void *arg) {
  wedge_thread *t = thread(1, 7);
  (void)arg;
  for (;; wedge_sleep_ms_(1)) calls(t, 100, 3);
  return NULL;
}

/* Dies with an event begun, while another thread is in full flight. */
static int dies(void) {
  wedge_thread *t = thread(0, 8);
  uint32_t arg = 4;
  pthread_t thread;
  signal(SIGABRT, on_fatal);
  if (pthread_create(&thread, NULL, busy, NULL) != 0) return 1;
  calls(t, 1000, 4);
  wedge_sleep_ms_(30);
  wedge_call_begin(t, &nt_close, LR, &arg, 1);
  wedge_note_text(t, "path", "half", 4);
  abort();
}

int main(int argc, char **argv) {
  int i, bad;
  if (argc != 4) return 2;
  for (i = 0; i < 2; i++) traces[i] = wedge_trace_open(argv[2 + i], "hostile", "1.0", NULL, NULL);
  if (traces[0] == NULL || traces[1] == NULL) return 2;
  switch (argv[1][0]) {
  case 'f': bad = forks(); break;
  case 'a': bad = absent(); break;
  case 'h': bad = hosts(); break;
  default: bad = dies(); break;
  }
  for (i = 0; i < 2; i++) bad |= wedge_trace_close(traces[i], "exit");
  return bad != 0;
}
