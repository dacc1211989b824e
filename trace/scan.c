#include "trace/scan.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "trace/groups.h"
#include "trace/jsonl.h"
#include "trace/names.h"
#include "trace/pass.h"
#include "trace/reader.h"
#include "trace/source.h"
#include "trace/tids.h"
#include "trace/whole_call.h"

#define BATCH 512u               // events of a log at a time
#define GROUP_BYTES (256u << 20) // of the rows that a thread counts
#define MOST_HANDS 9u            // the threads of a pass, and the caller

// What is made of a chunk, in the order of its events.
struct made {
  struct wg_cell *cells;
  uint64_t *at; // of a row: its event, from 0 in the chunk
  size_t *text; // of a cell: where its text is
  size_t nrows, cap;
  struct wg_buf texts;
  uint64_t events, lines, blank, bad;
  uint64_t promised; // by the footer: how many events come before it
  bool promises;
  uint64_t first_bad; // line of the chunk, from 1
  char message[600];
  bool header, footer;
  bool odd;       // ends before an event that only the reader can place
  uint32_t *tids; // that the host thread had not met before
  size_t ntids;
  size_t ncolumns;
};

// What a host thread has for itself.
struct hand {
  struct wg_jsonl *json;
  struct wg_buf line, made;
  struct wg_groups groups;
  struct wg_tids threads;
};

struct wg_scan {
  struct wg_asked asked;
  int *columns;
  bool wants_line;
  char *path;
  struct hand hands[MOST_HANDS];
  enum wg_json_escapes escapes; // of its header
  struct wg_pass *pass;
  struct wg_reader *reader; // instead of a pass
  struct made log;          // of a reader
  atomic_bool overflow;

  struct made *now; // rows that are being given
  size_t row;
  uint64_t seq, lines; // events and lines before it
  bool over;           // all was read
  bool stopped;
  uint32_t *sorted; // ids of groups
  size_t ngroups;
  struct wg_cell *cells; // of a group

  bool is_trace, header, footer, promises;
  uint64_t promised, there; // events before the footer; lines that are not blank
  struct wg_tids threads;   // of the chunks so far
  uint64_t bad;
  char first_bad[800], stop[320], damage[1200];
};

// -- what is made of an event --

static bool equal(const struct wg_cell *a, const struct wg_cell *b) {
  if (a->type != b->type) return a->type != WG_CELL_NULL; // SQL may still find them equal: it asks again
  return a->type == WG_CELL_INT ? a->i == b->i : a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

static bool passes(const struct wg_test *t, const struct wg_cell *c) {
  if (t->op == WG_TEST_EQ) {
    for (size_t i = 0; i < t->n; i++)
      if (equal(c, &t->values[i])) return true;
    return false;
  }
  // What is no integer is compared by whoever asks.
  if (c->type != WG_CELL_INT) return c->type != WG_CELL_NULL;
  int64_t v = t->values[0].i;
  switch (t->op) {
  case WG_TEST_GT: return c->i > v;
  case WG_TEST_GE: return c->i >= v;
  case WG_TEST_LT: return c->i < v;
  default: return c->i <= v;
  }
}

static void grow_made(struct made *m) {
  m->cap = wg_vec_more(m->cap, m->cap + 1, sizeof *m->at);
  WG_VEC_MOVE(m->at, m->cap);
  WG_VEC_MOVE(m->cells, m->cap * m->ncolumns + 1);
  WG_VEC_MOVE(m->text, m->cap * m->ncolumns + 1);
}

struct place {
  const struct wg_event *e;
  const char *line;
  size_t n;
};

static void add_row(const struct wg_scan *s, struct hand *h, struct made *m, const struct place *p) {
  if (m->nrows == m->cap) grow_made(m);
  size_t first = m->nrows * m->ncolumns;
  for (size_t i = 0; i < s->asked.ncolumns; i++) {
    struct wg_cell *c = &m->cells[first + i];
    wg_column_cell(p->e, s->columns[i], p->line, p->n, &h->made, c);
    if (c->type != WG_CELL_TEXT) continue;
    m->text[first + i] = m->texts.len;
    wg_buf_add(&m->texts, c->text, c->n);
  }
  m->at[m->nrows++] = m->events;
}

static void count_row(struct wg_scan *s, struct hand *h, const struct place *p) {
  struct wg_cell c;
  wg_groups_begin(&h->groups);
  for (size_t i = 0; i < s->asked.ncolumns; i++) {
    wg_column_cell(p->e, s->columns[i], p->line, p->n, &h->made, &c);
    wg_groups_cell(&h->groups, &c);
  }
  wg_groups_end(&h->groups, 1);
  if (wg_groups_count(&h->groups) > WG_SCAN_GROUPS || h->groups.bytes > GROUP_BYTES) s->overflow = true;
}

static void take_made(struct wg_scan *s, struct hand *h, struct made *m, const struct place *p) {
  bool all = true;
  for (size_t i = 0; all && i < s->asked.ntests; i++) {
    struct wg_cell c;
    if (s->asked.tests[i].column == WG_COL_SEQ) continue; // known in order alone
    wg_column_cell(p->e, s->asked.tests[i].column, p->line, p->n, &h->made, &c);
    all = passes(&s->asked.tests[i], &c);
  }
  if (all && s->asked.groups)
    count_row(s, h, p);
  else if (all)
    add_row(s, h, m, p);
  m->events++;
}

// -- chunks of JSON Lines --

static void begin_made(struct made *m) {
  m->nrows = 0;
  m->events = m->lines = m->blank = m->bad = m->first_bad = 0;
  m->header = m->footer = m->odd = m->promises = false;
  m->ntids = 0;
  wg_buf_clear(&m->texts);
}

// Text has its place now.
static void settle(struct made *m) {
  for (size_t i = 0; i < m->nrows * m->ncolumns; i++)
    if (m->cells[i].type == WG_CELL_TEXT) m->cells[i].text = m->texts.data + m->text[i];
}

static void refuse_line(struct made *m, const char *what) {
  if (m->bad++) return;
  m->first_bad = m->lines;
  snprintf(m->message, sizeof m->message, "%s", what);
}

// A header that is not the first event, or what follows a footer, may be of another trace, and a call that is told with
// what it returned, or one without a name, is not what its line says: that is the reader's to tell.
static bool is_odd(struct made *m, const struct wg_event *e, bool first) {
  m->odd = m->footer || (e->kind == WG_EV_TRACE_HEADER && !first) || wg_call_is_whole(e) || wg_names_lacks(e);
  m->footer |= e->kind == WG_EV_TRACE_FOOTER;
  if (m->footer && !m->odd) m->promises = wg_promised_events(e, &m->promised);
  m->header |= e->kind == WG_EV_TRACE_HEADER;
  return m->odd;
}

static void meet_threads(struct hand *h, struct made *m, const struct wg_event *e) {
  uint32_t tids[2];
  for (unsigned i = 0, n = wg_tids_of(e, tids); i < n; i++) {
    if (wg_tids_see(&h->threads, tids[i]) == WG_TID_KNOWN) continue;
    WG_VEC_NEXT(m->tids, m->ntids);
    m->tids[m->ntids++] = tids[i];
  }
}

// More threads than a trace may have.
static bool too_many_threads(struct wg_scan *s, const struct made *m) {
  bool too_many = false;
  for (size_t i = 0; i < m->ntids; i++) too_many |= wg_tids_see(&s->threads, m->tids[i]) == WG_TID_TOO_MANY;
  return too_many;
}

// False: what follows is not to be looked at.
static bool work_line(struct wg_scan *s, struct hand *h, struct wg_chunk *c, char *line, size_t n) {
  struct wg_event e;
  struct wg_err err = {0};
  struct made *m = c->made;
  m->lines++;
  if (wg_json_is_blank(line, n)) {
    m->blank++;
    return true;
  }
  if (s->wants_line) {
    wg_buf_clear(&h->line);
    wg_buf_add(&h->line, line, n);
  }
  if (!wg_jsonl_quick(h->json, line, n, &e) && wg_jsonl_careful(h->json, line, n, &e, &err) < 0) {
    refuse_line(m, err.msg);
    return true;
  }
  if (is_odd(m, &e, c->number == 0 && m->events == 0)) return false;
  meet_threads(h, m, &e);
  take_made(s, h, m, &(struct place){&e, h->line.data, h->line.len});
  return true;
}

static void read_chunk(void *ctx, unsigned thread, struct wg_chunk *c) {
  struct wg_scan *s = ctx;
  struct made *m = c->made;
  begin_made(m);
  if (c->after_long) {
    char words[80];
    m->lines++;
    snprintf(words, sizeof words, "is longer than %u bytes", WG_PASS_LINE);
    refuse_line(m, words);
  }
  bool more = true;
  for (char *p = c->text, *end = p + c->n; p < end && more && !s->overflow;) {
    char *newline = memchr(p, '\n', (size_t)(end - p));
    if (newline == NULL) newline = end; // the last line of a file
    *newline = 0;
    more = work_line(s, &s->hands[thread], c, p, (size_t)(newline - p));
    p = newline + 1;
  }
  settle(m);
}

static void *make(void *ctx) {
  const struct wg_scan *s = ctx;
  struct made *m = wg_xcalloc(1, sizeof *m);
  m->ncolumns = s->asked.ncolumns;
  return m;
}

static void empty(struct made *m) {
  free(m->cells);
  free(m->at);
  free(m->text);
  free(m->tids);
  wg_buf_release(&m->texts);
}

static void free_made(void *made) {
  empty(made);
  free(made);
}

// -- damage, in the order of the file --

static void describe_made(struct wg_scan *s) {
  char further[64] = "";
  if (s->bad > 1)
    snprintf(further, sizeof further, " (and %llu further damaged line%s)", (unsigned long long)s->bad - 1,
             s->bad > 2 ? "s" : "");
  snprintf(s->damage, sizeof s->damage, "%s%s%s%s", s->first_bad, further, s->bad && s->stop[0] ? "; " : "", s->stop);
}

static void account(struct wg_scan *s, struct made *m) {
  if ((s->footer && m->events) || too_many_threads(s, m)) {
    m->odd = true;
    m->nrows = m->events = m->bad = 0;
  }
  if (m->bad && s->bad == 0)
    snprintf(s->first_bad, sizeof s->first_bad, "line %llu%s %s", (unsigned long long)s->lines + m->first_bad,
             strncmp(m->message, "is longer", 9) == 0 ? "" : ":", m->message);
  s->bad += m->bad;
  s->header |= m->header;
  s->footer |= m->footer;
  s->there += m->lines - m->blank;
  s->promises |= m->promises;
  if (m->promises) s->promised = m->promised;
}

// The last line of a trace, if it is not whole, was cut off while being written.
static struct made *cut_line(struct wg_scan *s) {
  struct wg_chunk *c = wg_pass_rest(s->pass);
  const char *damage = wg_pass_damage(s->pass);
  bool whole = c && (!(s->is_trace || s->header || damage) || wg_json_closes(c->text, c->n));
  if (damage) snprintf(s->stop, sizeof s->stop, "%s", damage);
  if (c && c->n && !whole && !damage)
    snprintf(s->stop, sizeof s->stop, "truncated in line %llu",
             (unsigned long long)s->lines + 1 + (c->after_long ? 1 : 0));
  if (c && !whole) c->n = 0;
  if (c == NULL || (c->n == 0 && !c->after_long)) return NULL;
  read_chunk(s, MOST_HANDS - 1, c);
  return c->made;
}

static void end_scan(struct wg_scan *s) {
  s->over = true;
  if ((s->is_trace || s->header) && !s->footer && s->stop[0] == 0)
    snprintf(s->stop, sizeof s->stop, "no trace.footer: the run did not end cleanly");
  if ((s->is_trace || s->header) && s->promises && s->there != s->promised + 1 && s->stop[0] == 0)
    snprintf(s->stop, sizeof s->stop, WG_READER_MISCOUNT, (unsigned long long)s->promised,
             (unsigned long long)s->there - 1);
  describe_made(s);
}

// -- batches --

// Tells how far it is, and asks whether to go on.
static bool stop_asked(struct wg_scan *s) {
  const struct wg_scan_watch *w = s->asked.watch;
  if (w && w->progress) {
    uint64_t of = 0, at = s->reader ? wg_reader_at(s->reader, &of) : wg_pass_at(s->pass, &of);
    w->progress(w->ctx, at, of);
  }
  s->stopped |= w && w->go_on && !w->go_on();
  return s->stopped;
}

static bool from_reader(struct wg_scan *s) {
  struct made *m = &s->log;
  struct hand *h = &s->hands[0];
  struct wg_event e;
  begin_made(m);
  while (m->events < BATCH && wg_reader_next(s->reader, &e)) {
    wg_buf_clear(&h->line);
    if (s->wants_line) wg_ev_encode_foreign(&e, &h->line);
    take_made(s, h, m, &(struct place){&e, h->line.data ? h->line.data : "", h->line.len ? h->line.len - 1 : 0});
  }
  settle(m);
  if (m->events) return true;
  s->over = true;
  const char *damage = wg_reader_damage(s->reader);
  if (damage) snprintf(s->damage, sizeof s->damage, "%s", damage);
  return false;
}

// From here on by the reader; of groups all is counted again.
static bool go_over_to_reader(struct wg_scan *s) {
  struct wg_event e;
  struct wg_err unsaid = {0};
  wg_pass_close(s->pass);
  s->pass = NULL;
  s->now = NULL;
  if (s->asked.groups) {
    for (unsigned i = 0; i < MOST_HANDS; i++) wg_groups_release(&s->hands[i].groups);
    s->seq = 0;
  }
  const struct wg_reading how = {.mapping = s->asked.reading ? s->asked.reading->mapping : NULL, .through = true};
  if (wg_reader_open_as(&s->reader, s->path, &how, &unsaid) != WG_OK) {
    snprintf(s->damage, sizeof s->damage, "%s", unsaid.msg);
    s->over = true;
    return false;
  }
  for (uint64_t i = 0; i < s->seq && wg_reader_next(s->reader, &e); i++)
    if (i % BATCH == 0 && stop_asked(s)) return false;
  return true;
}

static bool from_pass(struct wg_scan *s) {
  struct wg_chunk *c = wg_pass_next(s->pass);
  s->now = c ? c->made : cut_line(s);
  if (s->now) account(s, s->now);
  if (c == NULL && !(s->now && s->now->odd)) end_scan(s);
  return s->now != NULL;
}

// More rows, or groups counted.
static bool fetch_batch(struct wg_scan *s) {
  if (s->over || stop_asked(s) || s->overflow) return false;
  bool odd = s->now && s->now->odd;
  if (s->now) {
    s->seq += s->now->events;
    s->lines += s->now->lines;
  }
  s->row = 0;
  s->now = NULL;
  if (odd && !go_over_to_reader(s)) return false;
  if (s->reader == NULL) return from_pass(s);
  if (from_reader(s)) s->now = &s->log;
  return s->now != NULL;
}

static void count_all(struct wg_scan *s) {
  while (fetch_batch(s)) {
  }
  for (unsigned i = 1; i < MOST_HANDS; i++) {
    wg_groups_merge(&s->hands[0].groups, &s->hands[i].groups);
    wg_groups_release(&s->hands[i].groups);
  }
  s->sorted = wg_groups_sorted(&s->hands[0].groups, s->asked.ncolumns);
  s->ngroups = wg_groups_count(&s->hands[0].groups);
}

static bool next_group(struct wg_scan *s, struct wg_scan_row *row) {
  if (s->sorted == NULL) count_all(s);
  if (s->row == s->ngroups || s->stopped || s->overflow) return false;
  uint32_t id = s->sorted[s->row++];
  wg_groups_get(&s->hands[0].groups, id, s->cells, s->asked.ncolumns);
  *row = (struct wg_scan_row){s->row, s->cells, s->hands[0].groups.times[id]};
  return true;
}

bool wg_scan_next(struct wg_scan *s, struct wg_scan_row *row) {
  if (s->asked.groups) return next_group(s, row);
  while (s->now == NULL || s->row == s->now->nrows)
    if (!fetch_batch(s)) return false;
  size_t i = s->row++;
  *row = (struct wg_scan_row){s->seq + s->now->at[i] + 1, s->now->cells + i * s->now->ncolumns, 1};
  return true;
}

bool wg_scan_overflowed(const struct wg_scan *s) { return s->overflow; }
bool wg_scan_stopped(const struct wg_scan *s) { return s->stopped; }
const char *wg_scan_damage(const struct wg_scan *s) { return s->damage[0] ? s->damage : NULL; }

// -- opening --

// Whether it says itself that it is a trace, as the reader sees it.
static int look_inside(struct wg_scan *s, struct wg_err *err) {
  struct wg_source *source;
  static const char header[] = "{\"kind\":\"trace.header\"";
  struct wg_buf head = {0};
  size_t n = 0;
  WG_TRY(wg_source_open(&source, s->path, err));
  const char *block;
  while (head.len < sizeof header + 3 && (block = wg_source_next(source, &n)) != NULL) wg_buf_add(&head, block, n);
  size_t skip = head.len >= 3 && memcmp(head.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  s->is_trace = head.len - skip >= sizeof header && memcmp(head.data + skip, header, sizeof header - 1) == 0;
  wg_buf_release(&head);
  wg_source_close(source);
  return WG_OK;
}

static int open_pass(struct wg_scan *s, struct wg_err *err) {
  struct wg_pass_work w = {make, free_made, read_chunk, s};
  unsigned threads = wg_pass_threads();
  for (unsigned i = 0; i < MOST_HANDS; i++) {
    s->hands[i].json = wg_xcalloc(1, sizeof *s->hands[i].json);
    wg_jsonl_init(s->hands[i].json);
    s->hands[i].json->escapes = s->escapes;
  }
  return wg_pass_open(&s->pass, s->path, threads > 1 ? threads : 0, &w, err);
}

int wg_scan_open(struct wg_scan **out, const char *path, const struct wg_asked *asked, struct wg_err *err) {
  struct wg_scan *s = wg_xcalloc(1, sizeof *s);
  s->asked = *asked;
  s->path = wg_xstrdup(path);
  s->columns = wg_xcalloc(asked->ncolumns, sizeof *s->columns);
  s->cells = wg_xcalloc(asked->ncolumns, sizeof *s->cells);
  if (asked->ncolumns) memcpy(s->columns, asked->columns, asked->ncolumns * sizeof *s->columns);
  for (size_t i = 0; i < asked->ncolumns; i++) s->wants_line |= s->columns[i] == WG_COL_LINE;
  s->log.ncolumns = asked->ncolumns;
  struct wg_reading how = {.mapping = asked->reading ? asked->reading->mapping : NULL, .through = true};
  int code = wg_reader_open_as(&s->reader, path, &how, err);
  bool mapped = asked->reading && asked->reading->mapping;
  if (code == WG_OK && !mapped && strcmp(wg_reader_format(s->reader), "jsonl") == 0 &&
      !wg_reader_completes(s->reader)) {
    struct wg_event e;
    if (wg_reader_next(s->reader, &e) == 1 && e.kind == WG_EV_TRACE_HEADER) s->escapes = wg_jsonl_escapes(&e);
    wg_reader_close(s->reader);
    s->reader = NULL;
    code = look_inside(s, err);
    if (code == WG_OK) code = open_pass(s, err);
  }
  if (code == WG_OK)
    *out = s;
  else
    wg_scan_close(s);
  return code;
}

void wg_scan_close(struct wg_scan *s) {
  if (s == NULL) return;
  wg_pass_close(s->pass);
  wg_reader_close(s->reader);
  for (unsigned i = 0; i < MOST_HANDS; i++) {
    struct hand *h = &s->hands[i];
    if (h->json) wg_jsonl_release(h->json);
    free(h->json);
    wg_buf_release(&h->line);
    wg_buf_release(&h->made);
    wg_groups_release(&h->groups);
    wg_tids_release(&h->threads);
  }
  wg_tids_release(&s->threads);
  empty(&s->log);
  free(s->sorted);
  free(s->columns);
  free(s->cells);
  free(s->path);
  free(s);
}
