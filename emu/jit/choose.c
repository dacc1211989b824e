#include "emu/jit/choose.h"

#include "trace/branches.h"

struct work {
  uint16_t places[4 * WG_CHOSEN_PAGE];
  size_t from, to;
};

static void later(struct work *w, int64_t place) {
  if (place >= 0 && place < WG_CHOSEN_PAGE && w->to < sizeof w->places / sizeof *w->places)
    w->places[w->to++] = (uint16_t)place;
}

// Where a direct branch within the page leads, in places; -1: elsewhere.
static int64_t target(uint32_t w, unsigned place) {
  if (w & 2) return -1;
  int32_t by = w >> 26 == 18 ? ((int32_t)(w << 6) >> 6) & ~3 : (int16_t)(w & 0xFFFC);
  int64_t to = (int64_t)place + by / 4;
  return to >= 0 && to < WG_CHOSEN_PAGE ? to : -1;
}

// Adds the instructions from `place` to the next that nothing falls through.
static void walk(const uint32_t *words, unsigned place, size_t most, struct work *work, struct wg_chosen *out) {
  for (; place < WG_CHOSEN_PAGE && !out->in[place] && out->n < most; place++) {
    uint32_t w = words[place];
    enum wg_branch_form form = wg_branch_form(w);
    out->in[place] = true;
    out->n++;
    if (form == WG_BRANCH_NONE) continue;
    bool direct = w >> 26 == 16 || w >> 26 == 18, links = wg_branch_links(w);
    int64_t to = direct ? target(w, place) : -1;
    if (to >= 0) {
      later(work, to);
      if (to <= (int64_t)place && !links) out->entry[to] = true;
    }
    if (links && place + 1 < WG_CHOSEN_PAGE) {
      out->entry[place + 1] = true;
      later(work, place + 1);
    }
    if (!wg_branch_decides(w)) return;
  }
}

void wg_choose(const uint32_t words[WG_CHOSEN_PAGE], unsigned start, size_t most, struct wg_chosen *out) {
  static const struct wg_chosen none;
  struct work work = {.from = 0};
  *out = none;
  later(&work, start);
  while (work.from < work.to && out->n < most) walk(words, work.places[work.from++], most, &work, out);
  out->entry[start] = true;
}
