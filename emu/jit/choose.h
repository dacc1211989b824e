// Which instructions are compiled together.
#ifndef WG_EMU_JIT_CHOOSE_H
#define WG_EMU_JIT_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_CHOSEN_PAGE 1024u

struct wg_chosen {
  bool in[WG_CHOSEN_PAGE], entry[WG_CHOSEN_PAGE]; // by place in the page
  size_t n;
};

// From `start` on whatever of the page can be reached by falling through, by branches and by calls, the nearest first,
// at most `most` instructions. A jump by CTR leads to `jumps`: the addresses in the page, as places, that such jumps
// were seen to go to. Entries are the start, where calls return to, where loops begin, and these. But for the start
// nothing is chosen that is not in `executed`, unless that is NULL.
struct wg_jumps {
  uint16_t places[64];
  size_t n;
};
void wg_choose(const uint32_t words[WG_CHOSEN_PAGE], const bool *executed, unsigned start, size_t most,
               const struct wg_jumps *jumps, struct wg_chosen *out);
// Adds a place that is not among them, if there is room.
void wg_jumps_add(struct wg_jumps *jumps, unsigned place);

#endif
