// Writes a pair of traces built to the figures of one real investigation: ours.jsonl, which hangs, and canary.jsonl,
// the reference. bench/diff/README.md describes them. Other modes: many threads without ancestry, stock text logs,
// calls of which none is like another.
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "bench/diff/world.h"

#define TOTAL_REFERENCE 18700000
#define TOTAL_OURS 121569

static int usage(const char *what) {
  fprintf(
      stderr,
      "bench_investigation: %s\n"
      "usage: bench_investigation --out DIR [--scale full|small] [--seed N] [--title N] [--lying on|off] [--args "
      "none|some]\n"
      "         [--lr none|ours|canary|both] [--ids wedge|foreign|none] [--signals on|off] [--locks spread|between]\n"
      "         [--extra branch|mem|other|none] [--boot N] [--both-big] | --threads N | --log BYTES | --distinct N\n",
      what);
  return WG_INPUT;
}

// The place of a word in a list that NULL ends, or -1.
static int choice(const char *v, const char *const list[]) {
  for (int i = 0; v && list[i]; i++)
    if (strcmp(v, list[i]) == 0) return i;
  return -1;
}

struct mode {
  uint32_t threads;
  uint64_t log, distinct;
  bool boot_set, extra_set;
};

static bool set_words(struct options *o, struct mode *m, const char *key, const char *v) {
  static const char
      *const onoff[] = {"off", "on", NULL},
             *const scales[] = {"full", "small", NULL}, *const args[] = {"none", "some", NULL},
             *const lrs[] = {"none", "ours", "canary", "both", NULL}, *const ids[] = {"wedge", "foreign", "none", NULL},
             *const locks[] = {"spread", "between", NULL}, *const extras[] = {"branch", "mem", "other", "none", NULL};
  int c = -1;
  if (strcmp(key, "--scale") == 0 && (c = choice(v, scales)) >= 0) o->small = c == 1;
  if (strcmp(key, "--lying") == 0 && (c = choice(v, onoff)) >= 0) o->lying = c == 1;
  if (strcmp(key, "--signals") == 0 && (c = choice(v, onoff)) >= 0) o->signals = c == 1;
  if (strcmp(key, "--args") == 0 && (c = choice(v, args)) >= 0) o->args = c == 1;
  if (strcmp(key, "--ids") == 0 && (c = choice(v, ids)) >= 0) o->ids = (enum ids)c;
  if (strcmp(key, "--locks") == 0 && (c = choice(v, locks)) >= 0) o->locks_between = c == 1;
  if (strcmp(key, "--lr") == 0 && (c = choice(v, lrs)) >= 0) {
    o->lr[0] = c & 1;
    o->lr[1] = c & 2;
  }
  if (strcmp(key, "--extra") == 0 && (c = choice(v, extras)) >= 0) {
    o->extra = (enum extra)c;
    m->extra_set = true;
  }
  return c >= 0;
}

static bool set_numbers(struct options *o, struct mode *m, const char *key, const char *v) {
  char *end = NULL;
  unsigned long long n = v ? strtoull(v, &end, 0) : 0;
  if (v == NULL || *v == 0 || *end) return false;
  if (strcmp(key, "--seed") == 0)
    o->seed = n;
  else if (strcmp(key, "--title") == 0 && n)
    o->title = n;
  else if (strcmp(key, "--boot") == 0 && n >= 2000 && n <= 10000000)
    o->boot = (uint32_t)n;
  else if (strcmp(key, "--threads") == 0 && n && n <= 100000)
    m->threads = (uint32_t)n;
  else if (strcmp(key, "--log") == 0 && n)
    m->log = n;
  else if (strcmp(key, "--distinct") == 0 && n)
    m->distinct = n;
  else
    return false;
  return true;
}

static bool options(int argc, char **argv, struct options *o, struct mode *m) {
  for (int i = 1; i < argc; i++) {
    const char *v = i + 1 < argc ? argv[i + 1] : NULL;
    if (strcmp(argv[i], "--both-big") == 0) {
      o->both_big = true;
      continue;
    }
    if (strcmp(argv[i], "--out") == 0 && v)
      o->dir = v;
    else if (!set_words(o, m, argv[i], v) && !set_numbers(o, m, argv[i], v))
      return false;
    i++;
  }
  return o->dir != NULL;
}

// A small pair has the worker whole, the boot by a twentieth, what the others do by some five hundred.
static void sizes(struct options *o, const struct mode *m) {
  if (o->boot == 0) o->boot = o->small ? 5476 : 108476;
  o->total[0] = o->small ? o->boot + 7000 : o->both_big ? TOTAL_REFERENCE : TOTAL_OURS - 108476 + o->boot;
  o->total[1] = o->small ? o->boot + 4140 + TOTAL_REFERENCE / 500 : TOTAL_REFERENCE;
  if (o->title == 0) o->title = o->seed + 1;
  if (!m->extra_set) o->extra = (enum extra)(o->title % 3);
}

static int side(const struct options *o, bool ours) {
  struct world *w = wg_xcalloc(1, sizeof *w);
  w->o = o;
  w->ours = ours;
  w->total = o->total[!ours];
  w->base = ours ? 0x1000u : 0xf8000000u;
  w->worker_handle = w->pool = -1;
  w->slots[0] = true;
  // 0x12c8 and 0xf80000a0 as it was, elsewhere with another seed
  w->reserved = (ours ? 178 : 40) + (uint32_t)(o->seed == 1 ? 0 : mix(o->seed + ours) % 200);
  w->next_slot = 1;
  int code = world_open(w, ours ? "ours.jsonl" : "canary.jsonl");
  if (code == WG_OK) {
    if (ours && o->ids == IDS_WEDGE) {
      write_header(w);
      w->total--; // the footer
    }
    bool right = boot_fill(w);
    world_run(w);
    write_footer(w);
    if (!right || !w->worker_done) {
      fprintf(stderr, "bench_investigation: the pair does not have the investigation's figures\n");
      code = WG_INTERNAL;
    }
    int closed = world_close(w);
    if (code == WG_OK) code = closed;
  }
  free(w);
  return code;
}

int main(int argc, char **argv) {
  struct options o = {.lying = true, .signals = true, .seed = 1};
  struct mode m = {0};
  if (!options(argc, argv, &o, &m)) return usage("an option or its value is not known, or --out is missing");
  sizes(&o, &m);
  if (m.threads) return many_threads(&o, m.threads);
  if (m.log) return text_logs(&o, m.log);
  if (m.distinct) return distinct_calls(&o, m.distinct);
  int code = side(&o, true);
  return code == WG_OK ? side(&o, false) : code;
}
