// What a file system holds. Private to emu/vfs.
#ifndef WG_EMU_VFS_FILES_H
#define WG_EMU_VFS_FILES_H

#include <string.h>

#include "base/map.h"
#include "emu/limits/limits.h"
#include "emu/vfs/vfs.h"

struct device {
  char *path; // "\\Device\\Harddisk0\\Partition1"
  struct wg_node *root;
  bool writable;
};
struct link {
  char *name, *target;
};

struct wg_vfs {
  struct device *devices;
  size_t ndevices;
  struct link links[WG_MAX_LINKS];
  size_t nlinks;
  struct wg_vfs_input *inputs;
  size_t ninputs;
  uint64_t base_time, overlay;
  struct wg_node *nodes; // every one
  size_t nnodes;
  uint32_t next_id;
  size_t odd_names; // of the host, that no guest can have
  struct wg_vfs_seen *seen;
  size_t nseen;
  struct wg_map seen_paths;
  size_t left_out;            // of what was saved: nothing leads there
  uint64_t steps;             // of look-ups, names compared
  bool full[WG_LIMITS];       // bounds met since they were asked for
  bool renamed;               // lookups no longer tell what the host has
  struct wg_buf canonical;    // of the last lookup
  const struct wg_poll *poll; // or NULL
  struct wg_node **numbered;  // of the last walk of its state: nodes by their numbers
  size_t nnumbered;
};

struct wg_node *wg_node_new(struct wg_vfs *v, const char *name, bool directory, uint64_t time);
uint64_t wg_vfs_seen_key(const char *path, char kind); // in seen_paths
void wg_node_free(struct wg_vfs *v, struct wg_node *n);

// Its path below the folder of the host that is mounted.
static inline const char *wg_node_below(const struct wg_node *n) {
  const char *p = n->host + strlen(n->mount->host);
  while (*p == '/') p++;
  return p;
}

#endif
