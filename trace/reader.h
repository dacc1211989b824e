// Reads events from a trace or from a foreign log (plain, zstd or gzip; a file, a pipe or standard input), one at a
// time, in bounded memory. Which importer reads a file is decided by its first bytes (trace/importers.h).
//
// Bad input never ends in a crash, and what is good in it is read: a malformed line is counted and passed over, a
// truncated or corrupt file yields every event before the damage; then the reader says what was wrong and where. Where
// a second trace follows in the same file, reading ends before it: its threads, handles and times are others.
#ifndef WG_TRACE_READER_H
#define WG_TRACE_READER_H

#include "base/err.h"
#include "trace/event.h"

struct wg_reader;

// How a trace is to be read, where that is not told by itself. NULL, or all zero: as it is.
struct wg_reading {
  const char *mapping; // file: names that the trace has for ours (trace/mapping.h); Wedge's own traces are read without
  // What is corrupt within a packed file does not end it (wg_source_open_through). Else it does, for what each thread
  // did in between is not known, and what lies behind it is counted, and said.
  bool through;
  bool or_title;       // whoever gives the file may give a title, too: said of a file that is nothing of all that
  bool (*go_on)(void); // NULL, or asked while a pipe is waited for: false ends the trace there, as damaged
};

// `path` is a file, a run directory that holds trace.jsonl.zst, or "-" for standard input. A trace whose header has
// another schema than WG_SCHEMA is an error that names both: nobody knows what its events mean.
int wg_reader_open_as(struct wg_reader **out, const char *path, const struct wg_reading *how, struct wg_err *err);
int wg_reader_open(struct wg_reader **out, const char *path, struct wg_err *err);
// That error alone; WG_OK too for what is no trace, or cannot be read.
int wg_reader_check_schema(const char *path, struct wg_err *err);
void wg_reader_close(struct wg_reader *r);

// 1: an event; 0: the end (see wg_reader_damage); the event is borrowed until the next call.
int wg_reader_next(struct wg_reader *r, struct wg_event *e);
// The next line of the file as it stands, without its newline; NULL at the end.
const char *wg_reader_line(struct wg_reader *r, size_t *n);
bool wg_line_is_footer(const char *line); // as Wedge writes it

// NULL, or what was wrong so far: "truncated at byte ...", "line 17: ... (at byte 2810) (and 3 further damaged lines)",
// "no trace.footer ...".
const char *wg_reader_damage(const struct wg_reader *r);
// Bytes of the file read so far, and in *of its size, 0 if it has none.
uint64_t wg_reader_at(const struct wg_reader *r, uint64_t *of);
uint64_t wg_reader_lineno(const struct wg_reader *r); // lines read so far
const char *wg_reader_format(const struct wg_reader *r);
bool wg_reader_maps(const struct wg_reader *r); // it has other names for ours (trace/mapping.h)
// Its calls and returns are not told as schema 1 has them, and are made so: they have no names (trace/names.h), or one
// event is both (trace/whole_call.h). Its lines alone do not say what its events do.
bool wg_reader_completes(const struct wg_reader *r);
// The event read last is the return that its call was told with.
bool wg_reader_is_second(const struct wg_reader *r);

// Damage of a trace whose footer tells of another number of events than there are before it.
#define WG_READER_MISCOUNT "the footer tells of %llu events, and %llu are there: lines are missing, or twice there"
// How many events come before a footer, if it says so. One without a digest may count otherwise: other engines leave
// out the header, or have the footer in it.
bool wg_promised_events(const struct wg_event *footer, uint64_t *n);

// What became of the lines read so far: each is in one of these, and in `all`.
struct wg_line_counts {
  uint64_t all;
  uint64_t events; // an event of a kind that we know
  uint64_t kept;   // one of another kind: those of a log that say nothing to us
  uint64_t blank;
  uint64_t damaged;     // passed over: malformed, too long, cut off
  uint64_t beyond;      // of another trace in the same file
  uint64_t torn;        // of a log: parts of lines that threads wrote into each other, whose other part is not known
  uint64_t cut_calls;   // of a log: calls whose arguments do not end
  uint64_t whole_calls; // events that tell a call and what it returned
  uint64_t bad_line, bad_at; // the first damaged one: its number, and the byte of the text where it begins
};
void wg_reader_lines(const struct wg_reader *r, struct wg_line_counts *out);
bool wg_reader_left_out(const struct wg_reader *r);      // there are lines behind a corrupt place, which were not read
bool wg_reader_stopped(const struct wg_reader *r);       // it was not to go on (struct wg_reading)
bool wg_reader_has_footer(const struct wg_reader *r);    // the last event was the trace's footer
uint64_t wg_reader_bad_lines(const struct wg_reader *r); // wg_line_counts.damaged

#endif
