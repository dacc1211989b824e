// What `monitor` can ask of a run, a row each.
#include <string.h>

#include "base/file.h"
#include "gdb/session.h"

typedef void show(const struct wg_look *l, bool json, struct wg_buf *out);

struct command {
  const char *name, *usage, *help;
  void (*run)(struct wg_gdb_session *s, const struct command *c, const char *arg);
  show *show;
};

static void view(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  struct wg_look l;
  (void)arg;
  if (wg_gdb_look(s, wg_gdb_meant(s), &l) || wg_gdb_look(s, s->stop.tid, &l))
    c->show(&l, false, &s->console);
  else
    wg_buf_str(&s->console, "there is no thread here\n");
}

static void when(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  struct wg_here here;
  struct wg_look l;
  (void)c;
  (void)arg;
  s->target->here(s->target->ctx, &here);
  if (wg_gdb_look(s, s->stop.tid, &l)) wg_look_put_where(&l, false, &s->console);
  wg_buf_printf(&s->console, "insn=%llu", (unsigned long long)here.at.retired);
  if (here.at.in_turn && here.at.tid)
    wg_buf_printf(&s->console, " cycle=%u:%llu", here.at.tid, (unsigned long long)here.at.cycle);
  wg_buf_printf(&s->console, " event=%llu time=%lluns frame=%llu\n", (unsigned long long)here.at.events,
                (unsigned long long)here.at.now_ns, (unsigned long long)here.at.frames);
}

static void seek_command(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  struct wg_position p;
  struct wg_err err = {0};
  if (!s->target->reverses) {
    wg_buf_str(&s->console, WG_GDB_FORWARDS_ONLY "\n");
    return;
  }
  if (wg_position_parse(arg, &p, &err) != WG_OK || s->target->seek(s->target->ctx, &p, &s->stop, &err) != WG_OK) {
    wg_buf_printf(&s->console, "%s\n", err.msg);
    return;
  }
  if (!wg_gdb_exists(s, s->general)) s->general = s->stop.tid;
  s->sought = true;
  s->holds = false;
  when(s, c, "");
  wg_buf_str(&s->console, "gdb does not know yet: `maintenance flush register-cache`, `maintenance flush dcache`\n");
}

#define MOST_EVENTS 100000u

static void events(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  struct wg_here here;
  struct wg_err err = {0};
  uint64_t n = 20;
  (void)c;
  s->target->here(s->target->ctx, &here);
  if (*arg && (!wg_parse_u64(arg, MOST_EVENTS, &n) || n == 0))
    wg_buf_printf(&s->console, "'%s' is no count of events: a number from 1 to %u\n", arg, MOST_EVENTS);
  else if (s->o->events == NULL)
    wg_buf_str(&s->console, "the events of a run that is being recorded are in its trace\n");
  else if (s->o->events(s->o->ctx, &(struct wg_gdb_events){here.at.events, (size_t)n, s->give_up, s->ctx}, &s->console,
                        &err) != WG_OK)
    wg_buf_printf(&s->console, "%s\n", err.msg);
}

static void checkpoints(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  (void)c;
  (void)arg;
  if (s->o->checkpoints == NULL || s->o->checkpoints(s->o->ctx, &s->console) == 0)
    wg_buf_str(&s->console, "no checkpoints\n");
}

static void checkpoint(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  struct wg_err err = {0};
  (void)c;
  (void)arg;
  if (s->o->checkpoint == NULL)
    wg_buf_str(&s->console, "a run that is being recorded keeps its own: wedge record --checkpoints\n");
  else if (s->o->checkpoint(s->o->ctx, &s->console, &err) != WG_OK)
    wg_buf_printf(&s->console, "%s\n", err.msg);
}

static void help(struct wg_gdb_session *s, const struct command *c, const char *arg);

static const struct command commands[] = {
    {"help", "", "this list", help, NULL},
    {"when", "", "where the run stands", when, NULL},
    {"seek", " POSITION",
     "go there: TID:IDX, cycle=TID:N, insn=N, event=N, time=1.5s, frame=N, call=NAME#N, return=NAME#N, start or end",
     seek_command, NULL},
    {"events", " [N]", "the events about here", events, NULL},
    {"threads", "", "threads and what they do", view, wg_look_put_threads},
    {"stack", "", "the thread's calls, through the kernel's own", view, wg_look_put_stack},
    {"regs", "", "its registers", view, wg_look_put_regs},
    {"handles", "", "open handles", view, wg_look_put_handles},
    {"objects", "", "kernel objects", view, wg_look_put_objects},
    {"waits", "", "who waits for what", view, wg_look_put_waits},
    {"modules", "", "loaded modules", view, wg_look_put_modules},
    {"areas", "", "what memory is", view, wg_look_put_areas},
    {"why-blocked", "", "why the thread does not go on", view, wg_look_put_why},
    {"checkpoint", "", "keep one of this place with the run", checkpoint, NULL},
    {"checkpoints", "", "those that there are", checkpoints, NULL},
};
#define NCOMMANDS (sizeof commands / sizeof *commands)

static void help(struct wg_gdb_session *s, const struct command *c, const char *arg) {
  (void)c;
  (void)arg;
  for (size_t i = 0; i < NCOMMANDS; i++)
    wg_buf_printf(&s->console, "monitor %s%s: %s\n", commands[i].name, commands[i].usage, commands[i].help);
}

void wg_gdb_monitor(struct wg_gdb_session *s, const char *line) {
  size_t n = strcspn(line, " ");
  const char *arg = line + n + strspn(line + n, " ");
  wg_gdb_ok(s);
  for (size_t i = 0; i < NCOMMANDS; i++) {
    if (strlen(commands[i].name) != n || memcmp(commands[i].name, line, n) != 0) continue;
    if (*arg && *commands[i].usage == 0)
      wg_buf_printf(&s->console, "monitor %s takes nothing behind it\n", commands[i].name);
    else
      commands[i].run(s, &commands[i], arg);
    return;
  }
  wg_buf_printf(&s->console, "there is no monitor command '%.*s'; `monitor help` lists them\n", (int)(n < 80 ? n : 80),
                line);
}
