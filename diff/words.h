// Findings, calls, objects and threads in words. Whatever a trace's strings hold, a line stays one line. Private to
// diff/.
#ifndef WG_DIFF_WORDS_H
#define WG_DIFF_WORDS_H

#include "diff/causes.h"
#include "diff/pair.h"

// Printable text (base/printable.h) of at most `max` characters.
void wg_put_text(struct wg_buf *out, const char *text, size_t max);
// The same of a string of the trace, which may hold NULs.
void wg_put_str(struct wg_buf *out, const struct wg_side *s, uint32_t id, size_t max);
// As a member of a JSON object: UTF-8 as it is, NULs too, other bytes as \u00e9.
void wg_json_printable(struct wg_buf *out, const char *key, const struct wg_side *s, uint32_t id);
// Whether the sides are runs of different titles or builds of one, as far as their modules tell; says how.
bool wg_titles_differ(const struct wg_pairing *p, struct wg_buf *out);
// ` "I/O"`, where a trace tells what it calls the thread
void wg_put_thread_name(struct wg_buf *out, const struct wg_side *s, const struct wg_dthread *t);
// "thread 13 (17 there, entry 0x821748f0)"
void wg_put_pair(const struct wg_pairing *p, uint32_t pair, struct wg_buf *out);
// "NtCreateFile("game:\x.bin")", or what it is about: "NtSetEvent on the Event "x" of thread 6"
void wg_put_call(const struct wg_side *s, const struct wg_dthread *t, uint32_t step, struct wg_buf *out);
// A result: "STATUS_NO_SUCH_FILE (0xc000000f)"
void wg_put_result(const struct wg_nt_export *nt, uint64_t v, struct wg_buf *out);
void wg_put_number(struct wg_buf *out, uint64_t n, const char *what); // "1 call", "58 calls"
void wg_put_finding(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out);
// The first line: the finding, with what leads to it and what it leads to where that says more.
void wg_put_cause(const struct wg_pairing *p, const struct wg_cause *c, struct wg_buf *out);
void wg_put_link(const struct wg_pairing *p, const struct wg_link *l, struct wg_buf *out);
// "here event 12 of thread 1, there event 13 of thread 6"
void wg_put_places(const struct wg_pairing *p, uint32_t pair, const uint32_t step[2], struct wg_buf *out);

#endif
