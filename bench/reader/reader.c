// What reading costs: every file in a thread of its own, as `wedge diff` reads its sides, each event looked at as the
// differ looks at it. bench/reader.sh runs it.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "trace/reader.h"

struct side {
  const char *path;
  pthread_t thread;
  uint64_t events, sum;
  double cpu;
};

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t look(const struct wg_event *e) {
  static const enum wg_key keys[] = {WG_K_NAME, WG_K_ARGS, WG_K_ARGS_RESOLVED, WG_K_LR, WG_K_RV, WG_K_VOID, WG_K_OUT};
  uint64_t sum = e->tid + e->idx + e->host_ns + e->kind;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    uint64_t v = 0;
    const struct wg_field *f = wg_ev_get(e, keys[i]);
    if (f) sum += f->n + (f->type == WG_F_STR && f->n ? (uint64_t)(unsigned char)f->s[0] : 0);
    if (wg_ev_u64(e, keys[i], &v)) sum += v;
  }
  return sum;
}

static void *run(void *arg) {
  struct side *s = arg;
  struct wg_reader *r = NULL;
  struct wg_err err = {0};
  struct wg_event e;
  if (wg_reader_open(&r, s->path, &err) != WG_OK) {
    fprintf(stderr, "reader: %s\n", err.msg);
    exit(2);
  }
  while (wg_reader_next(r, &e)) {
    s->events++;
    s->sum += look(&e);
  }
  if (wg_reader_damage(r)) fprintf(stderr, "reader: %s: %s\n", s->path, wg_reader_damage(r));
  wg_reader_close(r);
  s->cpu = now(CLOCK_THREAD_CPUTIME_ID);
  return NULL;
}

int main(int argc, char **argv) {
  struct side sides[16] = {0};
  int n = argc - 1 < 16 ? argc - 1 : 16;
  double start = now(CLOCK_MONOTONIC), cpu = 0;
  for (int i = 0; i < n; i++) {
    sides[i].path = argv[i + 1];
    if (pthread_create(&sides[i].thread, NULL, run, &sides[i]) != 0) return 3;
  }
  uint64_t events = 0, sum = 0;
  for (int i = 0; i < n; i++) {
    pthread_join(sides[i].thread, NULL);
    events += sides[i].events;
    sum ^= sides[i].sum;
    cpu += sides[i].cpu;
  }
  printf("%.3f %.3f %llu %llx\n", now(CLOCK_MONOTONIC) - start, cpu, (unsigned long long)events,
         (unsigned long long)sum);
  return 0;
}
