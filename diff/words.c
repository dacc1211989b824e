#include "diff/words.h"

#include <string.h>

#include "base/json_iter.h"
#include "base/printable.h"
#include "diff/laws.h"

void wg_put_text(struct wg_buf *out, const char *text, size_t max) { wg_buf_printable(out, text, strlen(text), max); }

void wg_put_str(struct wg_buf *out, const struct wg_side *s, uint32_t id, size_t max) {
  wg_buf_printable(out, wg_str(s, id), wg_strings_len(&s->strings, id), max);
}

void wg_json_printable(struct wg_buf *out, const char *key, const struct wg_side *s, uint32_t id) {
  wg_json_utf8(out, key, wg_str(s, id), wg_strings_len(&s->strings, id));
}

void wg_put_thread_name(struct wg_buf *out, const struct wg_side *s, const struct wg_dthread *t) {
  if (t->name == 0) return;
  wg_buf_str(out, " \"");
  wg_put_str(out, s, t->name, 40);
  wg_buf_char(out, '"');
}

void wg_put_pair(const struct wg_pairing *p, uint32_t pair, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  if (a->tid == 0) {
    wg_buf_str(out, "no thread (interrupts");
  } else {
    wg_buf_printf(out, "thread %u", a->tid);
    wg_put_thread_name(out, p->s[0], a);
    wg_buf_printf(out, " (%u", b->tid);
    wg_put_thread_name(out, p->s[1], b);
    wg_buf_str(out, " there");
  }
  if (a->entry) wg_buf_printf(out, ", entry 0x%08x", a->entry);
  wg_buf_char(out, ')');
}

static void put_object(const struct wg_side *s, uint32_t object, struct wg_buf *out) {
  const struct wg_dobject *o = &s->objects[object];
  if (o->is_thread != WG_NONE) {
    wg_buf_printf(out, "thread %u", s->threads[o->is_thread].tid);
    return;
  }
  wg_buf_str(out, "the ");
  if (o->type)
    wg_put_str(out, s, o->type, 40);
  else
    wg_buf_str(out, "object");
  if (o->name) {
    wg_buf_str(out, " \"");
    wg_put_str(out, s, o->name, 80);
    wg_buf_char(out, '"');
  } else if (o->thread != WG_NONE && o->step != WG_NONE) {
    wg_buf_printf(out, " that thread %u made", s->threads[o->thread].tid);
    if (o->lr) wg_buf_printf(out, " at 0x%08x", o->lr);
  } else if (o->guest) {
    wg_buf_printf(out, " at 0x%08x", o->guest);
  } else if (o->handle) {
    wg_buf_printf(out, " 0x%x", o->handle);
  }
}

// What a call is about is said, but for a slot of which nobody knows who made it, or that it makes itself.
static bool is_said(const struct wg_side *s, uint32_t object, const struct wg_content *c) {
  if (object == WG_NONE) return false;
  bool slot = wg_nt_of(c) && (strchr(wg_nt_of(c)->params, 'n') || wg_nt_of(c)->ret == 'n');
  return !slot || (s->objects[object].thread != WG_NONE && wg_nt_of(c)->ret != 'n');
}

void wg_put_call(const struct wg_side *s, const struct wg_dthread *t, uint32_t step, struct wg_buf *out) {
  if (step >= t->nsteps) {
    wg_buf_str(out, "no call");
    return;
  }
  const struct wg_content *c = wg_content_at(s, t, step);
  wg_put_str(out, s, c->name, 64);
  if (c->detail) {
    wg_buf_str(out, "(\"");
    wg_put_str(out, s, c->detail, 120);
    wg_buf_str(out, "\")");
  } else if (is_said(s, t->steps[step].object, c)) {
    wg_buf_str(out, " on ");
    put_object(s, t->steps[step].object, out);
  }
}

void wg_put_result(const struct wg_nt_export *nt, uint64_t v, struct wg_buf *out) {
  const char *name = nt && nt->ret == 'S' ? wg_nt_status_name((uint32_t)v) : NULL;
  char kind = nt ? nt->ret : '?';
  if (name)
    wg_buf_printf(out, "%s (0x%llx)", name, (unsigned long long)v);
  else if (kind == 'b')
    wg_buf_str(out, v ? "true" : "false");
  else if (kind == 'n')
    wg_buf_str(out, v == 1 ? "a slot" : "no slot");
  else if ((kind == 'p' || kind == 'h' || kind == 'x') && v == 1)
    wg_buf_str(out, kind == 'h' ? "a handle" : "an address");
  else
    wg_buf_printf(out, "0x%llx", (unsigned long long)v);
}

static bool put_member(const struct wg_side *s, uint32_t out_id, const char *key, struct wg_buf *out) {
  struct wg_json_iter it;
  struct wg_json_member m;
  const char *json = wg_str(s, out_id);
  if (wg_json_walk(&it, json, strlen(json)))
    while (wg_json_next(&it, &m))
      if (wg_json_is(&m, key)) {
        struct wg_buf text = {0};
        wg_buf_add(&text, m.value, m.nvalue);
        wg_put_text(out, text.data, 80);
        wg_buf_release(&text);
        return true;
      }
  return false;
}

// What of several things it tells of: a file of a folder, say.
static void put_whose(const struct wg_side *s, uint32_t out_id, const char *key, struct wg_buf *out) {
  struct wg_buf name = {0};
  if (strcmp(key, "name") != 0 && put_member(s, out_id, "name", &name)) wg_buf_printf(out, ", of %s,", name.data);
  wg_buf_release(&name);
}

// "once", "58 times"
static void put_times(struct wg_buf *out, uint64_t n) {
  if (n == 0)
    wg_buf_str(out, "not at all");
  else if (n == 1)
    wg_buf_str(out, "once");
  else
    wg_buf_printf(out, "%llu times", (unsigned long long)n);
}

void wg_put_number(struct wg_buf *out, uint64_t n, const char *what) {
  wg_buf_printf(out, "%llu %s%s", (unsigned long long)n, what, n == 1 ? "" : "s");
}

// What a parameter is, by its letter in nt/exports.def.
static const char *parameter(const struct wg_nt_export *nt, uint32_t arg) {
  static const struct {
    char letter;
    const char *words;
  } kinds[] = {{'d', "a number"},           {'q', "a 64-bit number"}, {'p', "a pointer"},
               {'P', "where it writes to"}, {'h', "a handle"},        {'H', "where it writes a handle to"},
               {'O', "an object"},          {'f', "a routine"},       {'a', "a string"},
               {'s', "a string"},           {'w', "a string"},        {'o', "object attributes"},
               {'t', "a time limit"},       {'T', "a time"},          {'x', "the title's own context"},
               {'e', "an entry"},           {'n', "a slot"}};
  if (nt == NULL || arg >= wg_nt_nparams(nt)) return NULL;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].letter == nt->params[arg]) return kinds[i].words;
  return NULL;
}

static void put_arg(const struct wg_pairing *p, const struct wg_finding *f, int side, struct wg_buf *out) {
  const struct wg_content *c = wg_content_at(p->s[side], wg_pair_thread(p, f->pair, side), f->step[side]);
  if (strcmp(f->field, "detail") == 0) {
    wg_buf_char(out, '"');
    wg_put_str(out, p->s[side], (uint32_t)f->value[side], 120);
    wg_buf_char(out, '"');
    return;
  }
  char kind = wg_nt_of(c) && f->arg < wg_nt_nparams(wg_nt_of(c)) ? wg_nt_of(c)->params[f->arg] : '?';
  bool reference = strchr("pPHOaoswtfhe", kind) != NULL;
  if (kind == 'n')
    wg_buf_str(out, f->value[side] == 1 ? "a slot" : "no slot");
  else if (f->value[side] == 1 && reference)
    wg_buf_str(out, kind == 'h' ? "a handle" : "an address");
  else if (f->value[side] == 0 && reference)
    wg_buf_str(out, kind == 'h' ? "no handle" : "NULL");
  else
    wg_buf_printf(out, "0x%llx", (unsigned long long)f->value[side]);
}

static void put_there(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  wg_put_call(p->s[1], wg_pair_thread(p, f->pair, 1), f->step[1], out);
}

static void put_effect_words(uint64_t e, uint64_t other, struct wg_buf *out) {
  static const struct {
    unsigned bit;
    const char *has, *lacks;
  } words[] = {
      {WG_DID_SIGNAL, "signals", "signals nothing"},
      {WG_DID_SIGNALS, "signals twice", "signals once"},
      {WG_DID_OTHER, "signals another object than the one it is given", "signals the object it is given"},
      {WG_DID_CREATE, "makes a handle", "makes no handle"},
      {WG_DID_DESTROY, "closes a handle", "closes no handle"},
      {WG_DID_WAIT, "waits", "does not wait"},
      {WG_DID_WAIT_ENDLESS, "waits without a time limit", "waits with a time limit"},
      {WG_DID_WAIT_ALL, "waits for all of several objects", "waits for any of them"},
      {WG_DID_ALERTABLE, "lets APCs run while it waits", "lets no APCs run while it waits"},
      {WG_DID_THREAD, "makes a thread", "makes no thread"},
      {WG_DID_SUSPENDED, "makes the thread suspended", "makes the thread so that it runs at once"},
      {WG_DID_SWAP, "shows a picture", "shows no picture"},
      {WG_DID_LOAD, "loads a module", "loads no module"},
      {WG_DID_UNLOAD, "unloads a module", "unloads no module"},
      {WG_DID_RUN, "runs code of the title", "runs no code of the title"},
  };
  const char *sep = "";
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (((e ^ other) & words[i].bit) == 0) continue;
    wg_buf_printf(out, "%s%s", sep, e & words[i].bit ? words[i].has : words[i].lacks);
    sep = ", ";
    if (words[i].bit == WG_DID_WAIT || words[i].bit == WG_DID_SIGNAL || words[i].bit == WG_DID_THREAD) break;
  }
}

static void put_amount(uint64_t e, struct wg_buf *out) {
  wg_buf_printf(out, "raises the count by %u", (unsigned)(e / WG_DID_AMOUNT & 15));
}

static void put_effects(const struct wg_finding *f, struct wg_buf *out) {
  wg_buf_char(out, ' ');
  if (((f->value[0] ^ f->value[1]) & ~(15ull * WG_DID_AMOUNT)) == 0) {
    put_amount(f->value[0], out);
    wg_buf_str(out, "; in the reference it ");
    put_amount(f->value[1], out);
    return;
  }
  put_effect_words(f->value[0], f->value[1], out);
  wg_buf_str(out, "; in the reference it ");
  put_effect_words(f->value[1], f->value[0], out);
}

// That it makes no handle because it fails.
static bool put_failure(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_content *c = wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]);
  if (!(c->flags & WG_C_RV) || c->rv < 0xC0000000u) return false;
  wg_buf_str(out, " returned ");
  wg_put_result(wg_nt_of(c), c->rv, out);
  wg_buf_str(out, "; in the reference it makes a handle");
  return true;
}

static void put_made(const struct wg_finding *f, struct wg_buf *out) {
  static const char takes[] = "a wait resets", keeps[] = "stays signalled when a wait ends";
  if (strcmp(f->field, "state") == 0)
    wg_buf_printf(out, " makes its object %s; in the reference %s", f->value[0] ? "signalled" : "not signalled",
                  f->value[1] ? "signalled" : "not signalled");
  else if (strcmp(f->field, "kind") == 0)
    wg_buf_printf(out, " makes an object that %s; in the reference it %s", f->value[0] ? takes : keeps,
                  f->value[1] ? takes : keeps);
  else
    wg_buf_printf(out, " starts the thread with context 0x%llx; in the reference 0x%llx",
                  (unsigned long long)f->value[0], (unsigned long long)f->value[1]);
}

static void put_given(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_nt_export *nt = wg_nt_of(wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]));
  const char *what = parameter(nt, f->arg);
  wg_buf_str(out, " is given ");
  put_arg(p, f, 0, out);
  wg_buf_printf(out, " as its argument %u%s%s%s; in the reference ", f->arg + 1, what ? " (" : "", what ? what : "",
                what ? ")" : "");
}

static void put_values(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  const struct wg_nt_export *nt = wg_nt_of(wg_content_at(p->s[0], a, f->step[0]));
  const char *key = f->key.data ? f->key.data : "";
  switch (f->cls) {
  case WG_D_VALUE:
    if (strcmp(f->field, "exit code") == 0) {
      wg_buf_printf(out, " ends the thread with code 0x%llx; in the reference 0x%llx", (unsigned long long)f->value[0],
                    (unsigned long long)f->value[1]);
      break;
    }
    wg_buf_str(out, " returned ");
    wg_put_result(nt, f->value[0], out);
    wg_buf_str(out, "; in the reference ");
    wg_put_result(nt, f->value[1], out);
    break;
  case WG_D_OUT:
    wg_buf_str(out, " gave");
    if (f->value[0]) put_whose(p->s[0], (uint32_t)f->value[0], key, out);
    wg_buf_char(out, ' ');
    wg_put_text(out, key, 48);
    wg_buf_str(out, " = ");
    if (f->value[0])
      put_member(p->s[0], (uint32_t)f->value[0], key, out);
    else
      wg_buf_str(out, "nothing");
    wg_buf_str(out, "; in the reference ");
    if (f->value[1])
      put_member(p->s[1], (uint32_t)f->value[1], key, out);
    else
      wg_buf_str(out, "nothing");
    break;
  case WG_D_EFFECT:
    if (f->value[0] == 0 && f->value[1] == WG_DID_CREATE && put_failure(p, f, out)) break;
    put_effects(f, out);
    break;
  case WG_D_FILE:
    wg_buf_printf(out, " comes to the end of the file after %llu bytes; the reference reads on from byte %llu",
                  (unsigned long long)f->value[0], (unsigned long long)f->value[1]);
    break;
  case WG_D_MADE: put_made(f, out); break;
  case WG_D_ARGS:
    if (strcmp(f->field, "detail") == 0)
      wg_buf_str(out, " where the reference has ");
    else
      put_given(p, f, out);
    put_arg(p, f, 1, out);
    break;
  case WG_D_OBJECT:
    wg_buf_str(out, " is about another object than in the reference: there it is ");
    put_object(p->s[1], (uint32_t)f->value[1], out);
    break;
  default: wg_buf_printf(out, " %s", wg_classes[f->cls].words); break;
  }
}

static void put_count(const struct wg_finding *f, struct wg_buf *out) {
  wg_buf_str(out, " is called ");
  put_times(out, f->count[0]);
  wg_buf_str(out, f->count[0] > 1 ? " in a row; in the reference " : "; in the reference ");
  put_times(out, f->count[1]);
  if (f->count[0] < 2 && f->count[1] > 1) wg_buf_str(out, " in a row");
}

static void put_lone_thread(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  int side = strcmp(f->field, "here") != 0;
  const struct wg_dthread *t = &p->s[side]->threads[f->value[0]];
  wg_buf_printf(out, "thread %u", t->tid);
  wg_put_thread_name(out, p->s[side], t);
  wg_buf_printf(out, " (entry 0x%08x), which begins with ", t->entry);
  wg_put_call(p->s[side], t, 0, out);
  wg_buf_printf(out, ", is %s; no thread %s is like it", side ? "in the reference" : "here",
                side ? "here" : "in the reference");
}

// It runs, and makes no call any more.
static bool goes_silent(const struct wg_pairing *p, const struct wg_finding *f) {
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  return a->final == WG_RUNNING && a->nsteps && !p->pairs[f->pair].open[0] && wg_parting(p, f, 0) == a->nsteps;
}

// The call here, with the path or name that only the reference tells of it.
static void put_here(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0), *b = wg_pair_thread(p, f->pair, 1);
  const struct wg_content *x = wg_content_at(p->s[0], a, f->step[0]);
  const struct wg_content *y = f->step[1] == WG_NONE ? NULL : wg_content_at(p->s[1], b, f->step[1]);
  bool unlike =
      x->detail || y == NULL || y->detail == 0 || !wg_content_is(x, WG_NT_OPENS) || wg_nt_of(x) != wg_nt_of(y);
  if (unlike || wg_partner_step(p, f->pair, 0, f->step[0]) != f->step[1]) {
    wg_put_call(p->s[0], a, f->step[0], out);
    return;
  }
  wg_put_call(p->s[1], b, f->step[1], out);
}

static void put_extra(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  wg_buf_str(out, "calls ");
  wg_put_call(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0], out);
  wg_buf_str(out, ", which the reference does not");
  if (f->count[0] > 1) {
    wg_buf_str(out, ", and makes ");
    wg_put_number(out, f->count[0] - 1, "further call");
    wg_buf_str(out, " that it does not");
  }
}

static void put_missing(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  if (goes_silent(p, f)) {
    wg_put_call(p->s[0], a, (uint32_t)a->nsteps - 1, out);
    wg_buf_str(out, " is its last call, though it runs on; the reference goes on with ");
    put_there(p, f, out);
    return;
  }
  wg_buf_str(out, "does not call ");
  put_there(p, f, out);
  wg_buf_str(out, " as the reference does");
  if (f->count[1] > 1) {
    wg_buf_str(out, ", nor makes the ");
    wg_put_number(out, f->count[1] - 1, "call");
    wg_buf_str(out, " that follow it there");
  }
}

static void put_never_returned(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  wg_buf_str(out, " never returns");
  if (strcmp(f->field, "all") == 0) { // what it waits for
    wg_buf_str(out, ", though ");
    wg_put_str(out, p->s[1], (uint32_t)f->value[1], 64);
    wg_buf_str(out, " has been called on each of its objects");
  }
  wg_buf_str(out, f->step[1] == WG_NONE ? "; the reference does not come here" : "; in the reference it does");
}

// What a call that is made on both sides does not do on one, by the finding's field.
static const char *lost_words(const char *field, bool there) {
  static const struct {
    const char *field, *here, *there;
  } lost[] = {{"start", " is called as in the reference, but the thread never runs",
               " is called as here, but the thread never runs"},
              {"later", " is called as in the reference, but what it sets off never happens",
               " is called as here, but what it sets off never happens"},
              {"nothing", " seems to give nothing: what the reference has of it is none in a call here",
               " seems to give nothing: what this side has of it is none in a call there"},
              {"setting", " is called as in the reference, but what it sets is not what is told later",
               " is called as here, but what it sets is not what is told later"},
              {"release", " is called, too, and may be what did not give it back",
               " is called, too, and may be what did not give it back"},
              {"other", " is called, too, and may be what was lost", " is called, too, and may be what was lost"},
              {"input", " may have given something else, too", " may have given something else there, too"},
              {"made", " made what is not felt, and may have made it otherwise",
               " made what is not felt there, and may have made it otherwise"},
              {"unlock", " is called, but the lock is never free again",
               " is called as here, but the lock is never free again"}};
  for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
    if (strcmp(field, lost[i].field) == 0) return there ? lost[i].there : lost[i].here;
  return there ? " is called as here, where it ends a wait; that wait does not end there"
               : " is called as in the reference, where it ends a wait; here that wait does not end";
}

// What signals an object here; NULL: no call does.
static const char *signals_it(const struct wg_side *s, uint32_t object) {
  for (size_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nsteps; k++)
      if (s->threads[i].steps[k].object == object && wg_content_is(wg_content_at(s, &s->threads[i], k), WG_NT_SIGNALS))
        return wg_call_name(s, &s->threads[i], k);
  return NULL;
}

// Which of the calls about an object did otherwise nothing tells: all are named.
static void put_excess(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_side *s = p->s[0];
  uint32_t object = wg_pair_thread(p, f->pair, 0)->steps[f->step[0]].object;
  const char *signals = signals_it(s, object);
  wg_buf_str(out, " goes on though nothing lets it: by then such waits have ended ");
  put_times(out, (uint32_t)f->value[0]);
  wg_buf_str(out, ", and might ");
  put_times(out, (uint32_t)f->value[1]);
  wg_buf_str(out, "; one of them, ");
  if (signals) wg_buf_printf(out, "%s, ", signals);
  wg_buf_printf(out, "or %s, does otherwise", wg_str(s, s->objects[object].call));
}

static void put_exception_there(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  wg_buf_str(out, "goes on; in the reference ");
  put_there(p, f, out);
  wg_buf_str(out, " is the last call before an exception: ");
  wg_put_str(out, p->s[1], wg_pair_thread(p, f->pair, 1)->crash_text, 120);
}

void wg_put_finding(const struct wg_pairing *p, const struct wg_finding *f, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  if (f->cls == WG_D_THREAD) {
    put_lone_thread(p, f, out);
    return;
  }
  wg_put_pair(p, f->pair, out);
  wg_buf_str(out, ": ");
  if (f->step[0] != WG_NONE && f->cls != WG_D_CALL && f->cls != WG_D_EXTRA && f->cls != WG_D_LAW_THERE &&
      f->cls != WG_D_LOST_THERE && f->cls != WG_D_EXCEPTION_THERE)
    put_here(p, f, out);
  switch (f->cls) {
  case WG_D_CALL:
    wg_buf_str(out, "calls ");
    wg_put_call(p->s[0], a, f->step[0], out);
    wg_buf_str(out, " where the reference calls ");
    put_there(p, f, out);
    break;
  case WG_D_EXTRA: put_extra(p, f, out); break;
  case WG_D_MISSING: put_missing(p, f, out); break;
  case WG_D_ENDED:
    wg_buf_str(out, "ends where the reference goes on with ");
    put_there(p, f, out);
    break;
  case WG_D_NEVER_RETURNED: put_never_returned(p, f, out); break;
  case WG_D_EARLY: wg_buf_str(out, " returns; in the reference it never does"); break;
  case WG_D_NEVER_STARTED: wg_buf_str(out, "is created and never runs; in the reference it does"); break;
  case WG_D_EXCEPTION:
    wg_buf_str(out, f->step[0] == WG_NONE ? "stops at an exception: " : " is the last call before an exception: ");
    wg_put_str(out, p->s[0], a->crash_text, 120);
    break;
  case WG_D_EXCEPTION_THERE: put_exception_there(p, f, out); break;
  case WG_D_LAW: wg_buf_str(out, wg_law_texts[f->arg].words); break;
  case WG_D_LAW_THERE:
    wg_buf_str(out, "in the reference ");
    put_there(p, f, out);
    wg_buf_str(out, wg_law_texts[f->arg].words);
    break;
  case WG_D_LOST:
    if (strcmp(f->field, "excess") == 0)
      put_excess(p, f, out);
    else
      wg_buf_str(out, lost_words(f->field, false));
    break;
  case WG_D_LOST_THERE:
    wg_buf_str(out, "in the reference ");
    put_there(p, f, out);
    wg_buf_str(out, lost_words(f->field, true));
    break;
  case WG_D_COUNT:
    if (f->step[0] == WG_NONE) put_there(p, f, out);
    put_count(f, out);
    break;
  case WG_D_SILENT:
    wg_buf_printf(out, " is called as in the reference, but the %s never comes; there it comes ", f->field);
    put_times(out, f->count[1]);
    break;
  default: put_values(p, f, out); break;
  }
}

// A call that signals, made on one side only by a thread that then waits in vain.
static void put_then_waits(const struct wg_pairing *p, const struct wg_cause *c, struct wg_buf *out) {
  const struct wg_finding *f = &p->findings[c->finding];
  if ((f->cls != WG_D_CALL && f->cls != WG_D_MISSING) || f->step[1] == WG_NONE) return;
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0), *b = wg_pair_thread(p, f->pair, 1);
  if (!wg_content_is(wg_content_at(p->s[1], b, f->step[1]), WG_NT_SIGNALS) || a->blocked_step == WG_NONE) return;
  uint32_t wait = wg_partner_step(p, f->pair, 0, a->blocked_step);
  uint32_t object = b->steps[f->step[1]].object;
  if (wait == WG_NONE) return;
  bool same = object != WG_NONE && object == b->steps[wait].object;
  if (!same && object != WG_NONE) return; // another thread waits for that
  wg_buf_printf(out, "%s: here that wait never ends", same ? ", which it then waits for" : ", and then waits");
}

// The finding, without its thread where that is told already.
static void put_rest(const struct wg_pairing *p, const struct wg_finding *f, bool told, struct wg_buf *out) {
  struct wg_buf text = {0}, thread = {0};
  wg_put_finding(p, f, &text);
  wg_put_pair(p, f->pair, &thread);
  size_t skip = told && text.len > thread.len + 2 ? thread.len + 2 : 0;
  wg_buf_add(out, text.data + skip, text.len - skip);
  wg_buf_release(&text);
  wg_buf_release(&thread);
}

// A call of the thread before it like one that is made on one side only: it tries again, or does not.
#define AGAIN 40u // calls before it
static bool tries_again(const struct wg_pairing *p, const struct wg_finding *f) {
  int side = f->step[0] == WG_NONE;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
  const struct wg_content *c = wg_content_at(p->s[side], t, f->step[side]);
  uint64_t kind = wg_known_of(p, side, c)->hash;
  for (uint32_t i = f->step[side], n = 0; i-- > 0 && n < AGAIN; n++) {
    const struct wg_content *x = wg_content_at(p->s[side], t, i);
    bool another = c->detail && x->detail && c->detail != x->detail; // path
    if (wg_known_of(p, side, x)->hash == kind && !another) return true;
  }
  return false;
}

static bool signals_at(const struct wg_pairing *p, const struct wg_finding *f, int side) {
  return f->step[side] != WG_NONE &&
         wg_content_is(wg_content_at(p->s[side], wg_pair_thread(p, f->pair, side), f->step[side]), WG_NT_SIGNALS);
}

// No kernel has a title call another thing: what it learned last has, unless both sides tell that and it is the same.
// Where it signals otherwise, that is what others wait for.
static bool may_have_led(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  bool path = f->cls == WG_D_CALL || f->cls == WG_D_EXTRA || f->cls == WG_D_MISSING || f->cls == WG_D_ARGS;
  if (!path || (f->step[0] == WG_NONE && f->step[1] == WG_NONE) || c->symptoms) return false;
  if (f->cls == WG_D_CALL && signals_at(p, f, 0) && signals_at(p, f, 1)) return false;
  if ((f->cls == WG_D_EXTRA || f->cls == WG_D_MISSING) && tries_again(p, f)) return false;
  uint32_t b = wg_partner_step(p, f->pair, 0, c->input);
  const struct wg_content *x = wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), c->input);
  if (b == WG_NONE) return true;
  const struct wg_content *y = wg_content_at(p->s[1], wg_pair_thread(p, f->pair, 1), b);
  bool writes = wg_nt_of(x) && strchr(wg_nt_of(x)->params, 'P');
  return !(x->flags & y->flags & WG_C_RV) || (writes && !(x->flags & y->flags & WG_C_OUT));
}

// What the thread last learned is said first, where what it does then is no cause of anything: words of what the one
// may have given; NULL: it is said last.
static const char *seems(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  if (c->input == WG_NONE) return NULL;
  const struct wg_content *x = wg_content_at(p->s[0], a, c->input);
  if (c->got) return " seems to give something else; after it, ";
  if (c->often) return " is not called as often as in the reference before it goes on; after it, ";
  if (wg_content_is(x, WG_NT_TIME)) return " seems to tell another time; after it, ";
  bool path = (f->cls == WG_D_CALL || f->cls == WG_D_EXTRA) && f->step[0] != WG_NONE;
  // What came of a call whose result is not told, or on one side only, is said right behind it.
  const char *otherwise =
      wg_waits_for_objects(x) ? " seems to end otherwise; after it, " : " seems to give something else; after it, ";
  if (path && wg_said_of(p, f->pair, c->input, f->step[0])) return otherwise;
  return may_have_led(p, c) ? otherwise : NULL;
}

#define OVERLAPPED 3u // calls that one wait is for, at most

// Of a wait right behind calls that read or write and go on meanwhile: those, which may as well have given what is
// otherwise, and of which it only tells that they are over.
static size_t overlapped(const struct wg_pairing *p, const struct wg_cause *c, uint32_t list[OVERLAPPED]) {
  const struct wg_finding *f = &p->findings[c->finding];
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  size_t n = 0;
  if (c->got || c->often || c->failed || !wg_waits_for_objects(wg_content_at(p->s[0], a, c->input))) return 0;
  for (uint32_t i = c->input; i-- > 0 && n < OVERLAPPED;) {
    const struct wg_content *x = wg_content_at(p->s[0], a, i);
    const char *name = wg_str(p->s[0], x->name);
    if (wg_weight_of(p, 0, a->steps[i].content) == WG_NEUTRAL) continue;
    bool io = strcmp(name, "NtReadFile") == 0 || strcmp(name, "NtWriteFile") == 0;
    if (!io || x->nargs < 2 || wg_arg(p->s[0], x, 1) == 0 || !wg_may_have_told(p, f->pair, i)) break;
    list[n++] = i;
  }
  return n;
}

static void put_overlapped(const struct wg_pairing *p, const struct wg_cause *c, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, p->findings[c->finding].pair, 0);
  uint32_t list[OVERLAPPED];
  for (size_t n = overlapped(p, c, list); n-- > 0;) {
    wg_put_call(p->s[0], a, list[n], out);
    wg_buf_str(out, n ? ", " : " or ");
  }
}

void wg_put_cause(const struct wg_pairing *p, const struct wg_cause *c, struct wg_buf *out) {
  size_t before = out->len;
  const struct wg_finding *f = &p->findings[c->finding];
  const struct wg_dthread *a = wg_pair_thread(p, f->pair, 0);
  const char *words = c->failed ? ", of which the reference tells nothing; after it, " : seems(p, c);
  if (words) {
    wg_put_pair(p, f->pair, out);
    wg_buf_str(out, ": ");
    put_overlapped(p, c, out);
    wg_put_call(p->s[0], a, c->input, out);
    const struct wg_content *x = wg_content_at(p->s[0], a, c->input);
    if (c->failed) wg_buf_str(out, " returned ");
    if (c->failed) wg_put_result(wg_nt_of(x), x->rv, out);
    wg_buf_str(out, words);
  }
  put_rest(p, f, out->len > before, out);
  put_then_waits(p, c, out);
  if (c->alone) wg_buf_str(out, "; nothing that differs explains it");
  if (c->input == WG_NONE || words) return;
  wg_buf_str(out, ", after ");
  wg_put_call(p->s[0], a, c->input, out);
}

void wg_put_places(const struct wg_pairing *p, uint32_t pair, const uint32_t step[2], struct wg_buf *out) {
  static const char *const side_words[] = {"here", "there"};
  bool any = false;
  for (int i = 0; i < 2; i++) {
    if (step[i] == WG_NONE) continue;
    const struct wg_dthread *t = wg_pair_thread(p, pair, i);
    if (step[i] >= t->nsteps) continue;
    wg_buf_printf(out, "%s%s event %u of thread %u", any ? ", " : "", side_words[i], t->steps[step[i]].idx, t->tid);
    any = true;
  }
}

// Nothing that this side records can have ended a wait for it.
static void put_unsignalled(const struct wg_side *s, uint32_t object, struct wg_buf *out) {
  if (object == WG_NONE || s->objects[object].is_thread != WG_NONE) return;
  for (size_t i = 0; i < s->nsignals; i++)
    if (s->signals[i].object == object) return;
  for (size_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nsteps; k++)
      if (s->threads[i].steps[k].object == object &&
          wg_content_is(wg_content_at(s, &s->threads[i], k), WG_NT_SIGNALS | WG_NT_UNLOCK))
        return;
  wg_buf_str(out, ", which is never signalled");
}

void wg_put_link(const struct wg_pairing *p, const struct wg_link *l, struct wg_buf *out) {
  const struct wg_dthread *a = wg_pair_thread(p, l->pair, 0), *b = wg_pair_thread(p, l->pair, 1);
  bool places = true;
  switch (l->kind) {
  case WG_LINK_BLOCKED:
  case WG_LINK_JOIN:
    wg_put_pair(p, l->pair, out);
    wg_buf_str(out, l->kind == WG_LINK_JOIN ? " waits for a thread that never ends: " : " waits in vain: ");
    wg_put_call(p->s[0], a, l->step[0], out);
    put_unsignalled(p->s[0], l->object, out);
    break;
  case WG_LINK_STUCK:
    wg_put_pair(p, l->pair, out);
    wg_buf_str(out, " is stuck in ");
    wg_put_call(p->s[0], a, l->step[0], out);
    put_unsignalled(p->s[0], l->object, out);
    break;
  case WG_LINK_SIGNAL:
  case WG_LINK_NOT_MADE:
  case WG_LINK_NO_EFFECT:
    wg_buf_str(out, "in the reference ");
    if (l->step[1] != WG_NONE) wg_put_call(p->s[1], b, l->step[1], out);
    wg_buf_printf(out, " of thread %u ends that wait; here %s", b->tid,
                  l->kind == WG_LINK_NOT_MADE ? "it is never signalled: that call is not made"
                                              : "the call is made, but does not end it");
    break;
  case WG_LINK_EVENT: wg_buf_str(out, "in the reference a timer, an interrupt or the system ends that wait"); break;
  case WG_LINK_UNSTARTED:
    wg_put_pair(p, l->pair, out);
    wg_buf_str(out, " never runs");
    break;
  case WG_LINK_CIRCLE:
    wg_put_pair(p, l->pair, out);
    wg_buf_str(out, " waits for the first of them: the circle is closed");
    break;
  case WG_LINK_SHOWS:
    wg_buf_str(out, "that shows where ");
    wg_put_pair(p, l->pair, out);
    wg_buf_str(out, " comes to ");
    wg_put_call(p->s[0], a, l->step[0], out);
    break;
  case WG_LINK_LED_TO:
    wg_buf_str(out, "then ");
    if (l->finding != WG_NONE) wg_put_finding(p, &p->findings[l->finding], out);
    break;
  case WG_LINK_MEMORY:
    wg_buf_str(out, "then, it seems through memory, ");
    if (l->finding != WG_NONE) wg_put_finding(p, &p->findings[l->finding], out);
    break;
  default: places = false; break;
  }
  if (!places || (l->step[0] == WG_NONE && l->step[1] == WG_NONE)) return;
  wg_buf_str(out, " [");
  wg_put_places(p, l->pair, l->step, out);
  wg_buf_char(out, ']');
}
