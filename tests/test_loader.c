#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/file.h"
#include "base/map.h"
#include "emu/loader/lzx.h"
#include "emu/loader/loader.h"
#include "emu/loader/pack.h"
#include "tests/mspack.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static void read_guest(const char *name, struct wg_buf *out) {
  struct wg_err err = {0};
  struct wg_buf path = {0};
  wg_buf_printf(&path, WG_GUESTS "/%s", name);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(path.data, 1 << 26, out, &err), WG_OK);
  wg_buf_release(&path);
}

// Of a packed image, as the word in an import's slot says.
static uint32_t library_number(const struct wg_image *packed, const struct wg_import *im) {
  return wg_load_be32(packed->data + im->slot - packed->base) >> 16 & 0xFF;
}

// Every way of packing gives the same image back, with the ELF's bytes at its addresses.
static void packed_images_come_back(void) {
  struct wg_buf elf = {0};
  struct wg_image e, x;
  struct wg_err err = {0};
  read_guest("cacheload.elf", &elf);
  CU_ASSERT_EQUAL_FATAL(wg_image_load(&e, "cacheload.elf", elf.data, elf.len, NULL, &err), WG_OK);
  for (unsigned i = 0; i < 6; i++) {
    struct wg_pack_options o = {
        .encrypt = i & 1, .compress = i >> 1, .title_id = 0x12345678, .stack_size = 0x20000, .pe_name = "c.exe"};
    struct wg_buf xex = {0};
    CU_ASSERT_EQUAL_FATAL(wg_pack(&e, &o, &xex, &err), WG_OK);
    CU_ASSERT_EQUAL_FATAL(wg_image_load(&x, "x", xex.data, xex.len, NULL, &err), WG_OK);
    CU_ASSERT_EQUAL(x.base, e.base - 0x10000);
    CU_ASSERT_EQUAL(x.entry, e.entry);
    CU_ASSERT_EQUAL(x.title_id, 0x12345678);
    CU_ASSERT_EQUAL(x.stack_size, 0x20000);
    CU_ASSERT_STRING_EQUAL(x.pe_name, "c.exe");
    CU_ASSERT_EQUAL(x.nimports, e.nimports);
    CU_ASSERT_EQUAL(x.encryption, i & 1);
    CU_ASSERT_EQUAL(x.compression, i >> 1);
    for (size_t n = 0; n < e.nimports; n++) { // each library is there once
      uint32_t first = library_number(&x, &e.imports[0]), number = library_number(&x, &e.imports[n]);
      CU_ASSERT_EQUAL(first == number, strcmp(e.imports[0].library, e.imports[n].library) == 0);
    }
    uint32_t off = e.entry - e.base;
    CU_ASSERT_EQUAL(memcmp(x.data + 0x10000 + off, e.data + off, 64), 0);
    wg_image_release(&x);
    wg_buf_release(&xex);
  }
  wg_image_release(&e);
  wg_buf_release(&elf);
}

// As many imports as `of` libraries have, by turns.
static int pack_libraries(size_t of, size_t imports, struct wg_err *err) {
  struct wg_buf elf = {0}, xex = {0};
  struct wg_image e;
  const struct wg_pack_options o = {.pe_name = "c.exe", .stack_size = 0x20000};
  read_guest("cacheload.elf", &elf);
  CU_ASSERT_EQUAL_FATAL(wg_image_load(&e, "cacheload.elf", elf.data, elf.len, NULL, err), WG_OK);
  CU_ASSERT_TRUE_FATAL(e.nimports >= imports);
  e.nimports = imports;
  for (size_t i = 0; i < imports; i++)
    snprintf(e.imports[i].library, sizeof e.imports[i].library, "lib%zu.dll", i % of);
  int code = wg_pack(&e, &o, &xex, err);
  wg_image_release(&e);
  wg_buf_release(&elf);
  wg_buf_release(&xex);
  return code;
}

static void eight_libraries_can_be_packed(void) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(pack_libraries(8, 10, &err), WG_OK);
  CU_ASSERT_EQUAL(pack_libraries(9, 10, &err), WG_INPUT);
  CU_ASSERT_STRING_EQUAL(err.msg, "imports from more than 8 libraries");
}

// What lies behind the program headers of an ELF file is none, though it looks like one.
static void program_headers_are_counted(void) {
  struct wg_buf elf = {0};
  struct wg_image e;
  struct wg_err err = {0};
  read_guest("cacheload.elf", &elf);
  char *table = elf.data + wg_load_be32(elf.data + offsetof(Elf32_Ehdr, e_phoff));
  size_t n = wg_load_be16(elf.data + offsetof(Elf32_Ehdr, e_phnum));
  char *last = table + (n - 1) * sizeof(Elf32_Phdr), *behind = table + n * sizeof(Elf32_Phdr);
  uint32_t size[2], segments[2];
  for (int more = 0; more < 2; more++) {
    CU_ASSERT_EQUAL_FATAL(wg_image_load(&e, "e", elf.data, elf.len, NULL, &err), WG_OK);
    size[more] = e.size;
    segments[more] = (uint32_t)e.nsegments;
    wg_image_release(&e);
    memcpy(behind, last, sizeof(Elf32_Phdr));
    wg_store_be32(behind + offsetof(Elf32_Phdr, p_vaddr), 0x82100000);
  }
  CU_ASSERT_EQUAL(segments[0], n);
  CU_ASSERT_EQUAL(segments[1], n);
  CU_ASSERT_EQUAL(size[1], size[0]);
  wg_store_be16(elf.data + offsetof(Elf32_Ehdr, e_phnum), (uint16_t)(n + 1)); // and is one once it is counted
  CU_ASSERT_EQUAL_FATAL(wg_image_load(&e, "e", elf.data, elf.len, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL(e.nsegments, n + 1);
  wg_image_release(&e);
  wg_buf_release(&elf);
}

// The function table of an ELF file is its section .pdata, of a packed one the PE header's exception directory.
static void function_tables_are_found(void) {
  struct wg_buf elf = {0}, xex = {0};
  struct wg_image e, x;
  struct wg_err err = {0};
  read_guest("seh.elf", &elf);
  read_guest("seh.xex", &xex);
  CU_ASSERT_EQUAL_FATAL(wg_image_load(&e, "seh.elf", elf.data, elf.len, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_image_load(&x, "seh.xex", xex.data, xex.len, NULL, &err), WG_OK);
  CU_ASSERT_NOT_EQUAL_FATAL(e.pdata, 0);
  CU_ASSERT_EQUAL(e.pdata, x.pdata);
  CU_ASSERT_EQUAL(e.pdata_size, x.pdata_size);
  CU_ASSERT_EQUAL(e.pdata_size % 8, 0);
  for (uint32_t at = 0, before = 0; at < e.pdata_size; at += 8) { // functions in order, within the image
    uint32_t begin = wg_load_be32(e.data + (e.pdata - e.base) + at);
    CU_ASSERT_TRUE(begin > before && begin > e.base && begin - e.base < e.size);
    before = begin;
  }
  wg_image_release(&e);
  wg_image_release(&x);
  wg_buf_release(&elf);
  wg_buf_release(&xex);
}

// The PE header inside has what other loaders look at (PE/COFF specification; machine 1F2, subsystem 14).
static void packed_images_hold_a_pe_header(void) {
  struct wg_buf xex = {0};
  struct wg_image x;
  struct wg_err err = {0};
  read_guest("hello.xex", &xex);
  CU_ASSERT_EQUAL_FATAL(wg_image_load(&x, "x", xex.data, xex.len, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL(memcmp(x.data, "MZ", 2), 0);
  uint32_t pe = wg_load_le32(x.data + 0x3C);
  CU_ASSERT_EQUAL(memcmp(x.data + pe, "PE\0\0", 4), 0);
  CU_ASSERT_EQUAL(wg_load_le16(x.data + pe + 4), 0x1F2);
  CU_ASSERT_EQUAL(wg_load_le16(x.data + pe + 24 + 68), 14);
  wg_image_release(&x);
  wg_buf_release(&xex);
}

static void must_fail(const void *data, size_t n, const char *say) {
  struct wg_image x;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_image_load(&x, "bad.xex", data, n, NULL, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "bad.xex"));
  if (strstr(err.msg, say) == NULL) printf("\n  message: %s\n  expected: %s\n", err.msg, say);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, say));
}

static void broken_files_are_named(void) {
  struct wg_buf xex = {0};
  read_guest("cacheload.xex", &xex);
  must_fail("", 0, "offset 0x0");
  must_fail("MZ..", 4, "expected the magic");
  must_fail("XEX1....", 8, "XEX1 is not supported");
  must_fail(xex.data, 0x10, "cut off: the file ends after 16 bytes, and its header alone has 24");
  must_fail(xex.data, 0x200, "cut off: the file ends after 512 bytes, and its header alone has 4096");
  must_fail(xex.data, 0x1234, "cut off: the file ends after 4660 bytes, where at least ");
  uint32_t sec = wg_load_be32(xex.data + 0x10);
  uint8_t *p = (uint8_t *)xex.data;
  uint32_t keep = wg_load_be32(p + sec + 4);
  wg_store_be32(p + sec + 4, 0x20000000);
  must_fail(xex.data, xex.len, "image of 0x20000000 bytes");
  wg_store_be32(p + sec + 4, 0);
  must_fail(xex.data, xex.len, "image of 0x0 bytes");
  wg_store_be32(p + sec + 4, keep);
  p[sec + 0x150] ^= 1; // another session key: decrypts to noise
  must_fail(xex.data, xex.len, "--keys FILE");
  wg_buf_release(&xex);
}

// A small generator with a fixed seed: the same mutations on every machine.
static uint32_t next(uint32_t *s) {
  *s = *s * 1664525 + 1013904223;
  return *s >> 8;
}

static void hostile_files_never_crash(void) {
  static const char *const names[] = {"hello.xex", "cacheload.xex", "hello.elf", "system.xex"};
  uint32_t seed = 1;
  for (size_t f = 0; f < 4; f++) {
    struct wg_buf file = {0};
    read_guest(names[f], &file);
    for (size_t n = 0; n < file.len; n += 1 + file.len / 200) {
      struct wg_image x;
      struct wg_err err = {0};
      void *exact = malloc(n ? n : 1); // exactly n bytes, so that a sanitizer sees any over-read
      memcpy(exact, file.data, n);
      if (wg_image_load(&x, "cut", exact, n, NULL, &err) == WG_OK)
        wg_image_release(&x);
      else
        CU_ASSERT_TRUE(err.msg[0] != 0);
      free(exact);
    }
    for (int i = 0; i < 1500 && file.len; i++) {
      struct wg_image x;
      struct wg_err err = {0};
      size_t head = file.len < 0x1000 ? file.len : 0x1000, at[4];
      uint8_t old[4];
      for (int j = 0; j < 4; j++) {
        at[j] = next(&seed) % head;
        old[j] = (uint8_t)file.data[at[j]];
        file.data[at[j]] = (char)(next(&seed) & 1 ? next(&seed) : 0xFF);
      }
      if (wg_image_load(&x, "mutated", file.data, file.len, NULL, &err) == WG_OK) wg_image_release(&x);
      for (int j = 3; j >= 0; j--) file.data[at[j]] = (char)old[j];
    }
    wg_buf_release(&file);
  }
}

// Text, noise and runs, at sizes around a frame's: with every window the data comes back, and of damaged streams
// nothing worse than a message. (That others read the same format is tests/cli/lzx.py's to show.) The same data gives
// the same bytes, whoever builds the packer and whenever: a title that is packed again is the title of its runs.
static void lzx_comes_back(void) {
  static const size_t sizes[] = {1, 2, 3, 100, 32767, 32768, 32769, 100001};
  static uint8_t data[100001], back[100001];
  uint32_t seed = 7;
  uint64_t digest = 0;
  for (size_t i = 0; i < sizeof data; i++) {
    uint8_t noise = (uint8_t)next(&seed);
    data[i] = i / 9000 % 3 == 0 ? noise : i / 9000 % 3 == 1 ? (uint8_t) "the quick brown fox "[i % 20] : 0;
  }
  for (unsigned bits = 15; bits <= 21; bits++)
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      struct wg_buf packed = {0}, frames = {0};
      size_t at;
      wg_lzx_encode(data, 0, sizes[i], bits, &packed, &frames);
      CU_ASSERT_EQUAL(frames.len / 4, (sizes[i] + WG_LZX_FRAME - 1) / WG_LZX_FRAME);
      memset(back, 0xEE, sizes[i]);
      CU_ASSERT_PTR_NULL(wg_lzx_decode((const uint8_t *)packed.data, packed.len, bits, back, sizes[i], &at));
      CU_ASSERT_EQUAL(memcmp(back, data, sizes[i]), 0);
      digest = wg_hash(packed.data, packed.len, digest);
      wg_buf_release(&packed);
      wg_buf_release(&frames);
    }
  CU_ASSERT_EQUAL(digest, 0xAAB141B6F388E148u);
}

// A dictionary in front of the data: libmspack, which knows it from the patches of offline address books, makes the
// same of our streams (there each frame begins with two bytes more).
static void mspack_agrees_on_dictionaries(void) {
  static uint8_t both[90000], back[50000];
  enum { BEFORE = 40000, AFTER = 50000 };
  uint32_t seed = 11;
  for (size_t i = 0; i < BEFORE; i++) both[i] = (uint8_t)(next(&seed) >> (i % 3000 < 1000 ? 8 : 14));
  for (size_t i = BEFORE; i < sizeof both; i++) // mostly what stands in the dictionary, elsewhere
    both[i] = next(&seed) % 200 ? both[(i * 1 + 7777) % BEFORE] : (uint8_t)next(&seed);
  struct wg_buf packed = {0}, frames = {0}, out = {0};
  size_t at;
  wg_lzx_encode(both, BEFORE, sizeof both, 17, &packed, &frames);
  CU_ASSERT(packed.len < AFTER / 2); // it does use the dictionary
  CU_ASSERT_PTR_NULL(wg_lzx_decode_after((const uint8_t *)packed.data, packed.len, 17, both, BEFORE, back, AFTER, &at));
  CU_ASSERT_EQUAL(memcmp(back, both + BEFORE, AFTER), 0);
  mspack_makes(&packed, &frames, both, BEFORE, AFTER, &out);
  CU_ASSERT_EQUAL_FATAL(out.len, AFTER);
  CU_ASSERT_EQUAL(memcmp(out.data, both + BEFORE, AFTER), 0);
  wg_buf_release(&packed);
  wg_buf_release(&frames);
  wg_buf_release(&out);
}

// Addresses of x86 calls, which compression has made absolute: a stream of one uncompressed block that says so.
static void mspack_agrees_on_calls(void) {
  enum { SIZE = 20000 };
  static uint8_t plain[4 + SIZE], back[SIZE];
  uint32_t seed = 5, file_size = 15000;
  for (size_t i = 0; i < SIZE; i++) plain[4 + i] = (uint8_t)(next(&seed) >> 16);
  for (uint32_t i = 0; i + 5 <= SIZE; i += 97) { // within the file, before its begin, and beyond; just so, and just not
    const uint32_t values[] = {i + 100, 0 - i / 2, file_size + i, 0 - i, 0 - i - 1, file_size - 1, file_size};
    plain[4 + i] = 0xE8;
    wg_store_le32(plain + 4 + i + 1, values[i / 97 % 7]);
  }
  struct wg_buf packed = {0}, frames = {0}, out = {0};
  // 1 bit: there are calls; 32 bits: the size; 3 bits: a block as it is; 24 bits: its length; to the next word.
  uint64_t bits = 1ull << 63 | (uint64_t)file_size << 31 | 3ull << 28 | (uint64_t)SIZE << 4;
  for (int shift = 48; shift >= 0; shift -= 16) {
    uint8_t w[2];
    wg_store_le16(w, (uint16_t)(bits >> shift));
    wg_buf_add(&packed, w, 2);
  }
  for (int i = 0; i < 3; i++) wg_buf_add(&packed, "\1\0\0\0", 4); // R0 to R2
  wg_buf_add(&packed, plain + 4, SIZE);
  uint32_t n = (uint32_t)packed.len;
  wg_buf_add(&frames, &n, 4);
  size_t at;
  CU_ASSERT_PTR_NULL(wg_lzx_decode((const uint8_t *)packed.data, packed.len, 17, back, SIZE, &at));
  CU_ASSERT_EQUAL(wg_load_le32(back + 1), 100);
  CU_ASSERT_EQUAL(wg_load_le32(back + 7 * 97 + 1), 100);
  CU_ASSERT_EQUAL(wg_load_le32(back + 3 * 97 + 1), file_size - 3 * 97); // as far before it as it may be
  CU_ASSERT_EQUAL(wg_load_le32(back + 4 * 97 + 1), 0u - 4 * 97 - 1);
  CU_ASSERT_EQUAL(wg_load_le32(back + 5 * 97 + 1), file_size - 1 - 5 * 97);
  CU_ASSERT_EQUAL(wg_load_le32(back + 6 * 97 + 1), file_size);
  memcpy(plain + 4, back, SIZE); // what is expected, for its checksum
  mspack_makes(&packed, &frames, plain, 4, SIZE, &out);
  CU_ASSERT_EQUAL_FATAL(out.len, SIZE);
  CU_ASSERT_EQUAL(memcmp(out.data, back, SIZE), 0);
  wg_buf_release(&packed);
  wg_buf_release(&frames);
  wg_buf_release(&out);
}

static void damaged_lzx_is_named(void) {
  static uint8_t data[40000], back[40000];
  uint32_t seed = 3, named = 0;
  for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)("abcabcdabcde"[i % 12] ^ (next(&seed) % 50 == 0));
  struct wg_buf packed = {0}, frames = {0};
  size_t at;
  wg_lzx_encode(data, 0, sizeof data, 16, &packed, &frames);
  for (int i = 0; i < 3000; i++) {
    size_t n = i % 3 ? packed.len : next(&seed) % packed.len;
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, packed.data, n);
    for (uint32_t flips = next(&seed) % 4; n && flips; flips--)
      copy[next(&seed) % n] ^= (uint8_t)(1u << next(&seed) % 8);
    named += wg_lzx_decode(copy, n, 16, back, sizeof back, &at) != NULL;
    CU_ASSERT(at <= n);
    free(copy);
  }
  CU_ASSERT(named > 1000);
  at = 999;
  CU_ASSERT_PTR_NOT_NULL(wg_lzx_decode((const uint8_t *)packed.data, packed.len, 14, back, sizeof back, &at));
  CU_ASSERT_EQUAL(at, 0); // found by the fuzzer: it was not set
  wg_buf_release(&packed);
  wg_buf_release(&frames);
}

// xex2_header: where the data begin at 8, how many optional headers at 20, and 24 bytes in they are, of 8 bytes each.
static void optional_headers_end_with_the_header(void) {
  struct wg_buf xex = {0};
  struct wg_image img;
  struct wg_err err = {0};
  read_guest("hello.xex", &xex);
  uint8_t *count = (uint8_t *)xex.data + 20;
  uint32_t data_at = wg_load_be32((uint8_t *)xex.data + 8), most = (data_at - 24) / 8;
  wg_store_be32(count, most + 1);
  CU_ASSERT_EQUAL(wg_image_load(&img, "hello.xex", xex.data, xex.len, NULL, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "the optional header table"));
  wg_buf_release(&xex);
}

static void key_files_are_read(void) {
  struct wg_err err = {0};
  struct wg_keys keys;
  static const char good[] = "# comment\n00112233445566778899aabbccddeeff # one\n\n";
  CU_ASSERT_EQUAL(wg_file_write(at("keys"), "# comment\n00112233\n", 19, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_keys_read(&keys, at("keys"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "/keys:2:"));
  CU_ASSERT_EQUAL(wg_file_write(at("keys"), good, sizeof good - 1, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_keys_read(&keys, at("keys"), &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(keys.n, 2); // and the development key
  CU_ASSERT_EQUAL(keys.list[0][15], 0);
  CU_ASSERT_EQUAL(keys.list[1][15], 0xFF);
  wg_keys_release(&keys);
  // As large as docs/limits.md has it, the key last; and one byte larger.
  enum { MOST = 1 << 20 };
  char *large = malloc(MOST + 1);
  memset(large, ' ', MOST + 1);
  large[0] = '#';
  memcpy(large + MOST - 33, "\n00112233445566778899aabbccddeeff", 33);
  CU_ASSERT_EQUAL(wg_file_write(at("keys"), large, MOST, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_keys_read(&keys, at("keys"), &err), WG_OK);
  CU_ASSERT_EQUAL(keys.n, 2);
  wg_keys_release(&keys);
  CU_ASSERT_EQUAL(wg_file_write(at("keys"), large, MOST + 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_keys_read(&keys, at("keys"), &err), WG_INPUT);
  free(large);
}

// A patch makes any content of any other: random bytes and zeros, what was moved, and pieces that are part of each.
static void patches_make_any_content(void) {
  struct wg_buf xex = {0}, patch = {0};
  struct wg_image old, new;
  struct wg_err err = {0};
  uint64_t seed = 31;
  read_guest("hello.xex", &xex);
  for (unsigned turn = 0; turn < 6; turn++) {
    CU_ASSERT_EQUAL_FATAL(wg_image_load(&old, "old", xex.data, xex.len, NULL, &err), WG_OK);
    CU_ASSERT_EQUAL_FATAL(wg_image_load(&new, "new", xex.data, xex.len, NULL, &err), WG_OK);
    // Behind the code, where no header and no import lies.
    uint32_t from = new.size - 0x8000;
    for (uint32_t at = from; at < new.size; at++) old.data[at] = (uint8_t)random_next(&seed);
    memcpy(new.data + from, old.data + from, 0x8000);
    for (uint32_t at = from; at < new.size; at += 0x100) switch (random_below(&seed, 6)) {
      case 0: memset(new.data + at, 0, 0x100); break;
      case 1: memset(new.data + at, 0, 0x80); break;
      case 2: memmove(new.data + at, old.data + from + random_below(&seed, 0x7F00), 0x100); break;
      case 3:
        for (uint32_t i = 0; i < 0x100; i++) new.data[at + i] = (uint8_t)random_next(&seed);
        break;
      default: break;
      }
    if (turn % 3 == 0) memset(new.data + from + 0x1000, 0, 0x2000);
    if (turn % 3 == 1) memcpy(new.data + from + 0x1800, old.data + from + 0x4800, 0x2000);
    patch.len = 0;
    CU_ASSERT_EQUAL_FATAL(wg_pack_patch(&old, &new, &patch, &err), WG_OK);
    int code = wg_image_patch(&old, "patch", patch.data, patch.len, NULL, &err);
    if (code != WG_OK) printf("%s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(code, WG_OK);
    CU_ASSERT_EQUAL_FATAL(old.size, new.size);
    CU_ASSERT_EQUAL(memcmp(old.data, new.data, new.size), 0);
    wg_image_release(&old);
    wg_image_release(&new);
  }
  wg_buf_release(&patch);
  wg_buf_release(&xex);
}

// Blocks that are not compressed, as the format's description has them: three bits of type, 24 of length, up to the
// next 16-bit word; three repeated offsets; the bytes, and one more if they are odd.
static void plain_blocks_follow_each_other(void) {
  static const char *const blocks[] = {"odd", "even", "x", "yz", "five!", "end"};
  struct wg_buf in = {0}, want = {0};
  uint8_t back[64];
  size_t at;
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    uint32_t n = (uint32_t)strlen(blocks[i]);
    uint32_t head = (3u << 24 | n) << (i ? 5 : 4); // the first has a bit before it: no calls are translated
    for (int half = 1; half >= 0; half--) {
      wg_buf_char(&in, (char)(head >> 16 * half));
      wg_buf_char(&in, (char)(head >> (16 * half + 8)));
    }
    for (int k = 0; k < 3; k++) wg_buf_add(&in, "\1\0\0", 4);
    wg_buf_add(&in, blocks[i], n);
    if (n & 1) wg_buf_char(&in, 0);
    wg_buf_add(&want, blocks[i], n);
  }
  CU_ASSERT_PTR_NULL(wg_lzx_decode((const uint8_t *)in.data, in.len, 15, back, want.len, &at));
  CU_ASSERT_EQUAL(memcmp(back, want.data, want.len), 0);
  for (size_t n = 0; n < in.len; n++) { // cut anywhere
    const char *bad = wg_lzx_decode((const uint8_t *)in.data, n, 15, back, want.len, &at);
    CU_ASSERT_TRUE(n + 1 == in.len ? bad == NULL : bad != NULL); // the last byte fills up an odd block
  }
  wg_buf_release(&in);
  wg_buf_release(&want);
}

// The offset of a section's header, of what its name is of.
static uint32_t section_header(const struct wg_buf *elf, const char *name) {
  const char *p = elf->data;
  uint32_t shoff = wg_load_be32(p + offsetof(Elf32_Ehdr, e_shoff));
  unsigned n = wg_load_be16(p + offsetof(Elf32_Ehdr, e_shnum)),
           names = wg_load_be16(p + offsetof(Elf32_Ehdr, e_shstrndx));
  uint32_t texts = wg_load_be32(p + shoff + names * sizeof(Elf32_Shdr) + offsetof(Elf32_Shdr, sh_offset));
  for (unsigned i = 0; i < n; i++) {
    uint32_t at = shoff + i * (uint32_t)sizeof(Elf32_Shdr);
    if (strcmp(p + texts + wg_load_be32(p + at + offsetof(Elf32_Shdr, sh_name)), name) == 0) return at;
  }
  CU_FAIL_FATAL("no such section");
  return 0;
}

// A word of a section, or of its header, is another one: the error names the file and `at` there, and says what is
// wrong.
static void elf_is_refused(const char *guest, const char *section, bool in_header, size_t word, uint32_t value,
                           size_t at, const char *says) {
  struct wg_buf elf = {0}, name = {0}, want = {0};
  struct wg_image e;
  struct wg_err err = {0};
  wg_buf_printf(&name, "%s.elf", guest);
  read_guest(name.data, &elf);
  size_t from = section_header(&elf, section);
  if (!in_header) from = wg_load_be32(elf.data + from + offsetof(Elf32_Shdr, sh_offset));
  wg_store_be32(elf.data + from + word, value);
  wg_buf_printf(&want, "%s: offset 0x%x: %s", name.data, (unsigned)(from + at), says);
  CU_ASSERT_EQUAL(wg_image_load(&e, name.data, elf.data, elf.len, NULL, &err), WG_INPUT);
  CU_ASSERT_STRING_EQUAL(err.msg, want.data);
  wg_buf_release(&want);
  wg_buf_release(&name);
  wg_buf_release(&elf);
}

static void elf_records_are_judged(void) {
  static const struct {
    const char *guest, *section;
    uint32_t word, value; // within the section
    uint32_t record;      // where the error is, within the section
    const char *says;
  } cases[] = {{"cacheload", ".wedge.imports", 0x10, 0, 0x10, "import record names no library"},
               {"cacheload", ".wedge.imports", 0x20, 0xFFFFFFFF, 0x20, "import record names no library"},
               {"cacheload", ".wedge.imports", 0x18, 0x1000, 0x10, "import record lies outside the image"},
               {"cacheload", ".wedge.imports", 0x2C, 0xFFFFFFF0, 0x20, "import record lies outside the image"},
               {"adder", ".wedge.exports", 0x10, 4, 0xC, "export record lies outside the image"},
               {"adder", ".wedge.exports", 0x14, 4, 0xC, "export record lies outside the image"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    elf_is_refused(cases[i].guest, cases[i].section, false, cases[i].word, cases[i].value, cases[i].record,
                   cases[i].says);
}

static void elf_sections_are_judged(void) {
  static const struct {
    const char *guest, *section, *says;
    size_t field;
    uint32_t value;
  } cases[] = {
      {"adder", ".wedge.imports", "the import or export section is there twice or does not fit in the file",
       offsetof(Elf32_Shdr, sh_offset), 0x7FFFFFFF},
      {"adder", ".wedge.exports", "the import or export section is there twice or does not fit in the file",
       offsetof(Elf32_Shdr, sh_size), 0x7FFFFFFF},
      {"seh", ".pdata", "the function table lies outside the image", offsetof(Elf32_Shdr, sh_addr), 0x1000},
      {"seh", ".pdata", "the function table lies outside the image", offsetof(Elf32_Shdr, sh_size), 0x7FFFFFFF}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    elf_is_refused(cases[i].guest, cases[i].section, true, cases[i].field, cases[i].value, 0, cases[i].says);
}

WG_MAIN("loader", {"ELF records are judged", elf_records_are_judged},
        {"ELF sections are judged", elf_sections_are_judged},
        {"eight libraries can be packed", eight_libraries_can_be_packed},
        {"program headers are counted", program_headers_are_counted},
        {"patches make any content", patches_make_any_content}, {"packed images come back", packed_images_come_back},
        {"function tables are found", function_tables_are_found},
        {"packed images hold a PE header", packed_images_hold_a_pe_header},
        {"broken files are named", broken_files_are_named}, {"hostile files never crash", hostile_files_never_crash},
        {"LZX comes back", lzx_comes_back}, {"plain blocks follow each other", plain_blocks_follow_each_other},
        {"mspack agrees on dictionaries", mspack_agrees_on_dictionaries},
        {"mspack agrees on calls", mspack_agrees_on_calls}, {"damaged LZX is named", damaged_lzx_is_named},
        {"optional headers end with the header", optional_headers_end_with_the_header},
        {"key files are read", key_files_are_read})
