#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/found.h"
#include "probe/find.h"

struct listing {
  struct wg_place_range place;
  struct wg_cli_map map;
  unsigned regs[WG_REGS];
  size_t nregs;
  uint64_t limit, writes, changes;
  bool json;
};

static void start(void *ctx, const uint8_t *value, const struct wg_machine_where *at) {
  struct listing *l = ctx;
  struct wg_buf b = {0};
  if (l->json) {
    wg_buf_char(&b, '{');
    wg_json_u64(&b, "schema", 1);
    wg_json_str(&b, "at", "start");
    wg_json_u64(&b, "host_ns", at->now_ns);
    wg_json_bool(&b, "committed", value != NULL);
    if (value) wg_cli_json_bytes("new", value, l->place.len, &b);
    wg_buf_str(&b, "}\n");
  } else if (value == NULL) {
    wg_buf_printf(&b, "%14.9f s  there is no memory at 0x%08x to begin with\n", (double)at->now_ns / 1e9,
                  l->place.addr);
  } else {
    wg_buf_printf(&b, "%14.9f s  ", (double)at->now_ns / 1e9);
    wg_cli_put_bytes(value, l->place.len, &b);
    wg_buf_str(&b, "  to begin with\n");
  }
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static void put_change(const struct listing *l, const struct wg_hit *h, const char *call, struct wg_buf *b) {
  if (!l->json) {
    wg_buf_printf(b, "%14.9f s  ", (double)h->at.now_ns / 1e9);
    wg_cli_put_bytes(h->now, l->place.len, b);
    wg_buf_str(b, "  ");
    wg_cli_put_who(h, call, l->map.symbols, b);
    wg_cli_put_regs(h, l->regs, l->nregs, false, b);
    wg_buf_char(b, '\n');
    return;
  }
  wg_buf_char(b, '{');
  wg_json_str(b, "at", "change");
  wg_cli_json_who(h, call, l->map.symbols, b);
  wg_cli_json_bytes("old", h->before, l->place.len, b);
  wg_cli_json_bytes("new", h->now, l->place.len, b);
  if (l->nregs) {
    wg_json_key(b, "regs");
    wg_buf_char(b, '{');
    wg_cli_put_regs(h, l->regs, l->nregs, true, b);
    wg_buf_char(b, '}');
  }
  wg_buf_str(b, "}\n");
}

static void change(void *ctx, const struct wg_hit *h, const char *call) {
  struct listing *l = ctx;
  struct wg_buf b = {0};
  l->writes++;
  if (memcmp(h->before, h->now, l->place.len) == 0 || l->changes++ >= l->limit) return;
  put_change(l, h, call, &b);
  wg_cli_progress_end();
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static void put_end(const struct listing *l) {
  struct wg_buf b = {0};
  if (l->json) {
    wg_buf_char(&b, '{');
    wg_json_str(&b, "at", "end");
    wg_json_u64(&b, "changes", l->changes);
    wg_json_u64(&b, "writes", l->writes);
    wg_buf_str(&b, "}\n");
  } else {
    wg_buf_printf(&b, "%llu changes by %llu writes%s\n", (unsigned long long)l->changes, (unsigned long long)l->writes,
                  l->changes > l->limit ? "; the first of them are above" : "");
  }
  wg_cli_print(&b);
  wg_buf_release(&b);
}

// FROM..TO, either of which may be missing.
static int window(const char *over, struct wg_position p[2], const struct wg_position *out[2], struct wg_err *err) {
  const char *dots = over ? strstr(over, "..") : NULL;
  if (over == NULL) return WG_OK;
  if (dots == NULL) return wg_fail(err, WG_INPUT, "--over: '%s' is no range: expected FROM..TO, two positions", over);
  char *from = wg_xstrndup(over, (size_t)(dots - over));
  int code = WG_OK;
  if (*from) code = wg_position_parse(from, &p[0], err);
  if (code == WG_OK && *from && p[0].kind != WG_AT_START) out[0] = &p[0];
  if (code == WG_OK && dots[2]) code = wg_position_parse(dots + 2, &p[1], err);
  if (code == WG_OK && dots[2] && p[1].kind != WG_AT_END) out[1] = &p[1];
  free(from);
  return code;
}

int wg_cmd_values(const struct wg_command *cmd, int argc, char **argv) {
  struct listing l = {.limit = UINT64_MAX};
  const char *over = NULL, *regs = NULL;
  uint64_t size = 4;
  struct wg_cli_overrides names = {0};
  struct wg_config moved = {0};
  struct wg_position p[2];
  const struct wg_position *between[2] = {NULL, NULL};
  const struct wg_opt opts[] = {
      {"size", 0, WG_OPT_NUM, &size, "N", "bytes of the value (4), unless ADDR+LEN says so"},
      {"over", 0, WG_OPT_STR, &over, "FROM..TO", "between these positions (start..end; wedge help replay: --to)"},
      {"regs", 0, WG_OPT_STR, &regs, "R,...", "registers to print with each change: r3, lr, ..."},
      {"limit", 'n', WG_OPT_NUM, &l.limit, "N", "print the first N changes"},
      WG_CLI_MAP(&l.map),
      {"json", 0, WG_OPT_FLAG, &l.json, NULL, "as JSON lines"},
      WG_CLI_OVERRIDES(&names),
  };
  struct wg_args args;
  struct wg_err err = {0};
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 2) return wg_cli_usage(cmd, "expected a RUN and an ADDR, got %d arguments", args.n);
  if (size == 0 || size > WG_PLACE_MAX) return wg_cli_usage(cmd, "--size: from 1 to %u bytes", WG_PLACE_MAX);
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  struct wg_travel *t = NULL;
  int code = wg_cli_map_read(&l.map, &err);
  if (code == WG_OK) code = wg_place_parse(args.v[1], (uint32_t)size, l.map.symbols, &l.place, &err);
  if (code == WG_OK) code = wg_cli_registers(regs, l.regs, &l.nregs, &err);
  if (code == WG_OK) code = window(over, p, between, &err);
  wg_cli_override(&names, &moved);
  if (code == WG_OK) code = wg_travel_open(&t, args.v[0], &moved, &watch, &err);
  if (code == WG_OK) code = wg_cli_map_check(&l.map, t, &err);
  const struct wg_value_hooks hooks = {start, change, &l};
  if (code == WG_OK) code = wg_find_values(t, args.v[0], &l.place, between[0], between[1], &hooks, &err);
  wg_travel_close(t);
  wg_cli_map_release(&l.map);
  wg_cli_overrides_release(&names);
  wg_cli_progress_end();
  if (code != WG_OK) return wg_cli_fail(&err);
  put_end(&l);
  return WG_OK;
}
