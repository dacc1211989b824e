// q and Q packets, a row each.
#include <stdlib.h>
#include <string.h>

#include "gdb/session.h"

// --- what is read in parts --------------------------------------------------------------------------------

static void put_part(struct wg_gdb_session *s, const struct wg_buf *whole, struct wg_gdb_text range) {
  uint64_t at, n;
  if (!wg_gdb_range(&range, &at, &n) || range.at != range.end) {
    wg_gdb_error(s, "qXfer: expected OFFSET,LENGTH in hexadecimal");
    return;
  }
  if (n > WG_GDB_PACKET / 2 - 16) n = WG_GDB_PACKET / 2 - 16; // all of it may need escapes
  bool last = at >= whole->len || whole->len - at <= n;
  if (at > whole->len) at = whole->len;
  if (last) n = whole->len - at;
  wg_buf_char(&s->answer, last ? 'l' : 'm');
  wg_buf_add(&s->answer, whole->data + at, n);
}

// What is made anew whenever it is read from its start.
static void object(struct wg_gdb_session *s, struct wg_gdb_text t) {
  struct wg_gdb_text annex;
  bool again;
  if (wg_gdb_skip(&t, "features:read:")) {
    annex = wg_gdb_until(&t, ':');
    if (!wg_gdb_is(annex, "target.xml")) {
      wg_gdb_errno(s, 0);
      return;
    }
    if (s->features.len == 0) wg_gdb_put_features(&s->features);
    put_part(s, &s->features, t);
  } else if (wg_gdb_skip(&t, "memory-map:read::")) {
    if (s->map.len == 0) wg_gdb_put_map(&s->map);
    put_part(s, &s->map, t);
  } else if (wg_gdb_skip(&t, "threads:read::")) {
    again = t.end - t.at >= 2 && t.at[0] == '0' && t.at[1] == ',';
    if (again || s->threads.len == 0) {
      wg_buf_clear(&s->threads);
      wg_gdb_put_threads(s, &s->threads);
    }
    put_part(s, &s->threads, t);
  } else if (s->o->program && wg_gdb_skip(&t, "exec-file:read:")) {
    wg_gdb_until(&t, ':');
    struct wg_buf name = {0};
    wg_buf_printf(&name, "/wedge/%s.elf", s->o->name);
    put_part(s, &name, t);
    wg_buf_release(&name);
  }
}

// --- others -----------------------------------------------------------------------------------------------

static void supported(struct wg_gdb_session *s, struct wg_gdb_text t) {
  while (t.at < t.end) s->reports_breaks |= wg_gdb_is(wg_gdb_until(&t, ';'), "swbreak+");
  wg_buf_printf(&s->answer,
                "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;qXfer:threads:read+;"
                "vContSupported+;swbreak+;hwbreak+%s%s",
                WG_GDB_PACKET, s->target->reverses ? ";ReverseStep+;ReverseContinue+" : "",
                s->o->program ? ";qXfer:exec-file:read+" : "");
}

static void start_no_ack(struct wg_gdb_session *s, struct wg_gdb_text t) {
  (void)t;
  s->no_ack = true;
  wg_gdb_ok(s);
}

static void current(struct wg_gdb_session *s, struct wg_gdb_text t) {
  (void)t;
  wg_buf_printf(&s->answer, "QC%x", s->stop.tid);
}

// What gdb leaves when it goes stays as it is: so the run was there before.
static void attached(struct wg_gdb_session *s, struct wg_gdb_text t) {
  (void)t;
  wg_buf_char(&s->answer, '1');
}

static void thread_list(struct wg_gdb_session *s, struct wg_gdb_text t) {
  struct wg_here here;
  size_t n;
  (void)t;
  s->target->here(s->target->ctx, &here);
  uint32_t *list = wg_gdb_threads(wg_gdb_machine(s), &here, &n);
  for (size_t i = 0; i < n; i++) wg_buf_printf(&s->answer, "%c%x", i ? ',' : 'm', list[i]);
  free(list);
}
static void thread_list_more(struct wg_gdb_session *s, struct wg_gdb_text t) {
  (void)t;
  wg_buf_char(&s->answer, 'l');
}

static void thread_words(struct wg_gdb_session *s, struct wg_gdb_text t) {
  struct wg_buf words = {0};
  uint64_t tid;
  if (!wg_gdb_number(&t, &tid) || t.at != t.end || tid > UINT32_MAX) {
    wg_gdb_error(s, "qThreadExtraInfo: expected a thread");
    return;
  }
  wg_gdb_describe_thread(s, (uint32_t)tid, &words);
  wg_gdb_hex(words.data, words.len, &s->answer);
  wg_buf_release(&words);
}

static void region(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint64_t addr;
  if (wg_gdb_number(&t, &addr) && t.at == t.end)
    wg_gdb_region(s, addr);
  else
    wg_gdb_error(s, "qMemoryRegionInfo: expected an address in hexadecimal");
}

static void command(struct wg_gdb_session *s, struct wg_gdb_text t) {
  struct wg_buf line = {0};
  if (!wg_gdb_unhex(t, &line)) {
    wg_gdb_error(s, "qRcmd: expected pairs of hexadecimal digits");
  } else {
    wg_buf_char(&line, 0);
    wg_gdb_monitor(s, line.data);
  }
  wg_buf_release(&line);
}

static void ok(struct wg_gdb_session *s, struct wg_gdb_text t) {
  (void)t;
  wg_gdb_ok(s);
}

static const struct {
  const char *name;
  void (*answer)(struct wg_gdb_session *s, struct wg_gdb_text t);
} rows[] = {
    {"qSupported:", supported},
    {"qSupported", supported},
    {"QStartNoAckMode", start_no_ack},
    {"qXfer:", object},
    {"qfThreadInfo", thread_list},
    {"qsThreadInfo", thread_list_more},
    {"qThreadExtraInfo,", thread_words},
    {"qAttached", attached},
    {"qC", current},
    {"qMemoryRegionInfo:", region},
    {"qRcmd,", command},
    {"qSymbol:", ok},
};

void wg_gdb_query(struct wg_gdb_session *s, struct wg_gdb_text t) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct wg_gdb_text rest = t;
    if (!wg_gdb_skip(&rest, rows[i].name)) continue;
    char last = rows[i].name[strlen(rows[i].name) - 1];
    // A name that another one begins with is not it.
    if (last != ':' && last != ',' && rest.at < rest.end && *rest.at != ':') continue;
    rows[i].answer(s, rest);
    return;
  }
}
