// The whole comparison for programs (schemas/diff.schema.json).
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "diff/report.h"
#include "diff/words.h"

static void comma(struct wg_buf *out) {
  char last = out->data[out->len - 1];
  if (last != '[' && last != '{') wg_buf_char(out, ',');
}

static void open_object(struct wg_buf *out) {
  comma(out);
  wg_buf_char(out, '{');
}

static void open_list(struct wg_buf *out, const char *key) {
  wg_json_key(out, key);
  wg_buf_char(out, '[');
}

static void put_place(const struct wg_pairing *p, uint32_t pair, uint32_t step, int side, struct wg_buf *out) {
  static const char *const keys[] = {"here", "reference"};
  if (step == WG_NONE || step >= wg_pair_thread(p, pair, side)->nsteps) return;
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  const struct wg_content *c = wg_content_at(p->s[side], t, step);
  wg_json_key(out, keys[side]);
  wg_buf_char(out, '{');
  wg_json_u64(out, "tid", t->tid);
  wg_json_u64(out, "idx", t->steps[step].idx);
  wg_json_printable(out, "call", p->s[side], c->name);
  if (c->lr) wg_json_hex(out, "lr", c->lr);
  if (c->detail) wg_json_printable(out, "about", p->s[side], c->detail);
  if (c->flags & WG_C_RV) wg_json_hex(out, "rv", c->rv);
  wg_buf_char(out, '}');
}

static void put_finding(const struct wg_pairing *p, size_t i, struct wg_buf *out) {
  const struct wg_finding *f = &p->findings[i];
  struct wg_buf text = {0};
  wg_put_finding(p, f, &text);
  open_object(out);
  wg_json_u64(out, "id", i);
  wg_json_str(out, "class", wg_classes[f->cls].name);
  wg_json_utf8(out, "text", text.data, text.len);
  wg_json_u64(out, "tid", wg_pair_thread(p, f->pair, 0)->tid);
  wg_json_u64(out, "reference_tid", wg_pair_thread(p, f->pair, 1)->tid);
  put_place(p, f->pair, f->step[0], 0, out);
  put_place(p, f->pair, f->step[1], 1, out);
  if (f->field[0]) wg_json_str(out, "field", f->field);
  if (f->key.data) wg_json_utf8(out, "key", f->key.data, strlen(f->key.data));
  if (f->cls == WG_D_COUNT) {
    wg_json_u64(out, "count", f->count[0]);
    wg_json_u64(out, "reference_count", f->count[1]);
  }
  wg_json_bool(out, "noise", f->hidden);
  if (f->reason) wg_json_str(out, "reason", f->reason);
  if (f->seen.len) wg_json_utf8(out, "seen", f->seen.data, f->seen.len);
  wg_buf_char(out, '}');
  wg_buf_release(&text);
}

static void put_candidate(const struct wg_pairing *p, const struct wg_cause *c, struct wg_buf *out) {
  struct wg_buf text = {0};
  wg_put_cause(p, c, &text);
  open_object(out);
  wg_json_u64(out, "finding", c->finding);
  wg_json_utf8(out, "text", text.data, text.len);
  wg_json_u64(out, "symptoms", c->symptoms);
  wg_json_bool(out, "weak", c->weak);
  open_list(out, "chain");
  for (size_t i = c->nchain; i-- > 0;) {
    wg_buf_clear(&text);
    wg_put_link(p, &c->chain[i], &text);
    comma(out);
    wg_buf_json_utf8(out, text.data ? text.data : "", text.len);
  }
  wg_buf_str(out, "]}");
  wg_buf_release(&text);
}

static void put_thread(const struct wg_pairing *p, uint32_t i, struct wg_buf *out) {
  static const char *const finals[] = {"running", "blocked", "blocked_maybe", "exited", "exception", "unstarted"};
  const struct wg_dthread *a = wg_pair_thread(p, i, 0), *b = wg_pair_thread(p, i, 1);
  open_object(out);
  wg_json_u64(out, "tid", a->tid);
  wg_json_u64(out, "reference_tid", b->tid);
  wg_json_hex(out, "entry", a->entry);
  wg_json_str(out, "matched_by", p->pairs[i].how);
  wg_json_u64(out, "confidence", p->pairs[i].confidence);
  wg_json_u64(out, "calls", a->calls);
  wg_json_u64(out, "reference_calls", b->calls);
  wg_json_u64(out, "aligned", p->pairs[i].matched);
  wg_json_bool(out, "exact", p->pairs[i].exact);
  wg_json_str(out, "final", finals[a->final]);
  wg_json_str(out, "reference_final", finals[b->final]);
  wg_buf_char(out, '}');
}

static void put_lone(const struct wg_pairing *p, int side, struct wg_buf *out) {
  open_list(out, side ? "only_reference" : "only_here");
  for (uint32_t i = 0; i < p->s[side]->nthreads; i++) {
    const struct wg_dthread *t = &p->s[side]->threads[i];
    if (p->peer[side][i] != WG_NONE || t->calls == 0) continue;
    open_object(out);
    wg_json_u64(out, "tid", t->tid);
    wg_json_u64(out, "calls", t->calls);
    wg_json_bool(out, "engine", t->host);
    wg_buf_char(out, '}');
  }
  wg_buf_char(out, ']');
}

static void put_blocked(const struct wg_pairing *p, struct wg_buf *out) {
  open_list(out, "blocked");
  for (uint32_t i = 0; i < p->s[0]->nthreads; i++) {
    const struct wg_dthread *t = &p->s[0]->threads[i];
    if (t->blocked_step == WG_NONE) continue;
    struct wg_buf text = {0};
    wg_put_call(p->s[0], t, t->blocked_step, &text);
    open_object(out);
    wg_json_u64(out, "tid", t->tid);
    wg_json_u64(out, "idx", t->steps[t->blocked_step].idx);
    wg_json_utf8(out, "in", text.data, text.len);
    uint32_t pair = p->peer[0][i];
    wg_json_bool(out, "reference_too", pair != WG_NONE && wg_pair_thread(p, pair, 1)->blocked_step != WG_NONE);
    wg_buf_char(out, '}');
    wg_buf_release(&text);
  }
  wg_buf_char(out, ']');
}

static void put_counts(const struct wg_pairing *p, const char *key, uint32_t pair, struct wg_buf *out) {
  size_t n;
  struct wg_count *k = wg_count_calls(p, pair, &n);
  open_list(out, key);
  for (size_t i = 0; i < n; i++) {
    open_object(out);
    wg_json_utf8(out, "call", k[i].name, strlen(k[i].name));
    wg_json_u64(out, "here", k[i].n[0]);
    wg_json_u64(out, "reference", k[i].n[1]);
    wg_buf_char(out, '}');
  }
  wg_buf_char(out, ']');
  free(k);
}

static void put_side(const struct wg_side *s, const char *key, struct wg_buf *out) {
  wg_json_key(out, key);
  wg_buf_char(out, '{');
  wg_json_utf8(out, "path", s->path, strlen(s->path));
  wg_json_str(out, "format", s->format);
  wg_json_u64(out, "events", s->events);
  wg_json_u64(out, "calls", s->calls);
  if (s->damage[0]) wg_json_utf8(out, "damage", s->damage, strlen(s->damage));
  wg_buf_char(out, '}');
}

static void put_stopped(const struct wg_stopped *s, struct wg_buf *out) {
  wg_json_key(out, "hang");
  wg_buf_char(out, '{');
  wg_json_str(out, "side", s->side ? "reference" : "here");
  wg_json_u64(out, "tid", s->tid);
  wg_json_str(out, "class", s->cls);
  wg_buf_char(out, '}');
}

// Words alone: where nothing differs as far as both go.
static void put_early(const struct wg_pairing *p, const struct wg_ends_early *e, struct wg_buf *out) {
  struct wg_buf text = {0};
  wg_json_key(out, "ends_early");
  wg_buf_char(out, '{');
  wg_json_str(out, "side", e->side ? "reference" : "here");
  wg_json_u64(out, "tid", wg_pair_thread(p, e->pair, e->side)->tid);
  if (e->by_pair != WG_NONE) {
    const struct wg_dthread *by = wg_pair_thread(p, e->by_pair, e->side);
    wg_put_call(p->s[e->side], by, e->by_step, &text);
    wg_json_u64(out, "lost_tid", by->tid);
    wg_json_utf8(out, "lost", text.data, text.len);
  }
  wg_buf_char(out, '}');
  wg_buf_release(&text);
}

// Of the thread that the user asks for, if one of the reference is like it.
static void put_thread_counts(const struct wg_pairing *p, const struct wg_diff_options *o, struct wg_buf *out) {
  const struct wg_dthread *t = o->thread < 0 ? NULL : wg_side_thread(p->s[0], (uint32_t)o->thread);
  uint32_t pair = t ? p->peer[0][t - p->s[0]->threads] : WG_NONE;
  if (pair != WG_NONE) put_counts(p, "thread_calls", pair, out);
}

static void put_answer(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                       struct wg_buf *out) {
  struct wg_buf text = {0};
  bool titles = wg_titles_differ(p, &text);
  wg_json_bool(out, "equal", c->n == 0 && !s->found && !titles);
  if (titles) wg_json_utf8(out, "titles", text.data, text.len);
  if (c->n || s->found || titles) {
    wg_buf_clear(&text);
    wg_report_answer(p, c, s, &text);
    wg_json_utf8(out, "cause", text.data, text.len);
  }
  if (c->n) wg_json_str(out, "class", wg_classes[p->findings[c->list[0].finding].cls].name);
  if (s->found) put_stopped(s, out);
  if (s->early.found) put_early(p, &s->early, out);
  wg_buf_release(&text);
}

void wg_report_json(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                    const struct wg_diff_options *o, struct wg_buf *out) {
  wg_buf_char(out, '{');
  wg_json_u64(out, "schema", 1);
  put_side(p->s[0], "here", out);
  put_side(p->s[1], "reference", out);
  put_answer(p, c, s, out);
  open_list(out, "candidates");
  for (size_t i = 0; i < c->n; i++) put_candidate(p, &c->list[i], out);
  wg_buf_char(out, ']');
  open_list(out, "findings");
  for (size_t i = 0; i < p->nfindings; i++) put_finding(p, i, out);
  wg_buf_char(out, ']');
  put_blocked(p, out);
  open_list(out, "threads");
  for (uint32_t i = 0; i < p->npairs; i++) put_thread(p, i, out);
  wg_buf_char(out, ']');
  put_lone(p, 0, out);
  put_lone(p, 1, out);
  put_counts(p, "calls", WG_NONE, out);
  if (c->n) put_counts(p, "cause_thread_calls", p->findings[c->list[0].finding].pair, out);
  if (s->found) put_counts(p, "cause_thread_calls", s->pair, out);
  put_thread_counts(p, o, out);
  wg_buf_str(out, "}\n");
}
