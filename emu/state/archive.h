// The one description of a machine's state. Each part has a function that walks its own fields once,
//
//     void part_state(struct wg_archive *a, struct part *p);
//
// and the archive that it is given decides what the walk does: hash the fields, save them, or load them into a part
// that was made for the same title and options. So what is hashed is what is saved, and a field is named in one place.
//
// Format: little-endian, no padding, no host addresses: a pointer is written as the index of what it leads to, a
// function as a kind. Guest memory is written page by page as the hash of its content; the pages themselves go to a
// store (pages.h), each once. Tables grow as they are loaded. A part begins with its name, so that two streams that do
// not fit are told by the part where they part.
//
// Ownership: the archive borrows all that it is given. What is loaded belongs to the part. Errors: only loading has
// any; the first is kept (`failed`, `err`), after it every field loads as zero, and the machine is to be freed.
#ifndef WG_EMU_ARCHIVE_H
#define WG_EMU_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "emu/state/pages.h"

enum wg_archive_mode {
  WG_ARCHIVE_SAVE, // also to hash: the digest is of what would be saved
  WG_ARCHIVE_LOAD,
  WG_ARCHIVE_TOUCH, // a test's: changes one field, so that the digest can be seen to notice
};

struct wg_archive {
  enum wg_archive_mode mode;
  struct wg_buf out;      // SAVE
  struct wg_pages *pages; // SAVE: NULL, or where pages go; LOAD: where they come from
  const uint8_t *in;      // LOAD
  size_t n, at;
  const char *name; // LOAD: of what is loaded, for messages
  const char *part; // being walked
  uint64_t fields;  // walked so far
  uint64_t touch;   // TOUCH: which one is changed
  struct wg_err *err;
  bool failed;
};

// Begins one of each mode. What is passed is borrowed; `name` is for messages.
void wg_archive_save(struct wg_archive *a, struct wg_pages *pages);
void wg_archive_load(struct wg_archive *a, const char *name, const void *data, size_t n, struct wg_pages *pages,
                     struct wg_err *err);
void wg_archive_touch(struct wg_archive *a, uint64_t field); // which one of those that are walked is changed
uint64_t wg_archive_digest(const struct wg_archive *a);      // of what was saved so far
void wg_archive_release(struct wg_archive *a);

static inline bool wg_ar_loading(const struct wg_archive *a) { return a->mode == WG_ARCHIVE_LOAD; }
// What is loaded is wrong: the first message counts, with the byte and the part that it was found in.
void wg_ar_fail(struct wg_archive *a, const char *fmt, ...) WG_PRINTF(2, 3);

void wg_ar_part(struct wg_archive *a, const char *name); // a part's fields follow

// Values.
void wg_ar_bytes(struct wg_archive *a, void *p, size_t n);
void wg_ar_u8(struct wg_archive *a, uint8_t *v);
void wg_ar_u16(struct wg_archive *a, uint16_t *v);
void wg_ar_u32(struct wg_archive *a, uint32_t *v);
void wg_ar_u64(struct wg_archive *a, uint64_t *v);
void wg_ar_words(struct wg_archive *a, uint32_t *v, size_t n); // as wg_ar_u32 of each
void wg_ar_bool(struct wg_archive *a, bool *v);
static inline void wg_ar_i16(struct wg_archive *a, int16_t *v) { wg_ar_u16(a, (uint16_t *)v); }
static inline void wg_ar_i32(struct wg_archive *a, int32_t *v) { wg_ar_u32(a, (uint32_t *)v); }
static inline void wg_ar_i64(struct wg_archive *a, int64_t *v) { wg_ar_u64(a, (uint64_t *)v); }
void wg_ar_size(struct wg_archive *a, size_t *v);  // as 64 bits
void wg_ar_string(struct wg_archive *a, char **s); // owned, or NULL
void wg_ar_buf(struct wg_archive *a, struct wg_buf *b);
void wg_ar_block(struct wg_archive *a, uint8_t **p, size_t n);    // n bytes, owned; NULL stays NULL
void wg_ar_map(struct wg_archive *a, struct wg_map *m);           // by its keys
void wg_ar_pages(struct wg_archive *a, void *p, size_t n);        // n a multiple of WG_PAGE_BYTES
void wg_ar_page_of(struct wg_archive *a, void *p, uint64_t hash); // not loading: its hash is known
// Saving: the page need not be passed to wg_ar_page_of, since there is no store or it is there.
bool wg_ar_has_page(const struct wg_archive *a, uint64_t hash);
// Loading: the content of the page that follows, to be copied, and its hash; NULL after a failure.
const uint8_t *wg_ar_page_content(struct wg_archive *a, uint64_t *hash);

// What the walk itself follows, never touched: a count of at most `most`, the kind of what follows, an index.
size_t wg_ar_count(struct wg_archive *a, size_t n, size_t most);
uint32_t wg_ar_kind(struct wg_archive *a, uint32_t kind, uint32_t kinds); // below `kinds`
#define WG_AR_NONE UINT32_MAX
uint32_t wg_ar_index(struct wg_archive *a, uint32_t i, size_t n); // below n, or WG_AR_NONE
char *wg_ar_text(struct wg_archive *a, const char *s);            // a name, or NULL; returned, owned, when it is loaded

#endif
