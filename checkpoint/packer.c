#include "checkpoint/packer.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/thread.h"
#include "emu/state/pages.h"

#define LEVEL 1

struct wg_packer {
  // The thread's: kept from record to record, since a host clears a megabyte each time that one is asked for anew.
  ZSTD_CCtx *zstd;
  struct wg_buf pages, packed;
  // Both threads', under the lock.
  struct wg_packing *first, **last, *next; // next: the first that is not done
  bool stop;
  pthread_mutex_t lock;
  pthread_cond_t given, done;
  pthread_t thread;
  bool threaded;
};

static void pack(struct wg_packer *p, struct wg_packing *job) {
  const struct wg_buf *body = &job->body;
  if (job->npages) {
    wg_buf_clear(&p->pages);
    for (size_t i = 0; i < job->npages; i++) wg_buf_add(&p->pages, job->pages[i], WG_PAGE_BYTES);
    body = &p->pages;
  }
  job->size = (uint32_t)body->len;
  size_t room = ZSTD_compressBound(body->len);
  wg_buf_clear(&p->packed);
  wg_buf_reserve(&p->packed, room);
  size_t n = ZSTD_compressCCtx(p->zstd, p->packed.data, room, body->data, body->len, LEVEL);
  if (!ZSTD_isError(n)) wg_buf_add(&job->packed, p->packed.data, n);
}

static void *work(void *arg) {
  struct wg_packer *p = arg;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    struct wg_packing *job = p->next;
    if (job) {
      pthread_mutex_unlock(&p->lock);
      pack(p, job);
      pthread_mutex_lock(&p->lock);
      job->done = true;
      p->next = job->next;
      pthread_cond_signal(&p->done);
    } else if (p->stop) {
      break;
    } else {
      pthread_cond_wait(&p->given, &p->lock);
    }
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

struct wg_packer *wg_packer_create(bool threaded) {
  struct wg_packer *p = wg_xcalloc(1, sizeof *p);
  p->last = &p->first;
  p->zstd = ZSTD_createCCtx();
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->given, NULL);
  pthread_cond_init(&p->done, NULL);
  p->threaded = threaded && wg_thread_begin(&p->thread, work, p); // without one it is packed at once
  return p;
}

void wg_packing_free(struct wg_packing *job) {
  if (job == NULL) return;
  wg_buf_release(&job->head);
  wg_buf_release(&job->body);
  wg_buf_release(&job->packed);
  free(job);
}

void wg_packer_free(struct wg_packer *p) {
  if (p == NULL) return;
  if (p->threaded) {
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->given);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
  }
  for (struct wg_packing *job; (job = wg_packer_take(p));) wg_packing_free(job);
  ZSTD_freeCCtx(p->zstd);
  wg_buf_release(&p->pages);
  wg_buf_release(&p->packed);
  pthread_mutex_destroy(&p->lock);
  pthread_cond_destroy(&p->given);
  pthread_cond_destroy(&p->done);
  free(p);
}

void wg_packer_give(struct wg_packer *p, struct wg_packing *job) {
  if (!p->threaded) {
    pack(p, job);
    job->done = true;
  }
  pthread_mutex_lock(&p->lock);
  job->next = NULL;
  *p->last = job;
  p->last = &job->next;
  if (p->threaded && p->next == NULL) p->next = job;
  pthread_cond_signal(&p->given);
  pthread_mutex_unlock(&p->lock);
}

struct wg_packing *wg_packer_take(struct wg_packer *p) {
  pthread_mutex_lock(&p->lock);
  while (p->first && !p->first->done) pthread_cond_wait(&p->done, &p->lock);
  struct wg_packing *job = p->first;
  if (job) {
    p->first = job->next;
    if (p->first == NULL) p->last = &p->first;
  }
  pthread_mutex_unlock(&p->lock);
  return job;
}
