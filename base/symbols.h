// Names of addresses, from what linkers write: the .map of Microsoft's linker, GNU ld's -Map, the output of nm.
//
// Ownership: the names belong to the wg_symbols, which wg_symbols_free frees. A file of any content is read or refused
// with its line; addresses are the guest's, 32 bits.
#ifndef WG_BASE_SYMBOLS_H
#define WG_BASE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wg_symbols;

struct wg_label {
  const char *name; // as the linker spells it
  uint32_t addr;    //
  uint32_t end;     // where the next one begins, or its section ends; 0: nobody knows
  uint32_t order;   // in the file
  bool function;    // the file says so
};

// What a file says of the image that it is of, beside the names.
struct wg_symbols_about {
  const char *format; // "Microsoft linker map" and the like
  bool has_base, has_timestamp;
  uint32_t base, timestamp; // preferred load address; TimeDateStamp of the image's header
};

// Of a file, by what it looks like; an error names file and line. The caller frees them.
int wg_symbols_read(struct wg_symbols **out, const char *path, struct wg_err *err);
// The same of n bytes of text; `path` is for messages.
int wg_symbols_parse(struct wg_symbols **out, const char *path, const char *text, size_t n, struct wg_err *err);
void wg_symbols_free(struct wg_symbols *s); // NULL is none

size_t wg_symbols_count(const struct wg_symbols *s);                      // of wg_symbols_all
const struct wg_label *wg_symbols_all(const struct wg_symbols *s);        // by address, then by their order in the file
const struct wg_symbols_about *wg_symbols_of(const struct wg_symbols *s); // what the file says of its image
// The one whose bytes the address is among; of several at one address the first of the file. NULL if there is none.
const struct wg_label *wg_symbols_at(const struct wg_symbols *s, uint32_t addr);
// How many have that name (static functions of several files can), and the addresses of the first of them.
size_t wg_symbols_named(const struct wg_symbols *s, const char *name, size_t n, uint32_t *addrs, size_t most);

#endif
