#include "trace/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "trace/importers.h"
#include "trace/mapping.h"
#include "trace/names.h"
#include "trace/source.h"
#include "trace/tids.h"
#include "trace/unread.h"
#include "trace/whole_call.h"

#define MAX_LINE (64u << 20)
#define PROBE 4096u
#define WHOLE_LINE (1u << 20) // of the first line, so much is waited for
#define FIRST_LINES 64u       // among which the first event is looked for, to see its schema
#define LINES_OF_CALLS 1000u  // among which the first calls and returns are looked for, to see how they are told

struct wg_reader {
  struct wg_source *source;
  char *block; // text not yet consumed: block[pos..len)
  size_t pos, len;
  uint64_t base;       // of the text: where the block begins
  struct wg_buf first; // what the importer was chosen by
  struct wg_buf carry; // a line that began in an earlier block
  bool eof, through, or_title, left_out;
  uint64_t line_at; // of the text: where the current line begins
  struct wg_line_counts lines;
  uint64_t *line_is; // which of `lines` counts the current line; NULL: none yet
  bool pending;      // it holds further events
  char *line;
  size_t line_len;
  bool saw_event, saw_footer, is_trace, cut; // cut: the last line has no end
  bool promises;                             // the footer tells how many events come before it
  uint64_t promised;
  struct wg_tids threads; // those that events were of
  struct wg_names names;
  bool lacks_names, has_whole_calls;
  bool owes_return, is_second; // of a call that was told with it
  struct wg_event its_return;
  char bad[800];                // the first malformed line
  char stop[640];               // why the text ended early
  char damage[1900];            // both, what is torn and who shares a name, in words
  uint64_t torn_line, cut_line; // the first
  uint64_t held_line;           // where the event begins that is held
  bool held;
  uint64_t shared, shared_line; // threads of a name that another one has, and where the first is
  struct wg_err err;            // of the current line
  const struct wg_importer *importer;
  struct wg_mapping *mapping;
  void *state;
};

// The current line, or what there was of it so far, is counted by `is`: damage tells most of a line, then what we know.
static int told_by(const struct wg_reader *r, const uint64_t *is) {
  return is == &r->lines.damaged ? 3 : is == &r->lines.events ? 2 : is == &r->lines.kept;
}

static void count_line(struct wg_reader *r, uint64_t *is) {
  if (r->line_is && told_by(r, is) <= told_by(r, r->line_is)) return;
  if (r->line_is) --*r->line_is;
  r->line_is = is;
  ++*is;
}

static void stopped(struct wg_reader *r, const char *fmt, ...) WG_PRINTF(2, 3);
static void stopped(struct wg_reader *r, const char *fmt, ...) {
  r->eof = true;
  if (r->stop[0]) return;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(r->stop, sizeof r->stop, fmt, ap);
  va_end(ap);
}

static void damaged_line(struct wg_reader *r) {
  if (r->lines.damaged == 0) {
    r->lines.bad_line = r->lines.all;
    r->lines.bad_at = r->line_at;
  }
  count_line(r, &r->lines.damaged);
}

// The current line is passed over: `why`.
static void bad_line(struct wg_reader *r, const char *why) {
  if (r->lines.damaged == 0)
    snprintf(r->bad, sizeof r->bad, "line %llu: %s (at byte %llu)", (unsigned long long)r->lines.all, why,
             (unsigned long long)r->line_at);
  damaged_line(r);
}

static bool next_block(struct wg_reader *r) {
  r->base += r->len;
  char *block = r->eof ? NULL : wg_source_next(r->source, &r->len);
  r->pos = 0;
  if (block) {
    r->block = block;
    return true;
  }
  r->len = 0;
  r->eof = true;
  const char *damage = wg_source_damage(r->source);
  if (damage) stopped(r, "%s", damage);
  return false;
}

static inline void begin_line(struct wg_reader *r) {
  r->lines.all++;
  r->line_is = NULL;
}

static char *take(struct wg_reader *r, char *newline, size_t *n) {
  char *start = r->block + r->pos;
  *newline = 0;
  *n = (size_t)(newline - start);
  r->line_at = r->base + r->pos;
  r->pos = (size_t)(newline - r->block) + 1;
  wg_source_soon(newline + 512);
  begin_line(r);
  return start;
}

static char *last_line(struct wg_reader *r, size_t *n) {
  if (r->carry.len == 0) return NULL;
  begin_line(r);
  if ((r->is_trace || r->stop[0]) && !wg_json_closes(r->carry.data, r->carry.len)) {
    // It was cut off while being written. One that is whole lacks nothing but its newline.
    damaged_line(r);
    r->cut = true;
    stopped(r, "truncated in line %llu", (unsigned long long)r->lines.all);
    return NULL;
  }
  *n = r->carry.len;
  return r->carry.data;
}

// The next line when the block does not hold all of it.
static char *line_across(struct wg_reader *r, size_t *n) {
  bool too_long = false;
  wg_buf_clear(&r->carry);
  r->line_at = r->base + r->pos;
  for (;;) {
    char *start = r->block + r->pos;
    size_t left = r->len - r->pos;
    char *newline = left ? memchr(start, '\n', left) : NULL;
    if (newline && r->carry.len == 0 && !too_long) return take(r, newline, n);
    size_t part = newline ? (size_t)(newline - start) : left;
    too_long = too_long || r->carry.len + part > MAX_LINE;
    if (too_long) {
      wg_buf_clear(&r->carry);
    } else {
      wg_buf_reserve(&r->carry, part + WG_SOURCE_SLACK);
      wg_buf_add(&r->carry, start, part);
    }
    r->pos += part + (newline != NULL);
    bool ended = newline == NULL && !next_block(r);
    if (too_long && (newline || ended)) {
      char why[64];
      snprintf(why, sizeof why, "longer than %u bytes", MAX_LINE);
      begin_line(r);
      bad_line(r, why);
      r->line_at = r->base + r->pos;
      too_long = false;
    } else if (newline) {
      begin_line(r);
      *n = r->carry.len;
      return r->carry.data;
    }
    if (ended) return last_line(r, n);
  }
}

static inline char *any_line(struct wg_reader *r, size_t *n) {
  char *newline = r->pos < r->len ? memchr(r->block + r->pos, '\n', r->len - r->pos) : NULL;
  return newline ? take(r, newline, n) : line_across(r, n);
}

// What follows the current line is not read; `left_out` lines are left out already.
static void leave_out_rest(struct wg_reader *r, uint64_t left_out, const char *but) {
  size_t n;
  while (any_line(r, &n)) count_line(r, &r->lines.beyond), left_out++;
  r->left_out = left_out > 0;
  if (left_out == 0) return;
  size_t said = strlen(r->stop);
  snprintf(r->stop + said, sizeof r->stop - said,
           "%s%llu line%s from there on left out, as what came before is not known", but, (unsigned long long)left_out,
           left_out == 1 ? " is" : "s are");
}

// The current line is one that a corrupt place has cut, or lies behind it: so does the rest. The cut one counts as
// damaged.
static char *end_at_hole(struct wg_reader *r) {
  bool cut = r->line_at < wg_source_hole(r->source);
  if (cut)
    damaged_line(r);
  else
    count_line(r, &r->lines.beyond);
  leave_out_rest(r, !cut, ", but ");
  return NULL;
}

static inline char *next_line(struct wg_reader *r, size_t *n) {
  char *line = any_line(r, n);
  if (line == NULL || r->through || r->line_at + *n < wg_source_hole(r->source)) return line;
  return end_at_hole(r);
}

bool wg_line_is_footer(const char *line) {
  static const char head[] = "{\"kind\":\"trace.footer\"";
  return strncmp(line, head, sizeof head - 1) == 0;
}

const char *wg_reader_line(struct wg_reader *r, size_t *n) { return next_line(r, n); }

bool wg_promised_events(const struct wg_event *footer, uint64_t *n) {
  return wg_ev_get(footer, WG_K_SHA256) && wg_ev_u64(footer, WG_K_EVENTS, n);
}

static void see_torn(struct wg_reader *r, const struct wg_event *e) {
  const struct wg_field *f = e->nfields ? &e->fields[e->nfields - 1] : NULL;
  if (f == NULL || f->key != WG_K_OTHER || r->importer->maps) return;
  bool torn = e->kind == WG_EV_OTHER && strcmp(f->name, "torn") == 0;
  bool cut = e->kind == WG_EV_KERNEL_CALL && strcmp(f->name, "cut") == 0;
  if (torn && r->lines.torn++ == 0) r->torn_line = r->lines.all;
  if (cut && r->lines.cut_calls++ == 0) r->cut_line = r->held_line;
}

static void see_shared(struct wg_reader *r, const struct wg_event *e) {
  if (!r->importer->maps) return;
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if (f->key != WG_K_OTHER || f->type != WG_F_BOOL || strcmp(f->name, WG_SHARED_NAME) != 0) continue;
    if (r->shared++ == 0) r->shared_line = r->lines.all;
  }
}

static int at_end(struct wg_reader *r, struct wg_event *e) {
  if (r->importer->end && r->importer->end(r->state, e)) {
    see_torn(r, e);
    return 1;
  }
  if (r->is_trace && !r->saw_footer && r->stop[0] == 0) stopped(r, "no trace.footer: the run did not end cleanly");
  uint64_t there = r->lines.all - r->lines.blank - r->lines.beyond;
  if (r->saw_footer && r->promises && there != r->promised + 1)
    stopped(r, WG_READER_MISCOUNT, (unsigned long long)r->promised, (unsigned long long)there - 1);
  return 0;
}

// Of a header that names no schema, or ours: NULL; else the words for it.
static const char *other_schema(const struct wg_event *e, char words[96]) {
  const struct wg_field *f = wg_ev_get(e, WG_K_SCHEMA);
  uint64_t schema;
  bool number = wg_ev_u64(e, WG_K_SCHEMA, &schema);
  if (f == NULL || (number && schema == WG_SCHEMA)) return NULL;
  if (number && f->type == WG_F_SDEC)
    snprintf(words, 96, "schema %lld; this version reads schema %d", (long long)f->i, WG_SCHEMA);
  else if (number)
    snprintf(words, 96, "schema %llu; this version reads schema %d", (unsigned long long)schema, WG_SCHEMA);
  else
    snprintf(words, 96, "a schema that is no number; this version reads schema %d", WG_SCHEMA);
  return words;
}

// Passes over what is left, and counts it.
static void pass_over_rest(struct wg_reader *r) {
  size_t n;
  r->eof = false; // there is more of it
  do count_line(r, &r->lines.beyond);
  while (next_line(r, &n));
  r->eof = true;
}

static void another_begins(struct wg_reader *r, const char *what) {
  unsigned long long line = r->lines.all, byte = r->line_at;
  stopped(r, "line %llu: another %s begins (at byte %llu); it is not read, `tail -n +%llu` gives it", line, what, byte,
          line);
}

// The first event of a trace is its header, its last one the footer. Who concatenates traces has several runs in one
// file, each with threads, handles and times of its own: what follows would be taken for more of the first.
static bool is_another_trace(struct wg_reader *r, const struct wg_event *e) {
  char words[96];
  bool header = e->kind == WG_EV_TRACE_HEADER;
  unsigned long long line = r->lines.all, byte = r->line_at;
  if (header && !r->saw_event) {
    r->is_trace = true;
    if (other_schema(e, words) == NULL) return false;
    stopped(r, "line %llu: %s (at byte %llu)", line, words, byte);
  } else if (header) {
    another_begins(r, "trace");
  } else if (r->saw_footer) {
    stopped(r, "line %llu: the trace ended before (at byte %llu); what follows its footer is not read", line, byte);
  } else {
    return false;
  }
  pass_over_rest(r);
  return true;
}

// False if the event is of one thread more than a trace may have.
static bool threads_known(struct wg_reader *r, const struct wg_event *e) {
  uint32_t tids[2];
  for (unsigned i = 0, n = wg_tids_of(e, tids); i < n; i++)
    if (wg_tids_see(&r->threads, tids[i]) == WG_TID_TOO_MANY) return false;
  return true;
}

// As schema 1 has calls.
static void complete(struct wg_reader *r, struct wg_event *e) {
  r->lacks_names = r->lacks_names || wg_names_lacks(e);
  if (r->lacks_names) wg_names_see(&r->names, e);
  if (!wg_call_is_whole(e)) return;
  wg_call_split(e, &r->its_return);
  r->has_whole_calls = r->owes_return = true;
  r->lines.whole_calls++;
}

static int give_return(struct wg_reader *r, struct wg_event *e) {
  *e = r->its_return;
  r->owes_return = false;
  r->is_second = true;
  if (r->lacks_names) wg_names_see(&r->names, e);
  return 1;
}

int wg_reader_next(struct wg_reader *r, struct wg_event *e) {
  if (r->owes_return) return give_return(r, e);
  r->is_second = false;
  for (;;) {
    if (!r->pending) {
      r->line = next_line(r, &r->line_len);
      if (r->line == NULL) return at_end(r, e);
    }
    r->pending = false;
    switch (r->importer->line(r->state, r->line, r->line_len, e, &r->pending, &r->err)) {
    case WG_LINE_EVENT:
      r->held = false;
      if (is_another_trace(r, e)) return at_end(r, e);
      if (!threads_known(r, e)) {
        char why[128] = "";
        if (r->lines.damaged == 0)
          snprintf(why, sizeof why, "thread %u is one too many; a trace has at most %u threads", e->tid,
                   WG_MOST_THREADS);
        bad_line(r, why);
        break;
      }
      complete(r, e);
      r->saw_event = true;
      r->saw_footer = e->kind == WG_EV_TRACE_FOOTER;
      if (r->saw_footer) r->promises = r->is_trace && wg_promised_events(e, &r->promised);
      count_line(r, e->kind == WG_EV_OTHER ? &r->lines.kept : &r->lines.events);
      see_torn(r, e);
      see_shared(r, e);
      return 1;
    case WG_LINE_NONE: count_line(r, &r->lines.blank); break;
    case WG_LINE_HELD:
      if (!r->held) r->held_line = r->lines.all;
      r->held = true;
      count_line(r, &r->lines.events);
      break;
    case WG_LINE_ANOTHER:
      another_begins(r, "log");
      pass_over_rest(r);
      return at_end(r, e);
    case WG_LINE_GAP:
      bad_line(r, r->err.msg);
      r->err = (struct wg_err){0};
      if (r->through) break;
      leave_out_rest(r, 0, "");
      return at_end(r, e);
    case WG_LINE_BAD: bad_line(r, r->err.msg); r->err = (struct wg_err){0};
    }
  }
}

static void describe(struct wg_reader *r) {
  unsigned long long more = r->lines.damaged - 1 - r->cut;
  char further[64] = "";
  if (r->bad[0] && more)
    snprintf(further, sizeof further, " (and %llu further damaged line%s)", more, more == 1 ? "" : "s");
  char torn[160] = "";
  if (r->lines.torn)
    snprintf(
        torn, sizeof torn,
        "%slines of threads that wrote into each other are torn, and %llu part%s of them %s but text (the first in "
        "line %llu)",
        r->bad[0] || r->stop[0] ? "; " : "", (unsigned long long)r->lines.torn, r->lines.torn == 1 ? "" : "s",
        r->lines.torn == 1 ? "is" : "are", (unsigned long long)r->torn_line);
  char cut[160] = "";
  if (r->lines.cut_calls)
    snprintf(cut, sizeof cut, "%s%llu call%s end%s before %s arguments do (the first in line %llu)",
             r->bad[0] || r->stop[0] || r->lines.torn ? "; " : "", (unsigned long long)r->lines.cut_calls,
             r->lines.cut_calls == 1 ? "" : "s", r->lines.cut_calls == 1 ? "s" : "",
             r->lines.cut_calls == 1 ? "its" : "their", (unsigned long long)r->cut_line);
  char shared[200] = "";
  if (r->shared)
    snprintf(shared, sizeof shared,
             "%s%llu thread%s %s name%s of others that have not ended, so that nothing tells them apart (the first in "
             "line %llu)",
             r->bad[0] || r->stop[0] || r->lines.torn || r->lines.cut_calls ? "; " : "", (unsigned long long)r->shared,
             r->shared == 1 ? "" : "s", r->shared == 1 ? "has the" : "have the", r->shared == 1 ? "" : "s",
             (unsigned long long)r->shared_line);
  snprintf(r->damage, sizeof r->damage, "%s%s%s%s%s%s%s", r->bad, further, r->bad[0] && r->stop[0] ? "; " : "", r->stop,
           torn, cut, shared);
}

// The words are put together when they are asked for: there may be millions of damaged lines.
const char *wg_reader_damage(const struct wg_reader *r) {
  if (r->bad[0] == 0 && r->stop[0] == 0 && r->lines.torn == 0 && r->lines.cut_calls == 0 && r->shared == 0) return NULL;
  describe((struct wg_reader *)(uintptr_t)r);
  return r->damage;
}
uint64_t wg_reader_at(const struct wg_reader *r, uint64_t *of) { return wg_source_at(r->source, of); }
uint64_t wg_reader_lineno(const struct wg_reader *r) { return r->lines.all; }
bool wg_reader_completes(const struct wg_reader *r) { return r->lacks_names || r->has_whole_calls; }
bool wg_reader_is_second(const struct wg_reader *r) { return r->is_second; }
bool wg_reader_maps(const struct wg_reader *r) { return r->importer->maps; }
const char *wg_reader_format(const struct wg_reader *r) { return r->importer->name; }
void wg_reader_lines(const struct wg_reader *r, struct wg_line_counts *out) { *out = r->lines; }
bool wg_reader_left_out(const struct wg_reader *r) { return r->left_out; }
bool wg_reader_stopped(const struct wg_reader *r) { return wg_source_stopped(r->source); }
bool wg_reader_has_footer(const struct wg_reader *r) { return r->saw_footer; }
uint64_t wg_reader_bad_lines(const struct wg_reader *r) { return r->lines.damaged; }

// The first bytes, from as many blocks as it takes (a pipe gives them one at a time), become the first block.
static void first_block(struct wg_reader *r) {
  struct wg_buf head = {0};
  while ((head.len < PROBE || (head.len < WHOLE_LINE && !memchr(head.data, '\n', head.len))) && next_block(r))
    wg_buf_add(&head, r->block, r->len);
  wg_buf_reserve(&head, WG_SOURCE_SLACK);
  r->first = head;
  r->block = head.data;
  r->len = head.len;
  r->base = 0;
  if (r->len >= 3 && memcmp(r->block, "\xEF\xBB\xBF", 3) == 0) r->pos = 3; // a byte order mark
}

// The first lines, looked at in copies, as reading takes lines apart in place, until `seen` has seen enough.
static void look_ahead(const struct wg_reader *r, size_t lines, bool (*seen)(void *, const struct wg_event *, size_t),
                       void *ctx) {
  struct wg_buf line = {0};
  struct wg_event e;
  void *state = r->importer->open(r->mapping); // NOLINT(clang-analyzer-core.NullDereference): it has one
  size_t at = r->pos, n = 1;
  bool enough = false;
  for (const char *end; !enough && n <= lines && (end = memchr(r->block + at, '\n', r->len - at)) != NULL; n++) {
    bool more = true;
    wg_buf_clear(&line);
    wg_buf_add(&line, r->block + at, (size_t)(end - r->block) - at);
    wg_buf_reserve(&line, WG_SOURCE_SLACK);
    line.data[line.len] = 0;
    at = (size_t)(end - r->block) + 1;
    while (more && !enough) {
      struct wg_err unsaid = {0};
      more = false;
      enough = r->importer->line(state, line.data, line.len, &e, &more, &unsaid) == WG_LINE_EVENT && seen(ctx, &e, n);
    }
  }
  r->importer->close(state);
  wg_buf_release(&line);
}

struct schema_seen {
  const struct wg_reader *r;
  struct wg_err *err;
  int code;
};

static bool see_schema(void *ctx, const struct wg_event *e, size_t line) {
  struct schema_seen *s = ctx;
  char words[96];
  if (e->kind == WG_EV_TRACE_HEADER && other_schema(e, words))
    s->code = wg_fail(s->err, WG_INPUT, "%s: line %zu: %s", wg_source_path(s->r->source), line, words);
  return true;
}

static int check_schema(const struct wg_reader *r, struct wg_err *err) {
  struct schema_seen s = {r, err, WG_OK};
  look_ahead(r, FIRST_LINES, see_schema, &s);
  return s.code;
}

static bool see_calls(void *ctx, const struct wg_event *e, size_t line) {
  struct wg_reader *r = ctx;
  (void)line;
  r->lacks_names = r->lacks_names || wg_names_lacks(e);
  r->has_whole_calls = r->has_whole_calls || wg_call_is_whole(e);
  return r->lacks_names || r->has_whole_calls || e->kind == WG_EV_KERNEL_RETURN;
}

// Why nothing of it can be read.
static int fail_unread(const struct wg_reader *r, const char *no_lines, struct wg_err *err) {
  const char *path = wg_source_path(r->source);
  if (wg_source_stopped(r->source)) return wg_fail(err, WG_INPUT, "%s: %s", path, wg_source_damage(r->source));
  if (r->len == 0 && r->stop[0] == 0 && wg_source_is_run(r->source))
    return wg_fail(err, WG_INPUT,
                   "%s: is empty: the run was killed before its first event was written, or has just begun", path);
  const char *why = no_lines ? no_lines : wg_unknown_text(r->block + r->pos, r->len - r->pos);
  char neither[64];
  snprintf(neither, sizeof neither, "is neither %sa trace nor a known log", r->or_title ? "a title, " : "");
  return wg_fail(err, WG_INPUT,
                 "%s: %s; expected %sa run, a trace (JSON Lines or a table; plain, zstd or gzip) or a xenia log", path,
                 r->stop[0] ? r->stop
                 : why      ? why
                            : neither,
                 r->or_title ? "a title (a .xex, a guest's ELF, a disc image or a package), " : "");
}

static int choose_importer(struct wg_reader *r, struct wg_err *err) {
  char words[WG_UNREAD_WORDS];
  const char *head = r->block + r->pos, *no_lines = wg_no_lines(r->block, r->len, words);
  size_t n = r->len - r->pos;
  if (no_lines == NULL) r->importer = wg_importer_for(head, n, r->mapping);
  if (r->importer == &wg_import_jsonl) no_lines = wg_log_in_json(head, n, words);
  if (r->importer == &wg_import_jsonl && no_lines == NULL) no_lines = wg_spread_json(head, n, words);
  if (no_lines) r->importer = NULL;
  return r->importer ? WG_OK : fail_unread(r, no_lines, err);
}

static int open_any(struct wg_reader **out, const char *path, const struct wg_reading *how, struct wg_err *err) {
  struct wg_reader *r = wg_xcalloc(1, sizeof *r);
  int code = wg_mapping_open(&r->mapping, how ? how->mapping : NULL, err);
  r->through = how && how->through;
  r->or_title = how && how->or_title;
  if (code == WG_OK) code = wg_source_open_through(&r->source, path, how ? how->go_on : NULL, err);
  if (code == WG_OK) {
    first_block(r);
    code = choose_importer(r, err);
  }
  if (code != WG_OK) {
    wg_reader_close(r);
    return code;
  }
  static const char header[] = "{\"kind\":\"trace.header\"";
  r->is_trace = r->len - r->pos >= sizeof header && memcmp(r->block + r->pos, header, sizeof header - 1) == 0;
  look_ahead(r, LINES_OF_CALLS, see_calls, r);
  r->state = r->importer->open(r->mapping);
  *out = r;
  return WG_OK;
}

int wg_reader_open_as(struct wg_reader **out, const char *path, const struct wg_reading *how, struct wg_err *err) {
  struct wg_reader *r;
  WG_TRY(open_any(&r, path, how, err));
  int code = check_schema(r, err);
  if (code == WG_OK)
    *out = r;
  else
    wg_reader_close(r);
  return code;
}

int wg_reader_open(struct wg_reader **out, const char *path, struct wg_err *err) {
  return wg_reader_open_as(out, path, NULL, err);
}

int wg_reader_check_schema(const char *path, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_err unsaid = {0};
  if (open_any(&r, path, NULL, &unsaid) != WG_OK) return WG_OK;
  int code = check_schema(r, err);
  wg_reader_close(r);
  return code;
}

void wg_reader_close(struct wg_reader *r) {
  if (r == NULL) return;
  if (r->importer && r->state) r->importer->close(r->state);
  wg_source_close(r->source);
  wg_mapping_close(r->mapping);
  wg_tids_release(&r->threads);
  wg_names_release(&r->names);
  wg_buf_release(&r->carry);
  wg_buf_release(&r->first);
  free(r);
}
