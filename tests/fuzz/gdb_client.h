// What the fuzzers of the gdb remote protocol share: a client whose input is bytes as they come.
#ifndef WG_FUZZ_GDB_CLIENT_H
#define WG_FUZZ_GDB_CLIENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "gdb/session.h"

// One input in so many goes through the run itself; for the others the machine stands where it is, and only what is
// told of a stop differs. To restore a machine costs a thousand times what it takes to read a packet.
#define REAL_EVERY 64
static inline bool is_real(const uint8_t *data, size_t n) { return wg_hash(data, n, 0) % REAL_EVERY == 0; }

struct standing {
  struct wg_gdb_target target;
  const struct wg_gdb_target *real;
  unsigned told; // stops so far: each kind in turn
};

static inline void stop_next(struct standing *s, uint32_t addr, struct wg_gdb_stop *out) {
  struct wg_here here;
  s->real->here(s->real->ctx, &here);
  *out = (struct wg_gdb_stop){.why = (enum wg_gdb_why)(s->told++ % (WG_GDB_EXITED + 1)),
                              .tid = wg_gdb_current(s->real->machine(s->real->ctx), &here, 0),
                              .addr = addr,
                              .end = WG_END_EXCEPTION};
}
static inline int stand(void *ctx, const struct wg_gdb_request *q, struct wg_gdb_stop *out, struct wg_err *err) {
  (void)err;
  stop_next(ctx, q->points.nwatches ? q->points.watches[0].addr : 0, out);
  return WG_OK;
}
static inline int stand_at(void *ctx, const struct wg_position *p, struct wg_gdb_stop *out, struct wg_err *err) {
  if (p->kind == WG_AT_END) return wg_fail(err, WG_INPUT, "there is no such place");
  stop_next(ctx, 0, out);
  return WG_OK;
}
static inline const struct wg_machine *standing_machine(void *ctx) {
  const struct standing *s = ctx;
  return s->real->machine(s->real->ctx);
}
static inline void standing_here(void *ctx, struct wg_here *out) {
  const struct standing *s = ctx;
  s->real->here(s->real->ctx, out);
}
static inline void stand_in(struct standing *s, const struct wg_gdb_target *real) {
  *s = (struct standing){.real = real,
                         .target = {.ctx = s,
                                    .reverses = real->reverses,
                                    .machine = standing_machine,
                                    .here = standing_here,
                                    .resume = stand,
                                    .seek = stand_at}};
}

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
