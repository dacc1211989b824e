#include "emu/vfs/tree.h"

#include <strings.h>

// Weights (nodes + 1) of siblings differ by a factor of at most 3: Hirai and Yamamoto, "Balancing weight-balanced
// trees", prove 3 and 2 right.
static size_t weight(const struct wg_node *n) { return n ? n->within + 1 : 1; }

static void count(struct wg_node *n) { n->within = weight(n->left) + weight(n->right) - 1; }

static struct wg_node *rotate_left(struct wg_node *n) {
  struct wg_node *r = n->right;
  n->right = r->left;
  r->left = n;
  count(n);
  count(r);
  return r;
}

static struct wg_node *rotate_right(struct wg_node *n) {
  struct wg_node *l = n->left;
  n->left = l->right;
  l->right = n;
  count(n);
  count(l);
  return l;
}

static struct wg_node *balance(struct wg_node *n) {
  count(n);
  if (n->right && weight(n->right) > 3 * weight(n->left)) {
    if (n->right->left && weight(n->right->left) >= 2 * weight(n->right->right)) n->right = rotate_right(n->right);
    return rotate_left(n);
  }
  if (n->left && weight(n->left) > 3 * weight(n->right)) {
    if (n->left->right && weight(n->left->right) >= 2 * weight(n->left->left)) n->left = rotate_left(n->left);
    return rotate_right(n);
  }
  return n;
}

static struct wg_node *add(struct wg_node *at, struct wg_node *n) {
  if (at == NULL) return n;
  if (strcasecmp(n->name, at->name) < 0)
    at->left = add(at->left, n);
  else
    at->right = add(at->right, n);
  return balance(at);
}

void wg_tree_add(struct wg_node *dir, struct wg_node *n) {
  n->left = n->right = NULL;
  n->within = 1;
  dir->children = add(dir->children, n);
  dir->nchildren++;
}

// The tree without its first node, which *first becomes.
static struct wg_node *take_first(struct wg_node *at, struct wg_node **first) {
  if (at->left == NULL) {
    *first = at;
    return at->right;
  }
  at->left = take_first(at->left, first);
  return balance(at);
}

static struct wg_node *without(struct wg_node *at, const struct wg_node *n) {
  if (at == NULL) return NULL;
  if (at == n) {
    if (at->left == NULL) return at->right;
    if (at->right == NULL) return at->left;
    struct wg_node *next = NULL, *right = take_first(at->right, &next);
    next->left = at->left;
    next->right = right;
    return balance(next);
  }
  if (strcasecmp(n->name, at->name) < 0)
    at->left = without(at->left, n);
  else
    at->right = without(at->right, n);
  return balance(at);
}

void wg_tree_remove(struct wg_node *dir, struct wg_node *n) {
  dir->children = without(dir->children, n);
  dir->nchildren--;
}

struct wg_node *wg_tree_find(const struct wg_node *dir, const char *name, size_t len) {
  for (struct wg_node *at = dir->children; at;) {
    int order = strncasecmp(name, at->name, len);
    if (order == 0 && at->name[len] == 0) return at;
    at = order < 0 || order == 0 ? at->left : at->right; // a name that only begins so is greater
  }
  return NULL;
}

struct wg_node *wg_tree_after(const struct wg_node *dir, const struct wg_node *n) {
  struct wg_node *next = NULL;
  for (struct wg_node *at = dir->children; at;) {
    if (strcasecmp(n->name, at->name) < 0) {
      next = at;
      at = at->left;
    } else {
      at = at->right;
    }
  }
  return next;
}

struct wg_node *wg_vfs_child(const struct wg_node *dir, size_t i) {
  for (struct wg_node *at = dir->children; at;) {
    size_t before = weight(at->left) - 1;
    if (i == before) return at;
    if (i < before) {
      at = at->left;
    } else {
      i -= before + 1;
      at = at->right;
    }
  }
  return NULL;
}
