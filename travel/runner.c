#define _GNU_SOURCE // pthread_getattr_np
#include "travel/runner.h"

// A thread that is halted for long is one that LeakSanitizer does not always find: it would call a leak what only that
// thread's stack holds. So the stack is told to it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WG_LEAKS_ARE_LOOKED_FOR 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WG_LEAKS_ARE_LOOKED_FOR 1
#endif
#ifdef WG_LEAKS_ARE_LOOKED_FOR
#include <sanitizer/lsan_interface.h>
static void tell_of_stack(bool begins) {
  pthread_attr_t a;
  void *stack;
  size_t n;
  if (pthread_getattr_np(pthread_self(), &a) != 0) return;
  if (pthread_attr_getstack(&a, &stack, &n) == 0)
    (begins ? __lsan_register_root_region : __lsan_unregister_root_region)(stack, n);
  pthread_attr_destroy(&a);
}
#else
static void tell_of_stack(bool begins) { (void)begins; }
#endif

void wg_runner_init(struct wg_runner *r, struct wg_machine *m, enum wg_end (*body)(void *ctx), void *ctx) {
  *r = (struct wg_runner){.m = m, .body = body, .ctx = ctx};
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->turn, NULL);
}

static void *execute(void *ctx) {
  struct wg_runner *r = ctx;
  tell_of_stack(true);
  enum wg_end end = r->body(r->ctx);
  tell_of_stack(false);
  pthread_mutex_lock(&r->lock);
  r->end = end;
  r->state = WG_RUNNER_DONE;
  pthread_cond_broadcast(&r->turn);
  pthread_mutex_unlock(&r->lock);
  return NULL;
}

bool wg_runner_go(struct wg_runner *r) {
  bool ok = true;
  pthread_mutex_lock(&r->lock);
  if (r->state == WG_RUNNER_HALTED) {
    r->state = WG_RUNNER_RUNS;
    if (!r->begun) r->begun = ok = pthread_create(&r->thread, NULL, execute, r) == 0;
    pthread_cond_broadcast(&r->turn);
    while (ok && r->state == WG_RUNNER_RUNS) pthread_cond_wait(&r->turn, &r->lock);
  }
  pthread_mutex_unlock(&r->lock);
  return ok;
}

bool wg_runner_halt(struct wg_runner *r) {
  pthread_mutex_lock(&r->lock);
  r->state = WG_RUNNER_HALTED;
  pthread_cond_broadcast(&r->turn);
  while (r->state == WG_RUNNER_HALTED) pthread_cond_wait(&r->turn, &r->lock);
  bool on = !r->quit;
  pthread_mutex_unlock(&r->lock);
  return on;
}

struct wg_machine *wg_runner_end(struct wg_runner *r) {
  if (r->body == NULL) return NULL;
  r->quit = true;
  if (r->begun) {
    wg_runner_go(r);
    pthread_join(r->thread, NULL);
  }
  struct wg_machine *m = r->m;
  pthread_cond_destroy(&r->turn);
  pthread_mutex_destroy(&r->lock);
  *r = (struct wg_runner){.m = NULL};
  return m;
}
