// The state of the files: every node that is known, what the guest has changed, and what it has been told.
//
// Nodes are written in the order in which they lie in the list of all, each by its number there. Those that a file
// system has from the start (its devices, what its containers hold) are found again by their ids; what lies in a host
// folder has its path below that, so that a state does not depend on where a title lies.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/state/archive.h"
#include "emu/vfs/files.h"

void wg_vfs_ref(struct wg_archive *a, struct wg_vfs *v, struct wg_node **n) {
  bool loading = wg_ar_loading(a); // what is there then may be gone
  uint32_t i = wg_ar_index(a, *n && !loading ? (*n)->number : WG_AR_NONE, v->nnumbered);
  if (loading) *n = i == WG_AR_NONE ? NULL : v->numbered[i];
}

static void number(struct wg_vfs *v) {
  WG_VEC_SET(v->numbered, v->nnodes);
  v->nnumbered = 0;
  for (struct wg_node *n = v->nodes; n; n = n->after) {
    n->number = (uint32_t)v->nnumbered;
    v->numbered[v->nnumbered++] = n;
  }
}

// The nodes of the state: those that are here already, others made, and none else.
static void gather(struct wg_archive *a, struct wg_vfs *v, size_t n) {
  struct wg_map here = {0};
  for (size_t i = 0; i < v->nnumbered; i++) wg_map_put(&here, v->numbered[i]->id, (uintptr_t)v->numbered[i]);
  for (size_t i = 0; i < v->nnumbered; i++) v->numbered[i]->number = UINT32_MAX;
  struct wg_node **all = wg_xcalloc(n + 1, sizeof(struct wg_node *));
  for (size_t i = 0; i < n; i++) {
    uint32_t id = wg_ar_index(a, 0, UINT32_MAX);
    uint64_t at;
    bool known = wg_map_get(&here, id, &at) && ((struct wg_node *)(uintptr_t)at)->number == UINT32_MAX;
    all[i] = known ? (struct wg_node *)(uintptr_t)at : wg_node_new(v, "", false, 0);
    all[i]->id = id;
    all[i]->number = (uint32_t)i;
  }
  wg_map_release(&here);
  for (struct wg_node *m = v->nodes, *next; m; m = next) {
    next = m->after;
    if (m->number == UINT32_MAX) wg_node_free(v, m);
  }
  // The list is in their order.
  v->nodes = n ? all[0] : NULL;
  for (size_t i = 0; i < n; i++) {
    all[i]->before = i ? all[i - 1] : NULL;
    all[i]->after = i + 1 < n ? all[i + 1] : NULL;
  }
  free(v->numbered);
  v->numbered = all;
  v->nnumbered = n;
}

// Where in the host's folder its base content lies; the root says where that is.
static void host(struct wg_archive *a, struct wg_vfs *v, struct wg_node *n) {
  bool is_root = n->folder != NULL;
  struct wg_node *mount = is_root ? NULL : n->mount;
  wg_vfs_ref(a, v, &mount);
  char *below = wg_ar_text(a, mount && !wg_ar_loading(a) ? n->host + strlen(mount->host) : NULL);
  if (wg_ar_loading(a) && !is_root && !n->stored) {
    free(n->host);
    n->host = NULL;
    n->mount = below && mount && mount->host && mount->folder ? mount : NULL;
    if (n->mount) {
      struct wg_buf path = {0};
      wg_buf_printf(&path, "%s%s", mount->host, below);
      n->host = path.data;
    } else if (mount || below) {
      wg_ar_fail(a, "a file of a host folder that is not mounted");
    }
  }
  free(below);
}

static void node(struct wg_archive *a, struct wg_vfs *v, struct wg_node *n) {
  wg_ar_string(a, &n->name);
  if (wg_ar_loading(a) && n->name == NULL) n->name = wg_xstrdup("");
  wg_vfs_ref(a, v, &n->parent);
  wg_vfs_ref(a, v, &n->root);
  wg_vfs_ref(a, v, &n->children);
  wg_vfs_ref(a, v, &n->left);
  wg_vfs_ref(a, v, &n->right);
  wg_ar_size(a, &n->within);
  wg_ar_size(a, &n->nchildren);
  bool stored = wg_ar_kind(a, n->stored, 2);
  if (stored != n->stored) wg_ar_fail(a, "%s lies in a container in one of the two alone", n->name);
  host(a, v, n);
  wg_ar_bool(a, &n->directory);
  wg_ar_bool(a, &n->changed);
  wg_ar_bool(a, &n->writable);
  wg_ar_bool(a, &n->enumerated);
  wg_ar_bool(a, &n->unread);
  wg_ar_bool(a, &n->null);
  wg_ar_bool(a, &n->delete_on_close);
  wg_ar_bool(a, &n->hashed);
  wg_ar_u32(a, &n->opens);
  wg_ar_u64(a, &n->size);
  wg_ar_u64(a, &n->room);
  wg_ar_u64(a, &n->base_size);
  wg_ar_u64(a, &n->time);
  bool own = n->data != NULL;
  if (wg_ar_loading(a)) {
    free(n->data);
    n->data = NULL;
  }
  if (!wg_ar_kind(a, own, 2)) return;
  if (wg_ar_loading(a)) {
    if (n->size > a->n - a->at || n->room < n->size || n->room > 2 * WG_MAX_OVERLAY) {
      wg_ar_fail(a, "%llu bytes of a file are cut off", (unsigned long long)n->size);
      n->size = n->room = 0;
    }
    n->data = wg_xcalloc(1, n->room + 1);
  }
  wg_ar_bytes(a, n->data, n->size);
}

static void devices(struct wg_archive *a, struct wg_vfs *v) {
  size_t n = wg_ar_count(a, v->ndevices, 65536);
  if (wg_ar_loading(a)) {
    for (size_t i = n; i < v->ndevices; i++) free(v->devices[i].path);
    WG_VEC_SET(v->devices, n);
    for (size_t i = v->ndevices; i < n; i++) v->devices[i] = (struct device){NULL, NULL, false};
    v->ndevices = n;
  }
  for (size_t i = 0; i < n; i++) {
    wg_ar_string(a, &v->devices[i].path);
    wg_vfs_ref(a, v, &v->devices[i].root);
    wg_ar_bool(a, &v->devices[i].writable);
    if (wg_ar_loading(a) && (v->devices[i].path == NULL || v->devices[i].root == NULL)) {
      wg_ar_fail(a, "a device without a root");
      free(v->devices[i].path);
      v->ndevices = i;
      break;
    }
  }
}

static void links(struct wg_archive *a, struct wg_vfs *v) {
  size_t n = wg_ar_count(a, v->nlinks, WG_MAX_LINKS);
  if (wg_ar_loading(a)) {
    for (size_t i = 0; i < v->nlinks; i++) {
      free(v->links[i].name);
      free(v->links[i].target);
    }
    memset(v->links, 0, sizeof v->links);
    v->nlinks = n;
  }
  for (size_t i = 0; i < n; i++) {
    wg_ar_string(a, &v->links[i].name);
    wg_ar_string(a, &v->links[i].target);
    if (v->links[i].name == NULL) v->links[i].name = wg_xstrdup("");
    if (v->links[i].target == NULL) v->links[i].target = wg_xstrdup("");
  }
}

// The files that were read, for the manifest. Where they lie on the host is no state: it is kept, but not told apart.
static void inputs(struct wg_archive *a, struct wg_vfs *v) {
  size_t n = wg_ar_count(a, v->ninputs, SIZE_MAX);
  if (wg_ar_loading(a)) {
    for (size_t i = 0; i < v->ninputs; i++) {
      free(v->inputs[i].guest);
      free(v->inputs[i].host);
      free(v->inputs[i].inside);
    }
    WG_VEC_SET(v->inputs, n);
    memset(v->inputs, 0, n * sizeof *v->inputs);
    v->ninputs = n;
  }
  struct wg_map read = {0}; // guest path -> node
  for (size_t i = 0; i < v->nnumbered && wg_ar_loading(a) && n; i++) {
    struct wg_buf path = {0};
    if (!v->numbered[i]->hashed || v->numbered[i]->host == NULL) continue;
    wg_vfs_path(v->numbered[i], &path);
    wg_map_put(&read, wg_hash(path.data, path.len, 0), i);
    wg_buf_release(&path);
  }
  for (size_t i = 0; i < n; i++) {
    struct wg_vfs_input *in = &v->inputs[i];
    wg_ar_string(a, &in->guest);
    wg_ar_string(a, &in->inside);
    wg_ar_bytes(a, in->sha256, sizeof in->sha256);
    wg_ar_u64(a, &in->size);
    if (in->guest == NULL) in->guest = wg_xstrdup("");
    if (!wg_ar_loading(a)) continue;
    // Its node says where it lies here; if that has gone since, so has the way to it.
    uint64_t at;
    bool there = wg_map_get(&read, wg_hash(in->guest, strlen(in->guest), 0), &at);
    in->host = wg_xstrdup(there ? v->numbered[at]->host : in->guest);
  }
  wg_map_release(&read);
}

static void seen(struct wg_archive *a, struct wg_vfs *v) {
  size_t n = wg_ar_count(a, v->nseen, WG_MAX_LOOKUPS);
  if (wg_ar_loading(a)) {
    for (size_t i = 0; i < v->nseen; i++) free(v->seen[i].path);
    WG_VEC_SET(v->seen, n);
    memset(v->seen, 0, n * sizeof *v->seen);
    v->nseen = n;
    wg_map_release(&v->seen_paths);
  }
  for (size_t i = 0; i < n; i++) {
    struct wg_vfs_seen *s = &v->seen[i];
    uint8_t kind = (uint8_t)s->kind;
    wg_ar_string(a, &s->path);
    wg_ar_u8(a, &kind);
    wg_ar_u64(a, &s->value);
    s->kind = (char)kind;
    if (s->path == NULL) s->path = wg_xstrdup("");
    if (wg_ar_loading(a)) wg_map_put(&v->seen_paths, wg_vfs_seen_key(s->path, s->kind), 1);
  }
}

// A tree that goes in circles would never end a look-up.
static void check(struct wg_archive *a, struct wg_vfs *v) {
  for (size_t i = 0; i < v->nnumbered && !a->failed; i++) {
    const struct wg_node *n = v->numbered[i];
    size_t steps = 0;
    for (const struct wg_node *p = n; p && steps <= v->nnumbered; p = p->parent) steps++;
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): each number has its node
    bool whole = n->root && steps <= v->nnumbered;
    for (int side = 0; side < 2; side++) {
      const struct wg_node *child = side ? n->right : n->left;
      if (child) whole = whole && child->within < n->within && child->parent == n->parent;
    }
    if (!whole) wg_ar_fail(a, "folders that lie in each other");
  }
}

void wg_vfs_state(struct wg_archive *a, struct wg_vfs *v) {
  wg_ar_part(a, "files");
  number(v);
  size_t n = wg_ar_count(a, v->nnumbered, WG_MAX_NODES + 65536);
  if (wg_ar_loading(a))
    gather(a, v, n);
  else
    for (size_t i = 0; i < n; i++) wg_ar_index(a, v->numbered[i]->id, UINT32_MAX);
  for (size_t i = 0; i < n; i++) node(a, v, v->numbered[i]);
  if (wg_ar_loading(a)) check(a, v);
  wg_ar_u32(a, &v->next_id);
  devices(a, v);
  links(a, v);
  inputs(a, v);
  seen(a, v);
  wg_ar_u64(a, &v->base_time);
  wg_ar_u64(a, &v->overlay);
  wg_ar_size(a, &v->odd_names);
  wg_ar_u64(a, &v->steps);
  for (unsigned i = 0; i < WG_LIMITS; i++) wg_ar_bool(a, &v->full[i]);
  wg_ar_bool(a, &v->renamed);
}
