#include "travel/runner.h"

void wg_runner_init(struct wg_runner *r, struct wg_machine *m, enum wg_end (*body)(void *ctx), void *ctx) {
  *r = (struct wg_runner){.m = m, .body = body, .ctx = ctx};
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->turn, NULL);
}

static void *execute(void *ctx) {
  struct wg_runner *r = ctx;
  enum wg_end end = r->body(r->ctx);
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
