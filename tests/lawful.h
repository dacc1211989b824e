// Stories of which some variants break a kernel's law (diff/laws.def), and what is said of them.
#ifndef WG_TESTS_LAWFUL_H
#define WG_TESTS_LAWFUL_H

#include "diff/laws.h"
#include "tests/tale.h"

static inline const char *words_of(enum wg_law law) { return wg_law_texts[law].words; }

// The first cause is the call that is to blame.
static inline bool names(const struct wg_buf *out, const struct tale *t) {
  char where[64];
  snprintf(where, sizeof where, "here event %u of thread %u", (unsigned)t->guilty_idx, (unsigned)t->guilty_tid);
  const char *at = strstr(out->data, where), *others = strstr(out->data, "other candidates");
  bool first = at && (others == NULL || at < others);
  return first_says(out, t->guilty) && (first || says(out, where));
}

static inline bool blames(const struct wg_buf *out, const struct tale *t, enum wg_law law) {
  return names(out, t) && first_says(out, words_of(law)) && says(out, "kernel rule broken");
}

// The variant told in this style, held against the same with the host's clock.
static inline int alone(tale_story *story, int variant, struct tale_style style, struct wg_buf *out,
                        struct tale *told) {
  *told = tale_write("a", story, variant, style);
  style.host_clock = true;
  tale_write("b", story, variant, style);
  return compare("a", "b", out);
}

static inline void is_lawful_as(tale_story *story, int variant, struct tale_style style) {
  struct wg_buf out = {0};
  struct tale t;
  int code = alone(story, variant, style, &out, &t);
  CU_ASSERT_EQUAL(code, WG_OK);
  CU_ASSERT_TRUE(says(&out, "no difference"));
  CU_ASSERT_PTR_NULL(strstr(out.data, "but for chance"));
  if (code != WG_OK) printf("  in variant %d\n", variant);
  wg_buf_release(&out);
}

static inline void is_lawful(tale_story *story, int variant) { is_lawful_as(story, variant, (struct tale_style){0}); }

static inline void is_faulty_as(tale_story *story, int variant, struct tale_style style, enum wg_law law) {
  struct wg_buf out = {0};
  struct tale t;
  bool ok = alone(story, variant, style, &out, &t) == WG_DIFFERS && blames(&out, &t, law);
  CU_ASSERT_TRUE(ok);
  if (!ok) printf("  in variant %d\n%s\n", variant, out.data);
  wg_buf_release(&out);
}

static inline void is_faulty(tale_story *story, int variant, enum wg_law law) {
  is_faulty_as(story, variant, (struct tale_style){0}, law);
}

// `faulty` breaks the law, which shows alone; beside the healthy variant 0 its call is the cause, in these words or in
// more exact ones. Not where nothing is proven, and not where the reference does so too.
static inline void breaks(tale_story *story, int faulty, enum wg_law law) {
  struct wg_buf out = {0};
  struct tale t = tale_write("a", story, faulty, (struct tale_style){0});
  tale_write("b", story, 0, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(names(&out, &t));
  CU_ASSERT_EQUAL(compare("b", "a", &out), WG_DIFFERS); // it is the reference that does so
  CU_ASSERT_TRUE(first_says(&out, t.guilty));
  if (!first_says(&out, t.guilty)) printf("  in variant %d, the other way round: %.200s\n", faulty, out.data);
  is_faulty(story, faulty, law);
  is_lawful(story, 0);
  is_lawful_as(story, faulty, (struct tale_style){.no_args = true});
  is_lawful_as(story, faulty, (struct tale_style){.foreign = true});
  is_lawful_as(story, faulty, (struct tale_style){.no_waits = true});
  tale_write("a", story, faulty, (struct tale_style){0});
  tale_write("b", story, faulty, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "no difference"));
  wg_buf_release(&out);
}

// A trace that tells of no wait proves nothing.
static inline void tells_of_waits(struct tale *t) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
}

#endif
