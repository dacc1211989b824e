// Branchy: an interpreter of a small register machine that runs a loop of its own.
#include "bench.h"
enum { LOADI, ADD, SUB, XOR, SHL, JNZ, LOAD, STORE, MOD, HALT };
static const struct {
  u8 op, a, b, c;
} program[] = {{LOADI, 0, 0, 200}, {LOADI, 1, 0, 1}, {LOADI, 2, 0, 7}, {ADD, 3, 3, 2}, {XOR, 4, 4, 3},
               {SHL, 5, 4, 1},     {STORE, 5, 3, 0}, {LOAD, 6, 3, 0},  {ADD, 7, 7, 6}, {MOD, 8, 7, 2},
               {JNZ, 8, 12, 0},    {XOR, 7, 7, 0},   {SUB, 0, 0, 1},   {JNZ, 0, 3, 0}, {HALT, 0, 0, 0}};
static u32 regs[16], memory[256];
static void run(void) {
  for (u32 pc = 0;; pc++) {
    u32 a = program[pc].a, b = program[pc].b, c = program[pc].c;
    switch (program[pc].op) {
    case LOADI: regs[a] = c; break;
    case ADD: regs[a] = regs[b] + regs[c]; break;
    case SUB: regs[a] = regs[b] - regs[c]; break;
    case XOR: regs[a] = regs[b] ^ regs[c]; break;
    case SHL: regs[a] = regs[b] << c; break;
    case JNZ:
      if (regs[a]) pc = b - 1;
      break;
    case LOAD: regs[a] = memory[regs[b] & 255]; break;
    case STORE: memory[regs[b] & 255] = regs[a]; break;
    case MOD: regs[a] = regs[b] % 3; break;
    default: return;
    }
  }
}
u32 bench(u32 n) {
  while (n--) run();
  return regs[7];
}
