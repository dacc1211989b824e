// How each engine writes an event. Ours is near to schema 1; the reference writes as xenia-canary's instrumented
// build does: integers for addresses, sign-extended ones for the image's, `handle` for `raw`, `new_tid` for `child`.
#include <openssl/evp.h>
#include <string.h>

#include "bench/diff/world.h"

#define FLUSH (1u << 20)

static const char *const kinds[] = {
    [E_CALL] = "kernel.call",   [E_RETURN] = "kernel.return",   [E_CREATE] = "handle.create",
    [E_DUP] = "handle.dup",     [E_DESTROY] = "handle.destroy", [E_THREAD] = "thread.create",
    [E_START] = "thread.start", [E_EXIT] = "thread.exit",       [E_WAIT] = "wait.begin",
    [E_WAIT_END] = "wait.end",  [E_SIGNAL] = "signal",          [E_MODULE] = "module.load",
    [E_EXTRA] = "branch",
};
static const char *const types[] = {"Event", "Semaphore", "File", "Thread"};

static void flush(struct world *w, bool hashed) {
  if (hashed) EVP_DigestUpdate(w->digest, w->out.data, w->out.len);
  fwrite(w->out.data, 1, w->out.len, w->file);
  wg_buf_clear(&w->out);
}

// ,"key":"0x12" from ours, ,"key":18 from the reference.
static void word(struct world *w, const char *key, uint64_t v) {
  if (w->ours)
    wg_json_hex(&w->out, key, v);
  else
    wg_json_u64(&w->out, key, v);
}

static void semantic_id(struct world *w, uint64_t hsid) {
  if (w->o->ids == IDS_NONE) return;
  wg_json_key(&w->out, w->o->ids == IDS_WEDGE ? "hsid" : "handle_semantic_id");
  wg_buf_printf(&w->out, "\"%016llx\"", (unsigned long long)hsid);
}

static void one_arg(struct world *w, uint64_t v, size_t i) {
  if (i) wg_buf_char(&w->out, ',');
  if (w->ours) {
    wg_buf_str(&w->out, "\"0x");
    wg_buf_hex(&w->out, v);
    wg_buf_char(&w->out, '"');
  } else {
    bool image = v >> 28 == 8;
    wg_buf_u64(&w->out, image ? v | 0xffffffff00000000u : v);
  }
}

// The heaps of the two lie at different places.
static uint64_t placed(const struct world *w, uint64_t v) { return w->ours && v >> 24 == 0x40 ? v - 0x10000000u : v; }

// Most arguments are absent: those of the calls that are about a handle or a lock are there, if any.
static void args(struct world *w, const struct ev *e) {
  int n = call_infos[e->name].parameters;
  if (!w->o->args || (e->handle < 0 && e->value == 0)) return;
  wg_json_key(&w->out, "args");
  wg_buf_char(&w->out, '[');
  uint64_t first = e->handle >= 0 ? w->handles[e->handle].raw : placed(w, e->value);
  for (int i = 0; i < n; i++) one_arg(w, i == 0 ? first : 0, (size_t)i);
  wg_buf_char(&w->out, ']');
}

static void call(struct world *w, const struct thread *t, const struct ev *e) {
  const struct call_info *c = &call_infos[e->name];
  wg_json_str(&w->out, "name", c->name);
  wg_json_u64(&w->out, "ordinal", (uint64_t)c->ordinal);
  wg_json_str(&w->out, "module", strncmp(c->name, "Xam", 3) == 0 ? "xam.xex" : "xboxkrnl.exe");
  if (w->o->lr[!w->ours]) word(w, "lr", 0x82100000u + (t->entry & 0xf00) * 16 + e->name * 64u);
  args(w, e);
  wg_buf_str(&w->out, ",\"args_resolved\":{}");
}

static void ret(struct world *w, const struct ev *e) {
  const struct call_info *c = &call_infos[e->name];
  wg_json_str(&w->out, "name", c->name);
  if (!w->ours) {
    wg_json_u64(&w->out, "ordinal", (uint64_t)c->ordinal);
    wg_json_str(&w->out, "module", strncmp(c->name, "Xam", 3) == 0 ? "xam.xex" : "xboxkrnl.exe");
  }
  // Most results are absent; failures and, if arguments are there, those of the Nt calls are not.
  if (e->status || (w->o->args && strncmp(c->name, "Nt", 2) == 0)) word(w, "rv", e->status);
  if (w->ours) wg_buf_str(&w->out, ",\"out\":{}");
}

static void created(struct world *w, const struct ev *e) {
  const struct handle *h = &w->handles[e->handle];
  word(w, "raw", h->raw);
  semantic_id(w, h->hsid);
  wg_json_str(&w->out, "object_type", types[h->type]);
  if (e->kind == E_DUP) word(w, "dup_of", w->handles[e->value].raw);
  if (!w->ours) wg_buf_str(&w->out, ",\"guest_object\":0");
}

static void thread_created(struct world *w, const struct ev *e) {
  const struct thread *c = &w->threads[e->value];
  const struct handle *h = c->handle >= 0 ? &w->handles[c->handle] : NULL;
  wg_json_u64(&w->out, w->ours ? "child" : "new_tid", c->tid);
  word(w, w->ours ? "raw" : "handle", h ? h->raw : 0x01000000u + 4 * c->tid);
  word(w, "entry", c->entry);
  word(w, "ctx", c->entry ? placed(w, c->ctx) : 0);
  wg_json_u64(&w->out, w->ours ? "stack_size" : "stack", 65536);
  word(w, "flags", e->flags & F_SUSPENDED ? 1 : 0);
  if (h) semantic_id(w, h->hsid);
  if (!w->ours)
    wg_buf_str(&w->out, c->entry ? ",\"xapi_startup\":0,\"guest\":true" : ",\"xapi_startup\":0,\"guest\":false");
}

static void waits_for(struct world *w, const struct ev *e) {
  const struct handle *h = e->handle >= 0 ? &w->handles[e->handle] : NULL;
  wg_json_key(&w->out, "handles");
  if (h && w->ours && w->o->ids == IDS_WEDGE)
    wg_buf_printf(&w->out, "[\"%016llx\"]", (unsigned long long)h->hsid);
  else if (h && w->ours)
    wg_buf_printf(&w->out, "[\"0x%x\"]", h->raw);
  else if (h)
    wg_buf_printf(&w->out, "[%u]", h->raw);
  else
    wg_buf_str(&w->out, w->ours ? "[]" : "[0]");
}

static void wait(struct world *w, const struct ev *e) {
  bool lock = e->flags & F_LOCK;
  if (!w->ours) wg_json_str(&w->out, "op", "single");
  waits_for(w, e);
  if (w->ours) {
    if (lock) word(w, "guest_object", placed(w, e->value));
    wg_json_str(&w->out, "wait_type", "any");
  } else {
    wg_buf_printf(&w->out, ",\"guest_objects\":[%llu]", lock ? (unsigned long long)e->value : 0);
  }
  wg_json_i64(&w->out, "timeout_ns", lock || e->value == 0 ? -1 : (int64_t)e->value);
  wg_json_bool(&w->out, "alertable", false);
  if (!w->ours) wg_json_u64(&w->out, "reason", 3);
}

static void waited(struct world *w, const struct ev *e) {
  if (!w->ours) wg_json_str(&w->out, "op", "single");
  word(w, "status", e->status);
}

static void signal(struct world *w, const struct ev *e) {
  const struct handle *h = &w->handles[e->handle];
  if (!w->ours)
    wg_json_u64(&w->out, "handle", h->raw);
  else if (w->o->ids != IDS_WEDGE)
    wg_json_hex(&w->out, "raw", h->raw);
  semantic_id(w, h->hsid);
  wg_json_str(&w->out, "object_type", types[h->type]);
  wg_json_str(&w->out, "op", e->name == C_NtReleaseSemaphore ? "release" : "set");
  wg_json_u64(&w->out, "count", 1);
}

static void module(struct world *w) {
  wg_json_str(&w->out, "name", "resident.dll");
  word(w, "base", 0x8a000000u);
  wg_json_u64(&w->out, "size", 131072);
}

// A probe or a watch that someone set in the worker's loop.
static void extra(struct world *w, const struct ev *e) {
  if (w->o->extra == EXTRA_BRANCH) {
    word(w, "pc", 0x82174960u);
    word(w, "target", 0x82174990u);
    wg_json_bool(&w->out, "taken", true);
  } else if (w->o->extra == EXTRA_MEM) {
    word(w, "pc", 0x82174968u);
    word(w, "addr", 0x82a80440u);
    wg_json_u64(&w->out, "size", 4);
    word(w, "value", e->value);
  } else {
    wg_json_str(&w->out, "text", "loader poll");
  }
}

static const char *kind_of(const struct world *w, const struct ev *e) {
  if (e->kind != E_EXTRA || w->o->extra == EXTRA_BRANCH) return kinds[e->kind];
  return w->o->extra == EXTRA_MEM ? "mem.read" : "probe";
}

static void fields(struct world *w, const struct thread *t, const struct ev *e) {
  switch (e->kind) {
  case E_CALL: call(w, t, e); break;
  case E_RETURN: ret(w, e); break;
  case E_CREATE:
  case E_DUP:
  case E_DESTROY: created(w, e); break;
  case E_THREAD: thread_created(w, e); break;
  case E_START:
    if (t->handle >= 0) word(w, w->ours ? "raw" : "handle", w->handles[t->handle].raw);
    word(w, "entry", t->entry);
    word(w, "ctx", t->entry ? placed(w, t->ctx) : 0);
    break;
  case E_EXIT: word(w, "code", 0); break;
  case E_WAIT: wait(w, e); break;
  case E_WAIT_END: waited(w, e); break;
  case E_SIGNAL: signal(w, e); break;
  case E_MODULE: module(w); break;
  default: extra(w, e); break;
  }
}

static void line_ends(struct world *w) {
  wg_buf_str(&w->out, "}\n");
  w->written++;
  if (w->out.len > FLUSH) flush(w, w->ours);
}

void write_event(struct world *w, const struct thread *t, const struct ev *e) {
  wg_buf_str(&w->out, w->ours ? "{\"kind\":\"" : "{\"engine\":\"canary\",\"kind\":\"");
  wg_buf_str(&w->out, kind_of(w, e));
  wg_buf_str(&w->out, "\",\"tid\":");
  wg_buf_u64(&w->out, t->tid);
  wg_buf_str(&w->out, ",\"idx\":");
  wg_buf_u64(&w->out, t->idx);
  wg_buf_str(&w->out, ",\"host_ns\":");
  wg_buf_u64(&w->out, t->now);
  fields(w, t, e);
  line_ends(w);
}

void write_header(struct world *w) {
  wg_buf_str(&w->out, "{\"kind\":\"trace.header\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"schema\":1,\"engine\":\"ours\","
                      "\"version\":\"1\",\"clock\":\"host\",\"title\":\"investigation.xex\"");
  line_ends(w);
}

void write_footer(struct world *w) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  flush(w, w->ours);
  if (!w->ours || w->o->ids != IDS_WEDGE) return;
  EVP_DigestFinal_ex(w->digest, digest, &n);
  wg_buf_printf(&w->out,
                "{\"kind\":\"trace.footer\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"events\":%llu,\"reason\":\"stopped\","
                "\"sha256\":\"",
                (unsigned long long)w->written);
  for (unsigned i = 0; i < n; i++) wg_buf_printf(&w->out, "%02x", digest[i]);
  wg_buf_char(&w->out, '"');
  line_ends(w);
  flush(w, false);
}
