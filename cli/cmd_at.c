#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "emu/look/look.h"
#include "emu/machine.h"
#include "replay/run.h"
#include "travel/travel.h"

#define MOST_MEMORY (64u << 20)
#define MOST_LINES 1000000u

struct at {
  struct wg_look look;
  struct wg_here here;
  const char *dir;
  uint64_t tid; // UINT64_MAX: not given
  char **args;
  int nargs;
  bool json;
};

static int number(const char *text, const char *what, uint64_t most, uint64_t *out, struct wg_err *err) {
  if (wg_parse_u64(text, most, out) && *out) return WG_OK;
  return wg_fail(err, WG_INPUT, "'%s' is no %s: a number from 1 to %llu, decimal or hexadecimal after 0x", text, what,
                 (unsigned long long)most);
}

// --- views ------------------------------------------------------------------------------------------

static int show_overview(struct at *a, struct wg_buf *out, struct wg_err *err) {
  struct wg_buf code = {0};
  struct wg_err none = {0};
  (void)err;
  // Where there is no code, as at the end of a thread, the stack says so.
  bool has = wg_look_put_code(&a->look, wg_look_code_at(&a->look), 6, 6, a->json, &code, &none) == WG_OK;
  if (a->json) wg_buf_str(out, "{\"stack\":");
  wg_look_put_stack(&a->look, a->json, out);
  if (a->json) wg_buf_str(out, ",\"disas\":");
  if (a->json && !has) wg_buf_str(out, "[]");
  if (!a->json && has) wg_buf_char(out, '\n');
  if (has) wg_buf_add(out, code.data, code.len);
  if (a->json) wg_buf_char(out, '}');
  wg_buf_release(&code);
  return WG_OK;
}

static int show_memory(struct at *a, struct wg_buf *out, struct wg_err *err) {
  uint32_t addr;
  uint64_t n;
  WG_TRY(wg_look_expression(&a->look, a->args[0], &addr, err));
  WG_TRY(number(a->args[1], "length", MOST_MEMORY, &n, err));
  return wg_look_put_memory(&a->look, addr, (uint32_t)n, a->json, out, err);
}

static int show_code(struct at *a, struct wg_buf *out, struct wg_err *err) {
  uint32_t addr = wg_look_code_at(&a->look);
  uint64_t n = 16;
  if (a->nargs > 0) WG_TRY(wg_look_expression(&a->look, a->args[0], &addr, err));
  if (a->nargs > 1) WG_TRY(number(a->args[1], "count of instructions", MOST_LINES, &n, err));
  return wg_look_put_code(&a->look, addr, a->nargs ? 0 : 8, (uint32_t)n, a->json, out, err);
}

static bool interrupted(void *ctx) {
  (void)ctx;
  return !wg_cli_go_on();
}

static int show_events(struct at *a, struct wg_buf *out, struct wg_err *err) {
  uint64_t n = 20;
  if (a->nargs) WG_TRY(number(a->args[0], "count of events", MOST_LINES, &n, err));
  const struct wg_events_around around = {a->dir,    a->here.at.events, a->tid,
                                          (size_t)n, a->json,           .give_up = interrupted};
  return wg_cli_put_events_around(&around, out, err);
}

#define VIEW(name)                                                                                                     \
  static int show_##name(struct at *a, struct wg_buf *out, struct wg_err *err) {                                       \
    (void)err;                                                                                                         \
    wg_look_put_##name(&a->look, a->json, out);                                                                        \
    return WG_OK;                                                                                                      \
  }
VIEW(regs)
VIEW(stack)
VIEW(threads)
VIEW(handles)
VIEW(waits)
VIEW(objects)
VIEW(modules)
VIEW(areas)
VIEW(why)

static const struct view {
  const char *name, *usage;
  int least, most; // arguments
  int (*show)(struct at *a, struct wg_buf *out, struct wg_err *err);
} views[] = {
    {"overview", "", 0, 0, show_overview},   {"regs", "", 0, 0, show_regs},
    {"mem", " ADDR LEN", 2, 2, show_memory}, {"disas", " [ADDR [COUNT]]", 0, 2, show_code},
    {"stack", "", 0, 0, show_stack},         {"threads", "", 0, 0, show_threads},
    {"handles", "", 0, 0, show_handles},     {"waits", "", 0, 0, show_waits},
    {"objects", "", 0, 0, show_objects},     {"modules", "", 0, 0, show_modules},
    {"areas", "", 0, 0, show_areas},         {"events", " [COUNT]", 0, 1, show_events},
    {"why-blocked", "", 0, 0, show_why},
};
#define NVIEWS (sizeof views / sizeof *views)

static const struct view *view_of(const char *name) {
  for (size_t i = 0; i < NVIEWS; i++)
    if (strcmp(views[i].name, name) == 0) return &views[i];
  return NULL;
}

static int unknown_view(const struct wg_command *cmd, const char *name) {
  struct wg_suggestion s = {.word = name};
  struct wg_buf all = {0};
  for (size_t i = 0; i < NVIEWS; i++) {
    wg_suggest(&s, views[i].name);
    wg_buf_printf(&all, "%s%s", i ? ", " : "", views[i].name);
  }
  int code = wg_cli_usage(cmd, "there is no view '%s'%s: %s", name, wg_suggested(&s), all.data);
  wg_buf_release(&s.words);
  wg_buf_release(&all);
  return code;
}

// --- the whole --------------------------------------------------------------------------------------

static void begin_json(const struct at *a, const struct wg_position *p, const struct view *v, struct wg_buf *out) {
  struct wg_buf words = {0};
  wg_position_words(p, &words);
  wg_buf_char(out, '{');
  wg_json_u64(out, "schema", 1);
  wg_json_str(out, "run", a->dir);
  wg_json_str(out, "position", words.data);
  wg_json_key(out, "where");
  wg_look_put_where(&a->look, true, out);
  wg_json_str(out, "view", v->name);
  wg_json_key(out, "value");
  wg_buf_release(&words);
}

static int look_there(struct at *a, struct wg_travel *t, const struct wg_position *p, const struct view *v,
                      const struct wg_symbols *symbols, const char *map, struct wg_err *err) {
  struct wg_buf out = {0};
  uint32_t tid = (uint32_t)a->tid;
  WG_TRY(wg_travel_seek(t, p, err));
  wg_travel_here(t, &a->here);
  WG_TRY(wg_look_begin(&a->look, wg_travel_machine(t), a->tid == UINT64_MAX ? NULL : &tid, p->tid, err));
  if (symbols) WG_TRY(wg_look_symbols(&a->look, symbols, map, err));
  if (a->json) {
    begin_json(a, p, v, &out);
  } else {
    wg_look_put_where(&a->look, false, &out);
    wg_buf_char(&out, '\n');
  }
  int code = v->show(a, &out, err);
  if (a->json) wg_buf_str(&out, "}\n");
  wg_cli_progress_end();
  if (code == WG_OK) wg_cli_print(&out);
  wg_buf_release(&out);
  return code;
}

static int travel(struct at *a, const struct wg_position *p, const struct view *v, const char *map,
                  const struct wg_config *moved, struct wg_err *err) {
  struct wg_symbols *symbols = NULL;
  struct wg_travel *t = NULL;
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  int code = map ? wg_symbols_read(&symbols, map, err) : WG_OK;
  if (code == WG_OK) code = wg_travel_open(&t, a->dir, moved, &watch, err);
  if (code == WG_OK) code = look_there(a, t, p, v, symbols, map, err);
  wg_travel_close(t);
  wg_symbols_free(symbols);
  return code;
}

int wg_cmd_at(const struct wg_command *cmd, int argc, char **argv) {
  const char *map = NULL;
  struct at a = {.tid = UINT64_MAX};
  struct wg_cli_overrides names = {0};
  struct wg_config moved = {0};
  const struct wg_opt opts[] = {
      {"tid", 't', WG_OPT_NUM, &a.tid, "N", "look at this thread (0: an interrupt in progress)"},
      {"map", 0, WG_OPT_STR, &map, "FILE", "names of addresses: the title's .map, GNU ld's -Map, or what nm prints"},
      {"json", 0, WG_OPT_FLAG, &a.json, NULL, "as JSON"},
      WG_CLI_OVERRIDES(&names),
  };
  struct wg_args args;
  struct wg_err err = {0};
  struct wg_position p;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 2) return wg_cli_usage(cmd, "expected a RUN and a POSITION, got %d arguments", args.n);
  const struct view *v = args.n > 2 ? view_of(args.v[2]) : &views[0];
  if (v == NULL) return unknown_view(cmd, args.v[2]);
  a.dir = args.v[0];
  a.args = args.v + 3;
  a.nargs = args.n > 2 ? args.n - 3 : 0;
  if (a.nargs < v->least || a.nargs > v->most)
    return wg_cli_usage(cmd, "%s takes other arguments: %s%s", v->name, v->name, v->usage);
  if (a.tid != UINT64_MAX && a.tid > UINT32_MAX) return wg_cli_usage(cmd, "--tid: a thread's number has 32 bits");
  if (wg_position_parse(args.v[1], &p, &err) != WG_OK) return wg_cli_fail(&err);
  wg_cli_override(&names, &moved);
  int code = travel(&a, &p, v, map, &moved, &err);
  wg_cli_overrides_release(&names);
  wg_cli_progress_end();
  return code == WG_OK ? WG_OK : wg_cli_fail(&err);
}
