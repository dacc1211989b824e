// The report of a comparison, from one list of findings: text, Markdown or JSON. Private to diff/.
#ifndef WG_DIFF_REPORT_H
#define WG_DIFF_REPORT_H

#include "diff/causes.h"
#include "diff/diff.h"
#include "diff/pair.h"
#include "diff/stopped.h"

// Append the whole report; o->format says whether the text is Markdown. `s`: where a side has stopped.
void wg_report_text(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                    const struct wg_diff_options *o, struct wg_buf *out);
void wg_report_json(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                    const struct wg_diff_options *o, struct wg_buf *out);
// One line, without its end.
void wg_report_answer(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                      struct wg_buf *out);
void wg_report_damage(const struct wg_pairing *p, int side, struct wg_buf *out); // the same; nothing if there is none

// The finding that says best what is masked though chance seldom explains it; WG_NONE: there is none (doubts.c).
uint32_t wg_doubt(const struct wg_pairing *p);

// Calls by name of one thread pair, or of all (WG_NONE), largest difference first.
struct wg_count {
  const char *name;
  uint64_t n[2];
};
struct wg_count *wg_count_calls(const struct wg_pairing *p, uint32_t pair, size_t *n); // the caller frees it

#endif
