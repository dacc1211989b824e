// What files hold: the host's until the guest writes, which is kept apart from there on and can be saved.
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "emu/limits/limits.h"
#include "emu/vfs/files.h"
#include "emu/vfs/host.h"
#include "emu/vfs/tree.h"
#include "emu/vfs/volume.h"

bool wg_vfs_sha256(struct wg_vfs *v, struct wg_node *n, char *out) {
  enum { CHUNK = 1 << 20 };
  uint8_t *p = wg_xcalloc(CHUNK, 1);
  bool ok = true, hashed = n->hashed;
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  EVP_DigestInit_ex(c, EVP_sha256(), NULL);
  n->hashed = true; // reading for the digest is no use of the file
  for (uint64_t at = 0; ok && at < n->size;) {
    int64_t got = wg_vfs_read(v, n, at, p, CHUNK);
    ok = got > 0 && wg_go_on(v->poll);
    if (ok) EVP_DigestUpdate(c, p, (size_t)got);
    at += ok ? (uint64_t)got : 0;
  }
  n->hashed = hashed;
  wg_sha256_end(c, out);
  EVP_MD_CTX_free(c);
  free(p);
  return ok;
}

// The digest of a file's content as it was when the guest first read it. False if it did not get that far.
static bool note_input(struct wg_vfs *v, struct wg_node *n) {
  n->hashed = true;
  struct wg_vfs_input in = {.host = wg_xstrdup(n->host), .size = n->size};
  struct wg_buf path = {0};
  wg_vfs_path(n, &path);
  in.guest = path.data;
  if (n->stored) {
    const struct wg_node *root = n;
    while (root->parent) root = root->parent;
    in.inside = wg_xstrdup(in.guest + strlen(root->name) + 1);
    if (!wg_vfs_sha256(v, n, in.sha256)) in.sha256[0] = 0;
  } else if (!wg_host_sha256(n->mount->folder, wg_node_below(n), v->poll, in.sha256)) {
    in.sha256[0] = 0;
  }
  if (in.sha256[0] == 0 && !wg_go_on(v->poll)) {
    free(in.host);
    free(in.guest);
    free(in.inside);
    return false;
  }
  WG_VEC_NEXT(v->inputs, v->ninputs);
  v->inputs[v->ninputs++] = in;
  return true;
}

const struct wg_vfs_input *wg_vfs_inputs(const struct wg_vfs *v, size_t *n) {
  *n = v->ninputs;
  return v->inputs;
}

// A container is the user's own choice and may be a link; what lies in a mounted folder may not. False too if the file
// is shorter than when it was listed: it changed.
static bool read_host(const struct wg_vfs *v, const struct wg_node *n, uint32_t part, uint64_t at, uint8_t *out,
                      uint64_t len) {
  if (!n->stored) return wg_host_read(n->mount->folder, wg_node_below(n), v->poll, at, out, len);
  struct wg_buf name = {0};
  wg_part_name(n->host, part, &name);
  int fd = open(name.data, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  wg_buf_release(&name);
  if (fd < 0) return false;
  uint64_t done = 0;
  while (done < len) {
    uint64_t want = len - done < WG_POLL_BYTES ? len - done : WG_POLL_BYTES;
    if (done && !wg_go_on(v->poll)) break;
    ssize_t got = pread(fd, out + done, want, (off_t)(at + done));
    if (got <= 0) break;
    done += (uint64_t)got;
  }
  close(fd);
  return done == len;
}

int64_t wg_vfs_read(struct wg_vfs *v, struct wg_node *n, uint64_t at, void *out, uint64_t len) {
  if (n->null) {
    memset(out, 0, len);
    return (int64_t)len;
  }
  if (at >= n->size) return 0;
  if (len > n->size - at) len = n->size - at;
  if (n->data) {
    memcpy(out, n->data + at, len);
    return (int64_t)len;
  }
  if (n->host == NULL) {
    memset(out, 0, len);
    return (int64_t)len;
  }
  if (!n->hashed && !note_input(v, n)) return -1;
  const struct wg_extent whole = {0, 0, n->size, 0}, *e = &whole, *end = &whole + 1;
  if (n->stored) {
    size_t lo = 0, hi = n->nextents;
    while (hi - lo > 1) {
      size_t mid = lo + (hi - lo) / 2;
      if (n->extents[mid].start <= at)
        lo = mid;
      else
        hi = mid;
    }
    e = &n->extents[lo];
    end = n->extents + n->nextents;
  }
  uint64_t done = 0;
  for (; done < len && e < end; e++) {
    uint64_t within = at + done - e->start, room = e->size - within, want = room < len - done ? room : len - done;
    if (!read_host(v, n, e->part, e->at + within, (uint8_t *)out + done, want)) return -1;
    done += want;
  }
  return done == len ? (int64_t)len : -1;
}

static bool overlay_room(struct wg_vfs *v, uint64_t more) {
  if (more <= WG_MAX_OVERLAY - v->overlay) return true;
  v->full[WG_L_OVERLAY] = true;
  return false;
}

// Gives the node content of its own.
static bool own_content(struct wg_vfs *v, struct wg_node *n) {
  if (n->data) return true;
  if (!overlay_room(v, n->size)) return false;
  uint8_t *data = wg_xcalloc(1, n->size + 1);
  if (n->size && n->host && wg_vfs_read(v, n, 0, data, n->size) < 0) {
    free(data);
    return false;
  }
  v->steps += n->size / 8;
  v->overlay += n->size;
  n->data = data;
  n->room = n->size + 1;
  n->changed = true;
  return true;
}

bool wg_vfs_resize(struct wg_vfs *v, struct wg_node *n, uint64_t size) {
  if (n->null) return true;
  if (!own_content(v, n)) return false;
  if (size > n->size && !overlay_room(v, size - n->size)) return false;
  // Twice the room each time, so that a file that grows byte by byte is copied a few times only.
  if (size + 1 > n->room || size + 1 < n->room / 4) {
    uint64_t room = size + 1 > n->room && 2 * n->room <= WG_MAX_OVERLAY / 8 ? 2 * n->room : 0;
    n->room = room > size + 1 ? room : size + 1;
    WG_VEC_MOVE(n->data, n->room);
    v->steps += n->size < size ? n->size / 8 : size / 8;
  }
  v->overlay = v->overlay - n->size + size;
  if (size > n->size) memset(n->data + n->size, 0, size - n->size);
  if (size > n->size) v->steps += (size - n->size) / 2;
  n->size = size;
  n->changed = true;
  return true;
}

bool wg_vfs_write(struct wg_vfs *v, struct wg_node *n, uint64_t at, const void *data, uint64_t len) {
  if (n->null) return true;
  if (at > WG_MAX_OVERLAY || len > WG_MAX_OVERLAY || !own_content(v, n)) return false;
  if (at + len > n->size && !wg_vfs_resize(v, n, at + len)) return false;
  memcpy(n->data + at, data, len);
  return true;
}

// Folders come before what lies in them, so the one above is nearly always there.
static int make_folder(const char *path, struct wg_err *err) {
  return mkdir(path, 0777) == 0 ? WG_OK : wg_mkdir_p(path, err);
}

// The node after `n` of those below `top`, parents before their children; what lies below n
// is left out if `skip`.
static const struct wg_node *next_node(const struct wg_node *top, const struct wg_node *n, bool skip) {
  if (!skip && n->children) return wg_vfs_child(n, 0);
  for (; n != top; n = n->parent) {
    const struct wg_node *sibling = wg_tree_after(n->parent, n);
    if (sibling) return sibling;
  }
  return NULL;
}

bool wg_vfs_changes(struct wg_vfs *v, bool (*each)(void *ctx, const char *path, const struct wg_node *n), void *ctx) {
  struct wg_buf path = {0};
  bool go_on = true;
  v->left_out = 0;
  for (size_t i = 0; i < v->ndevices && go_on; i++) {
    const struct wg_node *top = v->devices[i].root;
    bool skip = false;
    for (const struct wg_node *n = top; n && go_on; n = next_node(top, n, skip)) {
      wg_buf_clear(&path);
      wg_vfs_path(n, &path);
      if (path.data[0] == '\\') memmove(path.data, path.data + 1, path.len--);
      for (size_t at = 0; at < path.len; at++)
        if (path.data[at] == '\\') path.data[at] = '/';
      skip = path.len > WG_VFS_PATH;
      if (skip)
        v->left_out++;
      else if (n->changed && (n->directory || n->data))
        go_on = each(ctx, path.data, n);
    }
  }
  wg_buf_release(&path);
  return go_on;
}

struct saving {
  struct wg_buf path;
  size_t dir, failed;
  struct wg_err *err;
};

static int save_node(const struct wg_node *n, const char *path, struct wg_err *err) {
  if (n->directory) return make_folder(path, err);
  char *dir = wg_xstrdup(path);
  *strrchr(dir, '/') = 0;
  int code = make_folder(dir, err);
  free(dir);
  return code == WG_OK ? wg_file_write(path, n->data, n->size, err) : code;
}

static bool save(void *ctx, const char *path, const struct wg_node *n) {
  struct saving *s = ctx;
  s->path.len = s->dir;
  wg_buf_str(&s->path, path);
  s->failed += save_node(n, s->path.data, s->err) != WG_OK;
  return true;
}

// One that cannot be saved keeps no other from it; the first is named.
int wg_vfs_save(struct wg_vfs *v, const char *dir, struct wg_err *err) {
  struct saving s = {.err = err};
  wg_buf_printf(&s.path, "%s/", dir);
  s.dir = s.path.len;
  wg_vfs_changes(v, save, &s);
  wg_buf_release(&s.path);
  if (s.failed > 1) wg_err_prefix(err, "%zu files of the overlay cannot be saved, the first one", s.failed);
  return s.failed ? WG_INPUT : WG_OK;
}
