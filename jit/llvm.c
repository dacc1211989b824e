// The backend: LLVM with the interpreter's bodies as bitcode.
#include <llvm-c/Analysis.h>
#include <llvm/Config/llvm-config.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jit/region.h"

static bool processor_does(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}

static void tear_down(struct wg_jit *j) {
  if (j->data) LLVMDisposeTargetData(j->data);
  if (j->machine) LLVMDisposeTargetMachine(j->machine);
  wg_jit_forget_bodies(j);
  if (j->ctx) LLVMContextDispose(j->ctx);
  j->data = NULL;
  j->machine = NULL;
  j->ctx = NULL;
}

static void destroy(struct wg_jit *j) {
  if (j == NULL) return;
  tear_down(j);
  free(j);
}

// What is the library's, not a context's.
static void set_up_library(void) {
  // What lets loops run with fewer additions has them wait for more registers than there are.
  // Nobody asks what lives behind a call that keeps everything, and to work it out ends in a crash where the state of
  // floating point does.
  static const char *const settings[] = {"wedge", "-disable-lsr", "-disable-constant-hoisting",
                                         "-enable-patchpoint-liveness=false"};
  LLVMParseCommandLineOptions(4, settings, NULL);
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeX86AsmParser(); // of accesses (access.c)
}

static bool set_up(struct wg_jit *j, char *why, size_t cap) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_up_library);
  j->ctx = LLVMContextCreate();
  const char *triple = wg_jit_triple(j);
  if (triple == NULL) {
    snprintf(why, cap, "the interpreter's bodies were made for another LLVM than this");
    return false;
  }
  LLVMTargetRef target;
  char *message = NULL;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    snprintf(why, cap, "%s", message);
    LLVMDisposeMessage(message);
    return false;
  }
  j->machine =
      LLVMCreateTargetMachine(target, triple, WG_JIT_CPU, "", LLVMCodeGenLevelLess, LLVMRelocPIC, LLVMCodeModelSmall);
  j->data = LLVMCreateTargetDataLayout(j->machine);
  j->i1 = LLVMInt1TypeInContext(j->ctx);
  j->i8 = LLVMInt8TypeInContext(j->ctx);
  j->i16 = LLVMInt16TypeInContext(j->ctx);
  j->i32 = LLVMInt32TypeInContext(j->ctx);
  j->i64 = LLVMInt64TypeInContext(j->ctx);
  j->nothing = LLVMVoidTypeInContext(j->ctx);
  j->p8 = LLVMPointerType(j->i8, 0);
  LLVMTypeRef args[6] = {j->p8, j->p8, j->i64, j->i64, j->p8, j->p8};
  j->handler = LLVMFunctionType(j->p8, args, 6, 0);
  j->prof = LLVMGetMDKindIDInContext(j->ctx, "prof", 4);
  return true;
}

static struct wg_jit *create(const struct wg_jit_layout *layout, char *why, size_t cap) {
  if (!processor_does()) {
    snprintf(why, cap, "this processor has no AVX2, FMA and BMI2, which compiled code needs");
    return NULL;
  }
  struct wg_jit *j = calloc(1, sizeof *j);
  j->layout = *layout;
  return j;
}

// Registers into host registers, what is known already forgotten; no loop is changed.
#define PASSES "function(sroa,early-cse,simplifycfg,instcombine,early-cse<memssa>,dse,simplifycfg)"

static const char *optimize(struct wg_jit *j, LLVMModuleRef m) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef e = LLVMRunPasses(m, PASSES, j->machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (e == NULL) return NULL;
  LLVMConsumeError(e);
  return "LLVM refuses to optimize it";
}

static const char *emit(const struct wg_jit_build *u, struct wg_jit_blob *out) {
  LLVMMemoryBufferRef object;
  char *message = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(u->j->machine, u->module, LLVMObjectFile, &message, &object)) {
    LLVMDisposeMessage(message);
    return "LLVM cannot make code of it";
  }
  struct wg_jit_linked linked;
  const char *why = wg_jit_link((const uint8_t *)LLVMGetBufferStart(object), LLVMGetBufferSize(object), out, &linked);
  if (why == NULL) {
    if (linked.map) why = wg_jit_frames(u, linked.map, linked.map_size, linked.body, out);
    if (why == NULL) why = wg_jit_refusals(&linked, out);
    if (why) free(out->bytes);
  }
  LLVMDisposeMemoryBuffer(object);
  return why;
}

static bool try(struct wg_jit *j, const struct wg_jit_region *r, struct wg_jit_blob *out, bool *again,
                const char **why) {
  struct wg_jit_build *u = calloc(1, sizeof *u);
  u->j = j;
  u->region = r;
  u->module = LLVMModuleCreateWithNameInContext("region", j->ctx);
  LLVMSetModuleDataLayout(u->module, j->data);
  LLVMSetTarget(u->module, wg_jit_triple(j));
  u->b = LLVMCreateBuilderInContext(j->ctx);
  u->fn = wg_jit_function(u, WG_JIT_BODY);
  bool ok = wg_jit_region(u);
  *again = u->again;
  *why = u->why;
  LLVMDisposeBuilder(u->b);
  if (ok && LLVMVerifyFunction(u->fn, LLVMReturnStatusAction)) *why = "what was built is not sound";
  if (ok && *why == NULL) *why = optimize(j, u->module);
  if (ok && *why == NULL) *why = emit(u, out);
  LLVMDisposeModule(u->module);
  free(u);
  return ok && *why == NULL;
}

// It sets itself up when it has something to do, on whose thread that may be: a run whose code is all kept never asks.
static bool is_set_up(struct wg_jit *j, char *why, size_t cap) {
  if (j->data || set_up(j, why, cap)) return true;
  tear_down(j);
  return false;
}

static void prepare(struct wg_jit *j) {
  char why[200];
  is_set_up(j, why, sizeof why); // whoever compiles says why not
}

static bool compile(struct wg_jit *j, const struct wg_jit_region *r, struct wg_jit_blob *out, char *why, size_t cap) {
  if (!is_set_up(j, why, cap)) return false;
  bool again = true;
  j->so_changes = false;
  j->fields = wg_jit_expected_fields(r);
  const char *reason = NULL;
  for (size_t i = 0; again && i <= r->n + 9; i++) // a body is given up in each round, or SO or a field found to change
    if (try(j, r, out, &again, &reason)) return true;
  snprintf(why, cap, "%s", reason ? reason : "too many bodies cannot be compiled");
  return false;
}

const struct wg_jit_backend wg_jit_backend = {
    WG_JIT_VERSION, "LLVM " LLVM_VERSION_STRING, WG_JIT_CPU, create, destroy, prepare, compile};
