// How long it takes to be somewhere in a recorded run: attaching at its end, seeks at random, steps backwards. Wall
// time and the process's own, since other work on the machine is in the first.
//
//   bench_travel RUN [STEPS]
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/random.h"
#include "travel/travel.h"

struct cost {
  double wall, own;
};

static struct cost now(void) {
  struct timespec t;
  struct rusage u;
  clock_gettime(CLOCK_MONOTONIC, &t);
  getrusage(RUSAGE_SELF, &u);
  return (struct cost){(double)t.tv_sec + (double)t.tv_nsec / 1e9,
                       (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6};
}

static int by_value(const void *a, const void *b) {
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

struct series {
  double wall[1024], own[1024];
  size_t n;
};
static void add(struct series *s, const struct cost *since) {
  struct cost c = now();
  if (s->n == 1024) return;
  s->wall[s->n] = c.wall - since->wall;
  s->own[s->n++] = c.own - since->own;
}
static void print(const char *what, struct series *s) {
  if (s->n == 0) return;
  qsort(s->wall, s->n, sizeof *s->wall, by_value);
  qsort(s->own, s->n, sizeof *s->own, by_value);
  printf("%-28s %4zu: median %7.1f ms, 99th %7.1f ms (own time %7.1f, %7.1f)\n", what, s->n, s->wall[s->n / 2] * 1e3,
         s->wall[s->n * 99 / 100] * 1e3, s->own[s->n / 2] * 1e3, s->own[s->n * 99 / 100] * 1e3);
}

static void must(int code, const struct wg_err *err) {
  if (code == WG_OK) return;
  fprintf(stderr, "%s\n", err->msg);
  exit(2);
}

int main(int argc, char **argv) {
  struct wg_err err = {0};
  struct wg_travel *t;
  struct wg_here end, here;
  static struct series attach, seeks, back, far;
  size_t steps = argc > 2 ? strtoul(argv[2], NULL, 10) : 200;
  uint64_t seed = 5;
  if (argc < 2) return 2;
  struct wg_position p = {.kind = WG_AT_END};
  for (int i = 0; i < 5; i++) {
    struct cost c = now();
    must(wg_travel_open(&t, argv[1], NULL, NULL, &err), &err);
    must(wg_travel_seek(t, &p, &err), &err);
    add(&attach, &c);
    wg_travel_here(t, &end);
    if (i < 4) wg_travel_close(t);
  }
  for (size_t i = 0; i < 100; i++) {
    struct cost c = now();
    p = (struct wg_position){.kind = WG_AT_INSN, .value = random_next(&seed) % end.at.retired};
    must(wg_travel_seek(t, &p, &err), &err);
    add(&seeks, &c);
  }
  for (size_t i = 0; i < 20; i++) {
    p.value = random_next(&seed) % (end.at.retired - steps) + steps;
    must(wg_travel_seek(t, &p, &err), &err);
    for (size_t j = 0; j < steps / 20; j++) {
      struct cost c = now();
      bool found;
      must(wg_travel_step_back(t, &found, &err), &err);
      add(j ? &back : &far, &c);
    }
  }
  wg_travel_here(t, &here);
  printf("%llu instructions, %zu checkpoints\n", (unsigned long long)end.at.retired, wg_travel_checkpoints(t));
  print("attach at the end", &attach);
  print("seek to an instruction", &seeks);
  print("step back, the first", &far);
  print("step back, the others", &back);
  wg_travel_close(t);
  return 0;
}
