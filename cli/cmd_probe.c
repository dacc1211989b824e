#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "cli/cli.h"
#include "cli/found.h"
#include "emu/cpu/regs.h"
#include "nt/exports.h"
#include "probe/place.h"
#include "probe/probe.h"
#include "trace/reader.h"
#include "travel/travel.h"

#define KINDS 5u

struct request {
  const struct wg_command *cmd;
  struct wg_opt_values of[KINDS]; // by enum wg_probe_kind
  struct wg_cli_map map;
  const char *regs, *where, *from, *to, *out;
  uint64_t limit;
  bool json;
  struct wg_probe_options o;
  struct wg_probe_point points[KINDS * WG_OPT_VALUES];
  unsigned numbers[WG_REGS];
  struct wg_expr *expr;
  struct wg_position window[2];
};

static const char *const options[KINDS] = {"exec", "branch", "call", "read", "write"};

// --- what is asked for ------------------------------------------------------------------------------------

static int bad_pc(const char *option, const char *text, struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "--%s: '%s' is no address of an instruction: expected one as 0x82001234%s", option,
                 text, strcmp(option, "call") == 0 ? ", or the name of an export of the kernel" : "");
}

static int call_point(const char *text, const struct wg_symbols *symbols, struct wg_probe_point *p,
                      struct wg_err *err) {
  bool found;
  if (wg_nt_find(text, strlen(text))) {
    p->name = text;
    p->kernel = true;
    return WG_OK;
  }
  WG_TRY(wg_place_code(text, symbols, &p->addr, &found, err));
  if (found) {
    p->name = symbols ? text : NULL;
    return WG_OK;
  }
  struct wg_suggestion s = {.word = text};
  wg_suggest_exports(&s);
  int code = wg_fail(err, WG_INPUT, "--call: '%s' is no export of the kernel, no address and no symbol%s", text,
                     wg_suggested(&s));
  wg_buf_release(&s.words);
  return code;
}

static int point(enum wg_probe_kind kind, const char *text, const struct wg_symbols *symbols, struct wg_probe_point *p,
                 struct wg_err *err) {
  struct wg_place_range place;
  bool found = true;
  *p = (struct wg_probe_point){.kind = kind};
  if (kind == WG_PROBE_READ || kind == WG_PROBE_WRITE) {
    int code = wg_place_parse(text, 4, symbols, &place, err);
    if (code != WG_OK) wg_err_prefix(err, "--%s", options[kind]);
    p->addr = place.addr;
    p->len = place.len;
    return code;
  }
  if (kind == WG_PROBE_CALL) WG_TRY(call_point(text, symbols, p, err));
  if (kind != WG_PROBE_CALL) WG_TRY(wg_place_code(text, symbols, &p->addr, &found, err));
  if (!found) return bad_pc(options[kind], text, err);
  if (p->addr % 4)
    return wg_fail(err, WG_INPUT, "--%s: 0x%08x: instructions begin at multiples of 4", options[kind], p->addr);
  return WG_OK;
}

// The kind that comes next on the command line, where so many of each have been before; KINDS: none does.
static size_t next_kind(const struct request *q, const size_t been[KINDS]) {
  size_t next = KINDS;
  for (size_t kind = 0; kind < KINDS; kind++) {
    if (been[kind] == q->of[kind].n) continue;
    if (next == KINDS || q->of[kind].at[been[kind]] < q->of[next].at[been[next]]) next = kind;
  }
  return next;
}

// They are numbered as they were given.
static int points(struct request *q, struct wg_err *err) {
  size_t been[KINDS] = {0};
  for (size_t kind; (kind = next_kind(q, been)) < KINDS;) {
    const char *text = q->of[kind].v[been[kind]++];
    WG_TRY(point((enum wg_probe_kind)kind, text, q->map.symbols, &q->points[q->o.n++], err));
  }
  q->o.points = q->points;
  return WG_OK;
}

static int understand(struct request *q, struct wg_err *err) {
  WG_TRY(wg_cli_map_read(&q->map, err));
  WG_TRY(points(q, err));
  WG_TRY(wg_cli_registers(q->regs, q->numbers, &q->o.nregs, err));
  q->o.regs = q->numbers;
  if (q->where) {
    const struct wg_expr_names names = {wg_probe_find, q->map.symbols,
                                        q->map.symbols ? WG_PROBE_NAMES ", or a symbol of the map" : WG_PROBE_NAMES};
    int code = wg_expr_parse(&q->expr, q->where, &names, err);
    if (code != WG_OK) wg_err_prefix(err, "--where");
    WG_TRY(code);
  }
  if (q->from) WG_TRY(wg_position_parse(q->from, &q->window[0], err));
  if (q->to) WG_TRY(wg_position_parse(q->to, &q->window[1], err));
  q->o.where = q->expr;
  q->o.from = q->from && q->window[0].kind != WG_AT_START ? &q->window[0] : NULL;
  q->o.to = q->to && q->window[1].kind != WG_AT_END ? &q->window[1] : NULL;
  q->o.out = q->out;
  return WG_OK;
}

// --- the answer -------------------------------------------------------------------------------------------

static void put_point_name(const struct wg_probe_point *p, struct wg_buf *b) {
  wg_buf_printf(b, "--%s ", options[p->kind]);
  if (p->kernel)
    wg_buf_str(b, p->name);
  else
    wg_buf_printf(b, "0x%08x", p->addr);
  if (p->len) wg_buf_printf(b, "+%u", p->len);
}

static uint64_t total(const struct wg_probe_options *o, const struct wg_probe_result *r) {
  uint64_t all = 0;
  for (size_t i = 0; i < o->n; i++) all += r->hits[i];
  return all;
}

static void put_field(const struct wg_field *f, struct wg_buf *out) {
  struct wg_buf b = {0};
  struct wg_event one = {.kind = WG_EV_OTHER, .kind_name = "", .nfields = 1};
  one.fields[0] = *f;
  wg_ev_encode_foreign(&one, &b);
  const char *at = strstr(b.data, "\"host_ns\":0,"); // and then "key":VALUE}\n
  at = at ? strchr(at + 12, ':') : NULL;
  if (at) wg_buf_printf(out, "  %s %.*s", wg_key_name(f), (int)(b.len - (size_t)(at + 1 - b.data) - 2), at + 1);
  wg_buf_release(&b);
}

static void put_hit(const struct wg_event *e, const struct wg_symbols *symbols, struct wg_buf *out) {
  uint64_t next = 0, probe = 0, pc;
  wg_ev_u64(e, WG_K_NEXT_IDX, &next);
  wg_ev_u64(e, WG_K_PROBE, &probe);
  wg_buf_printf(out, "%3llu %4u:%-8llu %14.6f ms  cycle %-12llu", (unsigned long long)probe, e->tid,
                (unsigned long long)next, (double)e->host_ns / 1e6, (unsigned long long)e->cycle);
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    enum wg_key key = wg_ev_at(e, i)->key;
    if (key != WG_K_PROBE && key != WG_K_NEXT_IDX) put_field(wg_ev_at(e, i), out);
    if (key == WG_K_PC && wg_ev_u64(e, WG_K_PC, &pc)) wg_cli_put_name(symbols, (uint32_t)pc, out);
  }
  wg_buf_char(out, '\n');
}

static int put_first(const struct request *q, const struct wg_probe_result *r, struct wg_buf *out, struct wg_err *err) {
  struct wg_reader *reader;
  struct wg_event e;
  uint64_t shown = 0;
  WG_TRY(wg_reader_open(&reader, r->path, err));
  while (shown < q->limit && wg_reader_next(reader, &e)) {
    if (e.kind == WG_EV_TRACE_HEADER || e.kind == WG_EV_TRACE_FOOTER) continue;
    if (q->json && shown) wg_buf_char(out, ',');
    if (q->json)
      wg_ev_encode_foreign(&e, out);
    else
      put_hit(&e, q->map.symbols, out);
    if (q->json) out->len--; // the end of the line
    shown++;
  }
  wg_reader_close(reader);
  return WG_OK;
}

static int put_json(const struct request *q, const struct wg_probe_result *r, struct wg_buf *b, struct wg_err *err) {
  wg_buf_char(b, '{');
  wg_json_u64(b, "schema", 1);
  wg_json_bool(b, "identical", !r->mismatch);
  wg_json_u64(b, "events", r->events);
  if (r->cut[0]) wg_json_str(b, "unfinished", r->cut);
  if (r->mismatch) {
    wg_json_u64(b, "line", r->line);
    wg_json_str(b, "recorded", r->recorded.data ? r->recorded.data : "");
    wg_json_str(b, "produced", r->produced.data ? r->produced.data : "");
  }
  wg_json_str(b, "trace", r->path);
  wg_json_u64(b, "hits", total(&q->o, r));
  wg_json_key(b, "probes");
  wg_buf_char(b, '[');
  for (size_t i = 0; i < q->o.n; i++) {
    struct wg_buf name = {0};
    put_point_name(&q->o.points[i], &name);
    if (i) wg_buf_char(b, ',');
    wg_buf_char(b, '{');
    wg_json_str(b, "probe", name.data);
    wg_json_u64(b, "hits", r->hits[i]);
    wg_json_u64(b, "unknown", r->unknown[i]);
    wg_json_u64(b, "no_branch", r->no_branch[i]);
    wg_buf_char(b, '}');
    wg_buf_release(&name);
  }
  wg_buf_char(b, ']');
  wg_json_key(b, "first");
  wg_buf_char(b, '[');
  WG_TRY(put_first(q, r, b, err));
  wg_buf_str(b, "]}\n");
  return WG_OK;
}

static void put_verdict(const struct wg_probe_result *r, struct wg_buf *b) {
  if (r->mismatch)
    wg_buf_printf(b,
                  "mismatch at line %llu of the trace, after %llu identical events: the hits are of another run\n  "
                  "recorded: %s\n  executed: %s\n",
                  (unsigned long long)r->line, (unsigned long long)r->events,
                  r->recorded.len ? r->recorded.data : "(the trace ends)",
                  r->produced.len ? r->produced.data : "(the run ends)");
  else if (r->cut[0])
    wg_buf_printf(b, "identical as far as the record goes: %llu events; %s\n", (unsigned long long)r->events, r->cut);
  else
    wg_buf_printf(b, "identical: %llu events\n", (unsigned long long)r->events);
}

static int put_text(const struct request *q, const struct wg_probe_result *r, struct wg_buf *b, struct wg_err *err) {
  uint64_t all = total(&q->o, r);
  wg_buf_printf(b, "%llu hits: %s\n", (unsigned long long)all, r->path);
  put_verdict(r, b);
  for (size_t i = 0; i < q->o.n; i++) {
    wg_buf_printf(b, "%3zu ", i + 1);
    put_point_name(&q->o.points[i], b);
    wg_buf_printf(b, ": %llu hits", (unsigned long long)r->hits[i]);
    if (r->unknown[i])
      wg_buf_printf(b, ", and %llu where the condition had no value", (unsigned long long)r->unknown[i]);
    if (r->no_branch[i])
      wg_buf_printf(b, "; what was executed there %llu times is no branch", (unsigned long long)r->no_branch[i]);
    wg_buf_char(b, '\n');
  }
  if (all && q->limit) wg_buf_printf(b, "\n%s:\n", all > q->limit ? "the first of them" : "all of them");
  return put_first(q, r, b, err);
}

static int answer(const struct request *q, const struct wg_probe_result *r, struct wg_err *err) {
  struct wg_buf b = {0};
  int code = q->json ? put_json(q, r, &b, err) : put_text(q, r, &b, err);
  if (code == WG_OK) wg_cli_print(&b);
  wg_buf_release(&b);
  return code != WG_OK ? code : r->mismatch ? WG_DIFFERS : WG_OK;
}

static int check_map(const struct request *q, const char *dir, const struct wg_config *moved, struct wg_err *err) {
  struct wg_travel *t = NULL;
  int code = wg_travel_open(&t, dir, moved, NULL, err);
  if (code == WG_OK) code = wg_cli_map_check(&q->map, t, err);
  wg_travel_close(t);
  return code;
}

static int probe(struct request *q, const char *dir, const struct wg_config *moved, struct wg_err *err) {
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  struct wg_probe_result r;
  WG_TRY(understand(q, err));
  if (q->map.symbols) WG_TRY(check_map(q, dir, moved, err));
  q->o.dir = dir;
  q->o.overrides = moved;
  q->o.watch = &watch;
  int code = wg_probe_run(&q->o, &r, err);
  wg_cli_progress_end();
  if (code != WG_OK) return code;
  code = answer(q, &r, err);
  wg_probe_result_release(&r);
  return code;
}

int wg_cmd_probe(const struct wg_command *cmd, int argc, char **argv) {
  struct request *q = wg_xcalloc(1, sizeof *q);
  struct wg_cli_overrides names = {0};
  struct wg_config moved = {0};
  q->limit = 10;
  const struct wg_opt opts[] = {
      {"exec", 0, WG_OPT_LIST, &q->of[WG_PROBE_EXEC], "PC", "before the instruction there"},
      {"branch", 0, WG_OPT_LIST, &q->of[WG_PROBE_BRANCH], "PC", "the branch there: whether it is taken, and where to"},
      {"call", 0, WG_OPT_LIST, &q->of[WG_PROBE_CALL], "NAME",
       "calls of an export of the kernel, or of the function there"},
      {"read", 0, WG_OPT_LIST, &q->of[WG_PROBE_READ], "ADDR+LEN", "reads of any byte there"},
      {"write", 0, WG_OPT_LIST, &q->of[WG_PROBE_WRITE], "ADDR+LEN", "writes of any byte there"},
      WG_CLI_MAP(&q->map),
      {"regs", 0, WG_OPT_STR, &q->regs, "R,...", "registers to log with each hit: r3, lr, f1, v12, ..."},
      {"where", 0, WG_OPT_STR, &q->where, "EXPR", "only hits at which this is not 0"},
      {"from", 0, WG_OPT_STR, &q->from, "POSITION", "from there on (wedge help replay: --to)"},
      {"to", 0, WG_OPT_STR, &q->to, "POSITION", "up to there"},
      {"output", 'o', WG_OPT_STR, &q->out, "FILE", "the trace of hits, which must not exist (RUN/probe-N.jsonl.zst)"},
      {"limit", 'n', WG_OPT_NUM, &q->limit, "N", "print the first N hits (10); the trace has all"},
      {"json", 0, WG_OPT_FLAG, &q->json, NULL, "as JSON"},
      WG_CLI_OVERRIDES(&names),
  };
  struct wg_args args;
  struct wg_err err = {0};
  int code = wg_opt_parse(cmd, opts, sizeof opts / sizeof *opts, argc, argv, &args);
  size_t asked = 0;
  for (size_t i = 0; i < KINDS; i++) asked += q->of[i].n;
  if (code == WG_OK && args.n != 1)
    code = wg_cli_usage(cmd, "expected one RUN, got %d", args.n);
  else if (code == WG_OK && asked == 0)
    code = wg_cli_usage(cmd, "expected at least one of --exec, --branch, --call, --read and --write");
  else if (code == WG_OK) {
    wg_cli_override(&names, &moved);
    code = probe(q, args.v[0], &moved, &err);
    wg_cli_overrides_release(&names);
    wg_cli_progress_end();
    if (err.code) code = wg_cli_fail(&err);
  }
  wg_expr_free(q->expr);
  wg_cli_map_release(&q->map);
  free(q);
  return code < 0 ? WG_OK : code;
}
