#include "emu/jit/worker.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/thread.h"

struct list {
  struct wg_job *first, **last;
  size_t n;
};

struct wg_worker {
  const struct wg_jit_backend *backend;
  struct wg_jit *jit;
  struct wg_jit_cache *cache; // or NULL
  bool background, stop;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t asked;
  struct list asked_for, done;
  atomic_size_t ready; // of `done`: read without the lock
};

static void put_job(struct list *l, struct wg_job *job) {
  if (l->first == NULL) l->last = &l->first;
  job->next = NULL;
  *l->last = job;
  l->last = &job->next;
  l->n++;
}

// What was asked for last is what the title is at.
static void put_first(struct list *l, struct wg_job *job) {
  if (l->first == NULL) l->last = &job->next;
  job->next = l->first;
  l->first = job;
  l->n++;
}

static struct wg_job *get(struct list *l) {
  struct wg_job *job = l->first;
  if (job) {
    l->first = job->next;
    l->n--;
  }
  return job;
}

// Whether `job` has each of these instructions; both have them in the order of their places.
static bool has_all(const struct wg_job *job, const struct wg_job *of) {
  if (job->page != of->page || job->n < of->n) return false;
  size_t k = 0;
  for (size_t i = 0; i < job->n && k < of->n; i++)
    k += job->insns[i].place == of->insns[k].place && job->insns[i].word == of->insns[k].word;
  return k == of->n;
}

static void enter_at(struct wg_job *job, uint32_t pc) {
  for (size_t i = 0; i < job->n; i++) job->insns[i].entry |= job->insns[i].pc == pc;
}

// What waits, and would be compiled again as a part of `job`, is that part, and entered where it would have been.
static void absorb(struct list *waiting, struct wg_job *job) {
  struct list left = {.n = 0};
  for (struct wg_job *old; (old = get(waiting));) {
    if (has_all(job, old)) {
      enter_at(job, old->pc);
      wg_job_free(old);
    } else {
      put_job(&left, old);
    }
  }
  *waiting = left;
}

static void compile(struct wg_worker *w, struct wg_job *job) {
  const struct wg_jit_region r = {job->insns, job->n};
  job->ok = w->backend->compile(w->jit, &r, &job->blob, job->why, sizeof job->why);
  wg_jit_cache_add(w->cache, job->pc, &r, job->ok && !job->breaks ? &job->blob : NULL);
}

// With the lock held.
static void finish(struct wg_worker *w, struct wg_job *job) {
  put_job(&w->done, job);
  atomic_store_explicit(&w->ready, w->done.n, memory_order_release);
}

// With the lock held: waits for something to do, which may be done later.
static void wait_for_work(struct wg_worker *w) {
  while (!w->stop && w->asked_for.first == NULL) pthread_cond_wait(&w->asked, &w->lock);
}

// The backend is prepared before the first job is taken: what is asked for meanwhile is often the whole of which that
// is a part.
static void *work(void *arg) {
  struct wg_worker *w = arg;
  pthread_mutex_lock(&w->lock);
  wait_for_work(w);
  for (bool prepared = false; !w->stop; wait_for_work(w)) {
    struct wg_job *job = prepared ? get(&w->asked_for) : NULL;
    pthread_mutex_unlock(&w->lock);
    if (job)
      compile(w, job);
    else
      w->backend->prepare(w->jit);
    pthread_mutex_lock(&w->lock);
    if (job) finish(w, job);
    prepared = true;
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

struct wg_worker *wg_worker_create(const struct wg_jit_backend *backend, struct wg_jit *jit, struct wg_jit_cache *cache,
                                   bool background) {
  struct wg_worker *w = wg_xcalloc(1, sizeof *w);
  w->backend = backend;
  w->jit = jit;
  w->cache = cache;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->asked, NULL);
  w->background = background && wg_thread_begin(&w->thread, work, w); // without one it is compiled at once
  return w;
}

static void drop(struct list *l) {
  for (struct wg_job *job; (job = get(l));) wg_job_free(job);
}

void wg_worker_free(struct wg_worker *w) {
  if (w == NULL) return;
  if (w->background) {
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->asked);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
  }
  drop(&w->asked_for);
  drop(&w->done);
  pthread_mutex_destroy(&w->lock);
  pthread_cond_destroy(&w->asked);
  free(w);
}

size_t wg_worker_waiting(struct wg_worker *w) {
  pthread_mutex_lock(&w->lock);
  size_t n = w->asked_for.n;
  pthread_mutex_unlock(&w->lock);
  return n;
}

void wg_worker_give(struct wg_worker *w, struct wg_job *job) {
  if (!w->background) {
    compile(w, job);
    wg_worker_done(w, job);
    return;
  }
  pthread_mutex_lock(&w->lock);
  absorb(&w->asked_for, job);
  put_first(&w->asked_for, job);
  pthread_cond_signal(&w->asked);
  pthread_mutex_unlock(&w->lock);
}

void wg_worker_done(struct wg_worker *w, struct wg_job *job) {
  pthread_mutex_lock(&w->lock);
  finish(w, job);
  pthread_mutex_unlock(&w->lock);
}

struct wg_job *wg_worker_take(struct wg_worker *w) {
  if (atomic_load_explicit(&w->ready, memory_order_acquire) == 0) return NULL;
  pthread_mutex_lock(&w->lock);
  struct wg_job *job = get(&w->done);
  atomic_store_explicit(&w->ready, w->done.n, memory_order_release);
  pthread_mutex_unlock(&w->lock);
  return job;
}

struct wg_job *wg_job_new(size_t most) {
  return wg_xcalloc(1, sizeof(struct wg_job) + most * sizeof(struct wg_jit_insn));
}

void wg_job_free(struct wg_job *job) {
  if (job == NULL) return;
  if (job->ok && !job->kept) free(job->blob.bytes);
  free(job);
}
