#include "emu/vfs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "emu/limits/limits.h"
#include "emu/vfs/host.h"
#include "emu/vfs/files.h"
#include "emu/vfs/tree.h"

#define MAX_DEVICES 65536u
#define USUAL_DEVICES 32u
#define RAW_SIZE 0x80000000u // of a raw partition: a cache partition's

struct wg_vfs *wg_vfs_create(uint64_t base_time) {
  struct wg_vfs *v = wg_xcalloc(1, sizeof *v);
  v->base_time = base_time;
  return v;
}

void wg_vfs_poll(struct wg_vfs *v, const struct wg_poll *poll) { v->poll = poll; }

void wg_node_free(struct wg_vfs *v, struct wg_node *n) {
  *(n->before ? &n->before->after : &v->nodes) = n->after;
  if (n->after) n->after->before = n->before;
  v->nnodes--;
  free(n->name);
  free(n->host);
  wg_host_free(n->folder);
  free(n->extents);
  free(n->data);
  free(n);
}

void wg_vfs_free(struct wg_vfs *v) {
  if (v == NULL) return;
  for (size_t i = 0; i < v->ndevices; i++) {
    free(v->devices[i].path);
  }
  free(v->devices);
  free(v->numbered);
  for (struct wg_node *n = v->nodes, *next; n; n = next) { // however deep their folders are
    next = n->after;
    wg_node_free(v, n);
  }
  for (size_t i = 0; i < v->nlinks; i++) {
    free(v->links[i].name);
    free(v->links[i].target);
  }
  for (size_t i = 0; i < v->ninputs; i++) {
    free(v->inputs[i].guest);
    free(v->inputs[i].host);
    free(v->inputs[i].inside);
  }
  free(v->inputs);
  for (size_t i = 0; i < v->nseen; i++) free(v->seen[i].path);
  free(v->seen);
  wg_map_release(&v->seen_paths);
  wg_buf_release(&v->canonical);
  free(v);
}

static struct wg_node *insert(struct wg_node *parent, struct wg_node *n) {
  wg_tree_add(parent, n);
  n->parent = parent;
  n->root = parent->root;
  return n;
}

struct wg_node *wg_node_new(struct wg_vfs *v, const char *name, bool directory, uint64_t time) {
  struct wg_node *n = wg_xcalloc(1, sizeof *n);
  n->id = v->next_id++;
  n->name = wg_xstrdup(name);
  n->directory = directory;
  n->time = time;
  n->after = v->nodes;
  if (v->nodes) v->nodes->before = n;
  v->nodes = n;
  v->nnodes++;
  return n;
}

static void add_host_entry(struct wg_vfs *v, struct wg_node *dir, const struct wg_host_entry *e) {
  if (v->nnodes >= WG_MAX_NODES || wg_tree_find(dir, e->name, strlen(e->name))) return;
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/%s", dir->host, e->name);
  struct wg_node *n = insert(dir, wg_node_new(v, e->name, e->directory, v->base_time));
  n->host = path.data;
  n->mount = dir->mount;
  n->unread = n->directory;
  n->size = n->base_size = e->size;
}

size_t wg_vfs_list(struct wg_vfs *v, struct wg_node *dir) {
  if (!dir->unread) return dir->nchildren;
  dir->unread = false;
  size_t n;
  struct wg_host_entry *e = wg_host_list(dir->mount->folder, wg_node_below(dir), v->poll, &n, &v->odd_names);
  for (size_t i = 0; i < n; i++) {
    add_host_entry(v, dir, &e[i]);
    free(e[i].name);
  }
  free(e);
  return dir->nchildren;
}

size_t wg_vfs_odd_names(const struct wg_vfs *v) { return v->odd_names; }

int wg_vfs_mount(struct wg_vfs *v, const char *device, const char *host, bool writable, struct wg_err *err) {
  if (v->ndevices == MAX_DEVICES) return wg_fail(err, WG_INPUT, "more than %u mounts", MAX_DEVICES);
  WG_VEC_NEXT(v->devices, v->ndevices);
  struct device *d = &v->devices[v->ndevices++];
  *d = (struct device){wg_xstrdup(device), wg_node_new(v, device, true, v->base_time), writable};
  d->root->root = d->root;
  d->root->writable = writable;
  if (host == NULL) return WG_OK;
  d->root->folder = wg_host_mount(host);
  if (d->root->folder == NULL)
    return wg_fail(err, WG_INPUT, "%s: cannot be read as a folder: %s", host, strerror(errno));
  d->root->host = wg_xstrdup(host);
  d->root->mount = d->root;
  d->root->unread = true;
  return WG_OK;
}

int wg_vfs_make_device(struct wg_vfs *v, const char *device, struct wg_err *err) {
  WG_TRY(wg_vfs_mount(v, device, NULL, true, err));
  v->devices[v->ndevices - 1].root->changed = true;
  return WG_OK;
}

void wg_vfs_add_null(struct wg_vfs *v, const char *device, const char *name) {
  struct wg_node *n = wg_vfs_add(v, wg_vfs_root(v, device), name, false, v->base_time);
  if (n == NULL) return;
  n->null = true;
  n->size = RAW_SIZE;
}

struct wg_node *wg_vfs_root(const struct wg_vfs *v, const char *device) {
  for (size_t i = 0; i < v->ndevices; i++)
    if (strcasecmp(v->devices[i].path, device) == 0) return v->devices[i].root;
  return NULL;
}

struct wg_node *wg_vfs_add_stored(struct wg_vfs *v, struct wg_node *parent, const char *name, bool directory,
                                  const char *host) {
  bool odd =
      !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/') || !wg_host_name_fits(name);
  if (odd || v->nnodes >= WG_MAX_NODES || wg_tree_find(parent, name, strlen(name))) return NULL;
  struct wg_node *n = insert(parent, wg_node_new(v, name, directory, v->base_time));
  n->stored = true;
  if (host) n->host = wg_xstrdup(host);
  return n;
}

void wg_vfs_add_extent(struct wg_node *n, uint32_t part, uint64_t at, uint64_t size) {
  uint64_t start = n->size;
  n->size = n->base_size = start + size;
  struct wg_extent *last = n->nextents ? &n->extents[n->nextents - 1] : NULL;
  if (last && last->part == part && last->at + last->size == at) {
    last->size += size;
    return;
  }
  WG_VEC_NEXT(n->extents, n->nextents);
  n->extents[n->nextents++] = (struct wg_extent){start, at, size, part};
}

void wg_vfs_link(struct wg_vfs *v, const char *name, const char *target) {
  wg_vfs_unlink(v, name);
  if (v->nlinks == WG_MAX_LINKS) {
    v->full[WG_L_LINKS] = true;
    return;
  }
  v->links[v->nlinks++] = (struct link){wg_xstrdup(name), wg_xstrdup(target)};
}

bool wg_vfs_unlink(struct wg_vfs *v, const char *name) {
  for (size_t i = 0; i < v->nlinks; i++) {
    if (strcasecmp(v->links[i].name, name) != 0) continue;
    free(v->links[i].name);
    free(v->links[i].target);
    v->links[i] = v->links[--v->nlinks];
    return true;
  }
  return false;
}

const char *wg_vfs_link_target(const struct wg_vfs *v, const char *name) {
  for (size_t i = 0; i < v->nlinks; i++)
    if (strcasecmp(v->links[i].name, name) == 0) return v->links[i].target;
  return NULL;
}

// Replaces a symbolic link at the start of `canonical`, repeatedly, a bounded number of times.
static void follow_links(struct wg_vfs *v) {
  for (int turn = 0; turn < 8; turn++) {
    bool changed = false;
    for (size_t i = 0; i < v->nlinks && !changed; i++) {
      size_t n = strlen(v->links[i].name);
      const char *p = v->canonical.data;
      if (strncasecmp(p, v->links[i].name, n) != 0 || (p[n] != 0 && p[n] != '\\')) continue;
      struct wg_buf next = {0};
      if (v->canonical.len > WG_VFS_PATH) v->steps += v->canonical.len / 4; // of a title's own making
      wg_buf_str(&next, v->links[i].target);
      wg_buf_str(&next, p + n);
      wg_buf_release(&v->canonical);
      v->canonical = next;
      changed = true;
    }
    if (!changed) return;
  }
}

static void canonicalise(struct wg_vfs *v, const char *path) {
  wg_buf_clear(&v->canonical);
  wg_buf_reserve(&v->canonical, 1);
  v->canonical.data[0] = 0;
  if (strncmp(path, "\\??\\", 4) == 0) path += 4;
  for (char last = 0; *path; path++) {
    char c = *path == '/' ? '\\' : *path;
    if (c == '\\' && last == '\\') continue;
    wg_buf_char(&v->canonical, c);
    last = c;
  }
  while (v->canonical.len > 1 && v->canonical.data[v->canonical.len - 1] == '\\')
    v->canonical.data[--v->canonical.len] = 0;
}

static bool bad_component(const char *s, size_t n) {
  if (n == 0 || n > 255) return true;
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] < 0x20 || strchr(":*?\"<>|", s[i])) return true;
  return false;
}

static enum wg_lookup find(struct wg_vfs *v, struct wg_node *root, const char *path, struct wg_node **node,
                           struct wg_node **parent, const char **leaf) {
  canonicalise(v, path);
  const char *rest = v->canonical.data;
  struct wg_node *at = root;
  if (root == NULL) {
    follow_links(v);
    rest = v->canonical.data;
    for (size_t i = 0; i < v->ndevices && at == NULL; i++) {
      size_t n = strlen(v->devices[i].path);
      v->steps += i >= USUAL_DEVICES; // where a title lies on the host takes no time: the packages that it makes do
      if (strncasecmp(rest, v->devices[i].path, n) != 0 || (rest[n] != 0 && rest[n] != '\\')) continue;
      at = v->devices[i].root;
      rest += n;
    }
    if (at == NULL) return WG_NO_DEVICE;
  }
  struct wg_node *top = at;
  while (*rest == '\\') rest++;
  while (*rest) {
    size_t n = strcspn(rest, "\\");
    v->steps += 8;
    bool last = rest[n] == 0;
    if (n == 2 && rest[0] == '.' && rest[1] == '.') {
      if (at == top) return WG_BAD_NAME; // never above the mounted folder
      at = at->parent;
    } else if (!(n == 1 && rest[0] == '.')) {
      if (bad_component(rest, n)) return WG_BAD_NAME;
      if (at->directory) wg_vfs_list(v, at);
      struct wg_node *next = at->directory ? wg_tree_find(at, rest, n) : NULL;
      if (next == NULL) {
        *parent = at;
        *leaf = rest;
        return last && at->directory ? WG_NO_NAME : WG_NO_PATH;
      }
      at = next;
    }
    rest += n;
    while (*rest == '\\') rest++;
  }
  *node = at;
  return WG_FOUND;
}

uint64_t wg_vfs_seen_key(const char *path, char kind) { return wg_hash(path, strlen(path), kind == 'l'); }

static void note(struct wg_vfs *v, const char *path, char kind, uint64_t value) {
  uint64_t key = wg_vfs_seen_key(path, kind), seen;
  if (v->renamed || wg_map_get(&v->seen_paths, key, &seen)) return;
  if (v->nseen == WG_MAX_LOOKUPS || strlen(path) > WG_VFS_PATH) {
    v->full[WG_L_LOOKUPS] = true;
    return;
  }
  wg_map_put(&v->seen_paths, key, 1);
  WG_VEC_NEXT(v->seen, v->nseen);
  v->seen[v->nseen++] = (struct wg_vfs_seen){wg_xstrdup(path), kind, value};
}

static uint64_t listing_hash(struct wg_vfs *v, struct wg_node *dir) {
  uint64_t h = 0;
  for (size_t i = 0, n = wg_vfs_list(v, dir); i < n; i++) {
    const struct wg_node *c = wg_vfs_child(dir, i);
    if (c->host == NULL) continue; // the guest's own
    h = wg_hash_u64(c->directory ? UINT64_MAX : c->base_size, wg_hash(c->name, strlen(c->name), h));
  }
  return h;
}

static bool guest_s_own(const struct wg_node *n) { return n->changed && n->host == NULL; }

enum wg_lookup wg_vfs_find(struct wg_vfs *v, struct wg_node *root, const char *path, struct wg_node **node,
                           struct wg_node **parent, const char **leaf) {
  enum wg_lookup r = find(v, root, path, node, parent, leaf);
  if (r == WG_BAD_NAME || r == WG_NO_DEVICE || v->renamed) return r;
  // What lies in a folder that the guest has made does not depend on the host.
  if (r == WG_FOUND ? (*node)->changed : guest_s_own(*parent)) return r;
  struct wg_buf full = {0};
  if (root) {
    wg_vfs_path(root, &full);
    wg_buf_char(&full, '\\');
  }
  wg_buf_str(&full, v->canonical.data);
  if (r != WG_FOUND)
    note(v, full.data, '-', 0);
  else
    note(v, full.data, (*node)->directory ? 'd' : 'f', (*node)->directory ? 0 : (*node)->size);
  wg_buf_release(&full);
  return r;
}

void wg_vfs_enumerated(struct wg_vfs *v, struct wg_node *dir) {
  struct wg_buf path = {0};
  if (dir->changed || dir->enumerated || v->renamed) return;
  dir->enumerated = true;
  wg_vfs_path(dir, &path);
  note(v, path.data, 'l', listing_hash(v, dir));
  wg_buf_release(&path);
}

const struct wg_vfs_seen *wg_vfs_seen(const struct wg_vfs *v, size_t *n) {
  *n = v->nseen;
  return v->seen;
}

struct wg_vfs_seen wg_vfs_probe(struct wg_vfs *v, const char *path, char kind) {
  struct wg_node *node = NULL, *parent = NULL;
  const char *leaf = NULL;
  struct wg_vfs_seen s = {.kind = '-'};
  if (find(v, NULL, path, &node, &parent, &leaf) != WG_FOUND) return s;
  s.kind = node->directory ? 'd' : 'f';
  s.value = node->directory ? 0 : node->size;
  if (kind == 'l' && node->directory) {
    s.kind = 'l';
    s.value = listing_hash(v, node);
  }
  return s;
}

bool wg_vfs_writable(const struct wg_vfs *v, const struct wg_node *n) {
  (void)v;
  return n->root->writable;
}

struct wg_node *wg_vfs_add(struct wg_vfs *v, struct wg_node *parent, const char *name, bool directory, uint64_t time) {
  if (v->nnodes >= WG_MAX_NODES) {
    v->full[WG_L_NODES] = true;
    return NULL;
  }
  struct wg_node *n = insert(parent, wg_node_new(v, name, directory, time));
  n->changed = true;
  return n;
}

bool wg_vfs_remove(struct wg_vfs *v, struct wg_node *n) {
  if (n->nchildren || n->unread || n->parent == NULL) return false;
  if (n->host) v->renamed = true;
  wg_tree_remove(n->parent, n);
  v->overlay -= n->data ? n->size : 0;
  wg_node_free(v, n);
  return true;
}

bool wg_vfs_rename(struct wg_vfs *v, struct wg_node *n, struct wg_node *parent, const char *name) {
  v->renamed = true;
  if (n->parent == NULL || parent == NULL || parent->root != n->root) return false;
  for (const struct wg_node *p = parent; p; p = p->parent, v->steps++)
    if (p == n) return false;
  wg_tree_remove(n->parent, n);
  free(n->name);
  n->name = wg_xstrdup(name);
  n->changed = true;
  insert(parent, n);
  return true;
}

// Written from its end, so that no depth can exhaust the host's stack.
void wg_vfs_path(const struct wg_node *n, struct wg_buf *out) {
  size_t len = 0;
  for (const struct wg_node *p = n; p; p = p->parent) len += strlen(p->name) + (p->parent != NULL);
  wg_buf_reserve(out, len);
  char *at = out->data + out->len + len;
  *at = 0;
  for (const struct wg_node *p = n; p; p = p->parent) {
    size_t l = strlen(p->name);
    at -= l;
    memcpy(at, p->name, l);
    if (p->parent) *--at = '\\';
  }
  out->len += len;
}

uint64_t wg_vfs_steps(struct wg_vfs *v) {
  uint64_t n = v->steps;
  v->steps = 0;
  return n;
}

size_t wg_vfs_left_out(const struct wg_vfs *v) { return v->left_out; }

bool wg_vfs_was_full(struct wg_vfs *v, int which) {
  bool was = v->full[which];
  v->full[which] = false;
  return was;
}
