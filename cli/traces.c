// wedge info of a trace or log: what became of its lines, what its events are, whether each thread's come in order.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/map.h"
#include "base/printable.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "emu/vfs/image.h"
#include "trace/reader.h"
#include "trace/unread.h"

#define OTHERS 32 // kinds that are none of ours, by name
#define NAMES 64  // of threads, in words

struct other {
  char *name;
  uint64_t n;
};

// Whether numbers go on by one.
struct order {
  uint64_t breaks; // places where they do not
  uint32_t tid;    // the first of them: there `idx` came instead of `expected`, in `line`
  uint64_t expected, idx, line;
};

// A thread that is told by its name.
struct named {
  uint32_t tid;
  char *name;
};

struct account {
  uint64_t events, kinds[WG_EV_OTHER];
  struct other others[OTHERS];
  size_t nothers;
  uint64_t further; // of yet other kinds
  uint64_t last_ns;
  struct wg_map next; // tid: its next idx
  bool mapped;
  struct order by_thread, of_all; // of_all: the numbers count the events of all threads, as some engines' do
  uint64_t next_of_all;
  struct wg_map is_named; // tid: 1
  struct named *named;
  size_t nnamed, named_cap;
};

static void count_other(struct account *a, const char *kind) {
  for (size_t i = 0; i < a->nothers; i++)
    if (strcmp(a->others[i].name, kind) == 0) {
      a->others[i].n++;
      return;
    }
  if (a->nothers == OTHERS)
    a->further++;
  else
    a->others[a->nothers++] = (struct other){wg_xstrdup(kind), 1};
}

static void see_order(struct order *o, const struct wg_reader *r, const struct wg_event *e, uint64_t expected) {
  if (e->idx == expected || o->breaks++) return;
  o->tid = e->tid;
  o->expected = expected;
  o->idx = e->idx;
  o->line = wg_reader_lineno(r);
}

static const struct order *order_of(const struct account *a) {
  return a->mapped && a->of_all.breaks < a->by_thread.breaks ? &a->of_all : &a->by_thread;
}

static void see_name(struct account *a, const struct wg_event *e) {
  uint64_t unused;
  const struct wg_field *name = wg_ev_thread_name(e);
  if (name == NULL || wg_map_get(&a->is_named, e->tid, &unused)) return;
  struct wg_buf b = {0};
  wg_buf_printable(&b, name->s, name->n, 80);
  WG_VEC_ROOM(a->named, a->named_cap, a->nnamed + 1);
  a->named[a->nnamed++] = (struct named){e->tid, wg_xstrdup(b.data)};
  wg_map_put(&a->is_named, e->tid, 1);
  wg_buf_release(&b);
}

static void count_event(struct account *a, const struct wg_reader *r, const struct wg_event *e) {
  uint64_t next = 0;
  a->events++;
  if (e->host_ns > a->last_ns) a->last_ns = e->host_ns;
  if (e->kind == WG_EV_OTHER)
    count_other(a, e->kind_name);
  else
    a->kinds[e->kind]++;
  if (e->kind == WG_EV_TRACE_HEADER || e->kind == WG_EV_TRACE_FOOTER) return; // no thread's
  if (wg_reader_is_second(r)) return;                                         // of its call's number
  bool known = wg_map_get(&a->next, e->tid, &next);
  if (a->mapped || !known) see_name(a, e);
  if (known) see_order(&a->by_thread, r, e, next);
  if (wg_map_count(&a->next)) see_order(&a->of_all, r, e, a->next_of_all);
  wg_map_put(&a->next, e->tid, e->idx + 1);
  a->next_of_all = e->idx + 1;
}

static unsigned long long ull(uint64_t v) { return v; }

// Events beyond one a line: where threads wrote into each other's lines.
static uint64_t several(const struct account *a, const struct wg_line_counts *l) {
  uint64_t own = l->events + l->kept + l->whole_calls;
  return a->events > own ? a->events - own : 0;
}

static void put_thread_names(const struct account *a, struct wg_buf *b) {
  if (a->nnamed == 0) return;
  wg_json_key(b, "thread_names");
  wg_buf_char(b, '{');
  for (size_t i = 0; i < a->nnamed; i++) {
    wg_buf_printf(b, "%s\"%u\":", i ? "," : "", a->named[i].tid);
    wg_buf_json(b, a->named[i].name, strlen(a->named[i].name));
  }
  wg_buf_char(b, '}');
}

static void print_names(const struct account *a) {
  size_t told = a->nnamed < NAMES ? a->nnamed : NAMES;
  for (size_t i = 0; i < told; i++) wg_cli_printf("thread %u is called \"%s\"\n", a->named[i].tid, a->named[i].name);
  if (told < a->nnamed) wg_cli_printf("and %zu more threads have names (--json tells all)\n", a->nnamed - told);
}

static void print_json(const struct account *a, const struct wg_reader *r, const char *path) {
  struct wg_line_counts l;
  struct wg_buf b = {0};
  wg_reader_lines(r, &l);
  wg_buf_char(&b, '{');
  wg_json_str(&b, "trace", path);
  wg_json_str(&b, "format", wg_reader_format(r));
  wg_json_key(&b, "lines");
  wg_buf_char(&b, '{');
  wg_json_u64(&b, "all", l.all);
  wg_json_u64(&b, "events", l.events - a->kinds[WG_EV_GUEST_PRINT]);
  wg_json_u64(&b, "prints", a->kinds[WG_EV_GUEST_PRINT]);
  wg_json_u64(&b, "kept", l.kept);
  wg_json_u64(&b, "blank", l.blank);
  wg_json_u64(&b, "damaged", l.damaged);
  wg_json_u64(&b, "beyond", l.beyond);
  wg_json_u64(&b, "events_beyond_one_a_line", several(a, &l));
  if (l.whole_calls) wg_json_u64(&b, "calls_with_their_returns", l.whole_calls);
  if (l.torn) wg_json_u64(&b, "torn", l.torn);
  if (l.cut_calls) wg_json_u64(&b, "cut_calls", l.cut_calls);
  if (l.damaged) wg_json_u64(&b, "first_damaged_line", l.bad_line);
  if (l.damaged) wg_json_u64(&b, "first_damaged_byte", l.bad_at);
  wg_buf_char(&b, '}');
  wg_json_str(&b, "damage", wg_reader_damage(r) ? wg_reader_damage(r) : "");
  wg_json_u64(&b, "events", a->events);
  wg_json_u64(&b, "threads", wg_map_count(&a->next));
  wg_json_u64(&b, "last_ns", a->last_ns);
  wg_json_u64(&b, "out_of_order", order_of(a)->breaks);
  wg_json_key(&b, "kinds");
  wg_buf_char(&b, '{');
  for (int i = 0; i < WG_EV_OTHER; i++)
    if (a->kinds[i]) wg_json_u64(&b, wg_kind_name(&(struct wg_event){.kind = (enum wg_kind)i}), a->kinds[i]);
  for (size_t i = 0; i < a->nothers; i++) {
    if (b.data[b.len - 1] != '{') wg_buf_char(&b, ',');
    wg_buf_json(&b, a->others[i].name, strlen(a->others[i].name));
    wg_buf_printf(&b, ":%llu", ull(a->others[i].n));
  }
  wg_buf_char(&b, '}');
  if (a->further) wg_json_u64(&b, "other_kinds", a->further);
  put_thread_names(a, &b);
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static void print_text(const struct account *a, const struct wg_reader *r, const char *path) {
  struct wg_line_counts l;
  wg_reader_lines(r, &l);
  wg_cli_printf("%s: %s, %llu events%s of %zu threads up to %.6f s\n", path, wg_reader_format(r), ull(a->events),
                a->kinds[WG_EV_TRACE_FOOTER] ? ", the trace's footer among them," : "", wg_map_count(&a->next),
                (double)a->last_ns / 1e9);
  wg_cli_printf("%llu lines = %llu events + %llu prints + %llu kept + %llu blank + %llu damaged", ull(l.all),
                ull(l.events - a->kinds[WG_EV_GUEST_PRINT]), ull(a->kinds[WG_EV_GUEST_PRINT]), ull(l.kept),
                ull(l.blank), ull(l.damaged));
  if (l.beyond) wg_cli_printf(" + %llu of another trace", ull(l.beyond));
  wg_cli_printf("\n");
  if (several(a, &l))
    wg_cli_printf("events in lines that hold another one: %llu%s\n", ull(several(a, &l)),
                  a->mapped ? "" : "; threads wrote into each other's lines");
  if (l.whole_calls)
    wg_cli_printf("calls in one line with what they returned, which are two events: %llu\n", ull(l.whole_calls));
  if (wg_reader_damage(r)) wg_cli_printf("damage: %s\n", wg_reader_damage(r));
  if (l.damaged) wg_cli_printf("the first damaged line is %llu, at byte %llu\n", ull(l.bad_line), ull(l.bad_at));
  const struct order *o = order_of(a);
  if (o->breaks)
    wg_cli_printf(
        "out of order: in line %llu thread %u has event %llu where %llu should be (%llu such place%s): lines are "
        "missing, twice there or moved\n",
        ull(o->line), o->tid, ull(o->idx), ull(o->expected), ull(o->breaks), o->breaks == 1 ? "" : "s");
  print_names(a);
  for (int i = 0; i < WG_EV_OTHER; i++)
    if (a->kinds[i])
      wg_cli_printf("%12llu %s\n", ull(a->kinds[i]), wg_kind_name(&(struct wg_event){.kind = (enum wg_kind)i}));
  for (size_t i = 0; i < a->nothers; i++) wg_cli_printf("%12llu %s (kept)\n", ull(a->others[i].n), a->others[i].name);
  if (a->further) wg_cli_printf("%12llu of other kinds (kept)\n", ull(a->further));
}

int wg_cli_trace(const char *path, const struct wg_reading *reading, bool json, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  struct account a = {0};
  const struct wg_reading how = {.mapping = reading->mapping, .through = true, .or_title = true};
  WG_TRY(wg_reader_open_as(&r, path, &how, err));
  a.mapped = wg_reader_maps(r);
  while (wg_reader_next(r, &e)) count_event(&a, r, &e);
  if (json)
    print_json(&a, r, path);
  else
    print_text(&a, r, path);
  for (size_t i = 0; i < a.nothers; i++) free(a.others[i].name);
  for (size_t i = 0; i < a.nnamed; i++) free(a.named[i].name);
  free(a.named);
  wg_map_release(&a.is_named);
  wg_map_release(&a.next);
  wg_reader_close(r);
  return WG_OK;
}

// By its first bytes: a program; neither a program, a disc image nor a package, but text of any kind, also none, or
// packed; or what its first bytes do not tell.
enum beginning { PROGRAM, TEXT, UNTOLD };

static enum beginning beginning_of(const char *path) {
  char head[512];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, head, sizeof head) : -1;
  if (fd >= 0) close(fd);
  if (got < 0) return UNTOLD;
  size_t n = (size_t)got;
  bool xex = n >= 4 && memcmp(head, "XEX", 3) == 0 && (head[3] == '1' || head[3] == '2');
  if (xex || (n >= 4 && wg_load_le32(head) == 0x464C457Fu)) return PROGRAM;
  bool text = memchr(head, 0, n) == NULL || wg_wide_text(head, n) != NULL || wg_no_text(head, n) != NULL;
  return text ? TEXT : UNTOLD;
}

bool wg_cli_is_trace(const char *path) {
  struct stat st;
  if (strcmp(path, "-") == 0) return true;
  if (stat(path, &st) != 0 || S_ISDIR(st.st_mode)) return false;
  enum beginning is = S_ISREG(st.st_mode) ? beginning_of(path) : TEXT;
  return is == TEXT || (is == UNTOLD && !wg_is_image(path));
}
