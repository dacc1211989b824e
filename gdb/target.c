// Who is there to be debugged.
#include "gdb/target.h"

#include <stdlib.h>

uint32_t *wg_gdb_threads(const struct wg_machine *m, const struct wg_here *here, size_t *n) {
  uint32_t last_tid;
  size_t all = wg_machine_threads(m, NULL, 0, &last_tid);
  struct wg_machine_thread *list = wg_xcalloc(all, sizeof *list);
  uint32_t *out = wg_xcalloc(all + 1, sizeof *out);
  wg_machine_threads(m, list, all, &last_tid);
  *n = 0;
  for (size_t i = 0; i < all; i++)
    if (list[i].tid) out[(*n)++] = list[i].tid;
  free(list);
  if (here->at.in_turn && here->at.tid == 0) out[(*n)++] = WG_GDB_INTERRUPT;
  if (*n == 0) out[(*n)++] = WG_GDB_NOBODY;
  return out;
}

bool wg_gdb_thread_exists(const struct wg_machine *m, const struct wg_here *here, uint32_t tid) {
  size_t n;
  uint32_t *list = wg_gdb_threads(m, here, &n);
  bool found = false;
  for (size_t i = 0; i < n; i++) found |= list[i] == tid;
  free(list);
  return found;
}

uint32_t wg_gdb_current(const struct wg_machine *m, const struct wg_here *here, uint32_t otherwise) {
  if (here->at.in_turn && here->at.tid == 0) return WG_GDB_INTERRUPT;
  if (here->at.in_turn) return here->at.tid;
  if (otherwise && wg_gdb_thread_exists(m, here, otherwise)) return otherwise;
  size_t n;
  uint32_t *list = wg_gdb_threads(m, here, &n), first = list[0];
  free(list);
  return first;
}
