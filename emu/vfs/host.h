// A mounted host folder, held open: what lies below it is reached from there, component by component, without following
// a link or waiting for a pipe, whatever becomes of its names meanwhile.
#ifndef WG_EMU_VFS_HOST_H
#define WG_EMU_VFS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/poll.h"

struct wg_host;

struct wg_host *wg_host_mount(const char *folder); // NULL: no folder, or it cannot be read
void wg_host_free(struct wg_host *h);

struct wg_host_entry {
  char *name;
  bool directory;
  uint64_t size;
};
// The files and folders of a folder, `below` the mounted one ("" or "a/b"), sorted by name, ignoring case; of two names
// that differ in case alone the first one. Left out are links, special files, folders with a recorded run (recording
// again must give the same trace), and names that no guest can have (*odd counts those). Free each name and the array.
// Here and below, what `poll` (or NULL) does not let go on is cut off: fewer entries, or false.
struct wg_host_entry *wg_host_list(const struct wg_host *h, const char *below, const struct wg_poll *poll, size_t *n,
                                   size_t *odd);

bool wg_host_name_fits(const char *name); // its characters: that a guest can have
// n bytes of a regular file; false if it is none any more, or too short.
bool wg_host_read(const struct wg_host *h, const char *below, const struct wg_poll *poll, uint64_t at, void *out,
                  uint64_t n);
bool wg_host_sha256(const struct wg_host *h, const char *below, const struct wg_poll *poll, char out[65]);

#endif
