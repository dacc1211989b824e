#include "bench/diff/world.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/vec.h"

const struct call_info call_infos[CALL_NAMES] = {
#define CALL(name, ordinal, parameters) {#name, ordinal, parameters},
#include "bench/diff/calls.def"
};

struct thread *world_thread(struct world *w, uint32_t tid, uint32_t entry,
                            bool (*refill)(struct world *w, struct thread *t)) {
  if (w->nthreads == MAX_THREADS) abort();
  struct thread *t = &w->threads[w->nthreads++];
  *t = (struct thread){.tid = tid, .entry = entry, .ctx = 0x40010000u + 0x60u * tid, .handle = -1, .refill = refill};
  t->rng.s = mix(w->o->seed * 1000003u + w->ours * 7919u + entry + tid);
  return t;
}

int32_t world_handle(struct world *w, enum obj_type type) {
  int32_t h;
  if (w->nfree) {
    h = w->free_handles[--w->nfree];
  } else {
    WG_VEC_ROOM(w->handles, w->cap_handles, w->nhandles + 1);
    h = (int32_t)w->nhandles++;
  }
  w->handles[h] = (struct handle){.type = type};
  return h;
}

void push(struct thread *t, struct ev e) {
  if (t->head == t->n) t->head = t->n = 0;
  WG_VEC_ROOM(t->queue, t->cap, t->n + 1);
  t->queue[t->n++] = e;
}

void push_call(struct thread *t, enum call_name name, int32_t handle, uint64_t value, uint32_t dt) {
  push(t, (struct ev){.kind = E_CALL, .name = (uint16_t)name, .handle = handle, .value = value, .dt = dt});
}

void push_return(struct thread *t, enum call_name name, uint32_t status, uint32_t dt) {
  push(t, (struct ev){.kind = E_RETURN, .name = (uint16_t)name, .handle = -1, .status = status, .dt = dt});
}

void push_plain(struct thread *t, enum call_name name, int32_t handle, uint64_t value, uint32_t dt) {
  push_call(t, name, handle, value, dt);
  push_return(t, name, 0, dt / 4 + 50);
}

void push_pair(struct thread *t, uint64_t lock, uint32_t dt) {
  push_plain(t, C_RtlEnterCriticalSection, -1, lock, dt);
  push_plain(t, C_RtlLeaveCriticalSection, -1, lock, dt);
}

// The reference takes the lowest free number, ours goes round: the same numbers come back at other places.
static uint32_t take_slot(struct world *w) {
  uint32_t n = sizeof w->slots, s = w->ours ? w->next_slot : 1;
  while (w->slots[s] || s == w->reserved) s = (s + 1) % n;
  w->next_slot = (s + 1) % n;
  w->slots[s] = true;
  return s;
}

static void name_handle(struct world *w, struct thread *t, int32_t i) {
  struct handle *h = &w->handles[i];
  bool worker = i == w->worker_handle;
  uint32_t slot = worker ? w->reserved : take_slot(w);
  if (worker) w->slots[slot] = true;
  h->raw = w->base + 4 * slot;
  h->hsid = mix((w->ours ? 0x57ed6e : 0xca7a17) + ((uint64_t)t->entry << 20) + t->created++);
}

static void drop_handle(struct world *w, int32_t i) {
  w->slots[(w->handles[i].raw - w->base) / 4] = false;
  WG_VEC_ROOM(w->free_handles, w->cap_free, w->nfree + 1);
  w->free_handles[w->nfree++] = i;
}

static void begin(struct thread *t, uint64_t now, uint32_t after) {
  t->runs = true;
  t->start = t->now = now + after;
  struct ev start = {.kind = E_START, .handle = t->handle, .dt = 0};
  if (t->head == t->n) {
    push(t, start);
    return;
  }
  // its script was made before: the start comes first
  push(t, start);
  memmove(t->queue + t->head + 1, t->queue + t->head, (t->n - t->head - 1) * sizeof *t->queue);
  t->queue[t->head] = start;
}

static void wake(struct thread *t, uint64_t now, uint32_t after, uint32_t status) {
  t->blocked = false;
  t->now = now;
  t->queue[t->head].dt = after;
  t->queue[t->head].status = status;
}

static void wake_all(struct world *w, int32_t handle, uint64_t now) {
  if (handle >= 0) w->handles[handle].set = true; // for who waits later
  for (size_t i = 0; i < w->nthreads; i++) {
    struct thread *t = &w->threads[i];
    if (!t->blocked || t->blocked_on != handle) continue;
    wake(t, now, 4000 + rng_below(&t->rng, 9000), 0);
    w->handles[handle].set = false;
  }
}

// A release of the pool's semaphore gives its job to a helper that waits for one, or keeps it.
static void release(struct world *w, uint64_t now, uint32_t job) {
  for (size_t i = 0; i < w->nthreads; i++) {
    struct thread *t = &w->threads[i];
    if (!t->runs || t->over || t->head == t->n || t->has_job) continue;
    const struct ev *e = &t->queue[t->head];
    if (e->kind != E_WAIT_END || !(e->flags & F_POOL)) continue;
    t->job = job;
    t->has_job = true;
    wake(t, now > t->now ? now : t->now, 6000 + rng_below(&t->rng, 20000), 0);
    return;
  }
  if (w->njobs < MAX_JOBS) w->jobs[w->njobs++] = job;
}

static void pool_wait(struct world *w, struct thread *t) {
  if (w->njobs == 0 || t->has_job) return;
  t->job = w->jobs[0];
  t->has_job = true;
  memmove(w->jobs, w->jobs + 1, --w->njobs * sizeof *w->jobs);
  wake(t, t->now, 700, 0);
}

static void before(struct world *w, struct thread *t, const struct ev *e) {
  if (e->kind == E_CREATE) name_handle(w, t, e->handle);
  if (e->kind == E_DUP) {
    name_handle(w, t, e->handle);
    w->handles[e->handle].hsid = w->handles[e->value].hsid;
    w->handles[e->handle].type = w->handles[e->value].type;
  }
}

static void after(struct world *w, struct thread *t, const struct ev *e) {
  if (e->kind == E_DESTROY) drop_handle(w, e->handle);
  if (e->kind == E_THREAD && !(e->flags & F_SUSPENDED)) begin(&w->threads[e->value], t->now, 60000);
  if (e->kind == E_CALL && e->flags & F_RESUMES) begin(&w->threads[w->worker], t->now, 30000);
  if (e->kind == E_WAIT && e->flags & F_BLOCKS) {
    t->blocked = !w->handles[e->handle].set;
    t->blocked_on = e->handle;
  }
  if (e->kind == E_WAIT && e->flags & F_POOL) pool_wait(w, t);
  // Without signal events the effect stands at the call.
  bool effect = e->kind == (w->o->signals ? E_SIGNAL : E_CALL);
  if (effect && e->name == C_NtReleaseSemaphore) release(w, t->now, (uint32_t)e->value);
  if (effect && e->name == C_NtSetEvent) wake_all(w, e->handle, t->now);
  if (e->kind == E_EXIT) wake_all(w, t->handle, t->now);
}

// When the thread's next event is.
static uint64_t due(const struct thread *t) {
  const struct ev *e = &t->queue[t->head];
  uint64_t at = t->now + e->dt, end = t->start + t->life;
  return e->flags & F_LIFE_ENDS && at < end ? end : at;
}

static struct thread *earliest(struct world *w) {
  struct thread *best = NULL;
  uint64_t at = UINT64_MAX;
  for (size_t i = 0; i < w->nthreads; i++) {
    struct thread *t = &w->threads[i];
    if (!t->runs || t->blocked || t->over) continue;
    if (t->head == t->n && (t->refill == NULL || !t->refill(w, t))) {
      t->over = true;
      continue;
    }
    uint64_t when = due(t);
    if (when < at) {
      at = when;
      best = t;
    }
  }
  return best;
}

void world_run(struct world *w) {
  struct thread *t;
  while (w->written < w->total && (t = earliest(w)) != NULL) {
    t->now = due(t);
    struct ev e = t->queue[t->head++];
    before(w, t, &e);
    write_event(w, t, &e);
    t->idx++;
    after(w, t, &e);
    if (t == &w->threads[w->worker] && t->head == t->n) w->worker_done = 1;
  }
}

int world_open(struct world *w, const char *name) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/%s", w->o->dir, name);
  w->file = fopen(path.data, "wb");
  if (w->file == NULL) perror(path.data);
  wg_buf_release(&path);
  if (w->file == NULL) return WG_INPUT;
  w->digest = EVP_MD_CTX_new();
  EVP_DigestInit_ex(w->digest, EVP_sha256(), NULL);
  return WG_OK;
}

int world_close(struct world *w) {
  bool bad = ferror(w->file) != 0;
  if (fclose(w->file) != 0 || bad) {
    perror("write");
    bad = true;
  }
  EVP_MD_CTX_free(w->digest);
  wg_buf_release(&w->out);
  for (size_t i = 0; i < w->nthreads; i++) free(w->threads[i].queue);
  free(w->handles);
  free(w->free_handles);
  return bad ? WG_INTERNAL : WG_OK;
}
