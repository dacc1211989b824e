// Going on, and what is told of where that ended.
#include "gdb/session.h"

// --- what is told of a stop --------------------------------------------------------------------------------

static void put_why(const struct wg_gdb_session *s, const struct wg_gdb_stop *stop, struct wg_buf *out) {
  static const char *const watches[] = {[WG_GDB_WRITE] = "watch", [WG_GDB_READ] = "rwatch", [WG_GDB_ACCESS] = "awatch"};
  struct wg_here here;
  enum wg_gdb_kind kind;
  switch (stop->why) {
  case WG_GDB_AT_BREAK:
    if (!s->reports_breaks) return;
    s->target->here(s->target->ctx, &here);
    kind = wg_gdb_points_break(&s->points, here.at.pc);
    if (kind != WG_GDB_KINDS) wg_buf_str(out, kind == WG_GDB_HARDWARE ? "hwbreak:;" : "swbreak:;");
    return;
  case WG_GDB_ACCESSED:
    kind = wg_gdb_points_watch(&s->points, stop->addr);
    if (kind != WG_GDB_KINDS) wg_buf_printf(out, "%s:%x;", watches[kind], stop->addr);
    return;
  case WG_GDB_AT_BEGIN: wg_buf_str(out, "replaylog:begin;"); return;
  case WG_GDB_AT_END:
    if (s->target->reverses) wg_buf_str(out, "replaylog:end;");
    return;
  case WG_GDB_STEPPED:
  case WG_GDB_ENDED:
  case WG_GDB_EXITED:
  case WG_GDB_GAVE_UP: return;
  }
}

// The registers that every client asks for at once.
static void put_registers(const struct wg_gdb_session *s, uint32_t tid, struct wg_buf *out) {
  static const unsigned expedited[] = {1, WG_REG_PC, WG_REG_PC + 1};
  struct wg_look l;
  if (!wg_gdb_look(s, tid, &l)) return;
  for (size_t i = 0; i < sizeof expedited / sizeof *expedited; i++) {
    wg_buf_printf(out, "%02x:", expedited[i]);
    wg_gdb_put_register(&l, expedited[i], out);
    wg_buf_char(out, ';');
  }
}

static unsigned signal_of(const struct wg_gdb_session *s, const struct wg_gdb_stop *stop) {
  enum { TOLD_SIGINT = 2, TOLD_SIGTRAP = 5, TOLD_SIGSEGV = 11, TOLD_SIGCHLD = 20 };
  if (stop->why == WG_GDB_GAVE_UP) return TOLD_SIGINT;
  if (stop->why == WG_GDB_ENDED) return TOLD_SIGCHLD;
  bool fault = stop->why == WG_GDB_AT_END && !s->target->reverses && stop->end == WG_END_EXCEPTION;
  return fault ? TOLD_SIGSEGV : TOLD_SIGTRAP;
}

// gdb steps off a breakpoint with one thread alone, and takes it that nothing else can happen then: of another thread's
// stop it ends with an internal error, and after the end of history it never goes on again. Here others go on in that
// step, since the thread may wait in it. What happens to them is held back, and the thread is told of with a signal for
// which gdb neither stops nor prints a word: it has all go on then.
static struct wg_gdb_stop told_first(struct wg_gdb_session *s, const struct wg_gdb_stop *stop) {
  uint32_t tid = s->request.tid;
  bool own = stop->tid == tid && stop->why != WG_GDB_AT_END;
  if (!s->request.alone || own || stop->why == WG_GDB_EXITED) return *stop;
  s->request.alone = false;
  if (stop->why == WG_GDB_GAVE_UP) return (struct wg_gdb_stop){.why = WG_GDB_GAVE_UP, .tid = tid};
  s->holds = true;
  s->held = *stop;
  return (struct wg_gdb_stop){.why = WG_GDB_ENDED, .tid = tid};
}

static void tell_stop(struct wg_gdb_session *s, const struct wg_gdb_stop *stop) {
  s->stop = *stop;
  s->general = stop->tid;
  s->sought = false;
  wg_buf_clear(&s->answer);
  if (stop->why == WG_GDB_EXITED) {
    wg_buf_str(&s->answer, "W00");
    return;
  }
  if (stop->why == WG_GDB_AT_END && !s->target->reverses)
    wg_buf_printf(&s->console, "the run ends here (%s); go on, and its record is finished\n", wg_end_name(stop->end));
  wg_buf_printf(&s->answer, "T%02xthread:%x;", signal_of(s, stop), stop->tid);
  put_why(s, stop, &s->answer);
  put_registers(s, stop->tid, &s->answer);
}

void wg_gdb_tell_stop(struct wg_gdb_session *s, const struct wg_gdb_stop *stop) {
  const struct wg_gdb_stop first = told_first(s, stop);
  tell_stop(s, &first);
}

// --- going on ---------------------------------------------------------------------------------------------

static uint32_t pc_of(const struct wg_gdb_session *s, uint32_t tid) {
  struct wg_look l;
  return wg_gdb_look(s, tid, &l) ? wg_look_cpu(&l)->pc : 0;
}

// gdb has been told that the step of its thread was interrupted by what another thread came to, which is held, and
// names its thread alone again: so scheduler-locking is on, and the other's stop does not count. It steps again, or
// goes on to a breakpoint of its own where the thread stands, of which it does nothing but make that step once more:
// this time past the others. False: nothing is told, and the request is made.
static bool tells_held(struct wg_gdb_session *s, bool alone) {
  bool others = s->held.why == WG_GDB_AT_BREAK || s->held.why == WG_GDB_ACCESSED;
  if (!alone || !others) return true;
  s->request.own = true;
  if (s->request.step || wg_gdb_points_break(&s->points, pc_of(s, s->request.tid)) == WG_GDB_KINDS) return false;
  s->again = true;
  s->held = (struct wg_gdb_stop){.why = WG_GDB_AT_BREAK, .tid = s->request.tid};
  return true;
}

// `alone`: no other thread is said to go on. Does only what that one comes to count? It does with scheduler-locking;
// but gdb steps off a breakpoint or over an access in the same words without. So what others come to in a step is told
// of first (told_first), and what is said next tells whether the step is to be made again, past that.
static enum wg_gdb_next go(struct wg_gdb_session *s, char how, bool back, uint32_t tid, bool alone) {
  if (back && !s->target->reverses) {
    wg_gdb_error(s, WG_GDB_FORWARDS_ONLY);
    return WG_GDB_ANSWER;
  }
  bool holds = s->holds && !back, step = how == 's', again = s->again;
  s->holds = s->again = false;
  s->request = (struct wg_gdb_request){.back = back,
                                       .step = step,
                                       .alone = alone && step,
                                       .tid = tid ? tid : s->stop.tid,
                                       .own = alone && (!step || again),
                                       .points = s->points.points};
  if (!holds || !tells_held(s, alone)) return WG_GDB_RESUME;
  tell_stop(s, &s->held);
  return WG_GDB_ANSWER;
}

enum wg_gdb_next wg_gdb_go(struct wg_gdb_session *s, char how, bool back, uint32_t tid) {
  return go(s, how, back, tid, false);
}

// vCont: actions, each for a thread or for all others. All of a machine goes on or none, so that what counts is whether
// one of them steps.
static enum wg_gdb_next vcont(struct wg_gdb_session *s, struct wg_gdb_text t) {
  char how = 0;
  uint64_t who = 0;
  bool others = false;
  while (t.at < t.end) {
    struct wg_gdb_text action = wg_gdb_until(&t, ';');
    uint64_t tid = 0, signal;
    if (action.at == action.end) continue;
    char c = *action.at++;
    if (c == 'C' || c == 'S') {
      c = c == 'C' ? 'c' : 's';
      (void)wg_gdb_number(&action, &signal);
    }
    bool named = wg_gdb_skip(&action, ":") && !wg_gdb_is(action, "-1");
    if ((c != 'c' && c != 's') || (named && (!wg_gdb_number(&action, &tid) || action.at != action.end))) {
      wg_gdb_error(s, "vCont: expected c or s, and threads");
      return WG_GDB_ANSWER;
    }
    others |= !named || (how && who != tid);
    if (how && !(c == 's' && how != 's')) continue; // the first step counts
    how = c;
    who = tid;
  }
  if (how == 0 || who > UINT32_MAX) {
    wg_gdb_error(s, "vCont: expected an action");
    return WG_GDB_ANSWER;
  }
  return go(s, how, false, (uint32_t)who, !others);
}

enum wg_gdb_next wg_gdb_v(struct wg_gdb_session *s, struct wg_gdb_text t) {
  if (wg_gdb_is(t, "Cont?")) {
    wg_buf_str(&s->answer, "vCont;c;C;s;S");
  } else if (wg_gdb_skip(&t, "Cont;")) {
    return vcont(s, t);
  } else if (wg_gdb_skip(&t, "File:")) {
    wg_gdb_file(s, t);
  } else if (wg_gdb_skip(&t, "Kill")) {
    s->kills = true;
    wg_gdb_ok(s);
    return WG_GDB_LEAVE;
  }
  return WG_GDB_ANSWER;
}
