// The event model (schema 1, docs/design.md#events): what the emulator emits, what a trace line holds and
// what every tool reads is this one struct.
//
// Strings and arrays are borrowed: by an observer for the length of the call, from a reader until its
// next event.
#ifndef WG_TRACE_EVENT_H
#define WG_TRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WG_SCHEMA 1

enum wg_kind {
#define WG_KIND(id, name, keys) WG_EV_##id,
#include "trace/kinds.def"
  WG_EV_OTHER, // a kind that this version does not know: passed through
};

enum wg_key {
#define WG_KEY(id, name, shape) WG_K_##id,
#include "trace/keys.def"
  WG_K_OTHER,
};

enum wg_ftype {
  WG_F_DEC,   // integer, u
  WG_F_SDEC,  // integer, i
  WG_F_HEX,   // "0x..." string, u
  WG_F_ID,    // semantic id: 16 hexadecimal digits, u
  WG_F_STR,   // string, s/n
  WG_F_BOOL,  // u
  WG_F_HEXES, // array of "0x..." strings, v/n
  WG_F_RAW,   // JSON text, s/n
};

struct wg_field {
  enum wg_key key;
  enum wg_ftype type;
  const char *name; // of the key; set for WG_K_OTHER only
  union {
    uint64_t u;
    int64_t i;
    const char *s;
    const uint64_t *v;
  };
  size_t n;
};

#define WG_EVENT_FIELDS 24

struct wg_event {
  enum wg_kind kind;
  const char *kind_name; // set for WG_EV_OTHER only
  uint32_t tid;          // guest thread; 0 = none
  uint64_t idx;          // dense per thread, from 0
  uint64_t host_ns;      // ns since start on the engine's own clock
  uint64_t cycle;        // retired guest instructions of that thread
  bool has_cycle;
  size_t nfields, nmore;
  struct wg_field fields[WG_EVENT_FIELDS];
  const struct wg_field *more; // what a foreign line has beyond WG_EVENT_FIELDS
};

// Who listens to a running machine.
struct wg_branch_packet;

struct wg_observer {
  bool (*event)(void *ctx, const struct wg_event *e);            // false stops the machine (a full disk, a mismatch)
  void (*branches)(void *ctx, const struct wg_branch_packet *p); // or NULL
  // NULL, or asked after each of the scheduler's windows whether to go on; false ends the run there, in order. Asked
  // too within kernel calls that take the host long: false ends such a call unfinished, and the run with it.
  bool (*go_on)(void *ctx, bool within_call);
  // NULL, or by which count of windows go_on wants to be asked next: where nothing happens that could be told, it need
  // not be asked after each before that one.
  uint64_t (*windows)(void *ctx);
  void *ctx;
};

const char *wg_kind_name(const struct wg_event *e); // of a kind that is not known, the event's own
enum wg_kind wg_kind_of(const char *name);          // WG_EV_OTHER if unknown
const char *wg_key_name(const struct wg_field *f);  // of a key that is not known, the field's own
enum wg_key wg_key_of(const char *name);            // WG_K_OTHER if unknown
bool wg_key_is_hex(enum wg_key key);                // an address, a handle, a status: "0x..." in our own traces
bool wg_key_is_text(enum wg_key key);               // a name, a word, an id: never a number

// Without fields, of tid 0, with a cycle.
void wg_ev_init(struct wg_event *e, enum wg_kind kind);
// Each adds a field. Text, numbers of a list and JSON are borrowed: they must be there for as long as the event is
// used.
void wg_ev_dec(struct wg_event *e, enum wg_key key, uint64_t v);
void wg_ev_sdec(struct wg_event *e, enum wg_key key, int64_t v);
void wg_ev_hex(struct wg_event *e, enum wg_key key, uint64_t v);   // "0x..."
void wg_ev_id(struct wg_event *e, enum wg_key key, uint64_t hsid); // 16 hexadecimal digits
void wg_ev_str(struct wg_event *e, enum wg_key key, const char *s);
void wg_ev_strn(struct wg_event *e, enum wg_key key, const char *s, size_t n);
void wg_ev_bool(struct wg_event *e, enum wg_key key, bool v);
void wg_ev_hexes(struct wg_event *e, enum wg_key key, const uint64_t *v, size_t n);
void wg_ev_raw(struct wg_event *e, enum wg_key key, const char *json, size_t n); // as it is: valid JSON

// Every field, those beyond WG_EVENT_FIELDS too.
static inline size_t wg_ev_count(const struct wg_event *e) { return e->nfields + e->nmore; }
static inline const struct wg_field *wg_ev_at(const struct wg_event *e, size_t i) {
  return i < e->nfields ? &e->fields[i] : &e->more[i - e->nfields];
}
// NULL if the event has no such field.
const struct wg_field *wg_ev_get(const struct wg_event *e, enum wg_key key);
// An integer field, or a string field that holds "0x..."; false if absent or neither.
bool wg_ev_u64(const struct wg_event *e, enum wg_key key, uint64_t *out);
bool wg_field_is_null(const struct wg_field *f); // JSON's null
// The bits of a field's value `v` that count: of a result or status that was extended by its sign from 32 bits
// (0xffffffffc0000034, as r3 holds it) those 32, and of -1 in place of any hexadecimal number; of others all.
uint64_t wg_field_bits(const struct wg_field *f, uint64_t v);
// What a thread is called where others tell its name: its event keeps that under this key.
#define WG_THREAD_NAME "thread_name"
// A thread that is made, or starts, with a name that another one has which has not ended: nothing tells the two apart.
#define WG_SHARED_NAME "shared_name"
const struct wg_field *wg_ev_thread_name(const struct wg_event *e); // NULL if it is not told
// A NUL-terminated string field, or NULL.
const char *wg_ev_text(const struct wg_event *e, enum wg_key key);

// As wg_ev_encode, of an event that may be anybody's: the line is valid JSON without what does not print; a value
// that is no JSON becomes a string of it.
void wg_ev_encode_foreign(const struct wg_event *e, struct wg_buf *out);
// Appends the event as one JSON line with its newline.
void wg_ev_encode(const struct wg_event *e, struct wg_buf *out);
// That line at `line`, which has room for wg_ev_most bytes; returns its length, which is less.
size_t wg_ev_put(const struct wg_event *e, char *line);
size_t wg_ev_most(const struct wg_event *e);

#endif
