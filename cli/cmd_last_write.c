#include "cli/cli.h"
#include "cli/found.h"
#include "probe/find.h"
#include "probe/hits.h"

struct question {
  bool write, json;
  const char *dir;
  struct wg_cli_map map;
  struct wg_place_range place;
  const struct wg_position *at; // or NULL
};

static void put_place(const struct wg_place_range *p, struct wg_buf *b) {
  wg_buf_printf(b, "0x%08x+%u", p->addr, p->len);
}

static void put_nobody(const struct question *q, const struct wg_found *f, struct wg_buf *b) {
  put_place(&q->place, b);
  if (q->write && q->at == NULL)
    wg_buf_str(b, " was never written by the title");
  else if (q->write)
    wg_buf_str(b, " was not written before that by the title");
  else
    wg_buf_printf(b, " was not read%s", q->at ? " from there on" : "");
  if (!f->committed)
    wg_buf_printf(b, "; there is no memory at 0x%08x then", q->place.addr);
  else if (f->made_as && f->size)
    wg_buf_printf(b, "; it is in %s, 0x%08x to 0x%08x", f->made_as, f->base, f->base + f->size - 1);
  else if (f->made_as)
    wg_buf_printf(b, "; it is %s, at 0x%08x", f->made_as, f->base);
  if (f->committed) {
    wg_buf_str(b, ", and is ");
    wg_cli_put_bytes(f->value, q->place.len, b);
  }
  wg_buf_char(b, '\n');
}

static void put_text(const struct question *q, const struct wg_found *f, struct wg_buf *b) {
  const struct wg_hit *h = &f->hit;
  if (!f->found) {
    put_nobody(q, f, b);
    return;
  }
  const struct wg_place_range shown = wg_hits_shown(h, &q->place);
  uint32_t from = shown.addr - q->place.addr;
  put_place(&q->place, b);
  wg_buf_printf(b, " was %s by ", q->write ? "last written" : h->pointer ? "first given to be read" : "first read");
  wg_cli_put_who(h, f->call, q->map.symbols, b);
  wg_buf_printf(b, ", at %.9f s\n", (double)h->at.now_ns / 1e9);
  if (q->write) {
    wg_buf_str(b, "  old ");
    wg_cli_put_bytes(h->before + from, shown.len, b);
    wg_buf_str(b, "\n  new ");
  } else {
    wg_buf_str(b, "  value ");
  }
  wg_cli_put_bytes(h->now + from, shown.len, b);
  wg_buf_char(b, '\n');
  if (h->pointer && !q->write)
    wg_buf_str(b, "  the kernel had a pointer to it: whether it looked there is not known\n");
  if (h->by_code) wg_buf_printf(b, "  accessed 0x%08x+%u; lr 0x%08x", h->addr, h->len, (uint32_t)h->cpu.lr);
  if (h->by_code) wg_cli_put_name(q->map.symbols, (uint32_t)h->cpu.lr, b);
  if (h->by_code) wg_buf_char(b, '\n');
  if (f->call)
    wg_buf_printf(b, "  the call is event %u:%llu; it returns to 0x%08x", h->at.tid, (unsigned long long)f->call_idx,
                  f->call_lr);
  if (f->call) wg_cli_put_name(q->map.symbols, f->call_lr, b);
  if (f->call) wg_buf_char(b, '\n');
  if (h->by_code && h->at.tid)
    wg_buf_printf(b, "  to be there: --to cycle=%u:%llu\n", h->at.tid, (unsigned long long)h->at.cycle);
  else if (h->at.in_turn && h->at.idx)
    wg_buf_printf(b, "  to be there: --to %u:%llu\n", h->at.tid, (unsigned long long)h->at.idx - 1);
  else
    wg_buf_printf(b, "  to be there: --to insn=%llu\n", (unsigned long long)h->at.retired);
  if (f->event.len) wg_buf_printf(b, "  the thread's event before it: %s\n", f->event.data);
}

static void put_json(const struct question *q, const struct wg_found *f, struct wg_buf *b) {
  wg_buf_char(b, '{');
  wg_json_u64(b, "schema", 1);
  wg_json_bool(b, "found", f->found);
  if (f->found) {
    const struct wg_place_range shown = wg_hits_shown(&f->hit, &q->place);
    uint32_t from = shown.addr - q->place.addr;
    wg_cli_json_who(&f->hit, f->call, q->map.symbols, b);
    if (f->call) {
      wg_json_u64(b, "call_idx", f->call_idx);
      wg_json_hex(b, "call_lr", f->call_lr);
    }
    if (q->write) wg_cli_json_bytes("old", f->hit.before + from, shown.len, b);
    wg_cli_json_bytes(q->write ? "new" : "value", f->hit.now + from, shown.len, b);
    if (f->event.len) {
      wg_json_key(b, "event");
      wg_buf_add(b, f->event.data, f->event.len);
    }
  } else {
    wg_json_bool(b, "committed", f->committed);
    if (f->committed && f->made_as) wg_json_str(b, "made_as", f->made_as);
    if (f->committed && f->made_as) wg_json_hex(b, "base", f->base);
    if (f->committed && f->made_as && f->size) wg_json_u64(b, "bytes", f->size);
    if (f->committed) wg_cli_json_bytes("value", f->value, q->place.len, b);
  }
  wg_buf_str(b, "}\n");
}

static int answer_access(const struct question *q, const struct wg_config *moved, struct wg_err *err) {
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  struct wg_travel *t = NULL;
  struct wg_found f = {.found = false};
  struct wg_buf b = {0};
  int code = wg_travel_open(&t, q->dir, moved, &watch, err);
  if (code == WG_OK) code = wg_cli_map_check(&q->map, t, err);
  if (code == WG_OK && q->write) code = wg_find_last_write(t, q->dir, &q->place, q->at, &f, err);
  if (code == WG_OK && !q->write) code = wg_find_first_read(t, q->dir, &q->place, q->at, &f, err);
  wg_travel_close(t);
  wg_cli_progress_end();
  if (code != WG_OK) return code;
  if (q->json)
    put_json(q, &f, &b);
  else
    put_text(q, &f, &b);
  wg_cli_print(&b);
  wg_buf_release(&b);
  wg_found_release(&f);
  return WG_OK;
}

static int find_access(const struct wg_command *cmd, bool write, int argc, char **argv) {
  struct question q = {.write = write};
  const char *at = NULL;
  struct wg_cli_overrides names = {0};
  struct wg_config moved = {0};
  struct wg_position p;
  const struct wg_opt opts[] = {
      {write ? "before" : "after", 0, WG_OPT_STR, &at, "POSITION",
       write ? "before there (the end; wedge help replay: --to)"
             : "from there on (the start; wedge help replay: --to)"},
      WG_CLI_MAP(&q.map),
      {"json", 0, WG_OPT_FLAG, &q.json, NULL, "as JSON"},
      WG_CLI_OVERRIDES(&names),
  };
  struct wg_args args;
  struct wg_err err = {0};
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 2) return wg_cli_usage(cmd, "expected a RUN and ADDR+LEN, got %d arguments", args.n);
  q.dir = args.v[0];
  int code = wg_cli_map_read(&q.map, &err);
  if (code == WG_OK) code = wg_place_parse(args.v[1], 4, q.map.symbols, &q.place, &err);
  if (code == WG_OK && at) code = wg_position_parse(at, &p, &err);
  if (code == WG_OK && at && p.kind != (write ? WG_AT_END : WG_AT_START)) q.at = &p;
  if (code == WG_OK) {
    wg_cli_override(&names, &moved);
    code = answer_access(&q, &moved, &err);
    wg_cli_overrides_release(&names);
  }
  wg_cli_map_release(&q.map);
  wg_cli_progress_end();
  return code == WG_OK ? WG_OK : wg_cli_fail(&err);
}

int wg_cmd_last_write(const struct wg_command *cmd, int argc, char **argv) {
  return find_access(cmd, true, argc, argv);
}
int wg_cmd_first_read(const struct wg_command *cmd, int argc, char **argv) {
  return find_access(cmd, false, argc, argv);
}
