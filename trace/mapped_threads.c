#include "trace/mapped_threads.h"

#include "trace/importers.h"
#include "trace/mapped_values.h"

// Numbers for threads that have names, as for those that nobody announced in a text log.
#define NAMED_TID 0x40000000u

void wg_named_threads_release(struct wg_named_threads *t) {
  wg_map_release(&t->named);
  wg_map_release(&t->lives);
}

// However many lines make or end threads, so much is known of them.
static void know(struct wg_map *m, uint64_t key, uint64_t value) {
  uint64_t unused;
  if (wg_map_count(m) < 2 * WG_MOST_THREADS || wg_map_get(m, key, &unused)) wg_map_put(m, key, value);
}

static bool new_number(struct wg_named_threads *t, uint64_t hash, uint32_t *tid) {
  if (t->n == WG_MOST_THREADS) return false;
  *tid = NAMED_TID + t->n++;
  wg_map_put(&t->named, hash, *tid);
  return true;
}

static bool number_of(struct wg_named_threads *t, uint64_t hash, uint32_t *tid) {
  uint64_t v;
  if (!wg_map_get(&t->named, hash, &v)) return new_number(t, hash, tid);
  *tid = (uint32_t)v;
  return true;
}

// What is known of a thread that is told by its name. SHARED: another one was made that is called so, too.
enum life { MADE = 1, STARTED = 2, ENDED = 4, SHARED = 8 };

static uint64_t life_of(const struct wg_named_threads *t, uint32_t tid) {
  uint64_t was = 0;
  wg_map_get(&t->lives, tid, &was);
  return was;
}

// `now` is what an event says of the thread, or 0. One that is made or starts when that of its name has ended is
// another.
static bool live_on(struct wg_named_threads *t, uint64_t hash, unsigned now, uint32_t *tid, bool *shared) {
  uint64_t was = life_of(t, *tid);
  bool begins = now == MADE || now == STARTED;
  if (begins && was & ENDED) {
    was = 0;
    if (!new_number(t, hash, tid)) return false;
  }
  *shared = was & SHARED || (begins && was & now);
  uint64_t is = (was & ~(uint64_t)SHARED) | now;
  if (is != was) know(&t->lives, *tid, is);
  return true;
}

// A thread that has a number is called by a name.
static void call_it(struct wg_named_threads *t, const struct wg_field *name, uint32_t tid) {
  uint64_t hash = wg_hash(name->s, name->n, 0), other;
  if (wg_map_get(&t->named, hash, &other) && other != tid && !(life_of(t, (uint32_t)other) & ENDED))
    know(&t->lives, other, life_of(t, (uint32_t)other) | SHARED);
  else
    know(&t->named, hash, tid);
}

static enum wg_told told_as(const struct wg_field *f, uint64_t *v) {
  if (wg_told_whole(f, v) || wg_told_thread(f, v)) return *v <= UINT32_MAX ? WG_TOLD_NUMBER : WG_TOLD_LONG;
  return f->type == WG_F_STR && f->n ? WG_TOLD_NAME : WG_TOLD_NONE;
}

enum wg_told wg_told_as(const struct wg_field *f) {
  uint64_t unused;
  return told_as(f, &unused);
}

static uint64_t hash_of(const struct wg_field *f, enum wg_told as, uint64_t v) {
  return as == WG_TOLD_NAME ? wg_hash(f->s, f->n, 0) : wg_hash_u64(v, 0);
}

bool wg_named_thread_mentioned(struct wg_named_threads *t, const struct wg_field *f, uint32_t *tid) {
  uint64_t v = 0;
  enum wg_told as = told_as(f, &v);
  *tid = (uint32_t)v;
  if (as == WG_TOLD_NUMBER && (v || t->zero != WG_ZERO_IS_ONE)) return true;
  return as != WG_TOLD_NONE && number_of(t, hash_of(f, as, v), tid);
}

// With us 0 is no thread. Who counts threads from 0 has it start or call before all others do.
static bool zero_is_a_thread(struct wg_named_threads *t, enum wg_kind kind, uint64_t number) {
  bool begins = kind == WG_EV_KERNEL_CALL || kind == WG_EV_THREAD_START;
  if (t->zero == WG_ZERO_UNSEEN && begins) t->zero = number == 0 ? WG_ZERO_IS_ONE : WG_ZERO_IS_NONE;
  return number == 0 && t->zero == WG_ZERO_IS_ONE;
}

enum wg_told wg_named_thread(struct wg_named_threads *t, const struct wg_field *f, enum wg_kind kind, uint32_t *tid,
                             bool *shared) {
  uint64_t v = 0;
  enum wg_told as = told_as(f, &v);
  bool zero = as == WG_TOLD_NUMBER && zero_is_a_thread(t, kind, v);
  unsigned now = kind == WG_EV_THREAD_START ? STARTED : kind == WG_EV_THREAD_EXIT ? ENDED : 0;
  *shared = false;
  *tid = (uint32_t)v;
  if (as == WG_TOLD_NONE) return as;
  if (as == WG_TOLD_NUMBER && !zero) {
    if (now == ENDED) know(&t->lives, *tid, life_of(t, *tid) | ENDED);
    return as;
  }
  uint64_t hash = hash_of(f, as, v);
  if (!number_of(t, hash, tid) || !live_on(t, hash, now, tid, shared)) return WG_TOLD_TOO_MANY;
  return zero ? WG_TOLD_NAME : as;
}

enum wg_told wg_named_thread_made(struct wg_named_threads *t, const struct wg_field *f, const struct wg_field *name,
                                  uint32_t *tid, bool *shared) {
  uint64_t v = 0;
  enum wg_told as = told_as(f, &v);
  *shared = false;
  if (as == WG_TOLD_NUMBER && v == 0) t->zero = WG_ZERO_IS_ONE;
  if (as == WG_TOLD_NONE || !wg_named_thread_mentioned(t, f, tid)) return WG_TOLD_NONE;
  if (as == WG_TOLD_NAME && !live_on(t, hash_of(f, as, v), MADE, tid, shared)) return WG_TOLD_NONE;
  if (as != WG_TOLD_NAME && name) call_it(t, name, *tid);
  return as;
}
