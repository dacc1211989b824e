// Kernel calls made one at a time on a machine that does not run, compared with the host's C library and with
// documented results.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "emu/kernel/xam.h"
#include "tests/machine.h"
#include "tests/random.h"
#include "tests/scratch.h"

static struct wg_machine *m;

static void start(void) { m = machine_of(WG_GUESTS "/hello.xex"); }

static uint64_t call(const char *name, const uint64_t *args, size_t n) {
  return call_on(m, m->threads.list[0], function_named(m, name), args, n);
}
#define CALL(name, ...) call(name, ARGS(__VA_ARGS__))

static uint64_t put(uint32_t at, const char *text) {
  memcpy(m->mem->base + DATA + at, text, strlen(text) + 1);
  return DATA + at;
}
static const char *text_at(uint32_t at) { return (const char *)m->mem->base + DATA + at; }

static uint64_t bits(double d) {
  uint64_t v;
  memcpy(&v, &d, sizeof v);
  return v;
}

// The host's printf is the independent implementation.
#define SAME(format, guest, ...)                                                                                       \
  do {                                                                                                                 \
    char want[256];                                                                                                    \
    int n = snprintf(want, sizeof want, format, __VA_ARGS__);                                                          \
    put(0, format);                                                                                                    \
    uint64_t got = CALL("sprintf", DATA + 0x400, DATA, guest);                                                         \
    CU_ASSERT_STRING_EQUAL(text_at(0x400), want);                                                                      \
    CU_ASSERT_EQUAL((int)got, n);                                                                                      \
  } while (0)
#define G(...) __VA_ARGS__

static void sprintf_agrees_with_the_host(void) {
  start();
  SAME("%d %5d|%-5d|%05d %+d", G(42, (uint64_t)-7, 7, 42, 9), 42, -7, 7, 42, 9);
  SAME("%x %X %#x %08x %o", G(0xBEEF, 0xBEEF, 255, 0x1234, 8), 0xBEEFu, 0xBEEFu, 255u, 0x1234u, 8u);
  SAME("%u %lld %llx", G(0xFFFFFFFF, (uint64_t)-5000000000ll, 0x123456789ABCDEFull), 0xFFFFFFFFu, -5000000000ll,
       0x123456789ABCDEFull);
  SAME("%hd %hu", G(0x12345678, 0xFFFF8001), (short)0x5678, (unsigned short)0x8001);
  SAME("%c%c%%", G('o', 'k'), 'o', 'k');
  SAME("%*d|%-*d|%.*d", G(6, 42, 6, 42, 4, 42), 6, 42, 6, 42, 4, 42);
  SAME("%f %.2f %e %g", G(bits(3.25), bits(-0.005), bits(12345.678), bits(1e-5)), 3.25, -0.005, 12345.678, 1e-5);
  SAME("%8.3f|%-8.1f|%+.0f", G(bits(3.14159), bits(2.5), bits(1.0)), 3.14159, 2.5, 1.0);
  put(0x800, "string");
  SAME("%s|%10s|%-10s|%.3s", G(DATA + 0x800, DATA + 0x800, DATA + 0x800, DATA + 0x800), "string", "string", "string",
       "string");
  SAME("%d %d %d %d %d %d %d %d", G(1, 2, 3, 4, 5, 6, 7, 8), 1, 2, 3, 4, 5, 6, 7, 8); // the last two lie on the stack
  SAME("%#o %#o %#x %#.3f %#.0f %#g", G(8, 0, 0, bits(1.0), bits(2.0), bits(0.5)), 8u, 0u, 0u, 1.0, 2.0, 0.5);
  SAME("%a %A %.70f|%d", G(bits(1.5), bits(-0.1), bits(0.1), 7), 1.5, -0.1, 0.1, 7);
  // Sizes of the console's own, and where they leave the arguments that follow.
  put(0, "%I32d %I64d %Iu %Ld %lp %hp|%d");
  CALL("sprintf", DATA + 0x400, DATA, (uint64_t)-5, (uint64_t)-5000000000ll, 6, 7, 0x123456789ull, 0x12345678, 8);
  CU_ASSERT_STRING_EQUAL(text_at(0x400), "-5 -5000000000 6 7 23456789 12345678|8");
  // What was written so far goes where %n says, and nothing into the text.
  memset(m->mem->base + DATA + 0xA00, 0xFF, 8);
  put(0, "ab%ncde%hn|%d");
  CU_ASSERT_EQUAL(CALL("sprintf", DATA + 0x400, DATA, DATA + 0xA00, DATA + 0xA04, 9), 7);
  CU_ASSERT_STRING_EQUAL(text_at(0x400), "abcde|9");
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA + 0xA00), 2);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA + 0xA04), 0x0005FFFF);
  wg_machine_free(m);
}

static void snprintf_is_the_console_s(void) {
  start();
  put(0, "%s");
  put(0x800, "0123456789");
  memset(m->mem->base + DATA + 0x400, 'x', 16);
  // Microsoft's _snprintf: no terminator if it does not fit, and -1.
  CU_ASSERT_EQUAL((int32_t)CALL("_snprintf", DATA + 0x400, 4, DATA, DATA + 0x800), -1);
  CU_ASSERT_NSTRING_EQUAL(text_at(0x400), "0123xxxx", 8);
  CU_ASSERT_EQUAL(CALL("_snprintf", DATA + 0x400, 11, DATA, DATA + 0x800), 10);
  CU_ASSERT_STRING_EQUAL(text_at(0x400), "0123456789");
  // A va_list is a pointer to 8-byte slots.
  put(0, "%d-%s");
  wg_store_be64(m->mem->base + DATA + 0x900, 77);
  wg_store_be64(m->mem->base + DATA + 0x908, DATA + 0x800);
  CU_ASSERT_EQUAL(CALL("_vsnprintf", DATA + 0x400, 100, DATA, DATA + 0x900), 13);
  CU_ASSERT_STRING_EQUAL(text_at(0x400), "77-0123456789");
  wg_machine_free(m);
}

static void time_fields_agree_with_gmtime(void) {
  start();
  static const int64_t when[] = {0, 951782399, 951782400, 1132617600, 4102444799, -11644473600ll + 86400, 1709210096};
  for (size_t i = 0; i < sizeof when / sizeof *when; i++) {
    time_t t = (time_t)when[i];
    struct tm g;
    CU_ASSERT_PTR_NOT_NULL_FATAL(gmtime_r(&t, &g));
    wg_store_be64(m->mem->base + DATA, (uint64_t)(when[i] + 11644473600ll) * 10000000u + 1230000u);
    CALL("RtlTimeToTimeFields", DATA, DATA + 16);
    const uint8_t *f = m->mem->base + DATA + 16;
    int want[8] = {g.tm_year + 1900, g.tm_mon + 1, g.tm_mday, g.tm_hour, g.tm_min, g.tm_sec, 123, g.tm_wday};
    for (int k = 0; k < 8; k++) CU_ASSERT_EQUAL(wg_load_be16(f + 2 * k), want[k]);
  }
  wg_machine_free(m);
}

static void strings_are_counted(void) {
  start();
  put(0x100, "hello");
  CALL("RtlInitAnsiString", DATA, DATA + 0x100);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA), 5u << 16 | 6);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA + 4), DATA + 0x100);
  CALL("RtlInitAnsiString", DATA, 0);
  CU_ASSERT_EQUAL(wg_load_be64(m->mem->base + DATA), 0);
  for (int i = 0; i < 3; i++) wg_store_be16(m->mem->base + DATA + 0x200 + 2 * i, (uint16_t) "ab"[i]);
  CALL("RtlInitUnicodeString", DATA + 16, DATA + 0x200);
  CU_ASSERT_EQUAL(CALL("RtlUnicodeStringToAnsiString", DATA + 32, DATA + 16, 1), 0);
  CU_ASSERT_EQUAL(wg_load_be16(m->mem->base + DATA + 32), 2);
  CU_ASSERT_STRING_EQUAL((const char *)m->mem->base + wg_load_be32(m->mem->base + DATA + 36), "ab");
  CALL("RtlFreeAnsiString", DATA + 32);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA + 36), 0);
  wg_machine_free(m);
}

// A pointer that cannot be accessed ends the run with an exception; it never reaches the host.
static void bad_pointers_stop_the_run(void) {
  static const uint32_t bad[] = {0, 0x10, 0x50000000, 0xFFFFFFFC};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    start();
    CALL("RtlInitializeCriticalSection", bad[i]);
    CU_ASSERT_TRUE(m->ending.stopped && m->ending.end == WG_END_EXCEPTION);
    wg_machine_free(m);
    start();
    CALL("RtlInitAnsiString", DATA, bad[i] ? bad[i] : 4);
    CU_ASSERT_TRUE(m->ending.stopped && m->ending.end == WG_END_EXCEPTION);
    wg_machine_free(m);
  }
}

// Registers of the GPU are memory to a call: it reads and writes them, and goes on.
static void calls_reach_device_registers(void) {
  const uint32_t scratch = 0x7FC80000 + 4 * 0x0578; // of the command processor: it keeps what is written
  start();
  CALL("RtlInitAnsiString", DATA, scratch);
  CU_ASSERT_FALSE(m->ending.stopped);
  CU_ASSERT_EQUAL(wg_load_be16(m->mem->base + DATA), 0); // the register is 0: an empty text
  CU_ASSERT_EQUAL(wg_load_be16(m->mem->base + DATA + 2), 1);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA + 4), scratch);
  CALL("RtlInitAnsiString", scratch, 0x1234); // unmapped: it stops, before it writes
  CU_ASSERT_TRUE(m->ending.stopped);
  wg_machine_free(m);
  start();
  wg_store_be32(m->mem->base + DATA + 0x100, 0x61620000); // "ab"
  CALL("RtlInitAnsiString", scratch, DATA + 0x100);
  CU_ASSERT_FALSE(m->ending.stopped);
  uint64_t v;
  CU_ASSERT_TRUE(wg_mem_r32(m->mem, scratch + 4, &v));
  CU_ASSERT_EQUAL(v, DATA + 0x100);
  wg_machine_free(m);
}

// The reference's values (docs/console.md#objects); unknown settings are errors.
// Due times that never come, found by the fuzzer: no arithmetic overflows, and the timer is set.
static void far_due_times(void) {
  start();
  static const uint64_t due[] = {0x8000000000000000ull, 0xA000000000000000ull, 0x7FFFFFFFFFFFFFFFull, 1, 0};
  for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
    CALL("KeInitializeTimerEx", DATA, 0);
    CU_ASSERT_EQUAL(CALL("KeSetTimer", DATA, due[i], 0), 0);
    CU_ASSERT_EQUAL(CALL("KeCancelTimer", DATA), 1);
  }
  CU_ASSERT_EQUAL(wg_due_ns(m, -5), 500);
  CU_ASSERT_EQUAL(wg_due_ns(m, (int64_t)wg_system_time(m) + 7), 700);
  wg_machine_free(m);
}

static void configuration(void) {
  start();
  CU_ASSERT_EQUAL(CALL("ExGetXConfigSetting", 3, 0xA, DATA, 4, DATA + 8), 0);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA), 0x40000);
  CU_ASSERT_EQUAL(wg_load_be16(m->mem->base + DATA + 8), 4);
  CU_ASSERT_EQUAL((uint32_t)CALL("ExGetXConfigSetting", 3, 0xA, DATA, 2, DATA + 8), 0xC0000023u);
  CU_ASSERT_EQUAL((uint32_t)CALL("ExGetXConfigSetting", 9, 9, DATA, 4, DATA + 8), 0xC00000EFu);
  wg_machine_free(m);
}

// NT looks for a pending APC after the objects and before the time limit: a wait that could not end is ended by it,
// with a limit of 0, too; one whose object is signalled leaves it pending; one that is not alertable does not see it.
static void pending_apcs_end_alertable_waits(void) {
  enum { TIMES = 0x40 };
  static const uint32_t ROUTINE = 0x82010000u;
  static const struct {
    const char *name;
    uint64_t args[6];
    size_t n;
  } calls[] = {
      // H: the event, S: an event to signal, T: the time limit's address, A: alertable, L: a list of the event twice
      {"NtWaitForSingleObjectEx", {'H', 1, 'A', 'T'}, 4},
      {"NtWaitForMultipleObjectsEx", {2, 'L', 1, 1, 'A', 'T'}, 6},
      {"NtWaitForMultipleObjectsEx", {2, 'L', 0, 1, 'A', 'T'}, 6},
      {"NtSignalAndWaitForSingleObjectEx", {'S', 'H', 1, 'A', 'T'}, 5},
      {"KeDelayExecutionThread", {1, 'A', 'T'}, 3},
      {"SleepEx", {0, 'A'}, 2},
      {"WaitForSingleObjectEx", {'H', 0, 'A'}, 3},
  };
  static const int64_t limits[] = {0, -1, -1000000, 1}; // at once, soon, later, long ago
  for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
    for (unsigned limit = 0; limit < 4; limit++)
      for (unsigned how = 0; how < 4; how++) {
        bool alertable = how & 1, signalled = how & 2, pending = false;
        uint64_t args[6];
        bool takes_limit = false, waits = false;
        start();
        struct wg_thread *t = m->threads.list[0];
        CALL("NtCreateEvent", DATA, 0, 1, signalled);
        uint32_t event = wg_load_be32(m->mem->base + DATA);
        CALL("NtCreateEvent", DATA, 0, 1, 0);
        uint32_t other = wg_load_be32(m->mem->base + DATA);
        for (uint32_t i = 0; i < 2; i++) wg_store_be32(m->mem->base + DATA + 0x80 + 4 * i, event);
        wg_store_be64(m->mem->base + DATA + TIMES, (uint64_t)limits[limit]);
        for (size_t i = 0; i < calls[c].n; i++) {
          uint64_t a = calls[c].args[i];
          takes_limit |= a == 'T';
          waits |= a == 'H' || a == 'L';
          args[i] = a == 'H'   ? event
                    : a == 'S' ? other
                    : a == 'T' ? DATA + TIMES
                    : a == 'A' ? alertable
                    : a == 'L' ? DATA + 0x80
                               : a;
        }
        if (!takes_limit && limit) {
          wg_machine_free(m);
          continue;
        }
        CU_ASSERT_EQUAL(CALL("NtQueueApcThread", 0xFFFFFFFEu, ROUTINE, 11, 22, 33), STATUS_SUCCESS);
        bool delivered = alertable && !(waits && signalled);
        wg_unready(m, t);
        t->run.state = WG_T_RUNNING;
        call(calls[c].name, args, calls[c].n);
        pending = t->apcs[WG_APC_USER].first != NULL;
        CU_ASSERT_EQUAL(pending, !delivered);
        CU_ASSERT_EQUAL(t->apc_frames != NULL, delivered);
        if (delivered && t->apc_frames) {
          CU_ASSERT_EQUAL(t->apc_frames->saved.gpr[3], STATUS_USER_APC);
          CU_ASSERT_EQUAL(t->ctx.cpu.pc, ROUTINE);
          CU_ASSERT_EQUAL(t->ctx.cpu.gpr[3], 11);
          CU_ASSERT_EQUAL(t->run.state, WG_T_RUNNING); // it did not wait: it keeps its turn
        } else if (waits && signalled) {
          CU_ASSERT_EQUAL(t->ctx.cpu.gpr[3], STATUS_SUCCESS);
        } else if (limits[limit] >= 0) {
          CU_ASSERT_EQUAL(t->ctx.cpu.gpr[3], waits ? STATUS_TIMEOUT : STATUS_SUCCESS);
        } else {
          CU_ASSERT_EQUAL(t->run.state, WG_T_WAITING);
        }
        wg_machine_free(m);
      }
}

// However many pieces a call writes, each is told: here, words with as much left alone between them.
static void every_piece_written_is_told(void) {
  start();
  struct wg_kcall k = {.m = m, .arg = {DATA}};
  wg_outputs_begin(&k, "P");
  for (uint32_t i = 512; i-- > 0;) wg_kw(m, DATA + 8 * i, 4, i);
  wg_outputs_end(&k, "P");
  CU_ASSERT_PTR_NOT_NULL(strstr(wg_out(&k)->data, "\"arg0_bytes\":2048,"));
  wg_machine_free(m);
}

// What cannot be named for want of room is not made: no object and no handle stays, and later opens work.
static void what_has_no_room_for_its_name_is_not_made(void) {
  start();
  put(0x40, "cache:\\file");
  wg_store_be32(m->mem->base + DATA + 0x10, 0xFFFFFFFDu); // OBJECT_ATTRIBUTES: root, name, attributes
  wg_store_be32(m->mem->base + DATA + 0x14, DATA + 0x20);
  wg_store_be32(m->mem->base + DATA + 0x20, 11u << 16 | 12); // ANSI_STRING
  wg_store_be32(m->mem->base + DATA + 0x24, DATA + 0x40);
  const uint64_t open[] = {DATA, 0x40100080, DATA + 0x10, DATA + 0x18, 0, 0x80, 0, 5 /* FILE_OVERWRITE_IF */, 0x60};
  const char *const names[] = {"NtCreateFile", "NtCreateEvent"};
  const uint64_t event[] = {DATA, DATA + 0x10, 1, 0};
  for (size_t i = 0; i < 2; i++) {
    const uint64_t *args = i ? event : open;
    size_t n = i ? 4 : 9, objects = m->objects.n, held = m->bounds.held;
    m->bounds.held = WG_MAX_HELD - 4;
    CU_ASSERT_EQUAL((uint32_t)call(names[i], args, n), STATUS_INSUFFICIENT_RESOURCES);
    CU_ASSERT_EQUAL(m->objects.n, objects);
    CU_ASSERT_EQUAL(m->bounds.held, WG_MAX_HELD - 4);
    m->bounds.held = held;
    CU_ASSERT_EQUAL((uint32_t)call(names[i], args, n), STATUS_SUCCESS);
    CU_ASSERT_EQUAL(m->objects.n, objects + 1);
    CU_ASSERT_TRUE(m->bounds.held > held);
    CU_ASSERT_EQUAL(CALL("NtClose", wg_load_be32(m->mem->base + DATA)), STATUS_SUCCESS);
    CU_ASSERT_EQUAL(m->objects.n, objects);
    CU_ASSERT_EQUAL(m->bounds.held, held);
  }
  wg_machine_free(m);
}

static bool count_limits(void *ctx, const struct wg_event *e) {
  *(size_t *)ctx += e->kind == WG_EV_LIMIT;
  return true;
}

// A bound is told of in one event, however often a title meets it; how often its end says. Listeners beyond are not
// made.
static void a_bound_is_told_of_once(void) {
  size_t told = 0;
  struct wg_buf text = {0};
  struct wg_err err = {0};
  const struct wg_config cfg = {.title = WG_GUESTS "/hello.xex", .date = WG_DEFAULT_DATE};
  const struct wg_observer o = {.event = count_limits, .ctx = &told};
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&m, &cfg, &o, &err), WG_OK);
  wg_mem_commit(m->mem, SCRATCH, 0x4000, WG_PROT_READWRITE);
  wg_store_be32(m->mem->base + LOOP, 0x48000000u);
  m->bounds.listeners = WG_MAX_LISTENERS;
  for (int i = 0; i < 3; i++) CU_ASSERT_EQUAL(CALL("XamNotifyCreateListener", 1, 0), 0);
  CU_ASSERT_EQUAL(told, 1);
  wg_bounds_tell(m, &text);
  CU_ASSERT_TRUE(text.data && strstr(text.data, "reached 3 times"));
  wg_buf_release(&text);
  wg_machine_free(m);
}

// Beyond the places at which objects are made that can be told apart each object still is one of its own.
static void objects_beyond_all_places_are_told_apart(void) {
  start();
  uint64_t seen[4];
  size_t first = m->objects.n;
  m->objects.nordinals = WG_MAX_ORDINALS;
  for (size_t i = 0; i < 4; i++) {
    CU_ASSERT_EQUAL(CALL("NtCreateEvent", DATA, 0, 1, 0), 0);
    seen[i] = m->objects.list[first + i]->hsid;
    for (size_t k = 0; k < i; k++) CU_ASSERT_NOT_EQUAL(seen[k], seen[i]);
  }
  CU_ASSERT_EQUAL(m->bounds.met[WG_L_ORDINALS], 4);
  CU_ASSERT_EQUAL(m->objects.nordinals, WG_MAX_ORDINALS); // nothing more is kept of them
  wg_machine_free(m);
}

// Notifications wait in the order in which they come; those beyond as many as are kept are lost, never the first ones.
static void notifications_beyond_are_lost(void) {
  start();
  uint32_t listener = (uint32_t)CALL("XamNotifyCreateListener", ~0ull, 0);
  uint64_t id = 0, param = 0;
  while (CALL("XNotifyGetNext", listener, 0, DATA, DATA + 4)) { // what there is at once
  }
  for (uint32_t i = 0; i < WG_MAX_NOTES + 3; i++) wg_xam_notify(m, 0x9, i);
  CU_ASSERT_EQUAL(m->bounds.met[WG_L_NOTES], 3);
  for (uint32_t i = 0; i < WG_MAX_NOTES; i++) {
    CU_ASSERT_EQUAL(CALL("XNotifyGetNext", listener, 0, DATA, DATA + 4), 1);
    CU_ASSERT_TRUE(wg_mem_r32(m->mem, DATA, &id) && wg_mem_r32(m->mem, DATA + 4, &param));
    CU_ASSERT_TRUE(id == 0x9 && param == i);
  }
  CU_ASSERT_EQUAL(CALL("XNotifyGetNext", listener, 0, DATA, DATA + 4), 0);
  wg_machine_free(m);
}

// The block of each hardware thread says which it is (docs/console.md: handlers of the GPU's interrupts ask it).
static void hardware_threads_know_themselves(void) {
  start();
  const uint8_t *p = m->mem->base;
  for (uint32_t i = 0; i < WG_HW_THREADS; i++) {
    uint32_t k = m->sched.hw[i].kpcr;
    CU_ASSERT_EQUAL(p[k + 0x10C], i);
    CU_ASSERT_EQUAL(wg_load_be32(p + k + 0x110), 1u << i);
    CU_ASSERT_EQUAL(wg_load_be64(p + k + 0x30), k);
    CU_ASSERT_EQUAL(k & 0x8000, 0); // by mtmsrd r13 interrupts are disabled
    for (uint32_t j = 0; j < i; j++) CU_ASSERT_NOT_EQUAL(m->sched.hw[j].kpcr, k);
    CU_ASSERT_EQUAL(p[wg_load_be32(p + k + 0x100)], 6); // what runs there, the idle thread too, is a thread
  }
  wg_machine_free(m);
}

// The file of keys may be gone when a title loads a library.
static void keys_are_read_once(void) {
  struct wg_err err = {0};
  struct wg_config cfg = {.title = WG_GUESTS "/modules.xex", .date = WG_DEFAULT_DATE, .key_file = at("keys")};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(cfg.key_file, "# none\n", 7, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&m, &cfg, &(struct wg_observer){.event = no_event}, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(remove(cfg.key_file), 0);
  wg_mem_commit(m->mem, SCRATCH, 0x4000, WG_PROT_READWRITE);
  put(0, "game:\\greeter.dll"); // is encrypted
  CALL("XexLoadImage", DATA, 0, 0, DATA + 0x100);
  CU_ASSERT_PTR_NOT_NULL(wg_module_named(m, "greeter.dll"));
  wg_machine_free(m);
}

static void headers_are_loaded(void) {
  struct wg_buf file = {0};
  struct wg_err err = {0};
  start();
  uint64_t name = put(0x10, "game:\\hello.xex");
  wg_store_be32(m->mem->base + DATA, 15u << 16 | 16);
  wg_store_be32(m->mem->base + DATA + 4, (uint32_t)name);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(WG_GUESTS "/hello.xex", 1 << 20, &file, &err), WG_OK);
  uint32_t size = wg_load_be32(file.data + 8);
  CU_ASSERT_EQUAL_FATAL(size, 0x1000);
  CU_ASSERT_EQUAL((uint32_t)CALL("XexLoadImageHeaders", DATA, DATA + 0x400, size - 1), STATUS_BUFFER_TOO_SMALL);
  CU_ASSERT_EQUAL(CALL("XexLoadImageHeaders", DATA, DATA + 0x400, size), STATUS_SUCCESS);
  CU_ASSERT_EQUAL(memcmp(m->mem->base + DATA + 0x400, file.data, size), 0);
  wg_buf_release(&file);
  wg_machine_free(m);
}

// A size that wraps around is no small one.
static void sizes_do_not_wrap(void) {
  static const uint32_t asked[][2] = {
      {0x10002, 0xFFFFFFFF}, {0x40000002, 0xFFFFFFFF}, {0x40010001, 0xFFFF0000}, {0x20000000, 0xE0000000},
      {0x7EFFF000, 0x2000},  {0x2FFFF000, 0xD0002000}, {0x50000000, 0xFFFFFFFF},
  };
  start();
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    for (uint32_t type = 0x1000; type <= 0x3000; type += 0x1000) {
      wg_store_be32(m->mem->base + DATA, asked[i][0]);
      wg_store_be32(m->mem->base + DATA + 4, asked[i][1]);
      uint64_t status = CALL("NtAllocateVirtualMemory", DATA, DATA + 4, type, 4, 0);
      CU_ASSERT_TRUE((uint32_t)status >> 30 == 3);
      CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA + 4), asked[i][1]);
    }
  }
  wg_machine_free(m);
}

// What a title gets by asking is what it gets by importing: the same variable, and code that is the same call.
static void asking_gives_what_importing_gives(void) {
  static const char *const titles[] = {"system", "threads", "xam", "modules", "gpu"};
  size_t functions = 0, variables = 0;
  for (size_t g = 0; g < sizeof titles / sizeof *titles; g++) {
    char path[256];
    snprintf(path, sizeof path, WG_GUESTS "/%s.xex", titles[g]);
    m = machine_of(path);
    const uint8_t *p = m->mem->base;
    for (size_t i = 0; i < m->image.nimports; i++) {
      const struct wg_import *x = &m->image.imports[i];
      put(0, x->library);
      if (CALL("XexGetModuleHandle", DATA, DATA + 0x100) != STATUS_SUCCESS) continue;
      uint32_t module = wg_load_be32(p + DATA + 0x100);
      if (CALL("XexGetProcedureAddress", module, x->ordinal, DATA + 0x104) != STATUS_SUCCESS) continue;
      uint32_t at = wg_load_be32(p + DATA + 0x104);
      if (x->function && x->thunk) {
        functions++;
        CU_ASSERT_NOT_EQUAL(at, 0);
        if (strcmp(x->library, "adder.dll") == 0) // lis, ori, mtctr, bctr to the other library's code
          CU_ASSERT_EQUAL(wg_load_be32(p + x->thunk) << 16 | (wg_load_be32(p + x->thunk + 4) & 0xFFFF), at)
        else
          CU_ASSERT_EQUAL(memcmp(p + at, p + x->thunk, 12), 0);
      } else if (!x->function && x->slot) {
        variables++;
        CU_ASSERT_EQUAL(at, wg_load_be32(p + x->slot));
      }
      CU_ASSERT_EQUAL(CALL("XexGetProcedureAddress", module, x->ordinal, DATA + 0x108), STATUS_SUCCESS);
      CU_ASSERT_EQUAL(wg_load_be32(p + DATA + 0x108), at); // asked again, the same
    }
    wg_machine_free(m);
  }
  CU_ASSERT_TRUE(functions > 50 && variables >= 2);
  start(); // a variable that the title does not import is none the less no code
  put(0, "xboxkrnl.exe");
  CU_ASSERT_EQUAL(CALL("XexGetModuleHandle", DATA, DATA + 0x100), STATUS_SUCCESS);
  CU_ASSERT_EQUAL(CALL("XexGetProcedureAddress", wg_load_be32(m->mem->base + DATA + 0x100), 0xAD, DATA + 0x104),
                  STATUS_SUCCESS); // KeTimeStampBundle
  uint32_t at = wg_load_be32(m->mem->base + DATA + 0x104);
  CU_ASSERT_TRUE_FATAL(at != 0);
  CU_ASSERT_NOT_EQUAL(wg_load_be32(m->mem->base + at), 0x44000042u);
  wg_machine_free(m);
}

// What a CONTEXT holds, register by register; offsets as the console's debuggers print it (docs/layouts.md).
static void a_context_holds_every_register(void) {
  start();
  struct wg_cpu *c = &m->threads.list[0]->ctx.cpu;
  uint64_t seed = 3;
  c->ctr = 0x1122334455667788u;
  c->vscr = 0x00010001u;
  for (unsigned i = 14; i < 32; i++) c->gpr[i] = random_next(&seed);
  for (unsigned i = 0; i < 32; i++) c->fpr[i] = random_next(&seed);
  for (unsigned i = 0; i < 128; i++)
    for (unsigned j = 0; j < 4; j++) c->vr[i].w[j] = (uint32_t)random_next(&seed);
  wg_cpu_set_cr(c, 0x12345678u);
  const struct wg_cpu was = *c;
  CALL("RtlCaptureContext", DATA);
  const uint8_t *p = m->mem->base + DATA;
  CU_ASSERT_EQUAL(wg_load_be32(p), 0x10000Fu);
  CU_ASSERT_EQUAL(wg_load_be32(p + 4), (uint32_t)was.msr);
  CU_ASSERT_EQUAL(wg_load_be32(p + 8), LOOP); // where it is called from
  CU_ASSERT_EQUAL(wg_load_be64(p + 0x10), was.ctr);
  for (unsigned i = 14; i < 32; i++) CU_ASSERT_EQUAL(wg_load_be64(p + 0x18 + 8 * i), was.gpr[i]);
  CU_ASSERT_EQUAL(wg_load_be64(p + 0x18 + 8), STACK);
  CU_ASSERT_EQUAL(wg_load_be32(p + 0x118), 0x12345678u);
  for (unsigned i = 0; i < 32; i++) CU_ASSERT_EQUAL(wg_load_be64(p + 0x128 + 8 * i), was.fpr[i]);
  CU_ASSERT_EQUAL(wg_load_be32(p + 0x23C), was.vscr);
  for (unsigned i = 0; i < 512; i++) CU_ASSERT_EQUAL(wg_load_be32(p + 0x240 + 4 * i), was.vr[i / 4].w[i % 4]);
  wg_machine_free(m);
}

// What is deleted gives its memory back: more devices than all memory would hold, one at a time.
static void a_deleted_device_makes_room(void) {
  start();
  for (uint32_t i = 0; i < 2 * (WG_POOL_SIZE >> 20); i++) {
    CU_ASSERT_EQUAL_FATAL(CALL("IoCreateDevice", 0, 0x100000, 0, 1, 0, DATA), STATUS_SUCCESS);
    CALL("IoDeleteDevice", wg_load_be32(m->mem->base + DATA));
  }
  wg_machine_free(m);
}

// An event has two states, whoever sets it: what NtSetEvent finds there is 1 (WDK, KeSetEvent: the previous state).
static void an_event_of_a_socket_is_set_once(void) {
  start();
  uint64_t event = CALL("NetDll_WSACreateEvent", 0);
  for (uint32_t i = 0; i < 2; i++) CU_ASSERT_EQUAL(CALL("NetDll_WSASetEvent", event), 1);
  CU_ASSERT_EQUAL(CALL("NtSetEvent", event, DATA), STATUS_SUCCESS);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA), 1);
  CU_ASSERT_EQUAL(CALL("NetDll_WSAResetEvent", event), 1);
  CU_ASSERT_EQUAL(CALL("NtSetEvent", event, DATA), STATUS_SUCCESS);
  CU_ASSERT_EQUAL(wg_load_be32(m->mem->base + DATA), 0);
  wg_machine_free(m);
}

WG_MAIN("kernel", {"notifications beyond are lost", notifications_beyond_are_lost},
        {"objects beyond all places are told apart", objects_beyond_all_places_are_told_apart},
        {"an event of a socket is set once", an_event_of_a_socket_is_set_once},
        {"a context holds every register", a_context_holds_every_register},
        {"a deleted device makes room", a_deleted_device_makes_room},
        {"a bound is told of once", a_bound_is_told_of_once},
        {"hardware threads know themselves", hardware_threads_know_themselves},
        {"keys are read once", keys_are_read_once}, {"sizes do not wrap", sizes_do_not_wrap},
        {"headers are loaded", headers_are_loaded},
        {"asking gives what importing gives", asking_gives_what_importing_gives},
        {"what has no room for its name is not made", what_has_no_room_for_its_name_is_not_made},
        {"every piece written is told", every_piece_written_is_told},
        {"pending APCs end alertable waits", pending_apcs_end_alertable_waits}, {"far due times", far_due_times},
        {"sprintf agrees with the host", sprintf_agrees_with_the_host},
        {"_snprintf is the console's", snprintf_is_the_console_s},
        {"time fields agree with gmtime", time_fields_agree_with_gmtime}, {"strings are counted", strings_are_counted},
        {"bad pointers stop the run", bad_pointers_stop_the_run},
        {"calls reach device registers", calls_reach_device_registers}, {"configuration", configuration})
