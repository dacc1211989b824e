// Values as other engines' JSON Lines write them (trace/import_mapped.c).
#ifndef WG_TRACE_MAPPED_VALUES_H
#define WG_TRACE_MAPPED_VALUES_H

#include "trace/event.h"

// An integer, also one in a string.
bool wg_told_integer(const struct wg_field *f, uint64_t *v);
// The same, also written as 1.0: what a table or a script with one kind of numbers makes of it.
bool wg_told_whole(const struct wg_field *f, uint64_t *v);
// The number in a name that is nothing else: ThreadId(3) (Rust), Thread-3, "thread 3", tid:3.
bool wg_told_thread(const struct wg_field *f, uint64_t *v);
// A date with its time, as 2026-11-26T16:44:00.25+01:00 (a space for the T; without a zone: of UTC), in nanoseconds
// since 1970.
bool wg_told_time(const struct wg_field *f, uint64_t *ns);

// Makes a number of 1.0 and -1.0.
void wg_told_number(struct wg_field *f);
// Makes an address, handle or status what schema 1 has: of 8 or 16 hexadecimal digits without 0x, of a negative number
// of 32 bits. What is neither is left.
void wg_told_hex(struct wg_field *f);
// The same of a status by its name, STATUS_NO_SUCH_FILE, with or without its number: "STATUS_NO_SUCH_FILE
// (0xc000000f)".
void wg_told_status(struct wg_field *f);
// The values of a list of addresses and numbers: [..], {"name": .., ..}, [{"name": "..", "value": ..}, ..] or "0x1,
// 0x2". False if one is another thing or there are more than `most`.
bool wg_told_hexes(const struct wg_field *f, uint64_t *v, size_t most, size_t *n);

#endif
