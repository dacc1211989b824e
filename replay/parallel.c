// A run in intervals, from checkpoint to checkpoint, on several threads of the host.
//
// An interval is clean if it makes the events and branches of the record and ends in the state of the checkpoint that
// the next one begins with; so if all up to one are clean, the run in order is the same that far. Nothing else is
// decided here: what is not clean is left to be done in order.
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "replay/verifier.h"

#define MOST_JOBS 256u
#define EACH 8u           // intervals for each thread, at least, so that they end at about the same time
#define MOST_TOGETHER 16u // checkpoints of an interval
#define MOST_PAGES 16384u // that a thread keeps of the file from one interval to the next: 64 MiB

struct pool {
  const char *dir, *identity;
  const struct wg_manifest *man;
  size_t *bounds, n; // of interval i: the mark that it begins with (SIZE_MAX: the start); it ends where the next begins
  pthread_mutex_t lock;
  pthread_cond_t done;
  size_t next, bad; // bad: the first that is not clean
  bool *clean;
  unsigned running;
  atomic_bool stop;
  uint64_t events;              // compared so far
  struct wg_replay_result last; // of the last interval
};

// The next interval, or n.
static size_t take_interval(struct pool *p) {
  pthread_mutex_lock(&p->lock);
  size_t i = p->next < p->bad && !atomic_load(&p->stop) ? p->next++ : p->n;
  pthread_mutex_unlock(&p->lock);
  return i;
}

static void give(struct pool *p, size_t i, bool clean, uint64_t events) {
  pthread_mutex_lock(&p->lock);
  p->clean[i] = clean;
  p->events += events;
  if (!clean && i < p->bad) p->bad = i;
  pthread_mutex_unlock(&p->lock);
}

static bool interval(struct pool *p, struct wg_verifier *v, size_t i) {
  struct wg_err unsaid = {0};
  bool there = true, last = i + 1 == p->n;
  v->until = last ? SIZE_MAX : p->bounds[i + 1];
  int code = i ? wg_verifier_enter(v, p->bounds[i], &there, &unsaid) : wg_verifier_make(v, &unsaid);
  if (code != WG_OK || !there || v->out->mismatch) return false;
  code = wg_verifier_run(v, &unsaid);
  const struct wg_replay_result *r = v->out;
  if (code != WG_OK || r->mismatch || v->cut || v->odd != SIZE_MAX || r->altered.len) return false;
  return last ? v->over : v->reached;
}

static void work(struct pool *p) {
  struct wg_replay_result out = {0};
  struct wg_verifier v;
  struct wg_checkpoints marks;
  struct wg_err unsaid = {0};
  bool there = false;
  wg_checkpoints_init(&marks);
  int code = wg_checkpoints_open(&marks, p->dir, p->identity, &there, &unsaid);
  if (wg_verifier_open(&v, p->dir, p->man, &out, &unsaid) != WG_OK || code != WG_OK || !there) code = WG_INPUT;
  v.marks = &marks;
  v.give_up = &p->stop;
  for (size_t i; (i = take_interval(p)) < p->n;) {
    uint64_t before = i ? marks.list[p->bounds[i]].at.events : 0;
    bool clean = code == WG_OK && interval(p, &v, i);
    give(p, i, clean, clean ? out.events - before : 0);
    if (!clean) break;
    if (i + 1 == p->n) {
      p->last = out; // nobody else looks before all are done
      out = (struct wg_replay_result){0};
      break;
    }
    wg_checkpoints_trim(&marks, MOST_PAGES);
  }
  wg_verifier_close(&v);
  wg_checkpoints_release(&marks);
  wg_replay_result_release(&out);
}

static void *worker(void *ctx) {
  struct pool *p = ctx;
  work(p);
  pthread_mutex_lock(&p->lock);
  p->running--;
  pthread_cond_signal(&p->done);
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

// Until all are done; the run's watch is asked by this thread alone.
static void wait_for(struct pool *p, const struct wg_run_watch *w) {
  pthread_mutex_lock(&p->lock);
  while (p->running) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&p->done, &p->lock, &until);
    const struct wg_run_progress now = {p->events, p->man->events, 0,
                                        wg_config_behind(&p->man->cfg, p->man->cfg.nforks).max_ns};
    pthread_mutex_unlock(&p->lock);
    if (w && w->progress) w->progress(w->ctx, &now);
    if (w && w->go_on && !w->go_on()) atomic_store(&p->stop, true);
    pthread_mutex_lock(&p->lock);
  }
  pthread_mutex_unlock(&p->lock);
}

// Some checkpoints apart, and never the last one, which is of the end.
static void divide(struct pool *p, const struct wg_checkpoints *marks, unsigned jobs) {
  size_t n = marks->n ? marks->n - 1 : 0, together = n / ((size_t)jobs * EACH);
  if (together > MOST_TOGETHER) together = MOST_TOGETHER;
  if (together == 0) together = 1;
  p->bounds = wg_xcalloc(n / together + 2, sizeof *p->bounds);
  p->bounds[p->n++] = SIZE_MAX;
  for (size_t i = together - 1; i < n; i += together) p->bounds[p->n++] = i;
  p->clean = wg_xcalloc(p->n, sizeof *p->clean);
  p->bad = p->n;
}

static size_t clean_ones(const struct pool *p) {
  size_t i = 0;
  while (i < p->n && p->clean[i]) i++;
  return i;
}

int wg_replay_parallel(const char *dir, const struct wg_manifest *man, const struct wg_checkpoints *marks,
                       const char *identity, unsigned jobs, const struct wg_run_watch *watch,
                       struct wg_replay_result *out, size_t *clean, bool *whole, struct wg_err *err) {
  struct pool p = {.dir = dir, .identity = identity, .man = man};
  pthread_t threads[MOST_JOBS];
  unsigned begun = 0;
  if (jobs > MOST_JOBS) jobs = MOST_JOBS;
  divide(&p, marks, jobs);
  if (jobs > p.n) jobs = (unsigned)p.n;
  pthread_mutex_init(&p.lock, NULL);
  pthread_cond_init(&p.done, NULL);
  atomic_init(&p.stop, false);
  pthread_mutex_lock(&p.lock);
  while (begun < jobs && pthread_create(&threads[begun], NULL, worker, &p) == 0) begun++;
  p.running = begun;
  pthread_mutex_unlock(&p.lock);
  wait_for(&p, watch);
  for (unsigned i = 0; i < begun; i++) pthread_join(threads[i], NULL);
  size_t n = clean_ones(&p);
  *whole = n == p.n;
  *clean = n < p.n && n ? p.bounds[n] : SIZE_MAX;
  int code = WG_OK;
  if (*whole) {
    wg_replay_result_release(out);
    *out = p.last;
  } else {
    wg_replay_result_release(&p.last);
    if (atomic_load(&p.stop))
      code = wg_fail(err, WG_INPUT, "interrupted after %llu identical events",
                     (unsigned long long)(n ? marks->list[p.bounds[n]].at.events : 0));
  }
  pthread_cond_destroy(&p.done);
  pthread_mutex_destroy(&p.lock);
  free(p.bounds);
  free(p.clean);
  return code;
}
