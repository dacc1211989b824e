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
// at most `most` instructions. Entries are the start, where calls return to, and where loops begin.
void wg_choose(const uint32_t words[WG_CHOSEN_PAGE], unsigned start, size_t most, struct wg_chosen *out);

#endif
