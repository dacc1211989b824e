// Breakpoints and watchpoints that a client has set. Ownership: a set owns its lists, wg_gdb_points_release frees them.
#ifndef WG_GDB_POINTS_H
#define WG_GDB_POINTS_H

#include "gdb/target.h"

enum wg_gdb_kind { WG_GDB_SOFTWARE, WG_GDB_HARDWARE, WG_GDB_WRITE, WG_GDB_READ, WG_GDB_ACCESS, WG_GDB_KINDS };

struct wg_gdb_point {
  enum wg_gdb_kind kind;
  uint32_t addr, size;
};

#define WG_GDB_POINTS 4096u
#define WG_GDB_WATCHED (1ull << 32) // bytes, of all watches: each of their pages costs something whenever one goes on

struct wg_gdb_points_set {
  struct wg_gdb_point *list; // in the order of their addresses, a place and kind once
  size_t n;
  uint64_t watched; // bytes
  // of these:
  uint32_t *breaks;
  struct wg_mem_watch *watches;
  struct wg_gdb_points points;
};

// NULL, or why not: there are too many.
const char *wg_gdb_points_set(struct wg_gdb_points_set *s, const struct wg_gdb_point *p);
void wg_gdb_points_clear(struct wg_gdb_points_set *s, const struct wg_gdb_point *p);
void wg_gdb_points_release(struct wg_gdb_points_set *s);
// The kind of the breakpoint, or of the watch, there.
enum wg_gdb_kind wg_gdb_points_break(const struct wg_gdb_points_set *s, uint32_t addr);
enum wg_gdb_kind wg_gdb_points_watch(const struct wg_gdb_points_set *s, uint32_t addr);

#endif
