// Readers of linkers' maps: what they give, what they refuse, and that no bytes at all harm them.
#include <string.h>

#include "base/symbols.h"
#include "tests/random.h"
#include "tests/suite.h"

static const char microsoft[] =
    " Title\r\n\r\n Timestamp is 55d8cf91 (Sat Aug 22 21:37:53 2015)\r\n\r\n Preferred load address is 82000000\r\n\r\n"
    " Start         Length     Name                   Class\r\n"
    " 0001:00000000 00000100H .rdata                  DATA\r\n"
    " 0003:00000000 00000200H .text                   CODE\r\n"
    " 0003:00000200 00000040H .text$yc                CODE\r\n\r\n"
    "  Address         Publics by Value              Rva+Base       Lib:Object\r\n\r\n"
    " 0000:00000000       ___safe_se_handler_table   00000000     <absolute>\r\n"
    " 0001:00000010       ??_C@_07ABC@a?5b@          82000410     a.obj\r\n"
    " 0003:00000000       main                       82010000 f   a.obj\r\n"
    " 0003:00000080       ?f@C@@QAAXXZ               82010080 f i LIB:b.obj\r\n"
    " 0003:00000080       ?folded@C@@QAAXXZ          82010080 f i LIB:c.obj\r\n\r\n"
    " entry point at        0003:00000000\r\n\r\n Static symbols\r\n\r\n"
    " 0003:00000100       helper                     82010100 f   CIL library: CIL module\r\n"
    " 0003:00000220       helper                     82010220 f   b.obj\r\n";

static const char gnu[] = "\nDiscarded input sections\n\n .comment       0x00000000       0x40 hello.o\n\n"
                          "Memory Configuration\n\nName             Origin             Length\n"
                          "*default*        0x00000000         0xffffffff\n\nLinker script and memory map\n\n"
                          "LOAD hello.o\n                0x82010000                        . = 0x82010000\n\n"
                          ".text           0x82010000      0x170\n *(.text .text.*)\n"
                          " .text          0x82010000       0xf4 hello.o\n"
                          "                0x82010000                memcpy\n"
                          "                0x82010070                A::B::f(int, char*)\n"
                          " .text.startup.with_a_long_name\n"
                          "                0x82010100       0x44 hello.o\n"
                          "                0x82010100                main\n"
                          "                0x82010144                _etext = .\n"
                          "                0x82010144                PROVIDE (etext = .)\n";

static const char nm_plain[] = "82010150 T DbgPrint\n82030000 d __slot\n         U nothing\n82010100 T main\n"
                               "0000001c a SIZE\n82010000 t std::f(int, char)\n";
static const char nm_sizes[] = "82010100 00000044 T main\n82010200 00000010 D data\n";

static struct wg_symbols *read(const char *text) {
  struct wg_symbols *s = NULL;
  struct wg_err err = {0};
  int code = wg_symbols_parse(&s, "t.map", text, strlen(text), &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  return s;
}

static void expect(const struct wg_symbols *s, uint32_t addr, const char *name) {
  const struct wg_label *l = wg_symbols_at(s, addr);
  bool right = name ? l && strcmp(l->name, name) == 0 : l == NULL;
  if (!right) printf("0x%x: %s, not %s\n", addr, l ? l->name : "nothing", name ? name : "nothing");
  CU_ASSERT_TRUE(right);
}

static void microsofts_map(void) {
  struct wg_symbols *s = read(microsoft);
  const struct wg_symbols_about *about = wg_symbols_of(s);
  CU_ASSERT_TRUE(about->has_base && about->base == 0x82000000);
  CU_ASSERT_TRUE(about->has_timestamp && about->timestamp == 0x55d8cf91);
  CU_ASSERT_EQUAL(wg_symbols_count(s), 6); // <absolute> is no address
  expect(s, 0x82010000, "main");
  expect(s, 0x8201007F, "main");
  expect(s, 0x82010080, "?f@C@@QAAXXZ"); // the first of two
  expect(s, 0x820100FF, "?f@C@@QAAXXZ");
  expect(s, 0x820101FF, "helper");
  expect(s, 0x82010200, NULL); // another section, and none of its symbols so far
  expect(s, 0x8201023F, "helper");
  expect(s, 0x82010240, NULL);
  expect(s, 0x8200FFFF, NULL);
  expect(s, 0x820004FF, "??_C@_07ABC@a?5b@");
  expect(s, 0x82000500, NULL);
  CU_ASSERT_TRUE(wg_symbols_at(s, 0x82010000)->function);
  CU_ASSERT_FALSE(wg_symbols_at(s, 0x82000410)->function);
  uint32_t at[2] = {0};
  CU_ASSERT_EQUAL(wg_symbols_named(s, "helper", 6, at, 2), 2);
  CU_ASSERT_TRUE(at[0] == 0x82010100 && at[1] == 0x82010220);
  CU_ASSERT_EQUAL(wg_symbols_named(s, "main", 4, at, 2), 1);
  CU_ASSERT_EQUAL(at[0], 0x82010000);
  CU_ASSERT_EQUAL(wg_symbols_named(s, "mai", 3, at, 2), 0);
  CU_ASSERT_EQUAL(wg_symbols_named(s, "main2", 5, at, 2), 0);
  wg_symbols_free(s);
}

static void gnu_lds_map(void) {
  struct wg_symbols *s = read(gnu);
  CU_ASSERT_EQUAL(wg_symbols_count(s), 4);
  expect(s, 0x8201006F, "memcpy");
  expect(s, 0x82010070, "A::B::f(int, char*)");
  expect(s, 0x820100FF, "A::B::f(int, char*)");
  expect(s, 0x82010143, "main");
  expect(s, 0x82010144, "_etext");
  expect(s, 0x82010170, NULL); // the end of .text
  wg_symbols_free(s);
}

static void output_of_nm(void) {
  struct wg_symbols *s = read(nm_plain);
  CU_ASSERT_EQUAL(wg_symbols_count(s), 4);
  expect(s, 0x82010000, "std::f(int, char)");
  expect(s, 0x8201014F, "main");
  expect(s, 0x8203FFFF, "__slot"); // nobody says where it ends
  expect(s, 0x8200FFFF, NULL);
  wg_symbols_free(s);
  s = read(nm_sizes);
  expect(s, 0x82010143, "main");
  expect(s, 0x82010144, NULL);
  expect(s, 0x82010210, NULL);
  wg_symbols_free(s);
}

static void refuse(const char *text, const char *what) {
  struct wg_symbols *s = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_symbols_parse(&s, "t.map", text, strlen(text), &err), WG_INPUT);
  CU_ASSERT_PTR_NULL(s);
  if (strstr(err.msg, what) == NULL) printf("%s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, what));
}

static void what_is_wrong_is_told(void) {
  refuse("", "t.map: no symbols in a form that is known");
  refuse("\n\nvoid main() {\x1b}\n", "but it begins with 'void main() {\\x1b}'");
  refuse("{\"kind\":\"trace.header\"}\n", "expected the .map of Microsoft's linker, GNU ld's -Map or the output of nm");
  refuse(" Preferred load address is 82000000\n", "a Microsoft linker map without any symbol");
  refuse(" Preferred load address is x\n", "t.map:1: a load address that is none");
  refuse(" Preferred load address is 82000000\n\n 0003:00000000       main\n",
         "t.map:3: expected a symbol's name and its address");
  refuse(" Preferred load address is 82000000\n 0003:00000010       main 00000001 f a.obj\n",
         "t.map:2: an address below its own offset");
  refuse("82010100 T main\n82010104 T\n", "t.map:2: expected a symbol's name");
  refuse("82010100 T main\nmain\n", "t.map:2: expected an address, a letter and a name");
  refuse("0000000182010100 T main\n", "t.map:1: an address beyond 32 bits");
  refuse("Linker script and memory map\n   0x82010000\n", "t.map:2: an address without a symbol");
}

// Whatever is read of it: labels are sorted, each finds itself, and each name leads to its address.
static void check_sane(const struct wg_symbols *s) {
  const struct wg_label *all = wg_symbols_all(s);
  for (size_t i = 0; i < wg_symbols_count(s); i++) {
    uint32_t at;
    CU_ASSERT_TRUE(i == 0 || all[i - 1].addr <= all[i].addr);
    CU_ASSERT_TRUE(all[i].end == 0 || all[i].end > all[i].addr || all[i].addr == UINT32_MAX);
    const struct wg_label *l = wg_symbols_at(s, all[i].addr);
    CU_ASSERT_TRUE(l == NULL || l->addr == all[i].addr);
    CU_ASSERT_TRUE(wg_symbols_named(s, all[i].name, strlen(all[i].name), &at, 1) >= 1);
  }
}

static void any_bytes_at_all(void) {
  static const char *const seeds[] = {microsoft, gnu, nm_plain, nm_sizes};
  uint64_t random = 5;
  char text[4096];
  for (int i = 0; i < 20000; i++) {
    const char *from = seeds[random_below(&random, 4)];
    size_t n = strlen(from);
    memcpy(text, from, n);
    for (uint32_t k = 1 + random_below(&random, 6); k; k--) {
      uint32_t at = random_below(&random, (uint32_t)n);
      switch (random_below(&random, 4)) {
      case 0: text[at] = (char)random_below(&random, 256); break;
      case 1: text[at] = "\n\0 :0fH"[random_below(&random, 7)]; break;
      case 2: n = at + 1; break;
      default: memmove(text + at, text + at / 2, n - at);
      }
    }
    struct wg_symbols *s = NULL;
    struct wg_err err = {0};
    if (wg_symbols_parse(&s, "t.map", text, n, &err) == WG_OK) {
      check_sane(s);
      wg_symbols_free(s);
    } else {
      CU_ASSERT_EQUAL(strncmp(err.msg, "t.map:", 6), 0);
    }
  }
}

WG_MAIN("symbols", {"Microsoft's map", microsofts_map}, {"GNU ld's map", gnu_lds_map},
        {"the output of nm", output_of_nm}, {"what is wrong is told", what_is_wrong_is_told},
        {"any bytes at all", any_bytes_at_all})
