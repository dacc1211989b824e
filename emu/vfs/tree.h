// A folder's children in the order of their names, ignoring case: a weight-balanced tree, so that finding, adding,
// removing and counting take logarithmic time, whatever names a guest chooses.
#ifndef WG_EMU_VFS_TREE_H
#define WG_EMU_VFS_TREE_H

#include "emu/vfs/vfs.h"

struct wg_node *wg_tree_find(const struct wg_node *dir, const char *name, size_t len); // NULL if there is none
void wg_tree_add(struct wg_node *dir, struct wg_node *n);                              // no child has its name
struct wg_node *wg_tree_after(const struct wg_node *dir, const struct wg_node *n);     // NULL: n is the last
void wg_tree_remove(struct wg_node *dir, struct wg_node *n);                           // n stays, and is its owner's

#endif
