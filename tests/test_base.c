#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/endian.h"
#include "base/file.h"
#include "base/index.h"
#include "base/map.h"
#include "base/vec.h"
#include "tests/random.h"
#include "tests/suite.h"

static void numbers_are_parsed_whole(void) {
  uint64_t v = 1;
  CU_ASSERT_TRUE(wg_parse_u64("0", 10, &v));
  CU_ASSERT_EQUAL(v, 0);
  CU_ASSERT_TRUE(wg_parse_u64("0xFFFFFFFFFFFFFFFF", UINT64_MAX, &v));
  CU_ASSERT_EQUAL(v, UINT64_MAX);
  CU_ASSERT_TRUE(wg_parse_u64("18446744073709551615", UINT64_MAX, &v));
  CU_ASSERT_FALSE(wg_parse_u64("18446744073709551616", UINT64_MAX, &v));
  CU_ASSERT_FALSE(wg_parse_u64("0x10000000000000000", UINT64_MAX, &v));
  CU_ASSERT_FALSE(wg_parse_u64("", 10, &v));
  CU_ASSERT_FALSE(wg_parse_u64("0x", 10, &v));
  CU_ASSERT_FALSE(wg_parse_u64("12a", 100, &v));
  CU_ASSERT_FALSE(wg_parse_u64("-1", 100, &v));
  CU_ASSERT_FALSE(wg_parse_u64(" 1", 100, &v));
  CU_ASSERT_FALSE(wg_parse_u64("11", 10, &v));
}

static void digits_are_read_in_pairs(void) {
  unsigned char bytes[3] = {9, 9, 9};
  uint64_t v;
  CU_ASSERT_TRUE(wg_unhex("0fA0c", 2, bytes));
  CU_ASSERT_TRUE(bytes[0] == 0x0F && bytes[1] == 0xA0 && bytes[2] == 9);
  CU_ASSERT_FALSE(wg_unhex("0", 1, bytes)); // ends too early
  CU_ASSERT_FALSE(wg_unhex("", 1, bytes));
  CU_ASSERT_FALSE(wg_unhex("g0", 1, bytes));
  CU_ASSERT_FALSE(wg_unhex("0:", 1, bytes));
  CU_ASSERT_TRUE(wg_unhex("", 0, bytes));
  static const struct {
    char c;
    int value;
  } digits[] = {{'/', -1}, {'0', 0},  {'9', 9},  {':', -1}, {'@', -1}, {'A', 10}, {'F', 15},
                {'G', -1}, {'`', -1}, {'a', 10}, {'f', 15}, {'g', -1}, {0, -1}};
  for (size_t i = 0; i < sizeof digits / sizeof *digits; i++)
    CU_ASSERT_EQUAL(wg_hex_digit(digits[i].c), digits[i].value);
  CU_ASSERT_TRUE(wg_parse_number("0x1F.", 4, 31, &v) && v == 31); // so many characters, and none behind them
  CU_ASSERT_TRUE(wg_parse_number("123", 2, 12, &v) && v == 12);
  CU_ASSERT_FALSE(wg_parse_number("123", 2, 11, &v));
  CU_ASSERT_FALSE(wg_parse_number("0x1", 2, 99, &v));
  CU_ASSERT_FALSE(wg_parse_number("1", 0, 99, &v));
}

// What is in a list stays in it, there is room for more, and a list of n was moved few times.
static void lists_grow(void) {
  struct entry {
    uint32_t value;
    char more[9];
  } *kept = NULL, *followed = NULL;
  uint32_t room = 0;
  size_t moves = 0, followed_moves = 0;
  for (uint32_t i = 0; i < 5000; i++) {
    const void *kept_before = kept, *followed_before = followed;
    uint32_t room_before = room;
    WG_VEC_ROOM(kept, room, i + 1);
    CU_ASSERT_TRUE(room > i);
    CU_ASSERT_TRUE(room == room_before || room >= 2 * room_before);
    CU_ASSERT_TRUE(room != room_before || kept == kept_before);
    kept[i].value = i * 7;
    moves += room != room_before;
    WG_VEC_NEXT(followed, i);
    followed[i].value = i * 9;
    followed_moves += followed != followed_before;
  }
  CU_ASSERT_TRUE(moves <= 12);
  CU_ASSERT_TRUE(followed_moves <= 14);
  for (uint32_t i = 0; i < 5000; i++) CU_ASSERT_TRUE(kept[i].value == i * 7 && followed[i].value == i * 9);
  WG_VEC_SET(followed, 37); // and goes on from there
  for (uint32_t i = 37; i < 200; i++) {
    WG_VEC_NEXT(followed, i);
    followed[i].value = i * 9;
  }
  for (uint32_t i = 0; i < 200; i++) CU_ASSERT_EQUAL(followed[i].value, i * 9);
  free(kept);
  free(followed);
}

static void new_room_is_zero_where_it_is_asked_for(void) {
  uint8_t *list = NULL;
  size_t room = 0, had = 0;
  for (size_t need = 1; need < 3000; need += need / 3 + 1) {
    WG_VEC_ROOM_ZERO(list, room, need);
    for (size_t i = had; i < room; i++) CU_ASSERT_EQUAL(list[i], 0);
    if (room) memset(list, 0xFF, room);
    had = room;
  }
  free(list);
}

static void room_is_reckoned_without_overflow(void) {
  static const size_t powers[][2] = {{0, 1}, {1, 1}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {1000, 1024}, {1025, 2048}};
  for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) CU_ASSERT_EQUAL(wg_vec_room(powers[i][0]), powers[i][1]);
  CU_ASSERT_EQUAL(wg_vec_room(SIZE_MAX), SIZE_MAX);
  CU_ASSERT_EQUAL(wg_vec_room(SIZE_MAX / 2 + 1), SIZE_MAX / 2 + 1);
  CU_ASSERT_EQUAL(wg_vec_more(0, 1, 1), 64);
  CU_ASSERT_EQUAL(wg_vec_more(0, 1, 16), 4);
  CU_ASSERT_EQUAL(wg_vec_more(0, 1, 4096), 1);
  CU_ASSERT_EQUAL(wg_vec_more(0, 100, 16), 100);
  CU_ASSERT_EQUAL(wg_vec_more(100, 101, 16), 200);
  CU_ASSERT_EQUAL(wg_vec_more(SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 2, 1), SIZE_MAX);
}

static void reserved_buffers_are_terminated(void) {
  struct wg_buf b = {0};
  wg_buf_reserve(&b, 100);
  CU_ASSERT_EQUAL(strlen(b.data), 0);
  wg_buf_str(&b, "ab");
  wg_buf_reserve(&b, 100000);
  CU_ASSERT_EQUAL(strlen(b.data), 2);
  wg_buf_release(&b);
}

static void json_strings_are_escaped(void) {
  struct wg_buf b = {0};
  wg_buf_json(&b, "a\"\\\n\x80", 5);
  CU_ASSERT_STRING_EQUAL(b.data, "\"a\\\"\\\\\\u000a\\u0080\"");
  wg_buf_release(&b);
}

static void same_number(uint64_t v) {
  struct wg_buf b = {0};
  char want[64];
  wg_buf_u64(&b, v);
  wg_buf_char(&b, ' ');
  wg_buf_i64(&b, (int64_t)v);
  wg_buf_char(&b, ' ');
  wg_buf_hex(&b, v);
  snprintf(want, sizeof want, "%llu %lld %llx", (unsigned long long)v, (long long)v, (unsigned long long)v);
  CU_ASSERT_STRING_EQUAL(b.data, want);
  wg_buf_release(&b);
}

static void numbers_are_written_as_by_printf(void) {
  uint64_t x = 5;
  for (uint64_t p = 1, i = 0; i < 20; i++, p *= 10)
    for (int64_t d = -1; d <= 1; d++) same_number(p + (uint64_t)d);
  for (unsigned bit = 0; bit < 64; bit++)
    for (int64_t d = -1; d <= 1; d++) same_number((1ull << bit) + (uint64_t)d);
  for (uint64_t v = 0; v < 20000; v++) same_number(v);
  for (int i = 0; i < 20000; i++) same_number(random_next(&x) >> i % 64);
}

// Every byte at every place of a string, in the middle of what is plain and at its ends.
static void json_strings_of_any_bytes(void) {
  for (unsigned n = 1; n < 40; n++)
    for (unsigned where = 0; where < n; where += n < 18 ? 1 : 5)
      for (unsigned c = 0; c < 256; c++) {
        char text[40], want[300], *to = want;
        struct wg_buf b = {0};
        memset(text, 'x', n);
        text[where] = (char)c;
        *to++ = '"';
        for (unsigned i = 0; i < n; i++) {
          unsigned char at = (unsigned char)text[i];
          to += sprintf(to, at == '"' || at == '\\' ? "\\%c" : at < ' ' || at > '~' ? "\\u%04x" : "%c", at);
        }
        strcpy(to, "\"");
        wg_buf_json(&b, text, n);
        if (strcmp(b.data, want) != 0) CU_FAIL_FATAL("another JSON string");
        wg_buf_release(&b);
      }
  struct wg_buf text = {0}, json = {0};
  for (int i = 0; i < 3000; i++) wg_buf_str(&text, "seven\n\\");
  wg_buf_json(&json, text.data, text.len);
  CU_ASSERT_EQUAL(json.len, 3000 * 13 + 2);
  CU_ASSERT_EQUAL(json.data[json.len - 1], '"');
  wg_buf_release(&text);
  wg_buf_release(&json);
}

static void json_objects_get_their_commas(void) {
  struct wg_buf b = {0};
  wg_buf_char(&b, '{');
  wg_json_u64(&b, "a", 1);
  wg_json_i64(&b, "b", INT64_MIN);
  wg_json_hex(&b, "c", 0xBEEF);
  wg_buf_char(&b, '}');
  CU_ASSERT_STRING_EQUAL(b.data, "{\"a\":1,\"b\":-9223372036854775808,\"c\":\"0xbeef\"}");
  wg_buf_release(&b);
}

static void map_keeps_what_was_put(void) {
  struct wg_map m = {0};
  uint64_t v;
  for (uint64_t i = 0; i < 10000; i++) wg_map_put(&m, i * i, i);
  for (uint64_t i = 0; i < 10000; i += 2) wg_map_del(&m, i * i);
  CU_ASSERT_EQUAL(wg_map_count(&m), 5000);
  for (uint64_t i = 0; i < 10000; i++) {
    CU_ASSERT_EQUAL(wg_map_count(&m), 5000);
    bool found = wg_map_get(&m, i * i, &v);
    CU_ASSERT_EQUAL(found, i % 2 == 1);
    if (found) CU_ASSERT_EQUAL(v, i);
  }
  wg_map_release(&m);
}

static void map_survives_churn(void) {
  struct wg_map m = {0};
  uint64_t v;
  for (uint64_t i = 0; i < 100000; i++) {
    wg_map_put(&m, i, i);
    wg_map_del(&m, i);
  }
  CU_ASSERT_FALSE(wg_map_get(&m, 99999, &v));
  CU_ASSERT_TRUE(m.cap <= 64); // memory follows what is in the map, not what ever was
  wg_map_release(&m);
}

// FIPS 180-2, appendix B.1
static void sha256_of_abc(void) {
  char hex[65];
  wg_sha256_hex("abc", 3, hex);
  CU_ASSERT_STRING_EQUAL(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static uint64_t hash_of_number(const void *ctx, uint32_t id) { return ((const uint64_t *)ctx)[id]; }

static bool in_index(const struct wg_index *x, uint64_t hash, uint32_t id) {
  uint32_t found;
  unsigned n = 0;
  for (size_t at = 0; wg_index_next(x, hash, &at, &found);) n += found == id;
  return n == 1;
}

// Against a plain list of which ids are in it; few different hashes, so that they crowd.
static void index_finds_what_is_in_it(void) {
  enum { N = 3000 };
  static uint64_t hash[N];
  static bool in[N];
  struct wg_index x = {0};
  uint64_t seed = 11;
  uint32_t none;
  size_t at = 0, n = 0;
  CU_ASSERT_FALSE(wg_index_next(&x, 1, &at, &none));
  for (uint32_t i = 0; i < N; i++) hash[i] = (uint64_t)random_below(&seed, 500) << 33 | random_below(&seed, 700);
  for (int step = 0; step < 20000; step++) {
    uint32_t i = random_below(&seed, step / 6 + 1 < N ? (uint32_t)step / 6 + 1 : N), by = random_below(&seed, N);
    if (!in[i]) {
      wg_index_add(&x, hash[i], i, hash_of_number, hash);
      in[i] = true;
      n++;
    } else if (random_below(&seed, 2)) {
      wg_index_del(&x, hash[i], i, hash_of_number, hash);
      in[i] = false;
      n--;
    } else if (!in[by]) {
      hash[by] = hash[i];
      wg_index_replace(&x, hash[i], i, by, hash_of_number, hash);
      in[i] = false;
      in[by] = true;
    }
    CU_ASSERT_EQUAL_FATAL(in_index(&x, hash[i], i), in[i]);
    CU_ASSERT_EQUAL_FATAL(x.n, n);
  }
  for (uint32_t i = 0; i < N; i++) CU_ASSERT_EQUAL(in_index(&x, hash[i], i), in[i]);
  wg_index_release(&x);
}

static void byte_order(void) {
  uint8_t b[8];
  wg_store_be32(b, 0x01020304);
  CU_ASSERT_EQUAL(b[0], 1);
  CU_ASSERT_EQUAL(wg_load_le32(b), 0x04030201);
  wg_store_le64(b, 0x0102030405060708);
  CU_ASSERT_EQUAL(b[0], 8);
  CU_ASSERT_EQUAL(wg_load_be16(b), 0x0807);
}

static void first_error_is_the_cause(void) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_fail(&err, WG_INPUT, "first %d", 1), WG_INPUT);
  wg_fail(&err, WG_INTERNAL, "second");
  CU_ASSERT_STRING_EQUAL(err.msg, "first 1");
  wg_err_prefix(&err, "%s", "file");
  CU_ASSERT_STRING_EQUAL(err.msg, "file: first 1");
  wg_err_suffix(&err, "try another");
  CU_ASSERT_STRING_EQUAL(err.msg, "file: first 1; try another");
}

static void times_are_for_people(void) {
  static const struct {
    uint64_t ns;
    const char *text;
  } cases[] = {{0, "0 s"},
               {1, "1 ns"},
               {999, "999 ns"},
               {1000, "1 us"},
               {1050, "1.05 us"},
               {30000, "30 us"},
               {999999, "999.999 us"},
               {1000000, "1 ms"},
               {20500000, "20.5 ms"},
               {1000000000, "1 s"},
               {2000000001, "2.000000001 s"},
               {UINT64_MAX, "18446744073.709551615 s"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct wg_buf b = {0};
    wg_buf_time(&b, cases[i].ns);
    CU_ASSERT_STRING_EQUAL(b.data, cases[i].text);
    wg_buf_release(&b);
  }
}

WG_MAIN("base", {"times are for people", times_are_for_people}, {"numbers are parsed whole", numbers_are_parsed_whole},
        {"reserved buffers are terminated", reserved_buffers_are_terminated},
        {"JSON strings are escaped", json_strings_are_escaped},
        {"numbers are written as by printf", numbers_are_written_as_by_printf},
        {"JSON strings of any bytes", json_strings_of_any_bytes},
        {"JSON objects get their commas", json_objects_get_their_commas},
        {"map keeps what was put", map_keeps_what_was_put}, {"map survives churn", map_survives_churn},
        {"index finds what is in it", index_finds_what_is_in_it}, {"lists grow", lists_grow},
        {"digits are read in pairs", digits_are_read_in_pairs},
        {"new room is zero where it is asked for", new_room_is_zero_where_it_is_asked_for},
        {"room is reckoned without overflow", room_is_reckoned_without_overflow}, {"SHA-256 of abc", sha256_of_abc},
        {"byte order", byte_order}, {"the first error is the cause", first_error_is_the_cause})
