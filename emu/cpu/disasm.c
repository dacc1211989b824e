// Instruction text for messages: ours for what the table knows of VMX128 and Capstone does not, else Capstone's.
#include <capstone/capstone.h>
#include <stdio.h>
#include <string.h>

#include "emu/cpu/decode.h"

// VMX128 by its forms (docs/console.md#vmx128); operand order as in the published notes.
static bool wide(const struct wg_insn_info *info, const struct wg_op *o, char *out, size_t cap) {
  const char *n = info->name;
  uint32_t w = o->w, imm = w >> 16 & 31, z = w >> 6 & 3;
  switch (info->form) {
  case WG_FORM_VX128_1:
    snprintf(out, cap, o->a ? "%s v%u, r%u, r%u" : "%s v%u, %u, r%u", n, o->d, o->a, o->b);
    return true;
  case WG_FORM_VX128_2: snprintf(out, cap, "%s v%u, v%u, v%u, v%u", n, o->d, o->a, o->b, o->c); return true;
  case WG_FORM_VX128_3:
    if (strcmp(n, "vspltisw128") == 0)
      snprintf(out, cap, "%s v%u, %d", n, o->d, (int32_t)(imm << 27) >> 27);
    else if (strncmp(n, "vrf", 3) == 0 || strstr(n, "efp") != NULL)
      snprintf(out, cap, "%s v%u, v%u", n, o->d, o->b);
    else
      snprintf(out, cap, "%s v%u, v%u, %u", n, o->d, o->b, imm);
    return true;
  case WG_FORM_VX128_4:
    if (n[1] == 'p')
      snprintf(out, cap, "%s v%u, v%u, %u, %u, %u", n, o->d, o->b, imm >> 2, imm & 3, z);
    else
      snprintf(out, cap, "%s v%u, v%u, %u, %u", n, o->d, o->b, imm, z);
    return true;
  case WG_FORM_VX128_5: snprintf(out, cap, "%s v%u, v%u, v%u, %u", n, o->d, o->a, o->b, w >> 6 & 15); return true;
  case WG_FORM_VX128_P: snprintf(out, cap, "%s v%u, v%u, 0x%x", n, o->d, o->b, imm | (w >> 6 & 7) << 5); return true;
  case WG_FORM_VX128_R:
    snprintf(out, cap, "%s%s v%u, v%u, v%u", n, w >> 6 & 1 ? "." : "", o->d, o->a, o->b);
    return true;
  case WG_FORM_VX128:
    if (strncmp(n, "vupk", 4) == 0)
      snprintf(out, cap, "%s v%u, v%u", n, o->d, o->b);
    else if (strcmp(n, "vmaddcfp128") == 0)
      snprintf(out, cap, "%s v%u, v%u, v%u, v%u", n, o->d, o->a, o->d, o->b);
    else if (strcmp(n, "vmaddfp128") == 0 || strcmp(n, "vnmsubfp128") == 0 || strcmp(n, "vsel128") == 0)
      snprintf(out, cap, "%s v%u, v%u, v%u, v%u", n, o->d, o->a, o->b, o->d);
    else
      snprintf(out, cap, "%s v%u, v%u, v%u", n, o->d, o->a, o->b);
    return true;
  default: return false;
  }
}

// (RA|0)
static const char *ra0(const struct wg_op *o, char *buf, size_t cap) {
  snprintf(buf, cap, o->a ? "r%u" : "0", o->a);
  return buf;
}

// Operands of what Capstone lacks or spells in a way that no assembler reads: %d %a %b: general registers, %z: (RA|0),
// %D %A %B: float, %v: vector, %f: CR field, %s: SIMM, %u: TO, BO or bit, %e: BI, %t: target; "." follows a record
// form, "o" an overflow form.
static const struct {
  const char *name, *text;
} spellings[] = {
    {"addx", "add%o %d, %a, %b"},     {"addcx", "addc%o %d, %a, %b"},
    {"addex", "adde%o %d, %a, %b"},   {"addmex", "addme%o %d, %a"},
    {"addzex", "addze%o %d, %a"},     {"subfx", "subf%o %d, %a, %b"},
    {"subfcx", "subfc%o %d, %a, %b"}, {"subfex", "subfe%o %d, %a, %b"},
    {"subfmex", "subfme%o %d, %a"},   {"subfzex", "subfze%o %d, %a"},
    {"negx", "neg%o %d, %a"},         {"mullwx", "mullw%o %d, %a, %b"},
    {"mulldx", "mulld%o %d, %a, %b"}, {"divwx", "divw%o %d, %a, %b"},
    {"divwux", "divwu%o %d, %a, %b"}, {"divdx", "divd%o %d, %a, %b"},
    {"divdux", "divdu%o %d, %a, %b"}, {"addi", "addi %d, %z, %s"},
    {"addic", "addic %d, %a, %s"},    {"addicx", "addic. %d, %a, %s"},
    {"subficx", "subfic %d, %a, %s"}, {"mulli", "mulli %d, %a, %s"},
    {"cmpi", "cmp%li %f, %a, %s"},    {"twi", "twi %u, %a, %s"},
    {"tdi", "tdi %u, %a, %s"},        {"stwcx", "stwcx. %d, %z, %b"},
    {"stdcx", "stdcx. %d, %z, %b"},   {"lswx", "lswx %d, %z, %b"},
    {"stswx", "stswx %d, %z, %b"},    {"ldbrx", "ldbrx %d, %z, %b"},
    {"stdbrx", "stdbrx %d, %z, %b"},  {"dcbz128", "dcbzl %z, %b"},
    {"fcmpo", "fcmpo %f, %A, %B"},    {"mcrxr", "mcrxr %f"},
    {"mtfsfix", "mtfsfi%r %f, %i"},   {"mtfsb0x", "mtfsb0%r %u"},
    {"mtfsb1x", "mtfsb1%r %u"},       {"lvlx", "lvlx %v, %z, %b"},
    {"lvlxl", "lvlxl %v, %z, %b"},    {"lvrx", "lvrx %v, %z, %b"},
    {"lvrxl", "lvrxl %v, %z, %b"},    {"stvlx", "stvlx %v, %z, %b"},
    {"stvlxl", "stvlxl %v, %z, %b"},  {"stvrx", "stvrx %v, %z, %b"},
    {"stvrxl", "stvrxl %v, %z, %b"},  {"bcx", "bc%k %u, %e, %t"},
    {"bclrx", "bclr%k %u, %e"},       {"bcctrx", "bcctr%k %u, %e"},
};

static void spell(const char *text, const struct wg_op *o, char *out, size_t cap) {
  uint32_t w = o->w;
  char one[16], *end = out + cap;
  for (; *text && out + sizeof one < end; text++) {
    if (*text != '%') {
      *out++ = *text;
      continue;
    }
    switch (*++text) {
    case 'd': snprintf(one, sizeof one, "r%u", o->d); break;
    case 'a': snprintf(one, sizeof one, "r%u", o->a); break;
    case 'b': snprintf(one, sizeof one, "r%u", o->b); break;
    case 'z': ra0(o, one, sizeof one); break;
    case 'A': snprintf(one, sizeof one, "f%u", o->a); break;
    case 'B': snprintf(one, sizeof one, "f%u", o->b); break;
    case 'v': snprintf(one, sizeof one, "v%u", o->d); break;
    case 'f': snprintf(one, sizeof one, w >> 26 == 63 && (w >> 1 & 1023) == 134 ? "%u" : "cr%u", w >> 23 & 7); break;
    case 's': snprintf(one, sizeof one, "%d", (int16_t)w); break;
    case 'u': snprintf(one, sizeof one, "%u", o->d); break;
    case 'i': snprintf(one, sizeof one, "%u", w >> 12 & 15); break;
    case 'e': snprintf(one, sizeof one, "%u", o->a); break;
    case 'k': snprintf(one, sizeof one, "%s", w & 1 ? "l" : ""); break;
    case 't': snprintf(one, sizeof one, "0x%x", (uint32_t)o->imm + (w & 2 ? 0 : o->pc)); break;
    case 'l': snprintf(one, sizeof one, "%s", w & 0x200000 ? "d" : "w"); break;
    case 'o': snprintf(one, sizeof one, "%s%s", w & 0x400 ? "o" : "", w & 1 ? "." : ""); break;
    default: snprintf(one, sizeof one, "%s", w & 1 ? "." : ""); break;
    }
    out += snprintf(out, (size_t)(end - out), "%s", one);
  }
  *out = 0;
}

static bool ours(const struct wg_insn_info *info, const struct wg_op *o, char *out, size_t cap) {
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
    if (strcmp(info->name, spellings[i].name) != 0) continue;
    // Capstone takes an unused BI for a condition; without one its mnemonics are the better ones.
    bool branch = info->form == WG_FORM_B || info->form == WG_FORM_XL;
    if (branch && ((o->d & 0x14) != 0x14 || o->a == 0)) return false;
    spell(spellings[i].text, o, out, cap);
    return true;
  }
  return false;
}

void wg_disasm(uint32_t word, uint32_t pc, char *out, size_t cap) {
  csh cs;
  uint8_t code[4];
  wg_store_be32(code, word);
  struct wg_op o = {.w = word, .pc = pc};
  const struct wg_insn_info *info = wg_decode_operands(&o);
  if (info && (wide(info, &o, out, cap) || ours(info, &o, out, cap))) return;
  snprintf(out, cap, "%s", info ? info->name : "(undefined)");
  if (cs_open(CS_ARCH_PPC, CS_MODE_64 | CS_MODE_BIG_ENDIAN, &cs) != CS_ERR_OK) return;
  cs_insn *insn;
  if (cs_disasm(cs, code, 4, pc, 1, &insn) == 1) {
    snprintf(out, cap, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
    cs_free(insn, 1);
  }
  cs_close(&cs);
}
