// Whatever a call writes through a parameter of kind P or H is in its return's out{}: each export that has one is
// called with arguments of its kinds until memory behind one differs from before; what differs must be told.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/endian.h"
#include "emu/kernel/kernel.h"
#include "emu/machine.h"
#include "tests/named.h"
#include "tests/suite.h"

#define SCRATCH 0x2FF00000u                                     // the thunk and the stack
#define BUFFER(i) (SCRATCH + 0x2000u + 0x1000u * (uint32_t)(i)) // what parameter i points to
#define SPARE BUFFER(13)                                        // what a structure there points to
#define NAME_AT(i) (BUFFER(14) + 0x200u * (uint32_t)(i)) // text; ANSI_STRING +80; OBJECT_ATTRIBUTES +90; UTF-16 +A0
#define ZERO BUFFER(18)
#define TRIES 4000

struct call {
  struct wg_machine *m;
  const struct wg_export *x;
  uint64_t random;
  uint32_t handles[16];
  size_t nhandles;
  uint32_t region; // of virtual memory
  uint64_t args[WG_NT_MAX_PARAMS];
  char out[2048], other[2048]; // the call's, and that of a call which ended meanwhile
  uint64_t rv, instead_of;
  bool returned;
};

static const char *const names[] = {"game:\\hello.xex", "game:\\", "cache:\\new", "xam.xex",
                                    "NtClose",          "d:",      "/missing",    "event\\by name"};
#define NAMES (sizeof names / sizeof *names)

// An object in which each key stands once.
static void check_json(const char *name, const char *text, size_t n) {
  json_error_t err;
  json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &err);
  CU_ASSERT_TRUE(json_is_object(j));
  if (j == NULL) printf("\n%s: %s in %.*s", name, err.text, (int)n, text);
  json_decref(j);
}

static bool on_event(void *ctx, const struct wg_event *e) {
  struct call *c = ctx;
  const char *name = wg_ev_text(e, WG_K_NAME);
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  const struct wg_field *resolved = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  if (resolved) check_json(name, resolved->s, resolved->n);
  if (e->kind != WG_EV_KERNEL_RETURN || c->x == NULL) return true;
  check_json(name, out->s, out->n);
  if (strcmp(name, c->x->name) != 0) {
    snprintf(c->other, sizeof c->other, "%.*s", (int)out->n, out->s);
    return true;
  }
  snprintf(c->out, sizeof c->out, "%.*s", (int)out->n, out->s);
  c->instead_of = 0;
  wg_ev_u64(e, WG_K_RV, &c->rv);
  wg_ev_u64(e, WG_K_INSTEAD_OF, &c->instead_of);
  c->returned = true;
  return true;
}

static uint32_t pick(struct call *c, uint32_t n) {
  c->random = c->random * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(c->random >> 33) % n;
}

// A structure that counts, one that has a text, a dispatcher object, an address, a date, or a plain buffer.
static void fill(struct call *c, uint32_t at) {
  static const uint32_t firsts[] = {0x1000, 0x40, 104, 0, 0x10000, 1, 0x20};
  uint8_t *p = c->m->mem->base + at;
  memset(p, 0xA5, 0x1000);
  for (unsigned i = 0; i < 0x40; i += 4) wg_store_be32(p + i, 0);
  switch (pick(c, 6)) {
  case 0: wg_store_be32(p, firsts[pick(c, sizeof firsts / sizeof *firsts)]); break;
  case 1:
    wg_store_be32(p, 8u << 16 | 0x200);
    wg_store_be32(p + 4, SPARE);
    break;
  case 2: wg_store_be32(p + 4, firsts[pick(c, 5)]); break;
  case 3: wg_store_be32(p, c->region); break;
  case 4: // TIME_FIELDS: 2005-11-22
    wg_store_be32(p, 2005u << 16 | 11);
    wg_store_be32(p + 4, 22u << 16 | 1);
    break;
  default: memset(p, 0xA5, 0x40);
  }
}

static uint64_t argument(struct call *c, char kind, unsigned i) {
  static const uint32_t numbers[] = {0,    1,     2,      3,      4,      5,      6,       8,         9,
                                     0xA,  0xE,   16,     0x22,   0x23,   0x40,   0x88,    0x90,      0xC0,
                                     0xFF, 0x100, 0x1000, 0x2000, 0x4000, 0x8000, 0x70000, 0x80000000};
  uint32_t name = NAME_AT(pick(c, NAMES));
  switch (kind) {
  case 'h': return c->handles[pick(c, (uint32_t)c->nhandles)];
  case 's': return name;
  case 'a': return name + 0x80;
  case 'o': return name + 0x90;
  case 'w': return name + 0xA0;
  case 't': return ZERO;
  case 'f': return 0;
  case 'O': return pick(c, 2) ? c->m->threads.list[0]->kthread : BUFFER(i);
  case 'e':
  case 'p': return pick(c, 3) ? BUFFER(i) : pick(c, 2) ? 0 : 0x82000000u; // the image's header lies there
  case 'P':
  case 'H': return BUFFER(i);
  case 'q':
  case 'T': return pick(c, 2) ? 0xE000000000000001ull : pick(c, 100);
  default: return numbers[pick(c, sizeof numbers / sizeof *numbers)];
  }
}

static void make(struct call *c, const struct wg_export *x) {
  struct wg_machine *m = c->m;
  struct wg_thread *t = m->threads.list[0];
  struct wg_cpu *cpu = &t->ctx.cpu;
  wg_store_be32(m->mem->base + SCRATCH, 0x44000042u);
  wg_store_be32(m->mem->base + SCRATCH + 8, wg_export_index(m, x));
  cpu->gpr[1] = SCRATCH + 0x1800;
  cpu->pc = SCRATCH;
  cpu->lr = SCRATCH + 0x10;
  for (unsigned i = 0; x->params[i]; i++)
    if (i < 8)
      cpu->gpr[3 + i] = c->args[i];
    else
      wg_store_be64(m->mem->base + SCRATCH + 0x1850 + 8 * (i - 8), c->args[i]);
  c->x = x;
  c->returned = false;
  wg_turn_begin(m, 0, &t->ctx);
  wg_kernel_call(m, &t->ctx);
  if (t->run.state == WG_T_WAITING) wg_wait_end(m, t, STATUS_TIMEOUT, "timeout", NULL);
  wg_turn_end(m);
  m->ending.stopped = false;
  wg_buf_clear(&m->ending.report);
  wg_unready(m, t);
  t->run.state = WG_T_RUNNING;
  t->ctx.call = NULL;
}

static struct wg_export *export_named(struct wg_machine *m, const char *name) {
  const struct wg_nt_export *x = wg_nt_find(name, strlen(name));
  CU_ASSERT_PTR_NOT_NULL_FATAL(x);
  return &m->exports.list[wg_nt_index(x)];
}

// Makes an object whose handle is written to, or is, the first argument's buffer or the result.
static void create(struct call *c, const char *name, const uint64_t *args, size_t n, bool result) {
  memcpy(c->args, args, n * sizeof *args);
  make(c, export_named(c->m, name));
  uint64_t handle = c->m->threads.list[0]->ctx.cpu.gpr[3];
  if (!result) wg_mem_r32(c->m->mem, BUFFER(0), &handle);
  c->handles[c->nhandles++] = (uint32_t)handle;
}
#define CREATE(result, name, ...)                                                                                      \
  create(c, name, (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), result)

static void start(struct call *c) {
  struct wg_err err = {0};
  struct wg_config cfg = {.title = WG_GUESTS "/hello.xex", .date = WG_DEFAULT_DATE, .max_ns = 1};
  static const struct wg_input_change connected = {.kind = WG_INPUT_PAD, .pad = {.connected = true, .buttons = 0x1000}};
  cfg.inputs = &connected;
  cfg.ninputs = 1;
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&c->m, &cfg, &(struct wg_observer){.event = on_event, .ctx = c}, &err),
                        WG_OK);
  struct wg_thread *t = c->m->threads.list[0];
  wg_mem_commit(c->m->mem, SCRATCH, BUFFER(19) - SCRATCH, WG_PROT_READWRITE);
  for (size_t i = 0; i < NAMES; i++) put_named(c->m, NAME_AT(i), 0x80, names[i]);
  wg_unready(c->m, t);
  c->m->sched.hw[0].q.current = &t->run;
  t->run.state = WG_T_RUNNING;
  wg_thread_load(c->m, 0, t);
  wg_input_start(c->m);
  c->nhandles = 0;
  CREATE(false, "NtCreateEvent", BUFFER(0), 0, 1, 1);
  CREATE(false, "NtCreateEvent", BUFFER(0), NAME_AT(7) + 0x90, 1, 1);
  CREATE(false, "NtCreateSemaphore", BUFFER(0), 0, 1, 100);
  CREATE(false, "NtCreateMutant", BUFFER(0), 0, 1);
  CREATE(false, "NtCreateTimer", BUFFER(0), 0, 1);
  CREATE(false, "NtCreateFile", BUFFER(0), 0x80000000, NAME_AT(0) + 0x90, BUFFER(1), 0, 0, 0, 1, 0);
  CREATE(false, "NtCreateFile", BUFFER(0), 0x80000000, NAME_AT(1) + 0x90, BUFFER(1), 0, 0, 0, 1, 0);
  CREATE(false, "NtCreateFile", BUFFER(0), 0xC0000000, NAME_AT(2) + 0x90, BUFFER(1), 0, 0, 0, 3, 0);
  CREATE(false, "ExCreateThread", BUFFER(0), 0x4000, 0, 0, 0x82010000, 0, 1);
  CREATE(false, "NtCreateIoCompletion", BUFFER(0), 0, 0, 0);
  for (unsigned i = 0; i < 8; i++) {
    c->args[0] = c->handles[c->nhandles - 1];
    make(c, export_named(c->m, "NtSetIoCompletion"));
  }
  CREATE(false, "NtOpenSymbolicLinkObject", BUFFER(0), NAME_AT(5) + 0x90);
  CREATE(true, "XamNotifyCreateListener", 0xFF, 0);
  CREATE(false, "XamContentCreateDeviceEnumerator", 0, 0, 1, 0, BUFFER(0));
  wg_store_be32(c->m->mem->base + BUFFER(0), 0);
  wg_store_be32(c->m->mem->base + BUFFER(1), 0x10000);
  CREATE(false, "NtAllocateVirtualMemory", BUFFER(0), BUFFER(1), 0x3000, 4, 0);
  c->region = c->handles[--c->nhandles];
}

// Of what was written in one piece the hash is that of the bytes that are there.
static void check_hash(const struct call *c, unsigned i) {
  const struct wg_outputs *o = &c->m->calls.outputs;
  char key[24];
  snprintf(key, sizeof key, "\"arg%u_bytes\":", i);
  const char *bytes = strstr(c->out, key), *hash = bytes ? strstr(bytes, "_hash\":\"") : NULL;
  if (hash == NULL || o->n != 1 || o->written[0].at != (uint32_t)c->args[i]) return;
  size_t n = strtoul(bytes + strlen(key), NULL, 10);
  CU_ASSERT_EQUAL(strtoull(hash + 8, NULL, 16), wg_hash(c->m->mem->base + c->args[i], n, 0));
}

// Whether memory that parameter i points to differs from `before`, and if so, that out{} tells of it.
static bool check_output(const struct call *c, unsigned i, const uint8_t *before) {
  const uint8_t *now = c->m->mem->base + c->args[i];
  char key[16];
  size_t n = c->x->params[i] == 'H' ? 4 : 0x1000;
  if (memcmp(before, now, n) == 0) return false;
  snprintf(key, sizeof key, "\"arg%u", i);
  bool told = strlen(c->out) > 2 && ((c->m->calls.outputs.told >> i & 1) || strstr(c->out, key));
  if (!told) printf("\n%s writes through its parameter %u, but its out{} is %s", c->x->name, i, c->out);
  CU_ASSERT_TRUE(told);
  check_hash(c, i);
  return true;
}

// One call; whether it has written something.
static bool try_call(struct call *c, const struct wg_export *x, uint8_t (*before)[0x1000]) {
  for (unsigned i = 0; x->params[i]; i++) {
    c->args[i] = argument(c, x->params[i], i);
    fill(c, BUFFER(i));
    memcpy(before[i], c->m->mem->base + BUFFER(i), 0x1000);
  }
  make(c, x);
  bool any = false, done = c->returned && x->ret == 'S' && c->m->threads.list[0]->ctx.cpu.gpr[3] == 0;
  bool tells = wg_nt_find(x->name, strlen(x->name))->flags & WG_NT_TELLS; // diff/law_tells.c counts on it
  if (done && tells) CU_ASSERT_STRING_NOT_EQUAL(c->out, "{}");
  for (unsigned i = 0; c->returned && x->params[i]; i++)
    if (x->params[i] == 'P' || x->params[i] == 'H') any |= check_output(c, i, before[i]);
  return any;
}

// Those that need more than arguments: a library that starts (guests/modules.c), a dialog that ends (guests/xam.c). And
// those that would write if there were a network.
static bool never_here(const char *name) {
  static const char *const elsewhere[] = {
      "XexLoadImage",        "XexLoadImageFromMemory", "XexGetModuleSection",   "XamShowDeviceSelectorUI",
      "XamShowMessageBoxUI", "XamShowKeyboardUI",      "XamShowMessageBoxUIEx", "XamProfileEnumerate",
      "NetDll_getpeername",  "NetDll_accept",          "NetDll_recv",           "NetDll_recvfrom",
      "NetDll_WSARecv",      "NetDll_WSARecvFrom",     "NetDll_WSASend",        "NetDll_WSASendTo"};
  for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
    if (strcmp(name, elsewhere[i]) == 0) return true;
  return false;
}

static void test_outputs(void) {
  static uint8_t before[WG_NT_MAX_PARAMS][0x1000];
  struct call c = {.random = 1};
  const struct wg_nt_export *row;
  unsigned exports = 0, written = 0;
  start(&c);
  for (size_t i = 0; (row = wg_nt_row(i)); i++) {
    if (row->kind != 'F' || row->status < WG_NT_PARTIAL || row->params[strcspn(row->params, "PH")] == 0) continue;
    unsigned times = 0;
    for (unsigned n = 0; n < TRIES && times < 8; n++) {
      if (n % 500 == 499) {
        wg_machine_free(c.m);
        start(&c);
      }
      times += try_call(&c, &c.m->exports.list[i], before);
    }
    exports++;
    written += times > 0;
    if (times == 0 && !never_here(row->name)) printf("\n%s never wrote anything", row->name);
    CU_ASSERT_TRUE(times > 0 || never_here(row->name));
  }
  printf("\n%u exports with outputs, %u seen to write ", exports, written);
  wg_machine_free(c.m);
}

// What is listed as constant answers one value whatever it is given, at once, and leaves memory as it is.
static void test_constants(void) {
  static uint8_t before[WG_NT_MAX_PARAMS][0x1000];
  struct call c = {.random = 1};
  const struct wg_nt_export *row;
  unsigned exports = 0;
  start(&c);
  for (size_t i = 0; (row = wg_nt_row(i)); i++) {
    if (row->kind != 'F' || row->status != WG_NT_CONSTANT) continue;
    const struct wg_cpu *cpu = &c.m->threads.list[0]->ctx.cpu;
    uint64_t first = 0;
    for (unsigned n = 0; n < 6; n++) {
      bool same = !try_call(&c, &c.m->exports.list[i], before) && c.returned && strcmp(c.out, "{}") == 0;
      for (unsigned k = 0; row->params[k]; k++) same &= memcmp(before[k], c.m->mem->base + BUFFER(k), 0x1000) == 0;
      if (n == 0 || row->ret == 'v') first = cpu->gpr[3];
      if (!same || cpu->gpr[3] != first) printf("\n%s is not constant", row->name);
      CU_ASSERT(same && cpu->gpr[3] == first);
    }
    exports++;
  }
  printf("\n%u exports are constant ", exports);
  CU_ASSERT(exports > 100);
  wg_machine_free(c.m);
}

static void returned(struct call *c, const char *name, uint64_t rv) {
  struct wg_thread *t = c->m->threads.list[0];
  c->x = export_named(c->m, name);
  t->ctx.call = export_named(c->m, name);
  wg_kernel_return(c->m, &t->ctx, rv);
}

// What a call would have returned is told as its kind of result has it: a time with 64 bits, else 32.
static void test_instead(void) {
  struct call c = {.random = 1};
  start(&c);
  struct wg_config_fork *f = c.m->cfg.forks;
  f[0].forced = (struct wg_forced_return){.on = true, .name = "KeQueryInterruptTime", .own = 0x100000005, .rv = 7};
  f[1].forced = (struct wg_forced_return){.on = true, .name = "NtClose", .own = 0xC0000008, .rv = 9};
  c.m->cfg.nforks = c.m->options.forks = 2;
  returned(&c, "KeQueryInterruptTime", 0x100000005);
  CU_ASSERT_TRUE(c.instead_of == 0x100000005 && c.rv == 7);
  returned(&c, "KeQueryInterruptTime", 5);
  CU_ASSERT_TRUE(c.instead_of == 0 && c.rv == 5);
  returned(&c, "NtClose", 0xFFFFFFFFC0000008);
  CU_ASSERT_TRUE(c.instead_of == 0xC0000008 && c.rv == 9);
  wg_machine_free(c.m);
}

// What a body does not look at may be a bad pointer: that its text cannot be told is no fault of the call.
static void test_unread(void) {
  struct call c = {.random = 1};
  start(&c);
  c.args[0] = c.args[1] = BUFFER(0); // an ANSI_STRING whose text lies nowhere
  wg_store_be32(c.m->mem->base + BUFFER(0), 0x00040005);
  wg_store_be32(c.m->mem->base + BUFFER(0) + 4, 0x10);
  make(&c, export_named(c.m, "IoDismountVolumeByName"));
  CU_ASSERT_TRUE(c.returned && !c.m->calls.fault);
  make(&c, export_named(c.m, "ObCreateSymbolicLink")); // that one reads it
  CU_ASSERT_FALSE(c.returned);
  wg_machine_free(c.m);
}

// A read that sets an event ends another thread's wait: that wait's return has nothing of the read's out{}.
static void test_each_its_own(void) {
  struct call c = {.random = 1};
  start(&c);
  struct wg_machine *m = c.m;
  struct wg_thread *t = m->threads.list[1];
  struct wg_object *event = wg_handle_get(m, c.handles[0]);
  wg_kw(m, event->guest + 4, 4, 0);
  t->ctx.call = export_named(m, "NtWaitForSingleObjectEx");
  struct wg_kcall k = {.m = m, .ctx = &t->ctx, .cpu = &t->ctx.cpu, .thread = t};
  wg_turn_begin(m, 0, &t->ctx);
  wg_wait(&k, &event, 1, false, false, -1);
  wg_turn_end(m);
  CU_ASSERT_EQUAL(t->run.state, WG_T_WAITING);
  const uint64_t args[] = {c.handles[5], c.handles[0], 0, 0, BUFFER(1), BUFFER(2), 16, ZERO};
  memcpy(c.args, args, sizeof args);
  make(&c, export_named(m, "NtReadFile"));
  CU_ASSERT_EQUAL(t->run.state, WG_T_READY);
  CU_ASSERT_STRING_EQUAL(c.other, "{}");
  CU_ASSERT_PTR_NOT_NULL(strstr(c.out, "\"offset\":0,\"bytes\":16,\"content\":"));
  CU_ASSERT_PTR_NOT_NULL(strstr(c.out, "\"io_status\":\"0x0\",\"information\":16"));
  wg_machine_free(m);
}

WG_MAIN("outputs", {"a wait that a call ends", test_each_its_own}, {"what a call writes is in its out{}", test_outputs},
        {"what is constant is", test_constants}, {"what a call would have returned", test_instead},
        {"what is not read", test_unread})
