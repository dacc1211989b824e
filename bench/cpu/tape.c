// Branchy: a little machine of eight instructions on a tape of bytes.
#include "bench.h"
enum { RIGHT, LEFT, MORE, LESS, TELL, WHILE, AGAIN, HALT };
static u8 tape[256];
static u8 code[128];
static u16 partner[128];

static u32 assemble(void) { // counts down from 8, four cells at a time, and tells sums
  static const u8 words[] = {MORE, MORE,  MORE, MORE,  MORE,  MORE,  MORE,  MORE,  WHILE, RIGHT, MORE,
                             MORE, RIGHT, MORE, MORE,  MORE,  WHILE, RIGHT, MORE,  LEFT,  LESS,  AGAIN,
                             LEFT, LEFT,  LESS, AGAIN, RIGHT, TELL,  RIGHT, RIGHT, TELL,  WHILE, LESS,
                             LEFT, MORE,  MORE, RIGHT, AGAIN, LEFT,  TELL,  HALT};
  u32 open[8], n = 0;
  for (u32 i = 0; i < sizeof words; i++) {
    code[i] = words[i];
    if (code[i] == WHILE) open[n++] = i;
    if (code[i] != AGAIN) continue;
    partner[i] = (u16)open[--n];
    partner[open[n]] = (u16)i;
  }
  return sizeof words;
}

static u32 execute(void) {
  u32 at = 0, told = 0;
  for (u32 i = 0; i < sizeof tape; i++) tape[i] = 0;
  for (u32 pc = 0; code[pc] != HALT; pc++) switch (code[pc]) {
    case RIGHT: at = (at + 1) & 255; break;
    case LEFT: at = (at - 1) & 255; break;
    case MORE: tape[at]++; break;
    case LESS: tape[at]--; break;
    case TELL: told = told * 31 + tape[at]; break;
    case WHILE: pc = tape[at] ? pc : partner[pc]; break;
    case AGAIN: pc = tape[at] ? partner[pc] : pc; break;
    }
  return told;
}

u32 bench(u32 n) {
  u32 sum = assemble();
  while (n--) sum = sum * 7 + execute();
  return sum;
}
