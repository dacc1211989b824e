// What the fuzzers of the gdb remote protocol share: a client whose input is bytes as they come.
#ifndef WG_FUZZ_GDB_CLIENT_H
#define WG_FUZZ_GDB_CLIENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/session.h"

// An input that resumes often is none that finds much.
struct patience {
  unsigned asked, resumes;
};
static inline bool give_up(void *ctx) {
  struct patience *p = ctx;
  return ++p->asked > 2000;
}

static inline bool answered(struct wg_gdb_session *s, const struct wg_gdb_reader *r, struct patience *p) {
  struct wg_gdb_stop stop;
  struct wg_err err = {0};
  struct wg_buf out = {0};
  enum wg_gdb_next next = wg_gdb_packet(s, r->payload.data, r->payload.len);
  if (next == WG_GDB_RESUME) {
    if (++p->resumes > 4) return false;
    s->request.give_up = give_up;
    s->request.ctx = p;
    if (s->target->resume(s->target->ctx, &s->request, &stop, &err) == WG_OK)
      wg_gdb_tell_stop(s, &stop);
    else
      wg_gdb_error(s, "%s", err.msg);
  }
  if (s->answer.len > WG_GDB_PACKET) abort(); // longer than was promised
  wg_gdb_frame(s->answer.data, s->answer.len, &out);
  // What is sent is read as what it was.
  struct wg_gdb_reader back = {.bad = false};
  enum wg_gdb_input got = WG_GDB_NOTHING;
  for (size_t i = 0; i < out.len; i++) got = wg_gdb_byte(&back, (uint8_t)out.data[i]);
  if (got != WG_GDB_PAYLOAD || back.payload.len != s->answer.len ||
      (s->answer.len && memcmp(back.payload.data, s->answer.data, s->answer.len) != 0))
    abort();
  wg_gdb_reader_release(&back);
  wg_buf_release(&out);
  return next == WG_GDB_ANSWER || next == WG_GDB_RESUME;
}

// Whether the client wants the run to be over.
static inline bool converse(const struct wg_gdb_target *t, const struct wg_gdb_options *o, const uint8_t *data,
                            size_t n) {
  struct wg_gdb_session s;
  struct wg_gdb_reader r = {.bad = false};
  struct patience p = {0, 0};
  bool on = true;
  wg_gdb_session_begin(&s, t, o);
  for (size_t i = 0; i < n && on; i++) {
    // The fuzzer need not know of sums: one that is wrong does.
    enum wg_gdb_input got = wg_gdb_byte(&r, data[i]);
    if (got == WG_GDB_PAYLOAD || (got == WG_GDB_BAD && !r.bad)) on = answered(&s, &r, &p);
  }
  bool kills = s.kills;
  wg_gdb_session_release(&s);
  wg_gdb_reader_release(&r);
  return kills;
}

#endif
