// Files that nobody reads as a trace or log: what they are, in words for who gave them.
#ifndef WG_TRACE_UNREAD_H
#define WG_TRACE_UNREAD_H

#include <stddef.h>

#define WG_UNREAD_WORDS 192

// The encoding of text that has two or four bytes a character, by its first ones; NULL if it has not.
const char *wg_wide_text(const char *p, size_t n);
// What a file is packed with that begins so, if nobody unpacks that here, in words; or NULL.
const char *wg_other_packing(const char *p, size_t n);
// What a file is that begins so and has no lines of text: packed (wg_other_packing) or a format of its own; or NULL.
const char *wg_no_text(const char *p, size_t n);
// What keeps text that begins so from being lines; NULL if nothing does.
const char *wg_no_lines(const char *p, size_t n, char words[WG_UNREAD_WORDS]);
// What text of JSON is that has no events, but lines of a log or of JSON as strings; NULL if it is nothing such.
const char *wg_log_in_json(const char *p, size_t n, char words[WG_UNREAD_WORDS]);
// Of text that begins with {: words for JSON that is written over several lines, or NULL.
const char *wg_spread_json(const char *p, size_t n, char words[WG_UNREAD_WORDS]);
// What text is that begins so, which no importer knows; NULL if nothing can be said of it.
const char *wg_unknown_text(const char *p, size_t n);

#endif
