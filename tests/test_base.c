#include <string.h>

#include "base/buf.h"
#include "base/endian.h"
#include "base/file.h"
#include "base/map.h"
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
  for (uint64_t i = 0; i < 10000; i++) {
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
}

WG_MAIN("base", {"numbers are parsed whole", numbers_are_parsed_whole},
        {"reserved buffers are terminated", reserved_buffers_are_terminated},
        {"JSON strings are escaped", json_strings_are_escaped},
        {"JSON objects get their commas", json_objects_get_their_commas},
        {"map keeps what was put", map_keeps_what_was_put}, {"map survives churn", map_survives_churn},
        {"SHA-256 of abc", sha256_of_abc}, {"byte order", byte_order},
        {"the first error is the cause", first_error_is_the_cause})
