/* What recording costs an engine: the same loop with nothing in it, with wedge_trace.h, and with a line printed by
 * fprintf under a lock, as an engine that logs does. emit FOLDER THREADS [CALLS, 200000] [PAUSE]: every thread makes so
 * many calls (two events each), as fast as it can, or with PAUSE in bursts of 1000 calls with 1 ms between them.
 * bench/emit.sh runs it.
 */
#define WEDGE_TRACE_IMPLEMENTATION
#include "wedge_trace.h"

#include <stdio.h>

static const wedge_export enter = {"RtlEnterCriticalSection", "xboxkrnl.exe", 0x125};
#define BURST 1000u

enum way { NOTHING, HEADER, PRINTF };

typedef struct job {
  pthread_t host;
  enum way way;
  unsigned calls, pause;
  uint32_t tid;
  wedge_thread *t;
  FILE *log;
  pthread_mutex_t *lock;
  uint64_t sum, ns;
} job;

static uint64_t now_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What the engine does besides: some arithmetic that no compiler leaves out. */
static uint64_t work(uint64_t v) {
  int i;
  for (i = 0; i < 8; i++) v = (v ^ v >> 29) * 0xBF58476D1CE4E5B9u;
  return v;
}

static void print_call(job *j, uint64_t idx, uint32_t arg, uint32_t lr) {
  pthread_mutex_lock(j->lock);
  fprintf(j->log,
          "{\"kind\":\"kernel.call\",\"tid\":%u,\"idx\":%llu,\"host_ns\":%llu,\"name\":\"%s\",\"module\":\"%s\","
          "\"ordinal\":%u,"
          "\"lr\":\"0x%x\",\"args\":[\"0x%x\"],\"args_resolved\":{}}\n",
          j->tid, (unsigned long long)idx, (unsigned long long)now_ns(CLOCK_MONOTONIC), enter.name, enter.module,
          enter.ordinal, lr, arg);
  pthread_mutex_unlock(j->lock);
}

static void print_return(job *j, uint64_t idx, uint32_t rv) {
  pthread_mutex_lock(j->lock);
  fprintf(j->log,
          "{\"kind\":\"kernel.return\",\"tid\":%u,\"idx\":%llu,\"host_ns\":%llu,\"name\":\"%s\",\"rv\":\"0x%x\","
          "\"out\":{}}\n",
          j->tid, (unsigned long long)idx, (unsigned long long)now_ns(CLOCK_MONOTONIC), enter.name, rv);
  pthread_mutex_unlock(j->lock);
}

static void *run(void *arg) {
  job *j = (job *)arg;
  uint64_t v = j->tid, began = now_ns(CLOCK_THREAD_CPUTIME_ID);
  unsigned i;
  for (i = 0; i < j->calls; i++) {
    uint32_t address = (uint32_t)(v = work(v)), lr = 0x82000000u + (i & 0xFFFF);
    if (j->way == HEADER) {
      wedge_call(j->t, &enter, lr, &address, 1);
      v = work(v);
      wedge_return(j->t, &enter, (uint32_t)v);
    } else if (j->way == PRINTF) {
      print_call(j, 2 * (uint64_t)i, address, lr);
      v = work(v);
      print_return(j, 2 * (uint64_t)i + 1, (uint32_t)v);
    } else {
      v = work(v);
    }
    if (j->pause && i % BURST == 0) {
      struct timespec ms = {0, 1000000};
      nanosleep(&ms, NULL);
    }
  }
  j->ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - began;
  j->sum = v;
  return NULL;
}

/* Nanoseconds of a thread's own processor time, and of the clock, for each event. */
static void measure(enum way way, const char *folder, unsigned threads, unsigned calls, unsigned pause, double out[2]) {
  static const char *const names[] = {"nothing", "trace.jsonl", "printf.jsonl"};
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  job *jobs = (job *)calloc(threads, sizeof *jobs);
  wedge_trace *w = NULL;
  FILE *log = NULL;
  uint64_t began, ns = 0, all;
  unsigned i;
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, names[way]);
  if (way == HEADER) w = wedge_trace_open(path, "bench", "1", "bench", NULL);
  if (way == PRINTF) log = fopen(path, "wb");
  if ((way == HEADER && w == NULL) || (way == PRINTF && log == NULL) || jobs == NULL) {
    perror(path);
    exit(2);
  }
  for (i = 0; i < threads; i++) {
    jobs[i].way = way;
    jobs[i].calls = calls;
    jobs[i].pause = pause;
    jobs[i].tid = i + 1;
    jobs[i].log = log;
    jobs[i].lock = &lock;
    jobs[i].t = wedge_thread_open(w, i + 1);
  }
  began = now_ns(CLOCK_MONOTONIC);
  for (i = 0; i < threads; i++)
    if (pthread_create(&jobs[i].host, NULL, run, &jobs[i]) != 0) exit(3);
  for (i = 0; i < threads; i++) {
    pthread_join(jobs[i].host, NULL);
    ns += jobs[i].ns;
  }
  all = now_ns(CLOCK_MONOTONIC) - began;
  if (wedge_trace_close(w, "exit") != 0) exit(2);
  if (log) fclose(log);
  free(jobs);
  out[0] = (double)ns / threads / calls / 2;
  out[1] = (double)all / calls / 2;
}

int main(int argc, char **argv) {
  unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 1, calls = argc > 3 ? (unsigned)atoi(argv[3]) : 200000, way,
           i;
  unsigned pause = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
  static const char *const names[] = {"nothing", "wedge_trace.h", "fprintf"};
  double best[3][2] = {{1e9, 1e9}, {1e9, 1e9}, {1e9, 1e9}};
  if (argc < 2 || threads == 0 || calls == 0) return 2;
  for (i = 0; i < 5; i++)
    for (way = NOTHING; way <= PRINTF; way++) {
      double got[2];
      measure((enum way)way, argv[1], threads, calls, pause, got);
      if (got[0] < best[way][0]) memcpy(best[way], got, sizeof got);
    }
  for (way = NOTHING; way <= PRINTF; way++)
    printf(
        "%-14s %2u threads: %7.1f ns an event of a thread's own time, %7.1f more than nothing; %7.1f ns of the clock\n",
        names[way], threads, best[way][0], best[way][0] - best[NOTHING][0], best[way][1]);
  return 0;
}
