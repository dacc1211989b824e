// What files held, where the reference tells nothing of what its reads gave. Private to diff/.
#ifndef WG_DIFF_FILES_H
#define WG_DIFF_FILES_H

#include "diff/pair.h"

// A file that is read to its end here and read on from in the reference is another one: as findings.
void wg_compare_files(struct wg_pairing *p);

// Reads of this side that cannot be compared.
struct wg_untold {
  uint32_t files;        // that were read here; 0: the reference tells what it read, or nothing was read
  uint32_t thread, step; // a read that came short of what the title knew should be there; thread WG_NONE: none
  uint64_t asked, got;
};
struct wg_untold wg_untold_reads(const struct wg_pairing *p);
// The clause about u->step, appended.
void wg_put_untold_short(const struct wg_pairing *p, const struct wg_untold *u, struct wg_buf *out);

#endif
