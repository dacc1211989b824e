#include "emu/jit/choose.h"

#include "trace/branches.h"

struct work {
  uint16_t places[4 * WG_CHOSEN_PAGE];
  size_t from, to;
};

static void later(struct work *w, uint32_t place) {
  if (w->to < sizeof w->places / sizeof *w->places) w->places[w->to++] = (uint16_t)place;
}

// Where a direct branch within the page leads, in places; WG_CHOSEN_PAGE: elsewhere.
static uint32_t target(uint32_t w, uint32_t place) {
  bool direct = wg_branch_form(w) == WG_BRANCH_B || wg_branch_form(w) == WG_BRANCH_BC, absolute = w & 2;
  uint32_t to = wg_branch_direct(w, 4 * place) / 4; // a page at address 0 is as good as any
  return direct && !absolute && to < WG_CHOSEN_PAGE ? to : WG_CHOSEN_PAGE;
}

void wg_jumps_add(struct wg_jumps *jumps, unsigned place) {
  for (size_t i = 0; i < jumps->n; i++)
    if (jumps->places[i] == place) return;
  if (jumps->n < sizeof jumps->places / sizeof *jumps->places) jumps->places[jumps->n++] = (uint16_t)place;
}

static void jump(const struct wg_jumps *jumps, struct work *work, struct wg_chosen *out) {
  for (size_t i = 0; i < jumps->n; i++) {
    if (!out->in[jumps->places[i]]) later(work, jumps->places[i]);
    out->entry[jumps->places[i]] = true;
  }
}

// Adds the instructions from `place` to the next that nothing falls through.
static void walk(const uint32_t *words, const bool *executed, uint32_t place, size_t most, const struct wg_jumps *jumps,
                 struct work *work, struct wg_chosen *out) {
  for (; place < WG_CHOSEN_PAGE && !out->in[place] && out->n < most; place++) {
    uint32_t w = words[place];
    if (executed && out->n && !executed[place]) return;
    out->in[place] = true;
    out->n++;
    if (wg_branch_form(w) == WG_BRANCH_NONE) continue;
    bool links = wg_branch_links(w);
    uint32_t to = target(w, place);
    if (to < WG_CHOSEN_PAGE) {
      later(work, to);
      if (to <= place && !links) out->entry[to] = true;
    }
    if (links && place + 1 < WG_CHOSEN_PAGE) {
      out->entry[place + 1] = true;
      later(work, place + 1);
    }
    if (wg_branch_form(w) == WG_BRANCH_BCCTR) jump(jumps, work, out);
    if (!wg_branch_decides(w)) return;
  }
}

void wg_choose(const uint32_t words[WG_CHOSEN_PAGE], const bool *executed, unsigned start, size_t most,
               const struct wg_jumps *jumps, struct wg_chosen *out) {
  static const struct wg_chosen none;
  struct work work = {.from = 0};
  *out = none;
  later(&work, start);
  while (work.from < work.to && out->n < most) walk(words, executed, work.places[work.from++], most, jumps, &work, out);
  out->entry[start] = true;
}
