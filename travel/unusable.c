#include "travel/unusable.h"

#include "base/buf.h"
#include "travel/travel.h"

static void put_moment(struct wg_buf *out, const struct wg_machine_where *w) {
  wg_buf_printf(out, "instruction %llu (", (unsigned long long)w->retired);
  wg_buf_time(out, w->now_ns);
  wg_buf_char(out, ')');
}

void wg_unusable_words(const struct wg_unusable *u, const struct wg_machine_where *instead, struct wg_buf *out) {
  wg_buf_printf(out, "%s, so that the checkpoint of ", u->why.msg);
  put_moment(out, &u->at);
  wg_buf_str(out, " cannot be used");
  if (u->n > 1) wg_buf_printf(out, ", nor %zu before it", u->n - 1);
  if (instead == NULL) {
    wg_buf_str(out, "; " WG_TRAVEL_WITHOUT);
    return;
  }
  wg_buf_str(out, "; it goes on from ");
  put_moment(out, instead);
  wg_buf_str(out, "; " WG_TRAVEL_ANEW);
}
