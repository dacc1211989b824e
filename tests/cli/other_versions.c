// Stands in for other versions of two libraries: a disassembler that spells everything differently and a compressor
// whose output differs. Loaded before them (LD_PRELOAD) by tests/cli/versions.py.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

size_t cs_disasm(size_t handle, const uint8_t *code, size_t size, uint64_t address, size_t count, void **insn);
size_t cs_disasm(size_t handle, const uint8_t *code, size_t size, uint64_t address, size_t count, void **insn) {
  (void)handle, (void)code, (void)size, (void)address, (void)count, (void)insn;
  return 0; // knows no instruction
}

size_t ZSTD_CCtx_setParameter(void *context, int parameter, int value);
size_t ZSTD_CCtx_setParameter(void *context, int parameter, int value) {
  size_t (*real)(void *, int, int);
  *(void **)&real = dlsym(RTLD_NEXT, "ZSTD_CCtx_setParameter");
  enum { LEVEL = 100, CHECKSUM = 201 };
  if (parameter == LEVEL) value = 12;
  if (parameter == CHECKSUM) value = 0;
  return real(context, parameter, value);
}
