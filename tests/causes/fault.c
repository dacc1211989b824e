#include "tests/causes/fault.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "emu/kernel/kernel.h"

// What changes a number: `set` replaces it, `add` and `or` change it, `mul` multiplies it.
struct change {
  bool sets, adds, ors, muls;
  uint64_t set, add, or_, mul;
};

struct spec {
  char export[64], op[24], text[64];
  unsigned arg, off, size; // of op: which argument, where behind it, how many bytes
  struct change change;
  uint64_t nth, from, upto, every, tid; // 0: any
  bool if_set;
  unsigned if_arg; // strikes only if that argument has this value
  uint64_t if_value;
  int text_arg; // strikes only if the name there (OBJECT_ATTRIBUTES, or char* with `chars`) holds `text`
  bool chars;   //
  char object;  // of nowake: h handle in argument 0, p object there, t the thread itself
};

#define MAX_RETRIES 32

struct fault {
  struct wg_impl row; // what the machine calls; found again from the call
  const struct wg_impl *real;
  struct spec spec;
  uint64_t calls;
  struct fault_strikes strikes;
  struct retry { // calls that are entered again
    const struct wg_ctx *ctx;
    bool struck;
  } retries[MAX_RETRIES];
  uint64_t last, other; // of `other`: the two latest values of the argument
  bool have_stuck;
  uint64_t stuck;
};

// --- the only place that knows how a machine keeps its exports ------------------------------------------------

static struct wg_export *find_export(struct wg_machine *m, const char *name) {
  for (size_t i = 0; i < m->exports.n; i++)
    if (strcmp(m->exports.list[i].name, name) == 0 && m->exports.list[i].kind == 'F') return &m->exports.list[i];
  return NULL;
}
static uint64_t faulty_body(struct wg_kcall *k);
static void wrap(struct fault *f, struct wg_export *x) {
  f->real = x->impl;
  f->row = *x->impl;
  f->row.fn = faulty_body;
  x->impl = &f->row;
}
static struct fault *fault_of(const struct wg_kcall *k) {
  return (struct fault *)(void *)((char *)(uintptr_t)k->ctx->call->impl - offsetof(struct fault, row));
}
static uint64_t real_body(struct fault *f, struct wg_kcall *k) { return f->real->fn(k); }

// --- what it does ---------------------------------------------------------------------------------------------

static uint64_t changed(const struct change *c, uint64_t v) {
  if (c->sets) v = c->set;
  if (c->muls) v *= c->mul;
  if (c->adds) v += c->add;
  if (c->ors) v |= c->or_;
  return v;
}

// Replaces a value in the call's out{} wherever it stands: what is recorded is what the caller was told.
static void replace_out(struct wg_machine *m, uint64_t old, uint64_t new) {
  char forms[2][2][24];
  snprintf(forms[0][0], 24, ":%llu", (unsigned long long)old);
  snprintf(forms[0][1], 24, ":%llu", (unsigned long long)new);
  snprintf(forms[1][0], 24, ":\"0x%llx\"", (unsigned long long)old);
  snprintf(forms[1][1], 24, ":\"0x%llx\"", (unsigned long long)new);
  struct wg_buf b = {0};
  const char *p = m->calls.out.data, *end = p + m->calls.out.len;
  while (p < end) {
    int hit = -1;
    for (int i = 0; i < 2 && hit < 0; i++) {
      size_t n = strlen(forms[i][0]);
      bool whole = (size_t)(end - p) >= n && memcmp(p, forms[i][0], n) == 0;
      if (whole && (p + n == end || p[n] < '0' || p[n] > '9')) hit = i;
    }
    if (hit < 0) {
      wg_buf_char(&b, *p++);
      continue;
    }
    wg_buf_str(&b, forms[hit][1]);
    p += strlen(forms[hit][0]);
  }
  wg_buf_clear(&m->calls.out);
  wg_buf_add(&m->calls.out, b.data, b.len);
  wg_buf_release(&b);
}

static void poke(struct wg_kcall *k, const struct spec *s) {
  if (k->arg[s->arg] == 0) return;
  uint32_t at = (uint32_t)k->arg[s->arg] + s->off;
  uint64_t old = wg_kr(k->m, at, s->size), new = changed(&s->change, old);
  wg_kw(k->m, at, s->size, new);
  replace_out(k->m, old, new);
}

// NtReadFile's buffer is zeros; the recorded digest of the content is theirs.
static void zero_buffer(struct wg_kcall *k) {
  uint32_t n = KR32(k, A(4) + 4);
  uint8_t *p = wg_kptr(k->m, A(5), n, true);
  if (p == NULL || n == 0) return;
  uint64_t old = wg_hash(p, n, 0);
  memset(p, 0, n);
  replace_out(k->m, old, wg_hash(p, n, 0));
}

static struct wg_object *object_of(struct wg_kcall *k, char how) {
  if (how == 't') return k->thread ? k->thread->object : NULL;
  return how == 'p' ? wg_object_at(k->m, A(0), k->lr) : wg_handle_get(k->m, A(0));
}

// The object is signalled, but nobody who waits for it is woken.
static uint64_t without_waking(struct fault *f, struct wg_kcall *k) {
  struct wg_object *o = object_of(k, f->spec.object);
  struct wg_link *first = o ? o->first : NULL, *last = o ? o->last : NULL;
  if (o) o->first = o->last = NULL;
  uint64_t rv = real_body(f, k);
  if (o && first) o->first = first, o->last = last; // who waits holds it
  return rv;
}

// Of those who wait for it, the last one comes first.
static uint64_t last_first(struct fault *f, struct wg_kcall *k) {
  struct wg_object *o = object_of(k, f->spec.object);
  if (o == NULL) return real_body(f, k);
  struct wg_link *next, *first = o->first;
  for (struct wg_link *l = first; l; l = next) {
    next = l->after;
    l->after = l->before;
    l->before = next;
  }
  o->first = o->last;
  o->last = first;
  return real_body(f, k);
}

// All that it does, but what it should have written there is not.
static uint64_t without_writing(struct fault *f, struct wg_kcall *k) {
  const struct spec *s = &f->spec;
  uint32_t at = (uint32_t)k->arg[s->arg] + s->off;
  if (k->arg[s->arg] == 0) return real_body(f, k);
  uint64_t old = wg_kr(k->m, at, s->size), rv = real_body(f, k), new = wg_kr(k->m, at, s->size);
  if (k->state != WG_CALL_DONE) return rv;
  wg_kw(k->m, at, s->size, old);
  replace_out(k->m, new, old);
  return rv;
}

// With what the argument points at changed during the call.
static uint64_t with_memory(struct fault *f, struct wg_kcall *k) {
  const struct spec *s = &f->spec;
  uint32_t at = (uint32_t)k->arg[s->arg] + s->off;
  if (k->arg[s->arg] == 0) return real_body(f, k);
  uint64_t old = wg_kr(k->m, at, s->size);
  wg_kw(k->m, at, s->size, changed(&s->change, old));
  uint64_t rv = real_body(f, k);
  wg_kw(k->m, at, s->size, old);
  return rv;
}

static uint64_t stand_still(struct fault *f, struct wg_kcall *k) {
  const struct spec *s = &f->spec;
  uint64_t rv = real_body(f, k);
  uint32_t at = s->size ? (uint32_t)k->arg[s->arg] + s->off : 0;
  uint64_t now = at ? wg_kr(k->m, at, s->size) : rv;
  if (!f->have_stuck) f->stuck = now;
  f->have_stuck = true;
  if (at == 0) return f->stuck;
  wg_kw(k->m, at, s->size, f->stuck);
  replace_out(k->m, now, f->stuck);
  return rv;
}

static uint64_t strike(struct fault *f, struct wg_kcall *k) {
  const struct spec *s = &f->spec;
  const char *op = s->op;
  if (strcmp(op, "drop") == 0) return s->change.set;
  if (strcmp(op, "never") == 0) {
    k->state = WG_CALL_RETRY;
    return 0;
  }
  if (strcmp(op, "unimplemented") == 0) {
    wg_json_bool(wg_out(k), "unimplemented", true);
    return s->change.set;
  }
  if (strcmp(op, "arg") == 0) k->arg[s->arg] = changed(&s->change, k->arg[s->arg]);
  if (strcmp(op, "other") == 0 && f->other) k->arg[s->arg] = f->other;
  if (strcmp(op, "mem") == 0) return with_memory(f, k);
  if (strcmp(op, "nowake") == 0) return without_waking(f, k);
  if (strcmp(op, "lifo") == 0) return last_first(f, k);
  if (strcmp(op, "keep") == 0) return without_writing(f, k);
  if (strcmp(op, "stuck") == 0) return stand_still(f, k);
  uint64_t rv = real_body(f, k);
  if (k->state != WG_CALL_DONE) return rv;
  if (strcmp(op, "twice") == 0) {
    wg_buf_clear(&k->m->calls.out);
    wg_buf_char(&k->m->calls.out, '{');
    return real_body(f, k);
  }
  if (strcmp(op, "rv") == 0) return changed(&s->change, rv);
  if (strcmp(op, "poke") == 0) poke(k, s);
  if (strcmp(op, "zero") == 0 && rv == STATUS_SUCCESS) zero_buffer(k);
  return rv;
}

static bool has_text(struct wg_kcall *k, const struct spec *s) {
  if (s->text[0] == 0) return true;
  struct wg_buf b = {0};
  uint32_t at = (uint32_t)k->arg[s->text_arg];
  if (s->chars)
    wg_kstr(k->m, at, &b);
  else
    wg_kansi(k->m, KR32(k, at + 4), &b);
  bool yes = b.len && strstr(b.data, s->text);
  wg_buf_release(&b);
  return yes;
}

static bool applies(struct fault *f, struct wg_kcall *k) {
  const struct spec *s = &f->spec;
  if (s->tid && (k->thread == NULL || k->thread->tid != s->tid)) return false;
  if (s->if_set && k->arg[s->if_arg] != s->if_value) return false;
  if (!has_text(k, s)) return false;
  uint64_t n = ++f->calls;
  if (s->nth && n != s->nth) return false;
  if (s->from && n < s->from) return false;
  if (s->upto && n > s->upto) return false;
  return !s->every || n % s->every == 0;
}

static struct retry *retry_of(struct fault *f, const struct wg_ctx *ctx) {
  for (size_t i = 0; i < MAX_RETRIES; i++)
    if (f->retries[i].ctx == ctx) return &f->retries[i];
  return NULL;
}

static uint64_t faulty_body(struct wg_kcall *k) {
  struct fault *f = fault_of(k);
  struct retry *r = retry_of(f, k->ctx);
  bool again = r != NULL || k->resumed, strikes = r ? r->struck : !again && applies(f, k);
  if (!again && k->arg[f->spec.arg] != f->last) {
    f->other = f->last;
    f->last = k->arg[f->spec.arg];
  }
  if (strikes && !again && f->strikes.n++ == 0) {
    f->strikes.tid = k->thread ? k->thread->tid : 0;
    f->strikes.idx = (k->thread ? k->thread->idx : k->m->threads.idx0) - 1; // kernel.call is written already
  }
  if (r) r->ctx = NULL;
  uint64_t rv = strikes ? strike(f, k) : real_body(f, k);
  if (k->state == WG_CALL_RETRY && (r = retry_of(f, NULL)) != NULL) *r = (struct retry){k->ctx, strikes};
  return rv;
}

// --- its specification ----------------------------------------------------------------------------------------

static bool set_key(struct spec *s, const char *key, const char *value) {
  uint64_t v = strtoull(value, NULL, 0);
  struct change *c = &s->change;
#define KEY(name, action)                                                                                              \
  if (strcmp(key, name) == 0) {                                                                                        \
    action;                                                                                                            \
    return true;                                                                                                       \
  }
  KEY("set", c->sets = true; c->set = v)
  KEY("add", c->adds = true; c->add = v)
  KEY("or", c->ors = true; c->or_ = v)
  KEY("mul", c->muls = true; c->mul = v)
  KEY("rv", c->sets = true; c->set = v)
  KEY("arg", s->arg = (unsigned)v % WG_NT_MAX_PARAMS)
  KEY("off", s->off = (unsigned)v)
  KEY("size", s->size = (unsigned)v)
  KEY("nth", s->nth = v)
  KEY("from", s->from = v)
  KEY("upto", s->upto = v)
  KEY("every", s->every = v)
  KEY("tid", s->tid = v)
  KEY("object", s->object = value[0])
  KEY("if", s->if_set = true; s->if_arg = (unsigned)v % WG_NT_MAX_PARAMS)
  KEY("is", s->if_value = v)
  KEY("name", s->text_arg = (int)(v % WG_NT_MAX_PARAMS))
  KEY("chars", s->chars = true; s->text_arg = (int)(v % WG_NT_MAX_PARAMS))
  KEY("has", snprintf(s->text, sizeof s->text, "%s", value))
#undef KEY
  return false;
}

static bool known_op(const char *op) {
  static const char *const ops[] = {"drop",  "rv",     "arg",   "mem",           "poke",  "zero", "twice",
                                    "other", "nowake", "stuck", "unimplemented", "never", "lifo", "keep"};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (strcmp(op, ops[i]) == 0) return true;
  return false;
}

static int parse(const char *text, struct spec *s, struct wg_err *err) {
  char *copy = wg_xstrdup(text), *save = NULL, *word = strtok_r(copy, ":", &save);
  int code = WG_OK;
  s->object = 'h';
  snprintf(s->export, sizeof s->export, "%s", word ? word : "");
  word = strtok_r(NULL, ":", &save);
  snprintf(s->op, sizeof s->op, "%s", word ? word : "");
  if (!known_op(s->op)) code = wg_fail(err, WG_INPUT, "--fault %s: no such operation: '%s'", text, s->op);
  while (code == WG_OK && (word = strtok_r(NULL, ":", &save)) != NULL) {
    char *eq = strchr(word, '=');
    if (eq) *eq++ = 0;
    if (eq == NULL || !set_key(s, word, eq)) code = wg_fail(err, WG_INPUT, "--fault %s: no such key: '%s'", text, word);
  }
  if (s->size == 0 && (strcmp(s->op, "poke") == 0 || strcmp(s->op, "mem") == 0 || strcmp(s->op, "keep") == 0))
    s->size = 4;
  free(copy);
  return code;
}

int fault_install(struct wg_machine *m, const char *spec, struct fault **out, struct wg_err *err) {
  struct fault *f = wg_xcalloc(1, sizeof *f);
  *out = f;
  WG_TRY(parse(spec, &f->spec, err));
  struct wg_export *x = find_export(m, f->spec.export);
  if (x == NULL || x->impl == NULL)
    return wg_fail(err, WG_INPUT, "--fault %s: no export '%s' has a body here", spec, f->spec.export);
  wrap(f, x);
  return WG_OK;
}

struct fault_strikes fault_strikes(const struct fault *f) {
  return f->strikes;
}
void fault_free(struct fault *f) { free(f); }
