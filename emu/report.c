// The wedge report: each thread, what it waits for, since when, who made that object and who ever signalled it.
#include "emu/machine.h"
#include "emu/kernel/kernel.h"
#include "emu/look/look.h"

void wg_machine_report(const struct wg_machine *m, struct wg_buf *out) {
  if (m->ending.end == WG_END_WEDGE) wg_buf_str(out, "wedge: no thread can run again\n");
  if (m->ending.cut_short) wg_buf_printf(out, "interrupted within %s, which has no return\n", wg_machine_within(m));
  if (m->ending.report.len) wg_buf_add(out, m->ending.report.data, m->ending.report.len);
  for (size_t i = 0; i < m->threads.n; i++) wg_look_put_thread(m->threads.list[i], out);
}
