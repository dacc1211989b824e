// Runs kernel-call vectors (README.md): each case on a machine of its own, its calls made by a guest (caller.c), so
// that they go the way of any title's calls.
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "emu/machine.h"
#include "emu/mem/mem.h"
#include "nt/exports.h"
#include "replay/inputs.h"
#include "tests/calls/caller.h"
#include "trace/event.h"
#include "trace/frames.h"

#define STEP_SIZE (16 + 16 * CALLER_ARGS)
#define ENTRY_SIZE 32u
#define NS_PER_TICK 20
#define MOST_VARIABLES 64
#define MOST_SCRIPTS 32

struct variable {
  const char *name;
  uint32_t at, size;
};
struct script {
  const char *name;
  json_t *steps;
  uint32_t at;
};

struct run {
  const json_t *c; // the case
  struct wg_machine *m;
  struct wg_mem *mem;
  struct variable variables[MOST_VARIABLES];
  struct script scripts[MOST_SCRIPTS];
  size_t nvariables, nscripts;
  struct wg_buf why, printed;
  bool *reached; // exports, by row
  bool malformed;
};

static void bad(struct run *r, const char *rule, const char *what) {
  wg_buf_printf(&r->why, "%s: %s\n", what, rule);
  r->malformed = true;
}

// --- values --------------------------------------------------------------------------------------------------------

struct value {
  enum caller_kind kind;
  uint64_t v;
};

static bool name_is(const char *text, size_t n, const char *name) {
  return strlen(name) == n && memcmp(text, name, n) == 0;
}

static const struct variable *variable_at(const struct run *r, const char *text, size_t n) {
  for (size_t i = 0; i < r->nvariables; i++)
    if (name_is(text, n, r->variables[i].name)) return &r->variables[i];
  return NULL;
}

static bool export_row(struct value *v, const char *name, enum caller_kind kind) {
  const struct wg_nt_export *x = wg_nt_find(name, strlen(name));
  if (x == NULL || x->status == WG_NT_NONE) return false;
  *v = (struct value){kind, wg_nt_index(x)};
  return true;
}

static bool routine(struct value *v, const char *name) {
  static const char *const names[] = {"run", "second", "behind", "nothing", "behind_fourth"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) {
      *v = (struct value){CALLER_ROUTINE, i};
      return true;
    }
  return false;
}

// "&name+4": the address; "*name[4]+8": the word there, and so much more.
static bool place(const struct run *r, struct value *v, const char *text) {
  size_t n = strcspn(text + 1, "[+ ");
  const struct variable *var = variable_at(r, text + 1, n);
  uint64_t index = 0, more = 0;
  const char *p = text + 1 + n;
  char *end = NULL;
  if (*p == '[') {
    index = strtoull(p + 1, &end, 0);
    p = end + (*end == ']');
  }
  if (*p == '+') {
    more = strtoull(p + 1, &end, 0);
    p = end;
  }
  if (var == NULL || *p) return false;
  if (text[0] == '&')
    *v = (struct value){CALLER_VALUE, var->at + index + more};
  else
    *v = (struct value){CALLER_BEHIND, more << 32 | (uint32_t)(var->at + index)};
  return true;
}

static bool script_address(const struct run *r, struct value *v, const char *name) {
  for (size_t i = 0; i < r->nscripts; i++)
    if (strcmp(r->scripts[i].name, name) == 0) {
      *v = (struct value){CALLER_VALUE, r->scripts[i].at};
      return true;
    }
  return false;
}

static bool value_text(const struct run *r, struct value *v, const char *s) {
  if (s[0] == '&' || s[0] == '*') return place(r, v, s);
  if (s[0] == '@') return routine(v, s + 1);
  if (strncmp(s, "fn:", 3) == 0) return export_row(v, s + 3, CALLER_EXPORT);
  if (strncmp(s, "var:", 4) == 0) return export_row(v, s + 4, CALLER_VARIABLE);
  if (strncmp(s, "script:", 7) == 0) return script_address(r, v, s + 7);
  v->kind = CALLER_VALUE;
  if (strcmp(s, "stack") == 0) {
    v->v = CALLER_STACK;
    return true;
  }
  return wg_parse_u64(s, UINT64_MAX, &v->v);
}

static struct value value_of(struct run *r, const json_t *j) {
  struct value v = {CALLER_VALUE, 0};
  if (json_is_integer(j))
    v.v = (uint64_t)json_integer_value(j);
  else if (!json_is_string(j) || !value_text(r, &v, json_string_value(j)))
    bad(r, "no such value", json_is_string(j) ? json_string_value(j) : "neither a number nor a text");
  return v;
}

// What a value is after the run.
static uint64_t settled(struct run *r, const json_t *j) {
  struct value v = value_of(r, j);
  uint64_t word = 0;
  if (v.kind == CALLER_BEHIND && wg_mem_r32(r->mem, (uint32_t)v.v, &word)) return word + (v.v >> 32);
  return v.v;
}

// --- bytes: "0011 'text' u'wide' &name script:other zero:16 ?? ..."
// ----------------------------------------------------

struct bytes {
  struct wg_buf data, care; // care: 0 where any byte will do
};

static void byte(struct bytes *b, uint8_t v, bool care) {
  wg_buf_char(&b->data, (char)v);
  wg_buf_char(&b->care, care);
}
static void word(struct bytes *b, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) byte(b, (uint8_t)(v >> shift), true);
}

static bool token(struct run *r, struct bytes *b, const char *s, size_t n) {
  char text[96];
  struct value v;
  uint64_t count;
  if (n >= sizeof text) {
    for (size_t i = 0; i + 1 < n; i += 2) {
      char two[3] = {s[i], s[i + 1], 0};
      byte(b, (uint8_t)strtoul(two, NULL, 16), true);
    }
    return n % 2 == 0 && strspn(s, "0123456789abcdefABCDEF") >= n;
  }
  memcpy(text, s, n);
  text[n] = 0;
  if (strncmp(text, "zero:", 5) == 0 || strncmp(text, "any:", 4) == 0) {
    bool zero = text[0] == 'z';
    if (!wg_parse_u64(text + (zero ? 5 : 4), 1 << 16, &count)) return false;
    while (count--) byte(b, 0, zero);
    return true;
  }
  if (strchr("&*@sf", text[0]) && (text[0] != 'f' || text[1] == 'n')) {
    if (!value_text(r, &v, text) || (v.kind != CALLER_VALUE && v.kind != CALLER_BEHIND)) return false;
    uint64_t behind = 0;
    if (v.kind == CALLER_BEHIND) wg_mem_r32(r->mem, (uint32_t)v.v, &behind), behind += v.v >> 32;
    word(b, v.kind == CALLER_BEHIND ? (uint32_t)behind : (uint32_t)v.v);
    return true;
  }
  for (size_t i = 0; i < n; i += 2) {
    char two[3] = {text[i], text[i + 1], 0};
    if (strcmp(two, "??") == 0)
      byte(b, 0, false);
    else if (strspn(two, "0123456789abcdefABCDEF") == 2)
      byte(b, (uint8_t)strtoul(two, NULL, 16), true);
    else
      return false;
  }
  return true;
}

static void parse_bytes(struct run *r, const char *s, struct bytes *b) {
  for (const char *p = s; *(p += strspn(p, " "));) {
    bool wide = p[0] == 'u' && p[1] == '\'';
    if (wide || *p == '\'') {
      for (p += 1 + wide; *p && *p != '\''; p++) {
        if (wide) byte(b, 0, true);
        byte(b, (uint8_t)*p, true);
      }
      p += *p == '\'';
      continue;
    }
    size_t n = strcspn(p, " ");
    if (!token(r, b, p, n)) bad(r, "no such bytes", p);
    p += n;
  }
}

static void bytes_release(struct bytes *b) {
  wg_buf_release(&b->data);
  wg_buf_release(&b->care);
}

// --- setting a case up
// ------------------------------------------------------------------------------------------------

static void put32(struct run *r, uint32_t at, uint32_t v) { wg_mem_w32(r->mem, at, v); }

// Sizes first, as bytes may hold the address of any variable.
static void place_variables(struct run *r) {
  const char *name;
  json_t *v;
  uint32_t at = CALLER_DATA;
  json_object_foreach(json_object_get(r->c, "mem"), name, v) {
    struct bytes b = {0};
    struct run none = {.c = r->c, .mem = r->mem};
    if (r->nvariables == MOST_VARIABLES || !json_is_string(v)) {
      bad(r, "one variable too many, or not a text", name);
      break;
    }
    // Addresses are not known yet: four bytes each, whatever they are.
    struct wg_buf plain = {0};
    for (const char *p = json_string_value(v); *p;) {
      size_t quoted = *p == '\'' ? strcspn(p + 1, "'") + 2 : 0, n = quoted ? quoted : strcspn(p, " '");
      bool address = !quoted && n && (strchr("&*@", *p) || strncmp(p, "script:", 7) == 0);
      if (address)
        wg_buf_str(&plain, "00000000");
      else
        wg_buf_add(&plain, p, n + (n == 0));
      p += n + (n == 0);
    }
    parse_bytes(&none, plain.len ? plain.data : "", &b);
    r->malformed |= none.malformed;
    if (none.why.len) bad(r, "no such bytes", name);
    wg_buf_release(&none.why);
    wg_buf_release(&plain);
    r->variables[r->nvariables++] = (struct variable){name, at, (uint32_t)b.data.len};
    at += ((uint32_t)b.data.len + 127) & ~63u;
    bytes_release(&b);
  }
}

static void fill_variables(struct run *r) {
  for (size_t i = 0; i < r->nvariables; i++) {
    const struct variable *v = &r->variables[i];
    struct bytes b = {0};
    parse_bytes(r, json_string_value(json_object_get(json_object_get(r->c, "mem"), v->name)), &b);
    for (size_t n = 0; n < b.data.len; n++) wg_mem_w8(r->mem, v->at + (uint32_t)n, (uint8_t)b.data.data[n]);
    bytes_release(&b);
  }
}

static void place_scripts(struct run *r) {
  const char *name;
  json_t *steps, *alone = json_object_get(r->c, "calls");
  uint32_t at = CALLER_SCRIPTS;
  if (alone)
    r->scripts[r->nscripts++] = (struct script){"main", alone, at},
    at += 8 + STEP_SIZE * (uint32_t)json_array_size(alone);
  json_object_foreach(json_object_get(r->c, "threads"), name, steps) {
    if (r->nscripts == MOST_SCRIPTS || at + 8 + STEP_SIZE * json_array_size(steps) > CALLER_DATA) {
      bad(r, "one script too many", name);
      return;
    }
    r->scripts[r->nscripts++] = (struct script){name, steps, at};
    at += 8 + STEP_SIZE * (uint32_t)json_array_size(steps);
  }
}

static void put_arg(struct run *r, uint32_t at, const json_t *j) {
  struct value v = value_of(r, j);
  put32(r, at, v.kind);
  wg_mem_w64(r->mem, at + 8, v.v);
}

static void put_step(struct run *r, uint32_t at, const json_t *step) {
  const json_t *args = json_object_get(step, "args"), *size = json_object_get(step, "size");
  const char *call = json_string_value(json_object_get(step, "call"));
  uint32_t op = CALLER_CALL, n = 0, target = size ? (uint32_t)json_integer_value(size) : 4;
  if (call) {
    struct value v;
    if (!export_row(&v, call, CALLER_EXPORT)) {
      bad(r, "no such export", call);
      return;
    }
    target = (uint32_t)v.v;
    for (; n < json_array_size(args) && n < CALLER_ARGS; n++) put_arg(r, at + 16 + 16 * n, json_array_get(args, n));
  } else if (json_object_get(step, "store")) {
    op = CALLER_STORE;
    put_arg(r, at + 16, json_object_get(step, "store"));
    put_arg(r, at + 32, json_object_get(step, "value"));
    n = 2;
  } else if (json_object_get(step, "load")) {
    op = CALLER_LOAD;
    put_arg(r, at + 16, json_object_get(step, "load"));
    n = 1;
  } else if (json_object_get(step, "spin")) {
    op = CALLER_SPIN;
    put_arg(r, at + 16, json_object_get(step, "spin"));
    n = 1;
  } else {
    bad(r, "neither a call, a store, a load nor a spin", "a step");
  }
  const json_t *keep = json_object_get(step, "keep");
  put32(r, at, op);
  put32(r, at + 4, n);
  put32(r, at + 8, target);
  put32(r, at + 12, keep ? (uint32_t)value_of(r, keep).v : 0);
}

static void put_scripts(struct run *r) {
  for (uint32_t i = 0; i < r->nscripts; i++) {
    const struct script *s = &r->scripts[i];
    uint32_t n = (uint32_t)json_array_size(s->steps);
    put32(r, s->at, i);
    put32(r, s->at + 4, n);
    for (uint32_t k = 0; k < n; k++) put_step(r, s->at + 8 + STEP_SIZE * k, json_array_get(s->steps, k));
  }
  put32(r, CALLER_AREA, r->nscripts ? r->scripts[0].at : 0);
}

// --- checking -------------------------------------------------------------------------------------------------------

struct entry {
  uint32_t script, step;
  uint64_t result, begun, ended;
};

static struct entry entry_at(const struct run *r, uint32_t i) {
  const uint8_t *p = r->mem->base + CALLER_LOG + ENTRY_SIZE * i;
  return (struct entry){wg_load_be32(p), wg_load_be32(p + 4), wg_load_be64(p + 8), wg_load_be64(p + 16),
                        wg_load_be64(p + 24)};
}

static const char *step_name(const json_t *step) {
  const char *call = json_string_value(json_object_get(step, "call"));
  return call ? call : json_object_get(step, "load") ? "load" : json_object_get(step, "store") ? "store" : "spin";
}

static void differs(struct run *r, const struct script *s, size_t k, const char *what, uint64_t want, uint64_t have) {
  wg_buf_printf(&r->why, "  %s[%zu] %s: %s 0x%" PRIx64 ", actual 0x%" PRIx64 "\n", s->name, k,
                step_name(json_array_get(s->steps, k)), what, want, have);
}

static void check_result(struct run *r, const struct script *s, size_t k, const struct entry *e) {
  const json_t *step = json_array_get(s->steps, k), *is = json_object_get(step, "is"),
               *not = json_object_get(step, "not");
  const json_t *is64 = json_object_get(step, "is64"), *took = json_object_get(step, "took");
  const json_t *between = json_object_get(step, "between");
  uint32_t low = (uint32_t)e->result;
  uint64_t ns = (e->ended - e->begun) * NS_PER_TICK;
  if (is && (uint32_t)settled(r, is) != low) differs(r, s, k, "expected", (uint32_t)settled(r, is), low);
  if (is64 && settled(r, is64) != e->result) differs(r, s, k, "expected", settled(r, is64), e->result);
  if (not &&(uint32_t)settled(r, not ) == low) differs(r, s, k, "expected anything but", low, low);
  if (between && (low < settled(r, json_array_get(between, 0)) || low > settled(r, json_array_get(between, 1))))
    differs(r, s, k, "not within the bounds from", settled(r, json_array_get(between, 0)), low);
  if (took && (ns < settled(r, json_array_get(took, 0)) || ns > settled(r, json_array_get(took, 1))))
    differs(r, s, k, "ns taken, at least", settled(r, json_array_get(took, 0)), ns);
}

// Each step ran as often as it should: once, or so often as "times" says.
static void check_steps(struct run *r, uint32_t nlogged) {
  for (uint32_t i = 0; i < r->nscripts; i++) {
    const struct script *s = &r->scripts[i];
    for (size_t k = 0; k < json_array_size(s->steps); k++) {
      const json_t *step = json_array_get(s->steps, k), *times = json_object_get(step, "times");
      json_int_t want = times ? json_integer_value(times) : !json_is_true(json_object_get(step, "never")), have = 0;
      for (uint32_t n = 0; n < nlogged; n++) {
        struct entry e = entry_at(r, n);
        if (e.script != i || e.step != k) continue;
        have++;
        check_result(r, s, k, &e);
      }
      if (have != want) differs(r, s, k, "expected returns", (uint64_t)want, (uint64_t)have);
    }
  }
}

static void check_order(struct run *r, uint32_t nlogged) {
  const json_t *order = json_object_get(r->c, "order");
  struct wg_buf want = {0}, have = {0};
  if (order == NULL) return;
  for (size_t i = 0; i < json_array_size(order); i++)
    wg_buf_printf(&want, " %s", json_string_value(json_array_get(order, i)));
  for (uint32_t n = 0; n < nlogged; n++) {
    struct entry e = entry_at(r, n);
    const json_t *step = e.script < r->nscripts ? json_array_get(r->scripts[e.script].steps, e.step) : NULL;
    const json_t *mark = json_object_get(step, "mark");
    if (json_is_string(mark)) wg_buf_printf(&have, " %s", json_string_value(mark));
  }
  if (strcmp(want.len ? want.data : "", have.len ? have.data : "") != 0)
    wg_buf_printf(&r->why, "  order: expected%s, actual%s\n", want.len ? want.data : " none",
                  have.len ? have.data : " none");
  wg_buf_release(&want);
  wg_buf_release(&have);
}

static void check_memory(struct run *r) {
  const char *name;
  json_t *v;
  json_object_foreach(json_object_get(r->c, "after"), name, v) {
    char text[96];
    snprintf(text, sizeof text, "%s%s", name[0] == '*' ? "" : "&", name);
    json_t *where = json_string(text);
    struct bytes b = {0};
    uint32_t at = (uint32_t)settled(r, where);
    json_decref(where);
    if (json_is_string(v)) parse_bytes(r, json_string_value(v), &b);
    const uint8_t *p = wg_mem_ptr(r->mem, at, (uint32_t)b.data.len, false);
    bool same = p != NULL;
    for (size_t i = 0; p && i < b.data.len; i++) same &= !b.care.data[i] || p[i] == (uint8_t)b.data.data[i];
    if (!same) {
      wg_buf_printf(&r->why, "  after.%s: expected %s, actual ", name, json_string_value(v));
      for (size_t i = 0; p && i < b.data.len; i++) wg_buf_printf(&r->why, "%02x", p[i]);
      wg_buf_str(&r->why, p ? "\n" : "(no memory)\n");
    }
    bytes_release(&b);
  }
}

static void check_end(struct run *r, enum wg_end end) {
  const char *want = json_string_value(json_object_get(r->c, "end")), *have = wg_end_name(end);
  const char *print = json_string_value(json_object_get(r->c, "prints"));
  if (strcmp(want ? want : "exit", have) != 0) {
    wg_buf_printf(&r->why, "  end: expected %s, actual %s\n", want ? want : "exit", have);
    wg_machine_report(r->m, &r->why);
  }
  if (print && (r->printed.len == 0 || strstr(r->printed.data, print) == NULL))
    wg_buf_printf(&r->why, "  prints: expected \"%s\", actual \"%s\"\n", print, r->printed.len ? r->printed.data : "");
}

// --- one case
// ---------------------------------------------------------------------------------------------------------

static bool on_event(void *ctx, const struct wg_event *e) {
  struct run *r = ctx;
  const char *name = wg_ev_text(e, WG_K_NAME);
  if (e->kind == WG_EV_KERNEL_CALL && name) {
    const struct wg_nt_export *x = wg_nt_find(name, strlen(name));
    if (x) r->reached[wg_nt_index(x)] = true;
  }
  const struct wg_field *text = wg_ev_get(e, WG_K_TEXT);
  if (e->kind == WG_EV_GUEST_PRINT && text) wg_buf_add(&r->printed, text->s, text->n);
  return true;
}

struct places {
  const char *title, *files;
};

static int read_inputs(const json_t *inputs, struct wg_config *cfg, struct wg_err *err) {
  char path[] = "/tmp/wedge-inputs-XXXXXX";
  struct wg_buf text = {0};
  struct wg_input_change *changes;
  int fd = mkstemp(path);
  if (fd < 0) return wg_fail(err, WG_INTERNAL, "%s: cannot be made", path);
  close(fd);
  for (size_t i = 0; i < json_array_size(inputs); i++) {
    char *line = json_dumps(json_array_get(inputs, i), JSON_COMPACT);
    wg_buf_printf(&text, "%s\n", line);
    free(line);
  }
  int code = wg_file_write(path, text.data, text.len, err);
  if (code == WG_OK) code = wg_inputs_read(path, &changes, &cfg->ninputs, err);
  if (code == WG_OK) cfg->inputs = changes;
  unlink(path);
  wg_buf_release(&text);
  return code;
}

// WG_INPUT: the case itself is at fault.
static int run_case(struct run *r, const struct places *where, struct wg_err *err) {
  const json_t *limit = json_object_get(r->c, "limit_ns"), *inputs = json_object_get(r->c, "inputs");
  struct wg_config cfg = {.title = where->title,
                          .date = WG_DEFAULT_DATE,
                          .max_ns = limit ? (uint64_t)json_integer_value(limit) : 20000000000u};
  cfg.mounts[cfg.nmounts++] = (struct wg_mount){"cache:", where->files};
  int code = inputs ? read_inputs(inputs, &cfg, err) : WG_OK;
  if (code != WG_OK) return code;
  const struct wg_input_change *changes = cfg.inputs;
  code = wg_machine_create(&r->m, &cfg, &(struct wg_observer){.event = on_event, .ctx = r}, err);
  if (code == WG_OK) {
    r->mem = wg_machine_mem(r->m);
    wg_mem_commit(r->mem, CALLER_AREA, CALLER_SIZE, WG_PROT_READWRITE);
    place_variables(r);
    place_scripts(r);
    fill_variables(r);
    put_scripts(r);
    if (!r->malformed) {
      enum wg_end end = wg_machine_run(r->m);
      uint32_t nlogged = wg_load_be32(r->mem->base + CALLER_AREA + 4);
      if (nlogged > CALLER_ENTRIES) nlogged = CALLER_ENTRIES;
      check_end(r, end);
      check_steps(r, nlogged);
      check_order(r, nlogged);
      check_memory(r);
    }
    wg_machine_free(r->m);
    if (r->malformed) code = wg_fail(err, WG_INPUT, "%s", r->why.data);
  }
  wg_inputs_free((struct wg_input_change *)(uintptr_t)changes, cfg.ninputs);
  return code;
}

static int run_file(const char *path, const struct places *where, bool *reached, unsigned *passed, unsigned *failed,
                    struct wg_err *err) {
  struct wg_buf text = {0};
  int code = wg_frames_read(path, 1u << 30, &text, err);
  unsigned line = 0;
  for (char *p = text.data, *next; code == WG_OK && p && *p; p = next) {
    json_error_t je;
    line++;
    next = strchr(p, '\n');
    if (next) *next++ = 0;
    if (p[strspn(p, " \t\r")] == 0) continue;
    json_t *c = json_loads(p, JSON_REJECT_DUPLICATES, &je);
    struct run r = {.c = c, .reached = reached};
    const char *name = json_string_value(json_object_get(c, "name"));
    if (c == NULL || name == NULL || !json_is_string(json_object_get(c, "source")))
      code = wg_fail(err, WG_INPUT, "%s:%u: %s", path, line, c ? "expected a name and a source" : je.text);
    else
      code = run_case(&r, where, err);
    if (code != WG_OK) {
      wg_err_prefix(err, "%s:%u: ", path, line);
    } else if (r.why.len) {
      printf("FAIL %s (%s:%u)\n%s", name, path, line, r.why.data);
      ++*failed;
    } else {
      ++*passed;
    }
    wg_buf_release(&r.why);
    wg_buf_release(&r.printed);
    json_decref(c);
  }
  wg_buf_release(&text);
  return code;
}

// kernel_vectors [--reached] CALLER.xex FILES-FOLDER VECTORS...
int main(int argc, char **argv) {
  struct wg_err err = {0};
  unsigned passed = 0, failed = 0;
  bool list = argc > 1 && strcmp(argv[1], "--reached") == 0;
  size_t nrows = 0;
  while (wg_nt_row(nrows)) nrows++;
  bool *reached = calloc(nrows, sizeof *reached);
  argv += list, argc -= list;
  if (argc < 4 || reached == NULL) {
    fprintf(stderr, "usage: kernel_vectors [--reached] CALLER.xex FILES-FOLDER VECTORS...\n");
    return WG_INPUT;
  }
  struct places where = {argv[1], argv[2]};
  int code = WG_OK;
  for (int i = 3; i < argc && code == WG_OK; i++) code = run_file(argv[i], &where, reached, &passed, &failed, &err);
  if (code != WG_OK) fprintf(stderr, "kernel_vectors: %s\n", err.msg);
  for (size_t i = 0; list && i < nrows; i++)
    if (reached[i]) printf("%s\n", wg_nt_row(i)->name);
  if (!list) printf("%u passed, %u failed\n", passed, failed);
  free(reached);
  return code != WG_OK ? code : failed ? WG_DIFFERS : WG_OK;
}
