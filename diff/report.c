#include "diff/report.h"

#include <stdlib.h>
#include <string.h>

#include "diff/files.h"
#include "diff/words.h"

#define THREADS 12 // rows of a screen
#define CALLS 20

static void heading(const struct wg_diff_options *o, struct wg_buf *out, const char *text) {
  wg_buf_printf(out, o->format == WG_DIFF_MARKDOWN ? "\n## %s\n\n" : "\n%s:\n", text);
}

void wg_report_damage(const struct wg_pairing *p, int side, struct wg_buf *out) {
  static const char *const which[] = {"this side", "the reference"};
  if (p->s[side]->damage[0] == 0) return;
  wg_buf_printf(out, "damaged, %s: ", which[side]);
  wg_put_text(out, p->s[side]->path, 200);
  wg_buf_str(out, ": ");
  wg_put_text(out, p->s[side]->damage, 300);
}

static void put_damage(const struct wg_pairing *p, const struct wg_diff_options *o, struct wg_buf *out) {
  for (int i = 0; i < 2; i++) {
    size_t before = out->len;
    wg_report_damage(p, i, out);
    if (out->len != before) wg_buf_str(out, o->format == WG_DIFF_MARKDOWN ? "\n\n" : "\n");
  }
}

// From the cause to the symptom.
static void put_chain(const struct wg_pairing *p, const struct wg_cause *c, struct wg_buf *out) {
  for (size_t i = c->nchain; i-- > 0;) {
    if (c->chain[i].kind == WG_LINK_LED_TO && c->chain[i].finding == c->finding) continue;
    wg_buf_str(out, "  - ");
    wg_put_link(p, &c->chain[i], out);
    wg_buf_char(out, '\n');
  }
}

static void put_notes(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_side *s = p->s[0];
  unsigned shown = 0;
  for (size_t i = s->nnotes; i-- > 0 && shown < 3;)
    if (s->notes[i].seq <= f->seq && f->seq - s->notes[i].seq < 2000) {
      wg_buf_str(out, "  - the log says before it: ");
      wg_put_str(out, s, s->notes[i].text, 160);
      wg_buf_char(out, '\n');
      shown++;
    }
}

// Calls of the thread up to there: with a first difference, all of them have their like.
static uint64_t calls_before(const struct wg_pairing *p, const struct wg_finding *f) {
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  uint64_t n = 0;
  for (size_t i = 0; i < t->nsteps && t->steps[i].seq < f->seq; i++) n += t->steps[i].count;
  return n;
}

static void put_first(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_diff_options *o,
                      struct wg_buf *out) {
  const struct wg_cause *best = &c->list[0];
  const struct wg_finding *f = &p->findings[best->finding];
  wg_put_cause(p, best, out);
  wg_buf_char(out, '\n');
  if (o->format == WG_DIFF_MARKDOWN) wg_buf_char(out, '\n');
  wg_buf_printf(out, "  - %s", wg_classes[f->cls].name);
  if (f->step[0] != WG_NONE || f->step[1] != WG_NONE) wg_buf_str(out, ": ");
  wg_put_places(p, f->pair, f->step, out);
  wg_buf_str(out, ", after ");
  wg_put_number(out, calls_before(p, f), "call");
  wg_buf_str(out, " of that thread here\n");
  put_notes(p, f, out);
  put_chain(p, best, out);
}

static void put_candidates(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_diff_options *o,
                           struct wg_buf *out) {
  size_t max = o->verbose ? c->n : 5;
  if (c->n < 2) return;
  heading(o, out, "other candidates");
  for (size_t i = 1; i < c->n && i < max; i++) {
    wg_buf_printf(out, "  %zu. ", i + 1);
    wg_put_cause(p, &c->list[i], out);
    wg_buf_char(out, '\n');
  }
  if (c->n > max) wg_buf_printf(out, "  and %zu more (-v)\n", c->n - max);
}

static void put_all(const struct wg_pairing *p, const struct wg_diff_options *o, struct wg_buf *out) {
  heading(o, out, "every difference");
  for (size_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->hidden) continue;
    wg_buf_printf(out, "  - %s: ", wg_classes[f->cls].name);
    wg_put_finding(p, f, out);
    wg_buf_str(out, " [");
    wg_put_places(p, f->pair, f->step, out);
    wg_buf_str(out, "]\n");
  }
}

static void put_noise(const struct wg_pairing *p, const struct wg_diff_options *o, struct wg_buf *out) {
  size_t n = 0;
  for (size_t i = 0; i < p->nfindings; i++) n += p->findings[i].hidden;
  if (n == 0) return;
  if (!o->explain_noise) {
    wg_buf_printf(out, "\n%zu difference%s masked as chance or an engine's choice (--explain-noise tells which)\n", n,
                  n == 1 ? "" : "s");
    return;
  }
  heading(o, out, "masked");
  for (size_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (!f->hidden) continue;
    wg_buf_printf(out, "  - %s", f->reason ? f->reason : "noise");
    if (f->seen.len) wg_buf_printf(out, " (%s)", f->seen.data);
    wg_buf_str(out, ": ");
    wg_put_finding(p, f, out);
    wg_buf_str(out, " [");
    wg_put_places(p, f->pair, f->step, out);
    wg_buf_str(out, "]\n");
  }
}

static const char *final_word(const struct wg_dthread *t) {
  static const char *const words[] = {"runs", "blocked", "blocked, it seems", "ended", "exception", "never ran"};
  return words[t->final];
}

static unsigned shown_findings(const struct wg_pairing *p, uint32_t pair) {
  unsigned n = 0;
  WG_EACH_FINDING(p, pair, i) n += !p->findings[i].hidden;
  return n;
}

static void put_row(const struct wg_pairing *p, uint32_t i, const char *sep, struct wg_buf *out) {
  const struct wg_thread_pair *tp = &p->pairs[i];
  const struct wg_dthread *a = wg_pair_thread(p, i, 0), *b = wg_pair_thread(p, i, 1);
  wg_buf_printf(out, "%s%6u%s%6u%s%-11s %3u%%%s%10llu%s%10llu%s%4u%s%s%s%s%s\n", sep, a->tid, sep, b->tid, sep, tp->how,
                tp->confidence, sep, (unsigned long long)a->calls, sep, (unsigned long long)b->calls, sep,
                shown_findings(p, i), sep, final_word(a), sep, final_word(b), sep);
}

static void put_threads(const struct wg_pairing *p, const struct wg_diff_options *o, struct wg_buf *out) {
  const char *sep = o->format == WG_DIFF_MARKDOWN ? " | " : "  ";
  size_t shown = 0, left = 0;
  heading(o, out, "threads (here, reference, matched by, calls here and there, differences, how each ends)");
  if (o->format == WG_DIFF_MARKDOWN)
    wg_buf_str(out, " | here | reference | matched by | calls here | calls there | differences | ends | ends there | \n"
                    " |---|---|---|---|---|---|---|---| \n");
  for (int pass = 0; pass < 2; pass++) // those that differ first
    for (uint32_t i = 0; i < p->npairs; i++) {
      if ((shown_findings(p, i) != 0) != (pass == 0) ||
          wg_pair_thread(p, i, 0)->calls + wg_pair_thread(p, i, 1)->calls == 0)
        continue;
      if (shown < THREADS || o->verbose)
        put_row(p, i, sep, out);
      else
        left++;
      shown++;
    }
  if (left) {
    wg_buf_str(out, "  and ");
    wg_put_number(out, left, "more pair");
    wg_buf_str(out, " (-v)\n");
  }
  for (int side = 0; side < 2; side++) {
    size_t lone = 0;
    for (uint32_t i = 0; i < p->s[side]->nthreads; i++) {
      const struct wg_dthread *t = &p->s[side]->threads[i];
      if (p->peer[side][i] != WG_NONE || t->calls == 0) continue;
      if (lone++ < 6 || o->verbose)
        wg_buf_printf(out, "%s only %s: thread %u, entry 0x%x, %llu call%s%s\n", sep,
                      side ? "in the reference" : "here", t->tid, t->entry, (unsigned long long)t->calls,
                      t->calls == 1 ? "" : "s", t->host ? ", the engine's own" : "");
    }
    if (lone > 6 && !o->verbose) wg_buf_printf(out, "%s and %zu more\n", sep, lone - 6);
  }
}

static uint32_t counted_pair(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_diff_options *o) {
  if (o->thread < 0) return c->n ? p->findings[c->list[0].finding].pair : WG_NONE;
  const struct wg_dthread *t = wg_side_thread(p->s[0], (uint32_t)o->thread);
  return t ? p->peer[0][t - p->s[0]->threads] : WG_NONE;
}

static void put_counts(const struct wg_pairing *p, uint32_t pair, const struct wg_diff_options *o, struct wg_buf *out) {
  if (pair == WG_NONE && o->thread >= 0) {
    wg_buf_printf(out, "\nthread %ld: no thread of the reference is like it, so its calls have nothing beside them\n",
                  o->thread);
    return;
  }
  size_t n, shown = 0, max = o->verbose ? SIZE_MAX : CALLS;
  struct wg_count *k = wg_count_calls(p, pair, &n);
  if (n && k[0].n[0] != k[0].n[1]) {
    struct wg_buf title = {0};
    wg_buf_str(&title, "calls of ");
    if (pair == WG_NONE)
      wg_buf_str(&title, "all threads");
    else
      wg_put_pair(p, pair, &title);
    wg_buf_str(&title, ", here and in the reference, largest difference first");
    heading(o, out, title.data);
    wg_buf_release(&title);
    const char *sep = o->format == WG_DIFF_MARKDOWN ? " | " : "  ";
    if (o->format == WG_DIFF_MARKDOWN)
      wg_buf_str(out, " | call | here | reference | difference | \n |---|---:|---:|---:| \n");
    for (size_t i = 0; i < n && shown < max && k[i].n[0] != k[i].n[1]; i++, shown++) {
      struct wg_buf name = {0};
      wg_put_text(&name, k[i].name, 64);
      wg_buf_printf(out, "%s%-42s%s%9llu%s%9llu%s%+10lld%s\n", sep, name.data, sep, (unsigned long long)k[i].n[0], sep,
                    (unsigned long long)k[i].n[1], sep, (long long)(k[i].n[0] - k[i].n[1]),
                    o->format == WG_DIFF_MARKDOWN ? " |" : "");
      wg_buf_release(&name);
    }
  }
  free(k);
}

static void put_stopped(const struct wg_pairing *p, const struct wg_stopped *s, struct wg_buf *out) {
  wg_put_stopped(p, s, out);
  wg_buf_printf(out,
                "\n  - nothing else differs as far as both go: %llu calls here, %llu in the reference; `wedge hang ",
                (unsigned long long)p->s[0]->calls, (unsigned long long)p->s[1]->calls);
  wg_put_text(out, p->s[s->side]->path, 200);
  wg_buf_str(out, "` tells more\n");
}

// Beside a cause: it may be no more than that.
static void put_titles(const struct wg_pairing *p, struct wg_buf *out) {
  struct wg_buf how = {0};
  if (wg_titles_differ(p, &how)) wg_buf_printf(out, "  - the titles are not the same: %s\n", how.data);
  wg_buf_release(&how);
}

static bool of_calls(enum wg_class_id c) {
  return c == WG_D_CALL || c == WG_D_MISSING || c == WG_D_EXTRA || c == WG_D_ENDED || c == WG_D_COUNT;
}

// What differs first of that which chance explains; where it is no finding at all, the call whose number differs most.
static void put_first_chance(const struct wg_pairing *p, struct wg_buf *out) {
  uint32_t best = WG_NONE;
  size_t n;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->hidden && of_calls(f->cls) && (best == WG_NONE || f->seq < p->findings[best].seq)) best = i;
  }
  if (best != WG_NONE) {
    wg_buf_str(out, "; what differs first by chance: ");
    wg_put_finding(p, &p->findings[best], out);
    return;
  }
  struct wg_count *k = wg_count_calls(p, WG_NONE, &n);
  if (n && k[0].n[0] != k[0].n[1]) {
    wg_buf_str(out, "; what differs by chance is mostly how often ");
    wg_put_text(out, k[0].name, 64);
    wg_buf_printf(out, " is called, %llu times here and %llu in the reference", (unsigned long long)k[0].n[0],
                  (unsigned long long)k[0].n[1]);
  }
  free(k);
}

// Of the threads of a file that may be cut, and make further calls on the other side, the last to make a call; WG_NONE:
// there is none.
static uint32_t last_pair(const struct wg_pairing *p, int side) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->npairs && !p->s[side]->complete; i++) {
    const struct wg_dthread *t = wg_pair_thread(p, i, side), *o = wg_pair_thread(p, i, !side);
    bool over = t->final == WG_EXITED || t->final == WG_CRASHED || t->calls >= o->calls;
    if (t->tid == 0 || t->host || t->nsteps == 0 || over) continue;
    if (wg_partner_step(p, i, side, (uint32_t)t->nsteps - 1) + 1u == o->nsteps) continue; // there as well
    if (best == WG_NONE || t->last_seq > wg_pair_thread(p, best, side)->last_seq) best = i;
  }
  return best;
}

// Each thread has come to its end, so that it is whole.
static bool all_over(const struct wg_pairing *p, int side) {
  for (uint32_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *t = wg_pair_thread(p, i, side);
    if (t->tid && !t->host && t->nsteps && t->final != WG_EXITED) return false;
  }
  return true;
}

// Where the side that ends long before the other one does so, and what comes there on the other.
static void put_last(const struct wg_pairing *p, int side, struct wg_buf *out) {
  uint32_t pair = last_pair(p, side);
  if (pair == WG_NONE) return;
  const struct wg_dthread *t = wg_pair_thread(p, pair, side), *o = wg_pair_thread(p, pair, !side);
  uint32_t last = (uint32_t)t->nsteps - 1, there = wg_partner_step(p, pair, side, last);
  wg_buf_str(out, side ? "; the reference ends with " : "; this side ends with ");
  wg_put_call(p->s[side], t, last, out);
  wg_buf_str(out, " of ");
  wg_put_pair(p, pair, out);
  if (there == WG_NONE || there + 1u >= o->nsteps) return;
  wg_buf_str(out, side ? ", where this side goes on with " : ", where the reference goes on with ");
  wg_put_call(p->s[!side], o, there + 1, out);
}

static void put_quiet(const struct wg_pairing *p, const struct wg_ends_early *early, struct wg_buf *out) {
  size_t hidden = 0;
  for (size_t i = 0; i < p->nfindings; i++) hidden += p->findings[i].hidden;
  uint64_t a = p->s[0]->calls, b = p->s[1]->calls;
  // One of them ends long before the other, or is damaged.
  bool apart = a > b + b / 2 || b > a + a / 2 || (a < b && p->s[0]->damage[0]) || (b < a && p->s[1]->damage[0]);
  struct wg_buf how = {0};
  bool titles = wg_titles_differ(p, &how), chance = hidden || (a != b && !apart && !early->found);
  if (titles) wg_buf_printf(out, "the titles are not the same: %s; in their calls ", how.data);
  if (early->found) wg_put_ends_early(p, early, out);
  uint32_t doubt = hidden && !early->found && !apart ? wg_doubt(p) : WG_NONE;
  if (doubt != WG_NONE) {
    wg_buf_str(out, "undecided: ");
    wg_put_finding(p, &p->findings[doubt], out);
    wg_buf_str(out, ", which chance seldom explains; ");
  }
  bool left_out = p->s[0]->left_out || p->s[1]->left_out;
  wg_buf_printf(out, "no difference%s%s",
                left_out                ? " up to the damage"
                : apart || early->found ? " as far as both go"
                                        : "",
                chance ? " but for chance and the engines' own choices" : "");
  const struct wg_untold u = wg_untold_reads(p);
  if (u.thread != WG_NONE) {
    wg_buf_str(out, " in what both record; but here ");
    wg_put_untold_short(p, &u, out);
    wg_buf_str(out, ", of which the reference tells nothing");
  } else if (u.files) {
    wg_buf_str(out, " in what both record, which is not what files held");
  }
  wg_buf_str(out, ": ");
  wg_put_number(out, p->s[0]->calls, "call");
  wg_buf_printf(out, " here, %llu in the reference, ", (unsigned long long)p->s[1]->calls);
  wg_put_number(out, p->npairs, "thread");
  int shorter = a > b;
  bool cut = last_pair(p, shorter) != WG_NONE || (apart && !all_over(p, shorter));
  if (cut && !early->found) put_last(p, shorter, out);
  if (!cut && (chance || apart) && doubt == WG_NONE && !early->found) put_first_chance(p, out);
  wg_buf_release(&how);
}

// What no comparison can show.
static void put_untold(const struct wg_pairing *p, struct wg_buf *out) {
  const struct wg_untold u = wg_untold_reads(p);
  if (u.files == 0) return;
  wg_buf_str(out, "  - what files held is not compared: the reference does not tell what its reads gave; here ");
  wg_put_number(out, u.files, "file");
  wg_buf_str(out, u.files == 1 ? " was read\n" : " were read\n");
}

void wg_report_answer(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                      struct wg_buf *out) {
  if (c->n)
    wg_put_cause(p, &c->list[0], out);
  else if (s->found)
    wg_put_stopped(p, s, out);
  else
    put_quiet(p, &s->early, out);
}

static void put_sides(const struct wg_pairing *p, struct wg_buf *out) {
  static const char *const which[] = {"here", "reference"};
  for (int i = 0; i < 2; i++) {
    wg_buf_printf(out, "%s%s: ", i ? "" : "\n", which[i]);
    wg_put_text(out, p->s[i]->path, 200);
    wg_buf_printf(out, " (%s), ", p->s[i]->format);
    wg_put_number(out, p->s[i]->events, "event");
    wg_buf_str(out, ", ");
    wg_put_number(out, p->s[i]->calls, "call");
    wg_buf_char(out, '\n');
  }
}

void wg_report_text(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_stopped *s,
                    const struct wg_diff_options *o, struct wg_buf *out) {
  if (o->format == WG_DIFF_MARKDOWN) wg_buf_str(out, "# First difference\n\n");
  put_damage(p, o, out);
  if (c->n) {
    put_first(p, c, o, out);
    put_titles(p, out);
  } else if (s->found) {
    put_stopped(p, s, out);
    put_titles(p, out);
  } else {
    put_quiet(p, &s->early, out);
    wg_buf_char(out, '\n');
    put_untold(p, out);
  }
  put_candidates(p, c, o, out);
  if (o->verbose) put_all(p, o, out);
  put_noise(p, o, out);
  put_threads(p, o, out);
  put_counts(p, s->found ? s->pair : counted_pair(p, c, o), o, out);
  put_sides(p, out);
}
