// printf as the console's kernel does it, over guest memory.
#ifndef WG_EMU_FORMAT_H
#define WG_EMU_FORMAT_H

#include "emu/kernel/kernel.h"

// Where the values come from: registers from `reg` on and then the stack, or a va_list in memory.
struct wg_varargs {
  struct wg_kcall *k;
  unsigned reg; // next of r3..r10, 11 = on the stack
  uint32_t at;  // next 8-byte slot in memory
};

struct wg_varargs wg_varargs_call(struct wg_kcall *k, unsigned fixed);   // after `fixed` named arguments
struct wg_varargs wg_varargs_list(struct wg_kcall *k, uint32_t va_list); // the 8-byte slots at that guest address
// The C library's printf with the console's own conversions: appends at most WG_MAX_TEXT bytes of UTF-8. `wide`: the
// format is UTF-16. What cannot be read is a fault of the guest's.
void wg_format(struct wg_kcall *k, uint32_t fmt, bool wide, struct wg_varargs *va, struct wg_buf *out);

#endif
