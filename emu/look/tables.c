// The views that are tables: threads, handles, objects, modules, areas of memory.
#include <stdlib.h>
#include <string.h>

#include "emu/look/table.h"

#define COLUMNS(c) c, sizeof c / sizeof *c

// --- threads ----------------------------------------------------------------------------------------

static bool runs_now(const struct wg_machine *m, const struct wg_ctx *ctx) { return m->sched.cur == ctx; }

// What it is in, in a few words.
static void doing(const struct wg_thread *t, struct wg_buf *out) {
  if (t->run.state == WG_T_EXITED) {
    wg_buf_printf(out, "code 0x%x", t->exit_code);
    return;
  }
  if (t->ctx.call) wg_buf_printf(out, "in %s", t->ctx.call->name);
  if (t->run.state != WG_T_WAITING) return;
  if (t->wait.count == 0) wg_buf_str(out, t->wait.timeout_ns < 0 ? " (an APC)" : " (time)");
  for (uint32_t i = 0; i < t->wait.count && i < 2; i++) {
    const struct wg_object *o = t->wait.links[i].o;
    wg_buf_printf(out, "%s %s %016llx", i ? "," : ":", wg_otype_name(o->type), (unsigned long long)o->hsid);
    if (o->name) wg_buf_printf(out, " %s", o->name);
  }
  if (t->wait.count > 2) wg_buf_printf(out, ", %u more", t->wait.count - 2);
}

static void thread_row(struct wg_table *t, const struct wg_machine *m, const struct wg_thread *x) {
  struct wg_buf what = {0};
  doing(x, &what);
  wg_cell_count(t, x->tid);
  wg_cell_text(t, wg_look_state(x));
  wg_cell_bool(t, runs_now(m, &x->ctx), "=>");
  wg_cell_count(t, x->run.hw);
  wg_cell_int(t, x->run.priority);
  wg_cell_hex(t, x->run.affinity);
  wg_cell_count(t, x->run.suspend);
  wg_cell_count(t, x->ctx.cpu.cycle);
  wg_cell_count(t, x->idx);
  wg_cell_place(t, x->ctx.cpu.pc);
  wg_cell_hex(t, (uint32_t)x->ctx.cpu.gpr[1]);
  wg_cell_place(t, x->entry);
  wg_cell_hex(t, x->start_ctx);
  wg_cell_hex(t, x->stack_limit);
  wg_cell_hex(t, x->stack_base);
  wg_cell_hex(t, x->kthread);
  wg_cell_hex(t, x->tls);
  wg_cell_id(t, x->object->hsid);
  wg_cell_text(t, what.len ? what.data : NULL);
  wg_buf_release(&what);
}

static void interrupt_row(struct wg_table *t, const struct wg_machine *m, unsigned n) {
  const struct wg_hw *hw = &m->sched.hw[n];
  wg_cell_count(t, 0);
  wg_cell_text(t, "interrupt");
  wg_cell_bool(t, runs_now(m, &hw->irq), "=>");
  wg_cell_count(t, n);
  wg_cell_none(t);
  wg_cell_none(t);
  wg_cell_none(t);
  wg_cell_count(t, hw->irq.cpu.cycle);
  wg_cell_count(t, m->threads.idx0);
  wg_cell_place(t, hw->irq.cpu.pc);
  wg_cell_hex(t, (uint32_t)hw->irq.cpu.gpr[1]);
  wg_cell_place(t, hw->irq_call.fn);
  wg_cell_hex(t, hw->irq_call.args[0]);
  wg_cell_none(t);
  wg_cell_none(t);
  wg_cell_none(t);
  wg_cell_none(t);
  wg_cell_none(t);
  wg_cell_none(t);
}

void wg_look_put_threads(const struct wg_look *l, bool json, struct wg_buf *out) {
  static const struct wg_column columns[] = {
      {"tid", "TID", true},       {"state", "STATE", false},    {"current", "", false},      {"hw", "HW", true},
      {"priority", "PRIO", true}, {"affinity", NULL, true},     {"suspend", NULL, true},     {"cycle", "CYCLE", true},
      {"idx", "IDX", true},       {"pc", "PC", false},          {"sp", NULL, false},         {"entry", "ENTRY", false},
      {"ctx", NULL, false},       {"stack_limit", NULL, false}, {"stack_base", NULL, false}, {"kthread", NULL, false},
      {"tls", NULL, false},       {"hsid", NULL, false},        {"doing", "DOING", false}};
  const struct wg_machine *m = l->m;
  struct wg_table t;
  wg_table_begin(&t, l, json, out, COLUMNS(columns));
  for (unsigned i = 0; i < WG_HW_THREADS; i++)
    if (m->sched.hw[i].irq_active) interrupt_row(&t, m, i);
  for (size_t i = 0; i < m->threads.n; i++)
    if (m->threads.list[i]->object) thread_row(&t, m, m->threads.list[i]);
  wg_table_end(&t);
}

// --- handles and objects ------------------------------------------------------------------------------

// The signal state in the dispatcher header, for those that have one.
static bool signal_state(const struct wg_machine *m, const struct wg_object *o, int32_t *v) {
  uint32_t word;
  bool has = o->guest && o->type != WG_O_CRITICAL_SECTION && wg_mem_peek32(m->mem, o->guest + 4, &word);
  if (has) *v = (int32_t)word;
  return has;
}

static void state_cell(struct wg_table *t, const struct wg_object *o) {
  int32_t v;
  if (signal_state(t->l->m, o, &v))
    wg_cell_int(t, v);
  else
    wg_cell_none(t);
}

#define FIRST_HANDLE 0xF8000000u

void wg_look_put_handles(const struct wg_look *l, bool json, struct wg_buf *out) {
  static const struct wg_column columns[] = {
      {"handle", "HANDLE", false}, {"type", "TYPE", false},       {"hsid", "OBJECT", false},
      {"state", "STATE", true},    {"references", "REFS", true},  {"handles", "HANDLES", true},
      {"guest", "AT", false},      {"created", "CREATED", false}, {"name", "NAME", false},
  };
  const struct wg_handles *h = &l->m->handles;
  struct wg_table t;
  wg_table_begin(&t, l, json, out, COLUMNS(columns));
  for (size_t i = 0; i < h->n; i++) {
    const struct wg_object *o = h->at[i];
    if (o == NULL) continue;
    wg_cell_hex(&t, FIRST_HANDLE + 4 * (uint32_t)i);
    wg_cell_text(&t, wg_otype_name(o->type));
    wg_cell_id(&t, o->hsid);
    state_cell(&t, o);
    wg_cell_count(&t, o->refs);
    wg_cell_count(&t, o->handles);
    if (o->guest)
      wg_cell_hex(&t, o->guest);
    else
      wg_cell_none(&t);
    wg_cell_who(&t, &o->created);
    wg_cell_text(&t, o->name);
  }
  wg_table_end(&t);
}

// The table's own order is that of its slots; this is the order of their making.
static int by_creation(const void *x, const void *y) {
  const struct wg_object *a = *(const struct wg_object *const *)x, *b = *(const struct wg_object *const *)y;
  if (a->created.ns != b->created.ns) return a->created.ns < b->created.ns ? -1 : 1;
  if (a->created.tid != b->created.tid) return a->created.tid < b->created.tid ? -1 : 1;
  if (a->created.idx != b->created.idx) return a->created.idx < b->created.idx ? -1 : 1;
  return a->hsid < b->hsid ? -1 : a->hsid > b->hsid;
}

static void object_row(struct wg_table *t, const struct wg_object *o) {
  wg_cell_id(t, o->hsid);
  wg_cell_text(t, wg_otype_name(o->type));
  if (o->guest)
    wg_cell_hex(t, o->guest);
  else
    wg_cell_none(t);
  wg_cell_bool(t, o->in_guest, "title");
  state_cell(t, o);
  wg_cell_count(t, o->refs);
  wg_cell_count(t, o->handles);
  wg_cell_count(t, o->guest_refs);
  wg_cell_count(t, o->nwaiters);
  if (o->owner_tid)
    wg_cell_count(t, o->owner_tid);
  else
    wg_cell_none(t);
  wg_cell_who(t, &o->created);
  wg_cell_count(t, o->signals);
  wg_cell_who(t, &o->signalled);
  wg_cell_text(t, o->name);
}

void wg_look_put_objects(const struct wg_look *l, bool json, struct wg_buf *out) {
  static const struct wg_column columns[] = {
      {"hsid", "OBJECT", false},         {"type", "TYPE", false},          {"guest", "AT", false},
      {"in_guest", "IN", false},         {"state", "STATE", true},         {"references", "REFS", true},
      {"handles", "HANDLES", true},      {"guest_references", NULL, true}, {"waiters", "WAITERS", true},
      {"owner", "OWNER", true},          {"created", "CREATED", false},    {"signals", "SIGNALS", true},
      {"signalled", "SIGNALLED", false}, {"name", "NAME", false},
  };
  const struct wg_objects *all = &l->m->objects;
  const struct wg_object **sorted = wg_xcalloc(all->n + 1, sizeof(struct wg_object *));
  for (size_t i = 0; i < all->n; i++) sorted[i] = all->list[i];
  qsort(sorted, all->n, sizeof *sorted, by_creation);
  struct wg_table t;
  wg_table_begin(&t, l, json, out, COLUMNS(columns));
  for (size_t i = 0; i < all->n; i++) object_row(&t, sorted[i]);
  wg_table_end(&t);
  free(sorted);
}

// --- modules ------------------------------------------------------------------------------------------

void wg_look_put_modules(const struct wg_look *l, bool json, struct wg_buf *out) {
  static const struct wg_column columns[] = {
      {"name", "NAME", false}, {"base", "BASE", false},       {"size", "SIZE", false},     {"entry", "ENTRY", false},
      {"pdata", NULL, false},  {"pdata_size", NULL, true},    {"handle", "HANDLE", false}, {"loads", "LOADS", true},
      {"uses", "USES", true},  {"started", "STARTED", false}, {"path", "PATH", false},
  };
  const struct wg_modules *all = &l->m->modules;
  struct wg_table t;
  wg_table_begin(&t, l, json, out, COLUMNS(columns));
  for (size_t i = 0; i < all->n; i++) {
    const struct wg_module *x = all->list[i];
    const struct wg_image *img = x->image;
    wg_cell_text(&t, x->name);
    if (img) {
      wg_cell_hex(&t, img->base);
      wg_cell_hex(&t, img->size);
      wg_cell_place(&t, img->entry);
      wg_cell_hex(&t, img->pdata);
      wg_cell_count(&t, img->pdata_size);
    } else { // one of the console's own
      for (int n = 0; n < 5; n++) wg_cell_none(&t);
    }
    wg_cell_hex(&t, x->ldr);
    wg_cell_count(&t, x->loads);
    wg_cell_count(&t, x->uses);
    wg_cell_bool(&t, x->started, "yes");
    wg_cell_text(&t, x->path);
  }
  wg_table_end(&t);
}

// --- areas --------------------------------------------------------------------------------------------

static const char *area_kind(enum wg_area_kind k) {
  static const char *const names[] = {"nothing", "reserved", "device",   "image", "stack",
                                      "kernel",  "title",    "physical", "window"};
  return names[k];
}

void wg_look_put_areas(const struct wg_look *l, bool json, struct wg_buf *out) {
  static const struct wg_column columns[] = {{"begin", "BEGIN", false}, {"end", "END", false},  {"size", NULL, true},
                                             {"read", "R", false},      {"write", "W", false},  {"code", "X", false},
                                             {"kind", NULL, false},     {"what", "WHAT", false}};
  struct wg_table t;
  struct wg_area a;
  wg_table_begin(&t, l, json, out, COLUMNS(columns));
  for (uint64_t at = 0; at < 1ull << 32; at = a.base + a.size) {
    wg_look_area(l->m, (uint32_t)at, &a);
    if (a.kind == WG_AREA_NOTHING) continue;
    struct wg_buf what = {0};
    wg_look_put_area(&a, &what);
    wg_cell_hex(&t, a.base);
    wg_cell_hex(&t, (uint32_t)(a.base + a.size - 1));
    wg_cell_count(&t, a.size);
    wg_cell_bool(&t, a.read, "r");
    wg_cell_bool(&t, a.write, "w");
    wg_cell_bool(&t, a.code, "x");
    wg_cell_text(&t, area_kind(a.kind));
    wg_cell_text(&t, what.data);
    wg_buf_release(&what);
  }
  wg_table_end(&t);
}
