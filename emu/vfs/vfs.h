// The guest's file systems: host folders read when asked, never written; changes live in a copy in memory
// that belongs to the run. Lookups cannot leave the mounted folder: names are matched against its listing,
// symbolic links are not followed.
#ifndef WG_EMU_VFS_H
#define WG_EMU_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/poll.h"

enum { WG_ATTR_READONLY = 1, WG_ATTR_DIRECTORY = 0x10, WG_ATTR_NORMAL = 0x80 };

// A stretch of a stored file: `size` bytes of it, from its byte `start`, lie at `at` of a part of its container.
struct wg_extent {
  uint64_t start, at, size;
  uint32_t part; // 0: the container's own file (see wg_part_name)
};

struct wg_node {
  uint32_t id;     // counts up from 0 as nodes are made
  uint32_t number; // scratch of wg_vfs_state
  char *name;
  struct wg_node *parent, *root;  // of its device
  struct wg_node *before, *after; // of all nodes
  struct wg_node *children;       // directories: a tree (tree.h) in the order of their names, ignoring case
  struct wg_node *left, *right;   // in its parent's tree
  size_t within;                  // nodes of the tree from here down
  size_t nchildren;
  bool directory, changed;
  bool writable;          // of a root: the device is
  bool enumerated;        // its listing has been noted
  bool unread;            // a directory whose host folder has not been listed yet
  char *host;             // base content, or NULL
  struct wg_node *mount;  // of what lies in a host folder: the root of that
  struct wg_host *folder; // of such a root
  bool null;              // a raw partition: reads as zeros, swallows what is written
  bool stored;            // inside a container, which `host` is, in these stretches:
  struct wg_extent *extents;
  size_t nextents;
  uint8_t *data;       // content once changed or created
  uint64_t size, room; // of data, what is allocated
  uint64_t base_size;  // of the host file
  uint64_t time;       // 100 ns since 1601: created and last written
  uint32_t opens;
  bool delete_on_close;
  bool hashed;
};

struct wg_vfs;
struct wg_vfs_input {
  char *guest, *host;
  char *inside; // path below the container that `host` is, or NULL
  char sha256[65];
  uint64_t size;
};

#define WG_VFS_PATH 1024u // bytes of a path that are remembered for replay

struct wg_vfs *wg_vfs_create(uint64_t base_time);
// Whom long work asks; what it leaves unfinished is not kept. `poll` lives as long as v.
void wg_vfs_poll(struct wg_vfs *v, const struct wg_poll *poll);
void wg_vfs_free(struct wg_vfs *v);
// Mounts a host folder (NULL: empty) as `device`. Folders below it are listed when first entered.
int wg_vfs_mount(struct wg_vfs *v, const char *device, const char *host, bool writable, struct wg_err *err);
// An empty device that the guest has made: what is looked up in it is not the host's, and is not noted.
int wg_vfs_make_device(struct wg_vfs *v, const char *device, struct wg_err *err);
struct wg_node *wg_vfs_root(const struct wg_vfs *v, const char *device); // NULL if there is no such device
// A file or folder of a container. NULL if the name cannot be or is there already.
struct wg_node *wg_vfs_add_stored(struct wg_vfs *v, struct wg_node *parent, const char *name, bool directory,
                                  const char *host);
// A raw partition of a device.
void wg_vfs_add_null(struct wg_vfs *v, const char *device, const char *name);
// Appends a stretch to a stored file.
void wg_vfs_add_extent(struct wg_node *n, uint32_t part, uint64_t at, uint64_t size);
// Digest of a file's content, 65 bytes; false if it cannot be read.
bool wg_vfs_sha256(struct wg_vfs *v, struct wg_node *n, char *out);
void wg_vfs_link(struct wg_vfs *v, const char *name, const char *target);
const char *wg_vfs_link_target(const struct wg_vfs *v, const char *name); // NULL if there is no such link
bool wg_vfs_unlink(struct wg_vfs *v, const char *name);

enum wg_lookup { WG_FOUND, WG_NO_DEVICE, WG_NO_PATH, WG_NO_NAME, WG_BAD_NAME };
// Finds `path` (absolute, or relative to `root`). With WG_NO_NAME, *parent is the directory that lacks it
// and *leaf the missing name (a pointer into the canonical path, owned by v until the next lookup).
enum wg_lookup wg_vfs_find(struct wg_vfs *v, struct wg_node *root, const char *path, struct wg_node **node,
                           struct wg_node **parent, const char **leaf);
void wg_vfs_enumerated(struct wg_vfs *v, struct wg_node *dir);     // the guest is about to read its listing
struct wg_node *wg_vfs_child(const struct wg_node *dir, size_t i); // the i-th of a directory that is listed, or NULL
size_t wg_vfs_list(struct wg_vfs *v, struct wg_node *dir);         // lists it if need be; the number of its children
bool wg_vfs_writable(const struct wg_vfs *v, const struct wg_node *n);
struct wg_node *wg_vfs_add(struct wg_vfs *v, struct wg_node *parent, const char *name, bool directory, uint64_t time);
bool wg_vfs_remove(struct wg_vfs *v, struct wg_node *n); // false: not empty
bool wg_vfs_rename(struct wg_vfs *v, struct wg_node *n, struct wg_node *parent, const char *name);
// Reads up to n bytes at `at`; returns the count, or -1 on a host error.
int64_t wg_vfs_read(struct wg_vfs *v, struct wg_node *n, uint64_t at, void *out, uint64_t len);
bool wg_vfs_write(struct wg_vfs *v, struct wg_node *n, uint64_t at, const void *data, uint64_t len);
bool wg_vfs_resize(struct wg_vfs *v, struct wg_node *n, uint64_t size);
void wg_vfs_path(const struct wg_node *n, struct wg_buf *out); // device path
uint64_t wg_vfs_steps(struct wg_vfs *v);                       // work done since it was last asked for
bool wg_vfs_was_full(struct wg_vfs *v, int which);             // a bound (emu/limits/limits.h) was met, likewise
size_t wg_vfs_odd_names(const struct wg_vfs *v); // names of host files that no guest can have, and does not see
const struct wg_vfs_input *wg_vfs_inputs(const struct wg_vfs *v, size_t *n);

// What the guest has learnt of the host's folders: the outcome of each first lookup, and each listing it has read.
struct wg_vfs_seen {
  char *path;     // canonical guest path
  char kind;      // 'f' file, 'd' directory, '-' missing, 'l' a directory's listing
  uint64_t value; // size of a file, hash of a listing
};
const struct wg_vfs_seen *wg_vfs_seen(const struct wg_vfs *v, size_t *n); // in the order of first use; v's
// The same question asked now, of a machine that has not run yet.
struct wg_vfs_seen wg_vfs_probe(struct wg_vfs *v, const char *path, char kind);
// Each file and folder that the guest has created or changed, but for what lies deeper than a look-up can lead. `path`
// has slashes and begins with its device. False if `each` gave false, which ends it.
bool wg_vfs_changes(struct wg_vfs *v, bool (*each)(void *ctx, const char *path, const struct wg_node *n), void *ctx);
// Writes what the guest has created or changed below `dir`, but for what lies deeper than a look-up can lead: so many.
int wg_vfs_save(struct wg_vfs *v, const char *dir, struct wg_err *err);
size_t wg_vfs_left_out(const struct wg_vfs *v);

// Everything but the content of the host's files, of which the sizes alone are state. Loading wants a file system that
// has the same mounts. A part that refers to nodes is walked after it (wg_vfs_ref).
struct wg_archive;
void wg_vfs_state(struct wg_archive *a, struct wg_vfs *v);
void wg_vfs_ref(struct wg_archive *a, struct wg_vfs *v, struct wg_node **n);

#endif
