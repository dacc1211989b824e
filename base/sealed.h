// Files that nobody but their user can have written: each ends in a MAC, made with a secret of the user's that lies in
// the folder above. What is not exactly as it was written is refused, and so is what anybody else may write to.
#ifndef WG_BASE_SEALED_H
#define WG_BASE_SEALED_H

#include <stdint.h>

#include "base/buf.h"

#define WG_SEALED_KEY 32u

struct wg_sealed {
  struct wg_buf path; // of the folder of these files, root/name
  int folder;         // open
  uint8_t key[WG_SEALED_KEY];
  struct wg_err anew; // msg: why the secret that was there is replaced, so that nothing older is taken; or ""
};

// Makes and opens the folder `name` in the folder `root`, whose secret is made when it is first needed. What was sealed
// in a folder of another name is not taken in this one: its key is another. On failure there is nothing to close.
int wg_sealed_open(struct wg_sealed *s, const char *root, const char *name, struct wg_err *err);
void wg_sealed_close(struct wg_sealed *s); // and forgets the key
// Appends what `file` holds, at most `max` bytes: nothing if it is not there. WG_INPUT: it is refused.
int wg_sealed_read(const struct wg_sealed *s, const char *file, size_t max, struct wg_buf *out, struct wg_err *err);
// Takes its place at once. While another process writes the same file nothing is written: that one's is as good.
int wg_sealed_write(const struct wg_sealed *s, const char *file, const void *data, size_t n, struct wg_err *err);
// Of the folders in `root` whose names are as long as `name`, that one left out, those go whose `file` is the oldest,
// until there are `most` at most with `bytes` in all.
void wg_sealed_trim(const char *root, const char *name, const char *file, size_t most, uint64_t bytes);

#endif
