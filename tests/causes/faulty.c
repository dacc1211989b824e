// Records a title as `wedge record` does, on a kernel that does one thing wrong: the exports named by --fault are
// wrapped. For tests/causes only; never installed, and no part of `wedge`.
//
//   faulty [options] -o TRACE.jsonl.zst TITLE     options: -s SECONDS --sched-seed N --inputs FILE --cache DIR
//   --fault EXPORT:OP[:KEY=VALUE]...              tests/causes/README.md lists the operations
//
// Prints how the run ended and where each fault struck first, as JSON. Exit status: 0 recorded, 2 usage or input error,
// 3 the fault never struck.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/kernel/kernel.h"
#include "replay/inputs.h"
#include "tests/causes/fault.h"
#include "trace/writer.h"

#define MAX_FAULTS 8

struct options {
  const char *out, *inputs, *specs[MAX_FAULTS];
  size_t nspecs;
  struct wg_config cfg;
};

static bool to_writer(void *ctx, const struct wg_event *e) { return wg_writer_event(ctx, e); }

static void print_result(const struct wg_machine *m, enum wg_end end, uint64_t events, struct fault *const *faults,
                         size_t n) {
  printf("{\"end\":\"%s\",\"events\":%llu,\"ns\":%llu,\"strikes\":[", wg_end_name(end), (unsigned long long)events,
         (unsigned long long)wg_machine_now(m));
  for (size_t i = 0; i < n; i++) {
    struct fault_strikes s = fault_strikes(faults[i]);
    printf("%s{\"n\":%lu,\"tid\":%u,\"idx\":%llu}", i ? "," : "", s.n, s.tid, s.idx);
  }
  printf("]}\n");
}

static int run(const struct options *o, struct wg_writer *w, struct wg_err *err, bool *struck) {
  struct fault *faults[MAX_FAULTS] = {0};
  struct wg_observer obs = {.event = to_writer, .ctx = w};
  struct wg_machine *m = NULL;
  int code = wg_machine_create(&m, &o->cfg, &obs, err);
  for (size_t i = 0; i < o->nspecs && code == WG_OK; i++) code = fault_install(m, o->specs[i], &faults[i], err);
  enum wg_end end = code == WG_OK ? wg_machine_run(m) : WG_END_EXCEPTION;
  *struck = true;
  for (size_t i = 0; i < o->nspecs; i++) *struck = *struck && faults[i] && fault_strikes(faults[i]).n;
  uint64_t events = 0;
  if (m) wg_writer_ends(w, wg_machine_now(m));
  int rc = wg_writer_finish(w, code == WG_OK ? wg_end_name(end) : "error", NULL, &events, code == WG_OK ? err : NULL);
  if (code == WG_OK && rc == WG_OK) print_result(m, end, events, faults, o->nspecs);
  if (m) wg_machine_free(m);
  for (size_t i = 0; i < o->nspecs; i++) fault_free(faults[i]);
  return code == WG_OK ? rc : code;
}

static int usage(void) {
  fprintf(stderr, "usage: faulty [-s SECONDS] [--sched-seed N] [--inputs FILE] [--cache DIR] [--fault SPEC]... -o "
                  "TRACE TITLE\n");
  return 2;
}

static bool parse(int argc, char **argv, struct options *o) {
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
    if (a[0] != '-') {
      o->cfg.title = a;
      continue;
    }
    if (v == NULL) return false;
    i++;
    if (strcmp(a, "-o") == 0)
      o->out = v;
    else if (strcmp(a, "-s") == 0)
      o->cfg.max_ns = strtoull(v, NULL, 10) * 1000000000u;
    else if (strcmp(a, "--sched-seed") == 0)
      o->cfg.sched_seed = strtoull(v, NULL, 10);
    else if (strcmp(a, "--inputs") == 0)
      o->inputs = v;
    else if (strcmp(a, "--cache") == 0)
      o->cfg.mounts[o->cfg.nmounts++] = (struct wg_mount){"cache:", v};
    else if (strcmp(a, "--fault") == 0 && o->nspecs < MAX_FAULTS)
      o->specs[o->nspecs++] = v;
    else
      return false;
  }
  return o->out && o->cfg.title;
}

int main(int argc, char **argv) {
  struct options o = {.cfg = {.max_ns = 10000000000u, .date = WG_DEFAULT_DATE}};
  struct wg_err err = {0};
  struct wg_writer *w = NULL;
  struct wg_input_change *changes = NULL;
  bool struck = true;
  if (!parse(argc, argv, &o)) return usage();
  int code = o.inputs ? wg_inputs_read(o.inputs, &changes, &o.cfg.ninputs, &err) : WG_OK;
  o.cfg.inputs = changes;
  unlink(o.out);
  if (code == WG_OK) code = wg_writer_create(&w, o.out, &err);
  if (code == WG_OK) code = run(&o, w, &err, &struck);
  wg_inputs_free(changes, o.cfg.ninputs);
  if (code != WG_OK) fprintf(stderr, "faulty: %s\n", err.msg);
  return code != WG_OK ? 2 : struck ? 0 : 3;
}
