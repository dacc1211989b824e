// The two scanners of JSON Lines. The quick one knows the usual shape of a line and gives up on any other; the careful
// one knows JSON and says what is wrong. Both give the same event for the same line (tests/test_import.c).
#ifndef WG_TRACE_JSONL_H
#define WG_TRACE_JSONL_H

#include <stdbool.h>

#include "base/json_text.h"
#include "trace/event.h"

#define WG_JSONL_ARGS 64
#define WG_JSONL_IDX_MAX (UINT32_MAX - 1u) // events of a thread: at 100 bytes each, 400 GB of text

// A name of at most 15 bytes, zero-padded, and what it stands for.
struct wg_jsonl_name {
  uint64_t lo, hi;
  int code; // 0 for an empty slot
};
#define WG_JSONL_NAMES 256

// What followed a key: `name":` under masks.
struct wg_jsonl_next {
  uint64_t lo, hi, lo_mask, hi_mask;
  size_t n; // of the name; 0 for an empty slot
  int code;
};
#define WG_JSONL_NEXT 256

struct wg_jsonl {
  enum wg_json_escapes escapes; // of whoever wrote it: each string says itself (WG_JSON_UNSEEN), or they are characters
  struct wg_buf text;           // strings of the current line, NUL-terminated
  struct wg_buf waited;         // what the wait of the current line is for
  struct wg_buf pairs;          // struct wg_jsonl_pair of the current line
  struct wg_field *more;        // those beyond WG_EVENT_FIELDS
  uint64_t args[WG_JSONL_ARGS]; // values of its `args`
  struct wg_jsonl_name keys[WG_JSONL_NAMES], kinds[WG_JSONL_NAMES];
  struct wg_jsonl_next next[WG_JSONL_NEXT]; // by kind and key
};

// Members that an object may have; each takes its reader some fifty bytes.
#define WG_JSONL_MEMBERS 4096u

// A member of an object as it stands there. Until the whole object is read, strings and RAW are offsets into its text.
struct wg_jsonl_pair {
  struct wg_field field;
  size_t name;
  size_t at; // column of its value
};

void wg_jsonl_init(struct wg_jsonl *s);
void wg_jsonl_release(struct wg_jsonl *s);

// Codes of wg_jsonl_name: 1 + enum wg_key (or wg_kind), then the members of the event.
enum { WG_JSONL_KIND = WG_K_OTHER + 1, WG_JSONL_TID, WG_JSONL_IDX, WG_JSONL_HOST_NS, WG_JSONL_CYCLE };

// False if the line is not of the usual shape (it is then as it was, `e` is not). WG_SOURCE_SLACK bytes behind the line
// may be read. Strings of the event lie in the line, which is written to.
bool wg_jsonl_quick(struct wg_jsonl *s, char *line, size_t n, struct wg_event *e);
// 1, or -1 with `err`.
int wg_jsonl_careful(struct wg_jsonl *s, const char *line, size_t n, struct wg_event *e, struct wg_err *err);

// What \u00e9 stands for in the lines that follow, by their header: bytes of a guest's are escaped so by Wedge, and by
// whoever says so (docs/guide.md#the-trace).
enum wg_json_escapes wg_jsonl_escapes(const struct wg_event *header);

// The members of one JSON object, in s->pairs, strings within s->text; -1 with `err` if it is none. What the members
// mean is not looked at. `what` is what the text should be, for the message.
int wg_jsonl_object(struct wg_jsonl *s, const char *text, size_t n, const char *what, struct wg_err *err);
size_t wg_jsonl_members(const struct wg_jsonl *s);
// Member i; its field's key is the one of that name.
struct wg_field wg_jsonl_member(const struct wg_jsonl *s, size_t i, const char **name);
// Makes an array of arguments its values, if it is one of integers. False if it is no array.
bool wg_jsonl_args(struct wg_jsonl *s, struct wg_field *f);

// [1, "0x2", -3]: the values of an array of integers and hexadecimal strings, all below 2^64 and at most WG_JSONL_ARGS.
// Returns its end, or NULL for any other array. The text must end with a NUL or a closing bracket; WG_SOURCE_SLACK
// bytes behind it may be read.
const char *wg_jsonl_values(const char *p, uint64_t *v, size_t *n);
// The field by which thread.create names a thread, if that is no thread's number; or NULL.
const struct wg_field *wg_jsonl_bad_child(const struct wg_event *e);
// The name that our schema has for a key that the reference's instrumented build calls otherwise.
enum wg_key wg_jsonl_map_key(enum wg_kind kind, enum wg_key key);

#endif
