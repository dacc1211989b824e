// The kernel against what the reference was recorded to answer. The facts in tests/data are always checked.
// `test_reference logs` makes every call that the SDK sample dolphin's main thread makes before its first frame, with
// the same arguments and the same memory, and the results must be the reference's; its recordings are no part of the
// repository: WEDGE_REFERENCE_LOGS names their folder, and without it the test is skipped.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/machine.h"
#include "trace/reader.h"

#define MAIN_TID 6

// Values that each engine chooses itself: theirs -> ours.
static struct wg_map ours;

static uint32_t translate(uint64_t v) {
  uint64_t to;
  return wg_map_get(&ours, (uint32_t)v, &to) ? (uint32_t)to : (uint32_t)v;
}

static bool next_call(struct wg_reader *r, struct wg_event *e, enum wg_kind kind) {
  while (wg_reader_next(r, e))
    if (e->tid == MAIN_TID && e->kind == kind) return true;
  return false;
}

// The stock log shows what stands at a pointer: ADDRESS(CONTENT) ADDRESS(CONTENT)... Puts it there.
static void put_memory(struct wg_machine *m, const char *text) {
  for (const char *q = text; q && *q && *q != '"'; q = strchr(q, ' ') ? strchr(q, ' ') + 1 : NULL) {
    uint64_t at, v;
    char addr[20] = "0x", value[20] = "0x";
    if (strspn(q, "0123456789ABCDEF") != 8 || q[8] != '(') continue;
    size_t n = strspn(q + 9, "0123456789ABCDEF");
    memcpy(addr + 2, q, 8);
    addr[10] = 0;
    if (!wg_parse_u64(addr, UINT32_MAX, &at)) continue;
    if ((n == 8 || n == 16) && q[9 + n] == ')') {
      memcpy(value + 2, q + 9, n);
      value[2 + n] = 0;
      if (!wg_parse_u64(value, UINT64_MAX, &v)) continue;
      if (n == 8)
        wg_mem_w32(m->mem, (uint32_t)at, translate(v));
      else
        wg_mem_w64(m->mem, (uint32_t)at, v);
    }
  }
}

// A string argument: placed in scratch memory, since the sample's image is not here.
static void put_string(struct wg_machine *m, uint32_t at, const char *text) {
  for (size_t i = 0; i <= strlen(text); i++) wg_mem_w8(m->mem, at + (uint32_t)i, (uint8_t)text[i]);
}

static void put_attributes(struct wg_machine *m, uint32_t at, const char *path) {
  put_string(m, DATA + 0x400, path);
  wg_mem_w32(m->mem, at, 0xFFFFFFFDu);
  wg_mem_w32(m->mem, at + 4, DATA + 0x300);
  wg_mem_w16(m->mem, DATA + 0x300, (uint16_t)strlen(path));
  wg_mem_w32(m->mem, DATA + 0x304, DATA + 0x400);
}

static uint32_t make_call(struct wg_machine *m, const char *name, const uint64_t *args, size_t n) {
  struct wg_thread *t = m->threads.list[0];
  uint64_t own[WG_NT_MAX_PARAMS] = {0};
  for (size_t i = 0; i < n; i++) own[i] = translate(args[i]);
  uint32_t rv = (uint32_t)call_on(m, t, function_named(m, name), own, n < 8 ? 8 : n);
  if (m->ending.stopped) printf("\n  %s stopped the machine: %s", name, m->ending.report.data);
  CU_ASSERT_FALSE_FATAL(m->ending.stopped);
  CU_ASSERT_PTR_NULL_FATAL(t->ctx.call); // it returned
  return rv;
}

static size_t parse_args(const struct wg_event *e, uint64_t args[WG_NT_MAX_PARAMS]) {
  const struct wg_field *f = wg_ev_get(e, WG_K_ARGS);
  size_t n = 0;
  if (f == NULL || f->type != WG_F_HEXES) return 0;
  for (; n < f->n && n < WG_NT_MAX_PARAMS; n++) args[n] = f->v[n];
  return n;
}

// What the call made under another number here.
static void learn(struct wg_machine *m, const char *name, const uint64_t *args) {
  uint64_t v;
  bool create = strcmp(name, "NtCreateFile") == 0, reference = strcmp(name, "ObReferenceObjectByHandle") == 0;
  if (create && wg_mem_r32(m->mem, (uint32_t)args[0], &v)) wg_map_put(&ours, 0xF8000020u, v);
  if (reference && wg_mem_r32(m->mem, (uint32_t)args[2], &v))
    wg_map_put(&ours, args[0] == 0xF800000Cu ? 0x30028018u : 0x3002C018u, v);
}

static void fake_media(const char *dir) {
  static const char *const files[] = {"Media/Fonts/Arial_16.xpr", "Media/Meshes/x"};
  char path[256];
  struct wg_err err = {0};
  static char zeros[2 << 20];
  for (size_t i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    *strrchr(path, '/') = 0;
    wg_mkdir_p(path, &err);
    snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    wg_file_write(path, zeros, sizeof zeros, &err);
  }
}

static struct wg_machine *machine_in(const char *dir) {
  struct wg_buf xex = {0}, path = {0};
  struct wg_err err = {0};
  wg_buf_printf(&path, "%s/t.xex", dir);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(WG_GUESTS "/hello.xex", 1 << 26, &xex, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_file_write(path.data, xex.data, xex.len, &err), WG_OK);
  struct wg_machine *m = machine_of(path.data);
  wg_buf_release(&xex);
  wg_buf_release(&path);
  // The sample's image, where critical sections and other static data of its lie.
  wg_mem_commit(m->mem, 0x82040000, 0x00280000, WG_PROT_READWRITE);
  wg_map_put(&ours, 0x3001E000u, m->modules.xex_header);
  wg_map_put(&ours, 0xFFCAB000u, wg_variable(m, export_named(m, "VdHSIOCalibrationLock")));
  return m;
}

static struct wg_machine *machine_in_scratch(char *dir) {
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
  fake_media(dir);
  return machine_in(dir);
}

static void release(struct wg_machine *m, const char *dir) {
  wg_machine_free(m);
  wg_map_release(&ours);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  CU_ASSERT_EQUAL(system(command), 0);
}

static void facts(void) {
  static const struct {
    const char *name;
    int64_t result;
    size_t n;
    uint64_t args[WG_NT_MAX_PARAMS];
  } all[] = {
#define WG_FACT(name, result, ...)                                                                                     \
  {#name, result, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), {__VA_ARGS__}},
#include "tests/data/reference_calls.def"
  };
  char dir[] = "/tmp/wedge-reference-XXXXXX";
  struct wg_machine *m = machine_in_scratch(dir);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    uint32_t rv = make_call(m, all[i].name, all[i].args, all[i].n);
    bool same = all[i].result < 0 || rv == (uint32_t)all[i].result;
    if (!same) printf("\n  fact %zu: %s returned 0x%x, not 0x%x", i, all[i].name, rv, (uint32_t)all[i].result);
    CU_ASSERT_TRUE(same);
  }
  release(m, dir);
}

static const char *logs; // the recordings' folder

static void main_thread_of_the_sample(void) {
  struct wg_reader *json = NULL, *log = NULL;
  struct wg_err err = {0};
  char path_of[512];
  snprintf(path_of, sizeof path_of, "%s/dolphin.canary.run1.jsonl.zst", logs);
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&json, path_of, &err), WG_OK);
  snprintf(path_of, sizeof path_of, "%s/dolphin.canary.log.zst", logs);
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&log, path_of, &err), WG_OK);
  char dir[] = "/tmp/wedge-reference-XXXXXX";
  struct wg_machine *m = machine_in_scratch(dir);
  struct wg_event c, r, l;
  size_t calls = 0, same = 0, opened = 0;
  char name[64];
  while (next_call(json, &c, WG_EV_KERNEL_CALL)) {
    uint64_t args[WG_NT_MAX_PARAMS] = {0}, want = 0, is_void = 0;
    snprintf(name, sizeof name, "%s", wg_ev_text(&c, WG_K_NAME));
    size_t n = parse_args(&c, args);
    bool found = false;
    while (!found && next_call(log, &l, WG_EV_KERNEL_CALL)) found = strcmp(wg_ev_text(&l, WG_K_NAME), name) == 0;
    CU_ASSERT_TRUE_FATAL(found);
    if (strcmp(name, "VdSwap") == 0) break;
    const struct wg_field *res = wg_ev_get(&l, WG_K_ARGS_RESOLVED);
    char path[200] = "";
    if (res) sscanf(res->s, "{\"path\":\"%199[^\"]", path);
    for (char *p = path; (p = strstr(p, "\\\\")); p++) memmove(p, p + 1, strlen(p));
    if (path[0]) {
      bool query = strcmp(name, "NtQueryFullAttributesFile") == 0;
      put_attributes(m, (uint32_t)args[query ? 0 : 2], query ? path : opened++ ? "game:\\Media\\Meshes\\x" : path);
    }
    if (strcmp(name, "RtlInitAnsiString") == 0) {
      put_string(m, DATA + 0x600, "text");
      args[1] = DATA + 0x600;
    }
    const char *memory = res ? strstr(res->s, "\"memory\":\"") : NULL;
    if (memory) put_memory(m, memory + 10);
    uint32_t rv = make_call(m, name, args, n);
    learn(m, name, args);
    CU_ASSERT_TRUE_FATAL(next_call(json, &r, WG_EV_KERNEL_RETURN));
    wg_ev_u64(&r, WG_K_RV, &want);
    wg_ev_u64(&r, WG_K_VOID, &is_void);
    calls++;
    if (is_void || rv == (uint32_t)want)
      same++;
    else if (calls - same < 20)
      printf("\n  call %zu %s returned 0x%x; the reference returned 0x%x", calls, name, rv, (uint32_t)want);
  }
  printf("(%zu calls, %zu with the reference's result) ", calls, same);
  CU_ASSERT_EQUAL(calls, 20775); // 20,776 with the VdSwap itself
  CU_ASSERT_EQUAL(same, calls);
  wg_reader_close(json);
  wg_reader_close(log);
  release(m, dir);
}

int main(int argc, char **argv) {
  if (argc < 2) return wg_run_suite("reference", (CU_TestInfo[]){{"facts", facts}, CU_TEST_INFO_NULL});
  logs = getenv("WEDGE_REFERENCE_LOGS");
  if (strcmp(argv[1], "logs") != 0) return 2;
  if (logs == NULL) {
    puts("skipped: WEDGE_REFERENCE_LOGS names no folder of recordings");
    return 77;
  }
  return wg_run_suite("reference", (CU_TestInfo[]){{"main thread", main_thread_of_the_sample}, CU_TEST_INFO_NULL});
}
