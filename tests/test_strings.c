// Strings kept once (base/strings.h), against a plain list of them.
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "tests/random.h"
#include "tests/suite.h"

static void equal_strings_have_equal_ids(void) {
  struct wg_strings s = {0};
  uint64_t rng = 9;
  static char kept[400][40];
  static size_t lengths[400];
  size_t n = 0;
  for (int round = 0; round < 20000; round++) {
    char text[40];
    size_t len = 1 + random_below(&rng, 3), i = 0;
    for (size_t k = 0; k < len; k++) text[k] = (char)random_below(&rng, 7); // NULs among them
    while (i < n && !(lengths[i] == len && memcmp(kept[i], text, len) == 0)) i++;
    if (i == n) {
      lengths[n] = len;
      memcpy(kept[n++], text, len);
    }
    CU_ASSERT_EQUAL_FATAL(wg_strings_id(&s, text, len), i + 1); // dense, from 1, by first appearance
  }
  for (size_t i = 0; i < n; i++) {
    CU_ASSERT_EQUAL_FATAL(wg_strings_len(&s, (uint32_t)i + 1), lengths[i]);
    CU_ASSERT_EQUAL_FATAL(memcmp(wg_strings_text(&s, (uint32_t)i + 1), kept[i], lengths[i]), 0);
    CU_ASSERT_EQUAL_FATAL(wg_strings_text(&s, (uint32_t)i + 1)[lengths[i]], 0);
  }
  wg_strings_release(&s);
}

static void the_empty_string_is_id_0(void) {
  struct wg_strings s = {0};
  CU_ASSERT_EQUAL(wg_strings_id(&s, "", 0), 0);
  CU_ASSERT_EQUAL(wg_strings_id(&s, NULL, 0), 0);
  CU_ASSERT_STRING_EQUAL(wg_strings_text(&s, 0), "");
  CU_ASSERT_EQUAL(wg_strings_len(&s, 0), 0);
  CU_ASSERT_EQUAL(wg_strings_id(&s, "\0", 1), 1);
  wg_strings_release(&s);
  CU_ASSERT_EQUAL(wg_strings_id(&s, "again", 5), 1);
  wg_strings_release(&s);
}

// Around the length at which it takes four more bytes to say it.
static void lengths_are_exact(void) {
  struct wg_strings s = {0};
  char text[600];
  memset(text, 'x', sizeof text);
  for (uint32_t n = 1; n < 600; n++) CU_ASSERT_EQUAL_FATAL(wg_strings_id(&s, text, n), n);
  for (uint32_t n = 1; n < 600; n++) {
    CU_ASSERT_EQUAL_FATAL(wg_strings_len(&s, n), n);
    CU_ASSERT_EQUAL_FATAL(strlen(wg_strings_text(&s, n)), n);
    CU_ASSERT_EQUAL_FATAL(memcmp(wg_strings_text(&s, n), text, n), 0);
  }
  wg_strings_release(&s);
}

// Text stays where it is, whatever comes after it; also what is larger than a block.
static void text_does_not_move(void) {
  struct wg_strings s = {0};
  size_t big = 300000;
  char *text = malloc(big);
  memset(text, 'x', big);
  uint32_t id = wg_strings_id(&s, "first", 5);
  const char *first = wg_strings_text(&s, id);
  for (size_t i = 0; i < 40; i++) {
    text[i] = 'y';
    CU_ASSERT_EQUAL(wg_strings_id(&s, text, big - i), i + 2);
    CU_ASSERT_EQUAL(wg_strings_id(&s, text, big - i), i + 2);
  }
  CU_ASSERT_PTR_EQUAL(wg_strings_text(&s, id), first);
  CU_ASSERT_STRING_EQUAL(first, "first");
  free(text);
  wg_strings_release(&s);
}

WG_MAIN("strings", {"equal strings have equal ids", equal_strings_have_equal_ids},
        {"the empty string is id 0", the_empty_string_is_id_0}, {"lengths are exact", lengths_are_exact},
        {"text does not move", text_does_not_move})
