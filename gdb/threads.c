// Threads as gdb lists them.
#include <stdlib.h>

#include "gdb/session.h"

void wg_gdb_describe_thread(const struct wg_gdb_session *s, uint32_t tid, struct wg_buf *out) {
  struct wg_machine_doing doing;
  struct wg_look l;
  if (tid == WG_GDB_INTERRUPT) {
    wg_buf_str(out, "interrupt");
  } else if (!wg_machine_doing(wg_gdb_machine(s), tid, &doing)) {
    wg_buf_str(out, "no thread is left");
  } else {
    wg_buf_str(out, doing.state);
    if (doing.call) wg_buf_printf(out, " in %s", doing.call);
    wg_buf_printf(out, ", entry 0x%08x", doing.entry);
    if (wg_gdb_look(s, tid, &l) && s->o->symbols) {
      wg_buf_char(out, ' ');
      wg_look_put_place(&l, doing.entry, out);
    }
  }
}

void wg_gdb_put_threads(const struct wg_gdb_session *s, struct wg_buf *out) {
  struct wg_here here;
  size_t n;
  s->target->here(s->target->ctx, &here);
  uint32_t *list = wg_gdb_threads(wg_gdb_machine(s), &here, &n);
  wg_buf_str(out, "<?xml version=\"1.0\"?>\n<threads>\n");
  for (size_t i = 0; i < n; i++) {
    struct wg_buf words = {0};
    wg_gdb_describe_thread(s, list[i], &words);
    wg_buf_printf(out, "<thread id=\"%x\" name=\"", list[i]);
    if (list[i] >= WG_GDB_INTERRUPT)
      wg_buf_str(out, "none");
    else
      wg_buf_printf(out, "thread %u", list[i]);
    wg_buf_str(out, "\">");
    for (size_t k = 0; k < words.len; k++) {
      char c = words.data[k];
      if (c == '<' || c == '&' || c == '>' || c < ' ' || c > '~')
        wg_buf_printf(out, "&#%u;", c < ' ' || c > '~' ? '?' : c);
      else
        wg_buf_char(out, c);
    }
    wg_buf_str(out, "</thread>\n");
    wg_buf_release(&words);
  }
  wg_buf_str(out, "</threads>\n");
  free(list);
}
