// The walker over JSON text (base/json_iter.h) against jansson, on random documents in every way that jansson writes
// them.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/json_iter.h"
#include "tests/random.h"
#include "tests/suite.h"

static uint32_t code_point(uint64_t *rng) {
  switch (random_below(rng, 8)) {
  case 0: return random_below(rng, 0x20) + (random_below(rng, 4) != 0); // control characters, seldom NUL
  case 1: return 0x80 + random_below(rng, 0x80);
  case 2: return 0x100 + random_below(rng, 0x700);
  case 3: return 0x800 + random_below(rng, 0xD000);
  case 4: return 0x10000 + random_below(rng, 0x100000);
  case 5: return (uint32_t) "\"\\/{}[]:,"[random_below(rng, 9)];
  default: return 0x20 + random_below(rng, 0x5F);
  }
}

static void put_utf8(struct wg_buf *b, uint32_t c) {
  if (c < 0x80) {
    wg_buf_char(b, (char)c);
    return;
  }
  int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
  wg_buf_char(b, (char)(lead[more] | c >> 6 * more));
  while (more-- > 0) wg_buf_char(b, (char)(0x80 | (c >> 6 * more & 63)));
}

static json_t *random_string(uint64_t *rng) {
  struct wg_buf b = {0};
  wg_buf_str(&b, "");
  for (uint32_t n = random_below(rng, 12); n > 0; n--) put_utf8(&b, code_point(rng));
  json_t *s = json_stringn(b.data, b.len);
  wg_buf_release(&b);
  CU_ASSERT_PTR_NOT_NULL_FATAL(s);
  return s;
}

static json_t *random_value(uint64_t *rng, int depth);

static json_t *random_container(uint64_t *rng, int depth, bool object) {
  json_t *c = object ? json_object() : json_array();
  for (uint32_t n = random_below(rng, 6); n > 0; n--) {
    char key[16];
    static const char *const shapes[] = {"k", "", "a\\b", "\"", "{", "x y"};
    snprintf(key, sizeof key, "%s%u", shapes[random_below(rng, 6)], (unsigned)n);
    if (object)
      json_object_set_new(c, key, random_value(rng, depth + 1));
    else
      json_array_append_new(c, random_value(rng, depth + 1));
  }
  return c;
}

static json_t *random_value(uint64_t *rng, int depth) {
  switch (random_below(rng, depth > 4 ? 5 : 8)) {
  case 0:
    return json_integer((json_int_t)(random_next(rng) >> random_below(rng, 63)) * (random_below(rng, 2) ? 1 : -1));
  case 1: return random_string(rng);
  case 2: return json_boolean(random_below(rng, 2));
  case 3: return json_null();
  case 4: return json_real((double)random_below(rng, 1000) / 8);
  default: return random_container(rng, depth, random_below(rng, 2));
  }
}

// What wg_json_text promises of a string that was written as `flags` say.
static void expected_text(const json_t *s, size_t flags, struct wg_buf *out) {
  const unsigned char *p = (const unsigned char *)json_string_value(s), *end = p + json_string_length(s);
  bool bytes = flags & JSON_ENSURE_ASCII;
  for (const unsigned char *q = p; q < end; q++) bytes &= *q < 0xC4; // no character from U+0100 on
  for (; p < end; p++) {
    bool latin = (*p & 0xFC) == 0xC0; // U+0080..U+00FF
    if (bytes && latin && p + 1 < end) {
      wg_buf_char(out, (char)((*p & 3) << 6 | (p[1] & 63)));
      p++;
    } else {
      wg_buf_char(out, (char)*p);
    }
  }
}

static void check_scalar(const json_t *v, const struct wg_json_member *m, size_t flags) {
  struct wg_buf text = {0}, want = {0};
  uint64_t n;
  CU_ASSERT_EQUAL_FATAL(wg_json_text(m, &text), json_is_string(v));
  if (json_is_string(v)) {
    expected_text(v, flags, &want);
    CU_ASSERT_TRUE_FATAL(text.len == want.len && (want.len == 0 || memcmp(text.data, want.data, want.len) == 0));
  } else {
    CU_ASSERT_EQUAL_FATAL(wg_json_int(m, &n), json_is_integer(v));
    if (json_is_integer(v)) CU_ASSERT_EQUAL_FATAL(n, (uint64_t)json_integer_value(v));
  }
  wg_buf_release(&text);
  wg_buf_release(&want);
}

static void check(const json_t *v, const char *text, size_t n, size_t flags);

static void check_member(const json_t *v, const struct wg_json_member *m, size_t flags) {
  CU_ASSERT_PTR_NOT_NULL_FATAL(v);
  if (json_is_object(v) || json_is_array(v))
    check(v, m->value, m->nvalue, flags);
  else
    check_scalar(v, m, flags);
}

// Jansson's own idea of the key.
static const json_t *member_of(const json_t *object, const struct wg_json_member *m) {
  struct wg_buf quoted = {0};
  wg_buf_char(&quoted, '"');
  wg_buf_add(&quoted, m->key, m->nkey);
  wg_buf_char(&quoted, '"');
  json_t *key = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL(key);
  const json_t *v = json_object_get(object, json_string_value(key));
  json_decref(key);
  wg_buf_release(&quoted);
  return v;
}

static void check(const json_t *v, const char *text, size_t n, size_t flags) {
  struct wg_json_iter it;
  struct wg_json_member m;
  size_t members = 0;
  CU_ASSERT_TRUE_FATAL(wg_json_walk(&it, text, n));
  CU_ASSERT_EQUAL_FATAL(it.object, json_is_object(v));
  for (; wg_json_next(&it, &m); members++) {
    CU_ASSERT_EQUAL_FATAL(m.key != NULL, it.object);
    check_member(it.object ? member_of(v, &m) : json_array_get(v, members), &m, flags);
  }
  CU_ASSERT_EQUAL_FATAL(members, it.object ? json_object_size(v) : json_array_size(v));
}

// Whatever may be found in a guest's memory, or come from another engine.
static void random_bytes(uint64_t *rng, struct wg_buf *out) {
  static const char *const pieces[] = {"a",
                                       "\"",
                                       "\\",
                                       "\x01",
                                       "\x7F",
                                       "\xFF",
                                       "\x80",
                                       "\xC3",
                                       "\xC3\xBC",
                                       "\xC2\x85",
                                       "\xC2\xAD",
                                       "\xE2\x80\xAE",
                                       "\xE2\x82",
                                       "\xED\xA0\x80",
                                       "\xC0\xAF",
                                       "\xE6\x97\xA5",
                                       "\xF0\x9F\x8E\xAE",
                                       "\\u00fc",
                                       "\xF3\xA0\x81\x81",
                                       "\xF4\x90\x80\x80",
                                       "plain text of more than sixteen bytes"};
  uint32_t n = random_below(rng, 12), most = random_below(rng, 2) ? 21 : 11;
  uint32_t times = random_below(rng, 50) ? 1 : 2000; // beyond what is written at once
  for (uint32_t i = 0; i < n; i++) {
    const char *piece = pieces[(random_below(rng, most) + (most == 11 ? 8 : 0)) % 21];
    if (random_below(rng, 9) == 0)
      wg_buf_char(out, (char)random_below(rng, 256));
    else
      for (uint32_t k = 0; k < times; k++) wg_buf_str(out, piece);
  }
  if (out->data == NULL) wg_buf_str(out, "");
}

static void same_bytes(const struct wg_buf *a, const struct wg_buf *b) {
  CU_ASSERT_TRUE_FATAL(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

// Of any bytes, and of what others make of the same characters: jansson says what those are.
static void any_text_comes_back(void) {
  uint64_t rng = 4;
  unsigned told = 0;
  for (int round = 0; round < 30000; round++) {
    struct wg_buf text = {0}, json = {0}, back = {0}, clean = {0};
    random_bytes(&rng, &text);
    wg_buf_json(&json, text.data, text.len);
    bool prints = true;
    for (size_t i = 0; i < json.len; i++) prints &= (unsigned char)json.data[i] >= 0x20 && json.data[i] != 0x7F;
    CU_ASSERT_TRUE_FATAL(prints);
    wg_json_text(&(struct wg_json_member){.value = json.data, .nvalue = json.len}, &back);
    same_bytes(&text, &back);
    json_t *v = json_loadb(json.data, json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    bool characters =
        json_string_length(v) == text.len && (text.len == 0 || memcmp(json_string_value(v), text.data, text.len) == 0);
    json_t *is = json_stringn(text.data, text.len);
    bool utf8 = is != NULL;
    // UTF-8 has its characters, unless they are but few and none prints.
    if (utf8 && strstr(json.data, "\\u00c2") == NULL) CU_ASSERT_TRUE_FATAL(characters);
    told += utf8 && characters;
    wg_json_clean(&clean, json.data, json.len, WG_JSON_UNSEEN);
    same_bytes(&json, &clean);
    json_decref(is);
    json_decref(v);
    wg_buf_release(&text);
    wg_buf_release(&json);
    wg_buf_release(&back);
    wg_buf_release(&clean);
  }
  CU_ASSERT_TRUE(told > 3000 && told < 27000);
}

// Characters stay what they are where they are known to be some.
static void characters_of_others_stay(void) {
  uint64_t rng = 8;
  for (int round = 0; round < 3000; round++) {
    json_t *v = random_string(&rng);
    char *ascii = json_dumps(v, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    struct wg_buf want = {0}, back = {0}, clean = {0};
    struct wg_json_string s = {ascii + 1, ascii + strlen(ascii) - 1, WG_JSON_CHARACTERS};
    wg_buf_add(&want, json_string_value(v), json_string_length(v));
    wg_json_inside(&s, &back);
    same_bytes(&want, &back);
    wg_buf_clear(&back);
    wg_json_clean(&clean, ascii, strlen(ascii), WG_JSON_CHARACTERS);
    wg_json_text(&(struct wg_json_member){.value = clean.data, .nvalue = clean.len}, &back);
    same_bytes(&want, &back);
    free(ascii);
    json_decref(v);
    wg_buf_release(&want);
    wg_buf_release(&back);
    wg_buf_release(&clean);
  }
}

static const size_t styles[] = {JSON_COMPACT, 0, JSON_INDENT(3), JSON_ENSURE_ASCII, JSON_COMPACT | JSON_ESCAPE_SLASH};

static void random_documents_are_walked_as_jansson_reads_them(void) {
  uint64_t rng = 21;
  for (int round = 0; round < 3000; round++) {
    json_t *v = random_container(&rng, 0, round & 1);
    size_t flags = styles[round % 5];
    char *text = json_dumps(v, flags | JSON_PRESERVE_ORDER);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    check(v, text, strlen(text), flags);
    free(text);
    json_decref(v);
  }
}

// All that can be asked of whatever is there; a sanitizer watches the ends.
static void walk_all(const char *text, size_t n, int depth) {
  struct wg_json_iter it;
  struct wg_json_member m;
  struct wg_buf out = {0};
  uint64_t v;
  if (depth > 20 || !wg_json_walk(&it, text, n)) return;
  for (size_t i = 0; wg_json_next(&it, &m); i++) {
    CU_ASSERT_TRUE_FATAL(i <= n && m.value >= text && m.value + m.nvalue <= text + n);
    wg_json_text(&m, &out);
    wg_json_int(&m, &v);
    wg_json_is(&m, "hsid");
    walk_all(m.value, m.nvalue, depth + 1);
  }
  wg_buf_release(&out);
}

static void damaged_text_ends_the_walk(void) {
  uint64_t rng = 33;
  for (int round = 0; round < 2000; round++) {
    json_t *v = random_container(&rng, 0, round & 1);
    char *text = json_dumps(v, styles[round % 5]);
    size_t n = random_below(&rng, (uint32_t)strlen(text) + 1);
    char *exact = malloc(n + 1); // just as long: reading beyond it is seen
    memcpy(exact, text, n);
    for (uint32_t k = random_below(&rng, 5); n && k > 0; k--)
      exact[random_below(&rng, (uint32_t)n)] = "\"\\{}[],:u0\n"[random_below(&rng, 11)];
    char *shrunk = realloc(exact, n ? n : 1);
    walk_all(shrunk, n, 0);
    free(shrunk);
    free(text);
    json_decref(v);
  }
}

static void integers_in_all_their_forms(void) {
  static const struct {
    const char *text;
    bool ok;
    uint64_t v;
  } forms[] = {
      {"12", true, 12},
      {"\"12\"", true, 12},
      {"\"0xF8000014\"", true, 0xF8000014},
      {"-1", true, UINT64_MAX},
      {"\"-0x10\"", true, (uint64_t)-16},
      {"18446744071598185096", true, 0xFFFFFFFF82271A88u},
      {"1.5", false, 0},
      {"\"\"", false, 0},
      {"\"0x\"", false, 0},
      {"\"12 \"", false, 0},
      {"true", false, 0},
      {"null", false, 0},
      {"-", false, 0},
      {"\"0xg\"", false, 0},
      {"{}", false, 0},
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    struct wg_json_member m = {.value = forms[i].text, .nvalue = strlen(forms[i].text)};
    uint64_t v = 0;
    CU_ASSERT_EQUAL(wg_json_int(&m, &v), forms[i].ok);
    CU_ASSERT_EQUAL(v, forms[i].v);
  }
}

static void what_is_no_container_is_not_walked(void) {
  struct wg_json_iter it;
  static const char *const not [] = {"", " ", "1", "\"{}\"", "null"};
  for (size_t i = 0; i < 5; i++) CU_ASSERT_FALSE(wg_json_walk(&it, not [i], strlen(not [i])));
}

// What is JSON and what is none, as jansson sees it; of what it cannot hold it speaks for itself.
static void what_is_json_is_valid(void) {
  uint64_t rng = 7;
  for (int turn = 0; turn < 4000; turn++) {
    json_t *v = random_value(&rng, 0);
    char *text = json_dumps(v, JSON_ENCODE_ANY | (turn % 2 ? JSON_ENSURE_ASCII : 0) | (turn % 3 ? 0 : JSON_INDENT(1)));
    size_t n = strlen(text);
    CU_ASSERT_TRUE(wg_json_valid(text, n));
    struct wg_buf clean = {0};
    wg_json_clean(&clean, text, n, WG_JSON_CHARACTERS);
    json_error_t je;
    json_t *again = json_loadb(clean.data, clean.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &je);
    // Where a string has but few characters that do not print, they are bytes.
    CU_ASSERT_TRUE(json_equal(v, again) || (again && strstr(clean.data, "\\u00c2")));
    for (size_t i = 0; i < clean.len; i++)
      CU_ASSERT_TRUE((unsigned char)clean.data[i] >= 0x20 && clean.data[i] != 0x7F);
    wg_buf_release(&clean);
    json_decref(again);
    for (int i = 0; i < 4 && n; i++) {
      text[random_below(&rng, (uint32_t)n)] = "{}[]\":,\\0-1.e \x01\x80"[random_below(&rng, 16)];
      json_t *j = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &je);
      bool ours = wg_json_valid(text, n);
      bool cannot = strstr(je.text, "overflow") || strstr(je.text, "too big") || strstr(je.text, "Unicode");
      if (j ? !ours : ours && !cannot) printf("%s\n%s\n", text, je.text);
      CU_ASSERT_TRUE(j ? ours : !ours || cannot);
      json_decref(j);
    }
    free(text);
    json_decref(v);
  }
}

WG_MAIN("json_iter", {"what is JSON is valid", what_is_json_is_valid},
        {"random documents are walked as jansson reads them", random_documents_are_walked_as_jansson_reads_them},
        {"any text comes back", any_text_comes_back}, {"characters of others stay", characters_of_others_stay},
        {"damaged text ends the walk", damaged_text_ends_the_walk},
        {"integers in all their forms", integers_in_all_their_forms},
        {"what is no container is not walked", what_is_no_container_is_not_walked})
