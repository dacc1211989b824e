// Packets that several threads put: which comes first is chance. What a call got and its like of the other side did not
// is no difference where somebody of its own side put just that.
#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "diff/pair.h"

#define KEY 1u // argument of the call that puts a packet: the first of its words
#define WORDS 2u

static const char *const word_names[WORDS] = {"key", "value"};

// The first words of the packet that a call got, as an argument would be; false: it does not tell them.
static bool packet_of(const struct wg_side *s, const struct wg_content *c, uint64_t words[WORDS]) {
  const char *kinds = wg_nt_of(c) ? wg_nt_of(c)->params : "";
  if (!wg_content_is(c, WG_NT_WAITS) || strchr(kinds, 'P') == NULL || c->out == 0) return false;
  const char *out = wg_str(s, c->out);
  struct wg_json_iter it;
  struct wg_json_member m;
  unsigned known = 0;
  uint64_t v;
  if (!wg_json_walk(&it, out, strlen(out))) return false;
  while (wg_json_next(&it, &m))
    for (unsigned i = 0; i < WORDS; i++)
      if (wg_json_is(&m, word_names[i]) && wg_json_int(&m, &v)) {
        words[i] = wg_canonical('x', (uint32_t)v);
        known |= 1u << i;
      }
  return known == (1u << WORDS) - 1;
}

// What was put, and where several threads put.
struct puts {
  struct wg_map packets; // hash of object and words -> 1
  uint32_t *putters;     // by object; NULL: not looked at yet
};

static uint64_t hash_words(uint32_t object, const uint64_t words[WORDS]) {
  return wg_hash_u64(wg_hash_u64(object, words[0]), words[1]);
}

static void see_packets(struct puts *x, const struct wg_side *s) {
  uint64_t words[WORDS];
  x->putters = wg_sole_threads(s, WG_NT_SIGNALS);
  for (size_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *y = &s->threads[i].steps[k];
      const struct wg_content *c = &s->contents[y->content];
      if (y->object == WG_NONE || c->nargs < KEY + WORDS || strcmp(wg_str(s, c->name), "NtSetIoCompletion") != 0)
        continue;
      for (unsigned w = 0; w < WORDS; w++) words[w] = wg_arg(s, c, KEY + w);
      wg_map_put(&x->packets, hash_words(y->object, words), 1);
    }
}

// Several threads put packets there, and one of them this one.
static bool is_given(const struct wg_side *s, struct puts *x, const struct wg_step *got) {
  uint64_t words[WORDS], known;
  if (got->object == WG_NONE || !packet_of(s, &s->contents[got->content], words)) return false;
  if (x->putters == NULL) see_packets(x, s);
  return x->putters[got->object] == WG_NONE && wg_map_get(&x->packets, hash_words(got->object, words), &known);
}

void wg_mask_packets(struct wg_pairing *p) {
  struct puts puts[2] = {{{0}, NULL}, {{0}, NULL}};
  for (size_t i = 0; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    if (f->hidden || f->cls != WG_D_OUT || f->step[0] == WG_NONE || f->step[1] == WG_NONE) continue;
    bool given = true;
    for (int side = 0; side < 2; side++)
      given = given && is_given(p->s[side], &puts[side], &wg_pair_thread(p, f->pair, side)->steps[f->step[side]]);
    if (!given) continue;
    f->hidden = true;
    f->reason = "several give this thread work: what comes first is chance";
  }
  for (int side = 0; side < 2; side++) {
    wg_map_release(&puts[side].packets);
    free(puts[side].putters);
  }
}
