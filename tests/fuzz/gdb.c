// libFuzzer's entry for the gdb remote protocol: the input is what a client sends, bytes as they come. WEDGE_FUZZ_RUN
// names a short run that is debugged; it stays where the input before left it, as it does from client to client.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/program.h"
#include "gdb/replayed.h"
#include "gdb/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct wg_gdb_replayed run;
static struct wg_buf program;
static bool opened;

static void open_run(void) {
  const char *dir = getenv("WEDGE_FUZZ_RUN");
  const struct wg_position start = {.kind = WG_AT_START};
  struct wg_travel *t = NULL;
  struct wg_err err = {0};
  if (dir == NULL) {
    fputs("WEDGE_FUZZ_RUN must name a run\n", stderr);
    exit(1);
  }
  if (wg_travel_open(&t, dir, NULL, NULL, &err) != WG_OK || wg_gdb_replayed_init(&run, t, &start, &err) != WG_OK) {
    fprintf(stderr, "%s\n", err.msg);
    exit(1);
  }
  wg_gdb_put_program(wg_travel_machine(t), NULL, &program);
  opened = true;
}

// An input that resumes often is none that finds much.
struct patience {
  unsigned asked, resumes;
};
static bool give_up(void *ctx) {
  struct patience *p = ctx;
  return ++p->asked > 2000;
}

static bool answered(struct wg_gdb_session *s, struct wg_gdb_reader *r, struct patience *p) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (!opened) open_run();
  const struct wg_gdb_options o = {.name = "title", .program = &program};
  struct wg_gdb_session s;
  struct wg_gdb_reader r = {.bad = false};
  struct patience p = {0, 0};
  bool on = true;
  wg_gdb_session_begin(&s, &run.target, &o);
  for (size_t i = 0; i < n && on; i++) {
    // The fuzzer need not know of sums: one that is wrong does.
    enum wg_gdb_input got = wg_gdb_byte(&r, data[i]);
    if (got == WG_GDB_PAYLOAD || (got == WG_GDB_BAD && !r.bad)) on = answered(&s, &r, &p);
  }
  wg_gdb_session_release(&s);
  wg_gdb_reader_release(&r);
  return 0;
}
