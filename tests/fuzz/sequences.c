// libFuzzer's entry for lifetimes: sequences of the calls that make, hold, give back and unload, in any order, by four
// threads that wait for and signal each other, while the machine runs on between them. tests/test_sequences.c does the
// same with numbers of its own.
#define LLVMFuzzerTestOneInput fuzz_kernel_calls
#include "tests/fuzz/kernel.c"
#undef LLVMFuzzerTestOneInput

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LOOP (SCRATCH + 0x20) // where threads are between their calls
#define OBJECTS (DATA + 0x2000)
#define MAX_STEPS_A_RUN 120

static const char *const lifetimes[] = {"NtCreateEvent",
                                        "NtCreateSemaphore",
                                        "NtCreateMutant",
                                        "NtCreateTimer",
                                        "NtCreateIoCompletion",
                                        "NtSetIoCompletion",
                                        "NtRemoveIoCompletion",
                                        "NtClose",
                                        "NtClose",
                                        "NtClose",
                                        "NtDuplicateObject",
                                        "ObReferenceObjectByHandle",
                                        "ObDereferenceObject",
                                        "ObDereferenceObject",
                                        "ObReferenceObject",
                                        "ObOpenObjectByPointer",
                                        "ObOpenObjectByName",
                                        "ObLookupThreadByThreadId",
                                        "NtSetEvent",
                                        "NtPulseEvent",
                                        "KePulseEvent",
                                        "KeSetEvent",
                                        "KeReleaseSemaphore",
                                        "NtReleaseSemaphore",
                                        "NtReleaseMutant",
                                        "NtSetTimerEx",
                                        "NtCancelTimer",
                                        "KeSetTimer",
                                        "KeCancelTimer",
                                        "NtWaitForSingleObjectEx",
                                        "NtWaitForMultipleObjectsEx",
                                        "KeWaitForSingleObject",
                                        "KeWaitForMultipleObjects",
                                        "NtSignalAndWaitForSingleObjectEx",
                                        "NtQueueApcThread",
                                        "KeInitializeApc",
                                        "KeInsertQueueApc",
                                        "KeRemoveQueueApc",
                                        "KeEnterCriticalRegion",
                                        "KeLeaveCriticalRegion",
                                        "KfRaiseIrql",
                                        "KfLowerIrql",
                                        "ExCreateThread",
                                        "ExTerminateThread",
                                        "NtSuspendThread",
                                        "NtResumeThread",
                                        "KeSuspendThread",
                                        "KeResumeThread",
                                        "KeAlertThread",
                                        "KeSetBasePriorityThread",
                                        "KeSetAffinityThread",
                                        "RtlEnterCriticalSection",
                                        "RtlLeaveCriticalSection",
                                        "RtlTryEnterCriticalSection",
                                        "XexLoadImage",
                                        "XexUnloadImage",
                                        "XexGetModuleHandle",
                                        "ExAllocatePool",
                                        "ExFreePool",
                                        "NtCreateFile",
                                        "NtOpenFile",
                                        "NtQueryDirectoryFile",
                                        "NtSetInformationFile",
                                        "XamNotifyCreateListener",
                                        "XNotifyGetNext",
                                        "XAudioRegisterRenderDriverClient",
                                        "XAudioUnregisterRenderDriverClient",
                                        "XamShowMessageBoxUI",
                                        "XamContentCreateEnumerator",
                                        "XamEnumerate",
                                        "XamTaskSchedule",
                                        "NtAllocateVirtualMemory",
                                        "NtFreeVirtualMemory",
                                        "MmAllocatePhysicalMemoryEx",
                                        "MmFreePhysicalMemory",
                                        "NetDll_WSACreateEvent",
                                        "RtlRaiseStatus",
                                        "RtlUnwind",
                                        "KfAcquireSpinLock",
                                        "KfReleaseSpinLock"};
#define LIFETIMES (sizeof lifetimes / sizeof *lifetimes)

static uint32_t export_named(const struct wg_machine *m, const char *name) {
  uint32_t i = 0;
  while (i < m->exports.n && strcmp(m->exports.list[i].name, name) != 0) i++;
  if (i == m->exports.n || m->exports.list[i].impl == NULL) {
    fprintf(stderr, "no body for %s\n", name);
    __builtin_trap();
  }
  return i;
}

// Dispatcher objects and critical sections that the title has made itself.
static void put_objects(struct wg_machine *m) {
  static const uint8_t types[] = {0, 1, 5, 8, 9, 2};
  for (uint32_t i = 0; i < 24; i++) {
    uint8_t *p = m->mem->base + OBJECTS + 0x40 * i;
    p[0] = types[i % 6];
    wg_store_be32(p + 0x10, i % 6 == 2 ? 5 : 0xFFFFFFFFu);
  }
}

static uint32_t place(struct fuzz *f, char kind) {
  uint8_t b = byte(f);
  if (kind == 'O' && b < 128) return OBJECTS + 0x40 * (b % 24);
  if (kind == 't' && b < 200) return b < 20 ? 0 : DATA + 0x2800 + 8 * (b % 8);
  if (kind == 'O' || kind == 'h') return f->seen[b & 15];
  return b < 230 ? DATA + 0x40 * (b & 31) : pointer(f, b);
}

static void call_on(struct fuzz *f, struct wg_thread *t, uint32_t index) {
  struct wg_machine *m = f->m;
  const char *params = m->exports.list[index].params;
  struct wg_cpu *c = &t->ctx.cpu;
  uint32_t stack = t->stack_base - 0x1000;
  wg_store_be32(m->mem->base + SCRATCH, 0x44000042u);
  wg_store_be32(m->mem->base + SCRATCH + 8, index);
  c->gpr[1] = stack;
  for (size_t i = 0; params[i] && i < WG_NT_MAX_PARAMS; i++) {
    uint64_t v = strchr("OthPHpe", params[i]) ? place(f, params[i]) : argument(f, params[i]);
    if (strcmp(m->exports.list[index].name, "ExCreateThread") == 0 && (i == 3 || i == 4)) v = i == 3 ? 0 : LOOP;
    if (i < 8)
      c->gpr[3 + i] = v;
    else
      wg_store_be32(m->mem->base + stack + 0x54 + 8 * (uint32_t)(i - 8), (uint32_t)v);
  }
  c->pc = SCRATCH;
  c->lr = LOOP;
  wg_turn_begin(m, t->run.hw, &t->ctx);
  wg_kernel_call(m, &t->ctx);
  wg_turn_end(m);
  m->ending.stopped = false;
  wg_buf_clear(&m->ending.report);
  f->seen[f->nseen++ & 15] = (uint32_t)c->gpr[3];
  uint64_t made = 0;
  if (wg_mem_r32(m->mem, DATA + 0x40 * (f->nseen & 31), &made) && made) f->seen[f->nseen++ & 15] = (uint32_t)made;
}

// What runs on a hardware thread, between calls of its own.
static struct wg_thread *somebody(struct wg_machine *m, uint8_t which) {
  struct wg_thread *t = wg_thread_of(m->sched.hw[which % WG_HW_THREADS].q.current);
  return t && t->run.state == WG_T_RUNNING && t->ctx.call == NULL ? t : NULL;
}

static void go_on(struct wg_machine *m) {
  m->ending.stopped = false;
  m->cfg.max_ns = m->clock.now + 3 * WG_WINDOW_NS;
  wg_machine_run(m);
  m->ending.stopped = false;
}

static void one_step(struct fuzz *f, const uint32_t *indices) {
  struct wg_thread *t = somebody(f->m, byte(f));
  uint8_t b = byte(f);
  if (t == NULL || b > 240) {
    if (t && b > 250) t->ctx.cpu.pc = b & 1 ? WG_CALL_SENTINEL : WG_APC_SENTINEL; // where guest code returns to
    go_on(f->m);
    return;
  }
  call_on(f, t, indices[b % LIFETIMES]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct wg_err err = {0};
  struct wg_machine *m = NULL;
  const char *title = getenv("WEDGE_FUZZ_TITLE");
  struct wg_config cfg = {.title = title ? title : "hello.xex", .date = WG_DEFAULT_DATE, .max_ns = 1};
  uint32_t indices[LIFETIMES];
  if (n < 8) return 0;
  if (wg_machine_create(&m, &cfg, &(struct wg_observer){.event = ignore}, &err) != WG_OK) {
    fprintf(stderr, "%s\n", err.msg);
    __builtin_trap();
  }
  for (size_t i = 0; i < LIFETIMES; i++) indices[i] = export_named(m, lifetimes[i]);
  wg_mem_commit(m->mem, SCRATCH, 0x1000 + DATA_SIZE, WG_PROT_READWRITE);
  put_names(m);
  put_objects(m);
  for (uint32_t i = 0; i < 8; i++) wg_store_be64(m->mem->base + DATA + 0x2800 + 8 * i, 0 - (uint64_t)i * 100);
  wg_store_be32(m->mem->base + LOOP, 0x48000000u);
  m->threads.list[0]->ctx.cpu.pc = LOOP;
  for (uint32_t i = 1; i < 4; i++) {
    struct wg_thread_params p = {.stack_size = 0x10000, .entry = LOOP, .flags = 1u << (24 + i)};
    uint32_t handle;
    wg_thread_create(m, &p, LOOP, &handle);
  }
  struct fuzz f = {.m = m, .p = data, .end = data + n};
  go_on(m);
  for (int i = 0; i < MAX_STEPS_A_RUN && f.p < f.end && m->threads.live; i++) one_step(&f, indices);
  if (m->threads.live) go_on(m);
  struct wg_buf report = {0};
  wg_machine_report(m, &report);
  wg_buf_release(&report);
  wg_machine_free(m);
  return 0;
}
