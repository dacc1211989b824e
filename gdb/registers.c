// The registers as gdb is told of them: those that its PowerPC features want, by our numbers (emu/cpu/regs.h), and the
// 96 vector registers that only this console has.
//
// gdb takes the width of addresses from pc's: 32 bits, while r0 to r31 have their 64. lr is what a caller's pc is read
// from and has pc's width therefore; branches use no more of it. The architecture is the one that ELF files of 32 bits
// have: with powerpc:common64 gdb 13 complains of each.
#include "gdb/session.h"

static const char *const core[] = {"pc", "lr", "ctr", "cr", "xer", "msr"};

static void reg(struct wg_buf *out, const char *name, unsigned number, unsigned bits, const char *rest) {
  wg_buf_printf(out, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\"%s/>\n", name, bits, number, rest);
}
static void numbered(struct wg_buf *out, const char *prefix, unsigned i, unsigned number, unsigned bits,
                     const char *rest) {
  wg_buf_printf(out, "<reg name=\"%s%u\" bitsize=\"%u\" regnum=\"%u\"%s/>\n", prefix, i, bits, number, rest);
}

static const char vectors[] = "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n"
                              "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>\n"
                              "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>\n"
                              "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>\n"
                              "<union id=\"vec128\">\n"
                              "<field name=\"uint128\" type=\"uint128\"/>\n"
                              "<field name=\"v4_float\" type=\"v4f\"/>\n"
                              "<field name=\"v4_int32\" type=\"v4i32\"/>\n"
                              "<field name=\"v8_int16\" type=\"v8i16\"/>\n"
                              "<field name=\"v16_int8\" type=\"v16i8\"/>\n"
                              "</union>\n";

void wg_gdb_put_features(struct wg_buf *out) {
  wg_buf_str(out, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"
                  "<architecture>powerpc:common</architecture>\n<feature name=\"org.gnu.gdb.power.core\">\n");
  for (unsigned i = 0; i < 32; i++) numbered(out, "r", i, i, 64, " type=\"uint64\"");
  for (unsigned i = 0; i < sizeof core / sizeof *core; i++) {
    bool wide = i == 2 || i == 5;
    reg(out, core[i], WG_REG_PC + i, wide ? 64 : 32, i < 2 ? " type=\"code_ptr\"" : wide ? " type=\"uint64\"" : "");
  }
  wg_buf_str(out, "</feature>\n<feature name=\"org.gnu.gdb.power.fpu\">\n");
  for (unsigned i = 0; i < 32; i++) numbered(out, "f", i, WG_REG_F0 + i, 64, " type=\"ieee_double\"");
  reg(out, "fpscr", WG_REG_F0 - 1, 32, " group=\"float\"");
  wg_buf_printf(out, "</feature>\n<feature name=\"org.gnu.gdb.power.altivec\">\n%s", vectors);
  for (unsigned i = 0; i < 32; i++) numbered(out, "vr", i, WG_REG_V0 + i, 128, " type=\"vec128\"");
  reg(out, "vscr", WG_REG_VSCR, 32, " group=\"vector\"");
  reg(out, "vrsave", WG_REG_VSCR + 1, 32, " group=\"vector\"");
  wg_buf_printf(out, "</feature>\n<feature name=\"org.wedge.xenon.vmx128\">\n%s", vectors);
  for (unsigned i = 32; i < 128; i++) numbered(out, "vr", i, WG_REG_V0 + i, 128, " type=\"vec128\" group=\"vector\"");
  wg_buf_str(out, "</feature>\n</target>\n");
}

static unsigned bytes_of(unsigned n) {
  static const uint8_t special[] = {4, 4, 8, 4, 4, 8, 4};
  if (n >= WG_REG_V0) return 16;
  if (n >= WG_REG_VSCR) return 4;
  return n >= WG_REG_PC && n < WG_REG_F0 ? special[n - WG_REG_PC] : 8;
}

void wg_gdb_put_register(const struct wg_look *l, unsigned n, struct wg_buf *out) {
  struct wg_reg reg;
  unsigned bytes = bytes_of(n);
  if (l == NULL) {
    for (unsigned i = 0; i < bytes; i++) wg_buf_str(out, "xx");
    return;
  }
  wg_cpu_reg(wg_look_cpu(l), n, &reg);
  if (bytes == 16)
    for (unsigned i = 0; i < 4; i++) wg_buf_printf(out, "%08x", reg.word[i]);
  else
    wg_buf_printf(out, "%0*llx", (int)(2 * bytes), (unsigned long long)(bytes == 4 ? (uint32_t)reg.value : reg.value));
}
