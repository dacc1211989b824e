#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/symbols.h"
#include "cli/cli.h"
#include "emu/look/look.h"
#include "emu/machine.h"
#include "gdb/program.h"
#include "gdb/replayed.h"
#include "gdb/server.h"
#include "replay/run.h"

struct debugged {
  const char *dir, *map, *at;
  struct wg_travel *travel;
  struct wg_symbols *symbols;
  struct wg_gdb_replayed run;
  struct wg_buf program, name;
  struct wg_gdb_options o;
  bool quiet;
};

static void note_unless_quiet(void *ctx, const char *words) {
  const struct debugged *d = ctx;
  if (!d->quiet) wg_cli_note("%s", words);
}

static int events(void *ctx, const struct wg_gdb_events *want, struct wg_buf *out, struct wg_err *err) {
  const struct debugged *d = ctx;
  const struct wg_events_around around = {d->dir, want->at, UINT64_MAX, want->n, false, want->give_up, want->ctx};
  return wg_cli_put_events_around(&around, out, err);
}

static size_t checkpoints(void *ctx, struct wg_buf *out) {
  const struct debugged *d = ctx;
  size_t n = wg_travel_checkpoints(d->travel);
  for (size_t i = 0; i < n; i++) {
    struct wg_machine_where w;
    wg_travel_checkpoint(d->travel, i, &w);
    wg_buf_printf(out, "%zu: insn=%llu event=%llu %.9f s\n", i + 1, (unsigned long long)w.retired,
                  (unsigned long long)w.events, (double)w.now_ns / 1e9);
  }
  return n;
}

static int checkpoint(void *ctx, struct wg_buf *out, struct wg_err *err) {
  const struct debugged *d = ctx;
  struct wg_machine_where w;
  WG_TRY(wg_travel_keep(d->travel, &w, err));
  wg_cli_progress_end();
  wg_buf_printf(out, "kept with the run: insn=%llu event=%llu %.9f s\n", (unsigned long long)w.retired,
                (unsigned long long)w.events, (double)w.now_ns / 1e9);
  return WG_OK;
}

static int check_symbols(struct debugged *d, struct wg_err *err) {
  struct wg_look l;
  if (d->symbols == NULL) return WG_OK;
  WG_TRY(wg_look_begin(&l, wg_travel_machine(d->travel), NULL, 0, err));
  return wg_look_symbols(&l, d->symbols, d->map, err);
}

static int serve(struct debugged *d, struct wg_err *err) {
  struct wg_position p = {.kind = WG_AT_START};
  int fd;
  uint16_t port;
  if (d->at) WG_TRY(wg_position_parse(d->at, &p, err));
  WG_TRY(check_symbols(d, err)); // before anybody is told to attach
  WG_TRY(wg_gdb_listen(&d->o, &fd, &port, err));
  WG_TRY(wg_gdb_replayed_init(&d->run, d->travel, &p, err)); // while whoever comes is kept waiting
  wg_cli_progress_end();
  wg_cli_printf("gdb-multiarch -ex 'target remote :%u'\n", port);
  fflush(stdout);
  if (!wg_gdb_put_program(wg_travel_machine(d->travel), d->symbols, &d->program)) wg_cli_note("%s", WG_GDB_LEFT_OUT);
  d->o.program = &d->program;
  d->o.symbols = d->symbols;
  return wg_gdb_serve(fd, &d->run.target, &d->o, err);
}

int wg_cmd_gdb(const struct wg_command *cmd, int argc, char **argv) {
  struct debugged d = {.dir = NULL};
  struct wg_cli_overrides names = {0};
  struct wg_config moved = {0};
  uint64_t port = 2345;
  const struct wg_opt opts[] = {
      {"port", 'p', WG_OPT_NUM, &port, "N", "the port to listen at (2345; 0: any that is free)"},
      {"listen", 0, WG_OPT_STR, &d.o.listen, "ADDR",
       "the numeric address to listen at (127.0.0.1: this machine alone)"},
      {"at", 0, WG_OPT_STR, &d.at, "POSITION", "where the first client finds the run (start)"},
      {"map", 0, WG_OPT_STR, &d.map, "FILE", "names of addresses: the title's .map, GNU ld's -Map, or what nm prints"},
      {"once", 0, WG_OPT_FLAG, &d.o.once, NULL, "end when the first client leaves"},
      {"quiet", 'q', WG_OPT_FLAG, &d.quiet, NULL, "say nothing of clients that come and go"},
      WG_CLI_OVERRIDES(&names),
  };
  struct wg_args args;
  struct wg_err err = {0};
  struct wg_cli_rate rate = {0};
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one RUN, got %d", args.n);
  if (port > UINT16_MAX) return wg_cli_usage(cmd, "--port: there are ports up to 65535");
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  d.dir = args.v[0];
  d.o.port = (uint16_t)port;
  d.o.go_on = wg_cli_go_on;
  d.o.told = note_unless_quiet;
  d.o.events = events;
  d.o.checkpoints = checkpoints;
  d.o.checkpoint = checkpoint;
  d.o.ctx = &d;
  wg_cli_override(&names, &moved);
  int code = d.map ? wg_symbols_read(&d.symbols, d.map, &err) : WG_OK;
  if (code == WG_OK) code = wg_travel_open(&d.travel, d.dir, &moved, &watch, &err);
  wg_buf_str(&d.name, "title");
  d.o.name = d.name.data;
  if (code == WG_OK) code = serve(&d, &err);
  wg_cli_progress_end();
  wg_gdb_replayed_release(&d.run);
  wg_travel_close(d.travel);
  wg_symbols_free(d.symbols);
  wg_buf_release(&d.program);
  wg_buf_release(&d.name);
  wg_cli_overrides_release(&names);
  return code == WG_OK ? WG_OK : wg_cli_fail(&err);
}
