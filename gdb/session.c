// Packets by their first letter.
#include "gdb/session.h"

#include <stdarg.h>
#include <string.h>

// --- answers ----------------------------------------------------------------------------------------------

void wg_gdb_ok(struct wg_gdb_session *s) { wg_buf_str(&s->answer, "OK"); }

void wg_gdb_error(struct wg_gdb_session *s, const char *fmt, ...) {
  va_list ap;
  wg_buf_clear(&s->answer);
  wg_buf_str(&s->answer, "E.");
  va_start(ap, fmt);
  wg_buf_vprintf(&s->answer, fmt, ap);
  va_end(ap);
}

void wg_gdb_errno(struct wg_gdb_session *s, unsigned n) {
  wg_buf_clear(&s->answer);
  wg_buf_printf(&s->answer, "E%02u", n);
}

const struct wg_machine *wg_gdb_machine(const struct wg_gdb_session *s) { return s->target->machine(s->target->ctx); }

bool wg_gdb_look(const struct wg_gdb_session *s, uint32_t tid, struct wg_look *out) {
  struct wg_err none = {0};
  uint32_t own = tid == WG_GDB_INTERRUPT ? 0 : tid;
  if (tid == WG_GDB_NOBODY || wg_look_begin(out, wg_gdb_machine(s), &own, 0, &none) != WG_OK) return false;
  out->symbols = s->o->symbols;
  return true;
}

uint32_t wg_gdb_chosen(const struct wg_gdb_session *s) { return s->general ? s->general : s->stop.tid; }

uint32_t wg_gdb_meant(const struct wg_gdb_session *s) { return s->sought ? s->stop.tid : wg_gdb_chosen(s); }

// --- registers --------------------------------------------------------------------------------------------

static void registers(struct wg_gdb_session *s) {
  struct wg_look l;
  bool there = wg_gdb_look(s, wg_gdb_chosen(s), &l);
  s->sought = false;
  for (unsigned n = 0; n < WG_REGS; n++) wg_gdb_put_register(there ? &l : NULL, n, &s->answer);
}

static void one_register(struct wg_gdb_session *s, struct wg_gdb_text t) {
  struct wg_look l;
  uint64_t n;
  s->sought = false;
  if (!wg_gdb_number(&t, &n) || t.at != t.end || n >= WG_REGS)
    wg_gdb_error(s, "p: there are registers 0 to %x", WG_REGS - 1);
  else
    wg_gdb_put_register(wg_gdb_look(s, wg_gdb_chosen(s), &l) ? &l : NULL, (unsigned)n, &s->answer);
}

// --- threads ----------------------------------------------------------------------------------------------

bool wg_gdb_exists(const struct wg_gdb_session *s, uint64_t tid) {
  struct wg_here here;
  s->target->here(s->target->ctx, &here);
  return tid <= UINT32_MAX && wg_gdb_thread_exists(wg_gdb_machine(s), &here, (uint32_t)tid);
}

// -1 and 0 are any thread.
static void choose_thread(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint32_t *which = wg_gdb_skip(&t, "g") ? &s->general : wg_gdb_skip(&t, "c") ? &s->control : NULL;
  uint64_t tid = 0;
  bool any = wg_gdb_is(t, "-1") || wg_gdb_is(t, "0");
  if (which == NULL || (!any && (!wg_gdb_number(&t, &tid) || t.at != t.end || !wg_gdb_exists(s, tid)))) {
    wg_gdb_error(s, "H: expected g or c and a thread that there is");
    return;
  }
  *which = (uint32_t)tid;
  s->sought &= which != &s->general;
  wg_gdb_ok(s);
}

static void is_alive(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint64_t tid;
  if (wg_gdb_number(&t, &tid) && t.at == t.end && wg_gdb_exists(s, tid))
    wg_gdb_ok(s);
  else
    wg_gdb_errno(s, 3); // ESRCH
}

// --- points -----------------------------------------------------------------------------------------------

static void point(struct wg_gdb_session *s, bool set, struct wg_gdb_text t) {
  uint64_t kind, addr, size;
  if (!wg_gdb_number(&t, &kind) || !wg_gdb_skip(&t, ",") || !wg_gdb_range(&t, &addr, &size)) {
    wg_gdb_error(s, "Z and z: expected KIND,ADDRESS,SIZE in hexadecimal");
    return;
  }
  if (kind >= WG_GDB_KINDS || t.at != t.end) return; // not supported
  struct wg_gdb_point p = {(enum wg_gdb_kind)kind, (uint32_t)addr, (uint32_t)size};
  bool breaks = kind <= WG_GDB_HARDWARE;
  const char *refused = NULL;
  if (breaks) p.size = 4; // however many bytes a client would patch
  if (addr > UINT32_MAX || (!breaks && (size == 0 || size > (1ull << 32) - addr)))
    wg_gdb_error(s, "addresses have 32 bits");
  else if (breaks && addr % 4)
    wg_gdb_error(s, "0x%08x: instructions are at multiples of four", p.addr);
  else if (!set)
    wg_gdb_points_clear(&s->points, &p);
  else
    refused = wg_gdb_points_set(&s->points, &p);
  if (refused) wg_gdb_error(s, "%s", refused);
  if (s->answer.len == 0) wg_gdb_ok(s);
}

// --- the whole --------------------------------------------------------------------------------------------

static const char record[] = "a run is a record: nothing of it can be changed";

static enum wg_gdb_next resume_here(struct wg_gdb_session *s, char how, struct wg_gdb_text t) {
  // A signal is nothing to a guest; to go on elsewhere would be to change the run.
  uint64_t signal;
  if (how == 'C' || how == 'S') (void)wg_gdb_number(&t, &signal);
  if (t.at != t.end) {
    wg_gdb_error(s, "%c: %s", how, record);
    return WG_GDB_ANSWER;
  }
  return wg_gdb_go(s, how == 'C' ? 'c' : how == 'S' ? 's' : how, false, s->control);
}

static enum wg_gdb_next answer_letter(struct wg_gdb_session *s, char letter, struct wg_gdb_text t) {
  switch (letter) {
  case '?': wg_gdb_tell_stop(s, &s->stop); return WG_GDB_ANSWER;
  case 'g': registers(s); return WG_GDB_ANSWER;
  case 'p': one_register(s, t); return WG_GDB_ANSWER;
  case 'm': wg_gdb_read_memory(s, t); return WG_GDB_ANSWER;
  case 'G':
  case 'P':
  case 'M':
  case 'X': wg_gdb_error(s, "%s", record); return WG_GDB_ANSWER;
  case 'H': choose_thread(s, t); return WG_GDB_ANSWER;
  case 'T': is_alive(s, t); return WG_GDB_ANSWER;
  case 'Z':
  case 'z': point(s, letter == 'Z', t); return WG_GDB_ANSWER;
  case 'q':
  case 'Q':
    t.at--;
    wg_gdb_query(s, t);
    return WG_GDB_ANSWER;
  case 'v': return wg_gdb_v(s, t);
  case 'c':
  case 's':
  case 'C':
  case 'S': return resume_here(s, letter, t);
  case 'b':
    // gdb names who goes back with scheduler-locking alone; but it has just asked for the registers of the one chosen.
    if (wg_gdb_is(t, "s") || wg_gdb_is(t, "c"))
      return wg_gdb_go(s, *t.at, true, s->control ? s->control : wg_gdb_meant(s));
    return WG_GDB_ANSWER;
  case 'D': wg_gdb_ok(s); return WG_GDB_LEAVE;
  case 'k': s->kills = true; return WG_GDB_HANG_UP;
  default: return WG_GDB_ANSWER; // empty: not supported
  }
}

enum wg_gdb_next wg_gdb_packet(struct wg_gdb_session *s, const char *payload, size_t n) {
  wg_buf_clear(&s->answer);
  wg_buf_clear(&s->console);
  wg_buf_reserve(&s->answer, 1);
  if (n == 0) return WG_GDB_ANSWER;
  return answer_letter(s, payload[0], (struct wg_gdb_text){payload + 1, payload + n});
}

void wg_gdb_session_begin(struct wg_gdb_session *s, const struct wg_gdb_target *t, const struct wg_gdb_options *o) {
  struct wg_here here;
  *s = (struct wg_gdb_session){.target = t, .o = o};
  t->here(t->ctx, &here);
  s->stop = (struct wg_gdb_stop){.why = WG_GDB_STEPPED, .tid = wg_gdb_current(t->machine(t->ctx), &here, 0)};
}

void wg_gdb_session_release(struct wg_gdb_session *s) {
  wg_gdb_points_release(&s->points);
  wg_buf_release(&s->answer);
  wg_buf_release(&s->console);
  wg_buf_release(&s->features);
  wg_buf_release(&s->threads);
  wg_buf_release(&s->map);
}
