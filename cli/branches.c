// wedge events --branches: recorded branches, decoded.
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "emu/cpu/cpu.h"
#include "replay/run.h"
#include "replay/walk.h"

struct printer {
  uint64_t limit, seen;
  struct wg_walk_step *last; // a ring of `limit`, when the end is what is wanted
  bool json;
};

static void print_step(const struct wg_walk_step *s, bool json) {
  char text[96];
  wg_disasm(s->word, s->pc, text, sizeof text);
  if (!json) {
    wg_cli_printf("%5u %14llu  %08x  %08x  %-32s %s %08x\n", s->tid, (unsigned long long)s->cycle, s->pc, s->word, text,
                  s->taken ? "->" : "  ", s->target);
    return;
  }
  struct wg_buf b = {0};
  wg_buf_char(&b, '{');
  wg_json_str(&b, "kind", "branch");
  wg_json_u64(&b, "tid", s->tid);
  wg_json_u64(&b, "cycle", s->cycle);
  wg_json_hex(&b, "pc", s->pc);
  wg_json_hex(&b, "target", s->target);
  wg_json_bool(&b, "taken", s->taken);
  wg_json_str(&b, "text", text);
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static bool first(void *ctx, const struct wg_walk_step *s) {
  struct printer *p = ctx;
  if (p->seen++ >= p->limit) return false;
  print_step(s, p->json);
  return true;
}

static bool keep_step(void *ctx, const struct wg_walk_step *s) {
  struct printer *p = ctx;
  p->last[p->seen++ % p->limit] = *s;
  return true;
}

int wg_cli_branches(const struct wg_command *cmd, const char *dir, const struct wg_branch_options *o) {
  struct wg_err err = {0};
  struct wg_branch_window w = {o->tid, o->cycle, o->until};
  struct printer p = {.limit = o->limit, .json = o->json};
  int code = WG_OK;
  if (o->before == UINT64_MAX) {
    code = wg_run_branches(dir, &w, &(struct wg_walk_taker){first, NULL, &p}, &err);
    return code == WG_OK ? WG_OK : wg_cli_fail(&err);
  }
  if (o->tid == UINT64_MAX) return wg_cli_usage(cmd, "--before needs --tid: an idx is a thread's own");
  if (p.limit > 1000000) p.limit = 20;
  code = wg_run_event_cycle(dir, o->tid, o->before, &w.until, &err);
  p.last = wg_xcalloc(p.limit + 1, sizeof *p.last);
  if (code == WG_OK && p.limit) code = wg_run_branches(dir, &w, &(struct wg_walk_taker){keep_step, NULL, &p}, &err);
  for (uint64_t i = p.seen > p.limit ? p.seen - p.limit : 0; i < p.seen; i++) // a record that ends too soon has some
    print_step(&p.last[i % p.limit], p.json);
  free(p.last);
  return code == WG_OK ? WG_OK : wg_cli_fail(&err);
}
