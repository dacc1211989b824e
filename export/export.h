// A trace or log as other tools read it: Perfetto's TrackEvents, the Trace Event Format of Chrome's viewer, CSV. Read
// and written as it comes, in memory that does not grow with it.
#ifndef WG_EXPORT_EXPORT_H
#define WG_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum wg_export_format { WG_EXPORT_PERFETTO, WG_EXPORT_CHROME, WG_EXPORT_CSV, WG_EXPORT_LNAV };

struct wg_export_options {
  enum wg_export_format format;
  const char *to;             // a file, or "-" for standard output
  uint64_t tid;               // this thread alone; UINT64_MAX: all
  uint64_t from_ns, until_ns; // both ends belong to it
  bool by_order;              // an event's time is its place among the events, a microsecond each
  // NULL, or asked now and then: false ends the export, which leaves no file.
  void (*progress)(void *ctx, uint64_t events, uint64_t at, uint64_t of);
  bool (*go_on)(void);
  void *ctx;
};

struct wg_export_report {
  uint64_t events, shown; // read, and in the range that was asked for
  bool has_thread;        // there are events of the one that was asked for
  bool footer;            // the last that was read is the trace's footer, which a run's own count leaves out
  uint64_t open;          // calls and waits that had not ended where the trace or the range does
  uint64_t early;         // events earlier than the one before on their thread: drawn at that one's time
  uint64_t unpaired;      // waits that name a signal which is not there, or too far back
  uint64_t folded;        // events of threads beyond WG_EXPORT_THREADS, which share a track
  bool by_order;          // as asked for, or since the log has no times
  bool timeless;          // no event had a time
  struct wg_buf damage;   // of the trace, or empty; the caller releases it
};

// More have a track in common.
#define WG_EXPORT_THREADS (1u << 20)

// Writes the file whole or not at all. Damage of the trace is no error: what could be read is exported, and `rep`
// says the rest.
int wg_export(const char *trace, const struct wg_export_options *o, struct wg_export_report *rep, struct wg_err *err);

#endif
