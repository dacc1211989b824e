#include <capstone/capstone.h>
#include <stdio.h>

#include "emu/cpu/cpu.h"

void wg_disasm(uint32_t word, uint32_t pc, char *out, size_t cap) {
  csh cs;
  uint8_t code[4];
  wg_store_be32(code, word);
  const struct wg_insn_info *info = wg_insn_find(word);
  snprintf(out, cap, "%s", info ? info->name : "(undefined)");
  if (info && info->name[0] == 'v') return; // Capstone knows no VMX128 and mistakes it for others
  if (cs_open(CS_ARCH_PPC, CS_MODE_64 | CS_MODE_BIG_ENDIAN, &cs) != CS_ERR_OK) return;
  cs_insn *insn;
  if (cs_disasm(cs, code, 4, pc, 1, &insn) == 1) {
    snprintf(out, cap, "%s %s", insn->mnemonic, insn->op_str);
    cs_free(insn, 1);
  }
  cs_close(&cs);
}
