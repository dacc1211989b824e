#define _GNU_SOURCE // REG_RIP
#include "emu/cpu/refused.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "base/assert.h"
#include "emu/cpu/compiled.h"
#include "emu/mem/view.h"
#include "emu/mem/watch.h"

#if defined(__x86_64__)

#define HAS_FSGSBASE 2u // of AT_HWCAP2: a program may set where GS begins
#define WRITES 2u       // of a page fault's error code

static _Thread_local struct wg_cpu *running;
static struct sigaction before;

// Where it goes on: at the same access, which is allowed now, or where the compiler says. False: it is none of ours.
static bool goes_on(uintptr_t addr, ucontext_t *u) {
  struct wg_cpu *c = running;
  uintptr_t at = c && c->mem->view ? addr - (uintptr_t)c->mem->view : UINTPTR_MAX;
  greg_t *regs = u->uc_mcontext.gregs;
  if (at >= (1ull << 32) + WG_VIEW_BEHIND) return false;
  if (at < 1ull << 32) {
    bool writes = regs[REG_ERR] & WRITES;
    if (writes) wg_mem_first_write(c->mem, (uint32_t)(at >> 12));
    if (wg_mem_view_refused(c->mem, (uint32_t)at, writes)) return true;
  }
  uintptr_t to = wg_compiled_refused(c, (uintptr_t)regs[REG_RIP]);
  if (to) regs[REG_RIP] = (greg_t)to;
  return to != 0;
}

static void on_fault(int number, siginfo_t *info, void *context) {
  if (goes_on((uintptr_t)info->si_addr, context)) return;
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else {
    signal(number, SIG_DFL);
    raise(number); // it is delivered when this returns
  }
}

static void install(void) {
  struct sigaction now = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigemptyset(&now.sa_mask);
  int code = sigaction(SIGSEGV, &now, &before);
  WG_ASSERT(code == 0, "a signal's handler can be set");
}

int wg_refused_prepare(struct wg_err *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!(getauxval(AT_HWCAP2) & HAS_FSGSBASE))
    return wg_fail(err, WG_INPUT,
                   "no code can be compiled: this kernel lets no program say where GS begins (FSGSBASE)");
  pthread_once(&once, install);
  return WG_OK;
}

void wg_refused_enter(struct wg_cpu *c) {
  if (c->mem->view == NULL) return;
  running = c;
  __asm__ volatile("wrgsbase %0" ::"r"(c->mem->view));
}

void wg_refused_leave(void) { running = NULL; }

#else // there is no compiler

int wg_refused_prepare(struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "no code can be compiled: not for this processor");
}
void wg_refused_enter(struct wg_cpu *c) { (void)c; }
void wg_refused_leave(void) {}

#endif
