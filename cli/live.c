// wedge record --gdb: a run that gdb halts while it is recorded.
#include <stdio.h>

#include "base/symbols.h"
#include "cli/cli.h"
#include "emu/look/look.h"
#include "gdb/live.h"
#include "gdb/program.h"
#include "gdb/server.h"
#include "travel/live.h"

static void note_words(void *ctx, const char *words) {
  (void)ctx;
  wg_cli_note("%s", words);
}

static int name_it(const struct wg_live *l, struct wg_gdb_options *o, const char *map, struct wg_buf *program,
                   struct wg_err *err) {
  struct wg_look look;
  if (o->symbols) {
    WG_TRY(wg_look_begin(&look, wg_live_machine(l), NULL, 0, err));
    WG_TRY(wg_look_symbols(&look, o->symbols, map, err));
  }
  if (!wg_gdb_put_program(wg_live_machine(l), o->symbols, program)) wg_cli_note("%s", WG_GDB_LEFT_OUT);
  o->program = program;
  return WG_OK;
}

static void say_how(const struct wg_cli_live *live, uint16_t port) {
  if (live->to_stderr)
    wg_cli_note("gdb-multiarch -ex 'target remote :%u'", port);
  else
    wg_cli_printf("gdb-multiarch -ex 'target remote :%u'\n", port);
  fflush(stdout);
}

// What listens comes first: nothing is made if it cannot, and it is there before the process is confined.
int wg_cli_record_live(const struct wg_config *cfg, const struct wg_record_options *options,
                       const struct wg_cli_live *live, struct wg_run_result *out, struct wg_err *err) {
  struct wg_gdb_options o = {
      .listen = live->listen, .port = live->port, .name = "title", .go_on = wg_cli_go_on, .told = note_words};
  struct wg_symbols *symbols = NULL;
  struct wg_buf program = {0};
  struct wg_gdb_live g = {.kills = false};
  struct wg_live *l = NULL;
  struct wg_err served = {0};
  uint16_t port;
  int fd;
  if (live->map) WG_TRY(wg_symbols_read(&symbols, live->map, err));
  o.symbols = symbols;
  int code = wg_gdb_listen(&o, &fd, &port, err);
  if (code == WG_OK) code = wg_live_begin(&l, cfg, options, err);
  if (code == WG_OK) {
    wg_gdb_live_init(&g, l);
    int rc = name_it(l, &o, live->map, &program, &served);
    if (rc == WG_OK) {
      say_how(live, port);
      rc = wg_gdb_serve(fd, &g.target, &o, &served);
    }
    code = wg_live_end(l, rc != WG_OK || g.kills, out, err);
    if (code == WG_OK && rc != WG_OK) {
      wg_run_result_release(out);
      *err = served;
      code = rc;
    }
  }
  wg_gdb_live_release(&g);
  wg_symbols_free(symbols);
  wg_buf_release(&program);
  return code;
}
