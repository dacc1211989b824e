// One side of a generated pair: threads that make events on one clock, written in order of time.
//
// A thread holds a queue of events, each with its distance from the one before; when the queue is empty its refill
// function adds more, or the thread is over. Waits that another thread ends stop the queue until that thread's event.
#ifndef WG_BENCH_WORLD_H
#define WG_BENCH_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "bench/diff/random.h"

enum call_name {
#define CALL(name, ordinal, parameters) C_##name,
#include "bench/diff/calls.def"
  CALL_NAMES
};

struct call_info {
  const char *name;
  int ordinal, parameters;
};
extern const struct call_info call_infos[CALL_NAMES];

enum ids { IDS_WEDGE, IDS_FOREIGN, IDS_NONE };
enum extra { EXTRA_BRANCH, EXTRA_MEM, EXTRA_OTHER, EXTRA_NONE };

struct options {
  bool small, lying, args, signals, both_big, locks_between;
  bool lr[2]; // of ours, of the reference
  enum ids ids;
  enum extra extra;     // what brings the worker's events to the investigation's figures
  uint64_t seed, title; // of chance; of what the title does
  uint32_t boot;        // index of the main thread's ExCreateThread in the reference
  uint64_t total[2];
  const char *dir;
};

enum ev_kind {
  E_CALL,
  E_RETURN,
  E_CREATE, // a handle
  E_DUP,
  E_DESTROY,
  E_THREAD,
  E_START,
  E_EXIT,
  E_WAIT,
  E_WAIT_END,
  E_SIGNAL,
  E_MODULE,
  E_EXTRA,
};

enum {
  F_BLOCKS = 1,     // the wait goes on until another thread's event
  F_POOL = 2,       // a timed wait for the pool's semaphore: a release ends it early
  F_RESUMES = 4,    // resumes the thread whose handle it is about
  F_SUSPENDED = 8,  // creates a thread that does not run yet
  F_LOCK = 16,      // the wait is for a critical section at `value`
  F_LIFE_ENDS = 32, // not before the thread has lived as long as it must
};

struct ev {
  uint8_t kind, flags;
  uint16_t name;   // of the call
  int32_t handle;  // that it is about, or -1
  uint32_t dt;     // ns after the thread's event before
  uint32_t status; // of a return or the end of a wait
  uint64_t value;  // an address, a time-out in ns (waits), a thread (E_THREAD), another handle (E_DUP, jobs)
};

enum obj_type { T_EVENT, T_SEMAPHORE, T_FILE, T_THREAD };

struct handle {
  uint64_t hsid;
  uint32_t raw;
  enum obj_type type;
  bool set; // an event that was signalled while nobody waited
};

struct world;
struct thread {
  uint32_t tid, entry, ctx;
  int32_t handle; // its own, or -1
  bool runs, blocked, over;
  int32_t blocked_on;
  uint64_t now;   // time of its last event
  uint64_t life;  // ns it lives, if it has an F_LIFE_ENDS event
  uint64_t start; // time of its first event
  uint64_t idx;
  struct ev *queue;
  size_t head, n, cap;
  bool (*refill)(struct world *w, struct thread *t); // false: nothing more comes
  struct rng rng;
  uint32_t state; // for refill
  int32_t event;  // its own, to wait for
  uint32_t job;   // handle + 1 of the event to set once woken, or 0
  bool has_job;
  uint32_t created; // handles made by it, for its semantic ids
};

#define MAX_THREADS 32
#define MAX_JOBS 64

struct world {
  const struct options *o;
  bool ours;
  FILE *file;
  struct wg_buf out;
  void *digest; // EVP_MD_CTX of ours
  uint64_t written, total;
  struct thread threads[MAX_THREADS];
  size_t nthreads;
  struct handle *handles;
  size_t nhandles, cap_handles;
  int32_t *free_handles;
  size_t nfree, cap_free;
  bool slots[1024];
  uint32_t next_slot, reserved; // the slot that the worker's handle will have
  uint32_t base;
  int32_t pool;            // the handle of the semaphore that the helpers wait for
  uint32_t jobs[MAX_JOBS]; // released while no helper waited: handle + 1 of the event to set, or 0
  size_t njobs;
  int32_t worker_handle;
  size_t worker, main;
  uint64_t worker_done; // 1 once its last event is written
};

// world.c
struct thread *world_thread(struct world *w, uint32_t tid, uint32_t entry,
                            bool (*refill)(struct world *w, struct thread *t));
int32_t world_handle(struct world *w, enum obj_type type); // its number is given when its creation is written
void push(struct thread *t, struct ev e);
void push_call(struct thread *t, enum call_name name, int32_t handle, uint64_t value, uint32_t dt);
void push_return(struct thread *t, enum call_name name, uint32_t status, uint32_t dt);
// A call that does nothing else, and its return: two events.
void push_plain(struct thread *t, enum call_name name, int32_t handle, uint64_t value, uint32_t dt);
void push_pair(struct thread *t, uint64_t lock, uint32_t dt); // Enter and Leave: four events
void world_run(struct world *w);
int world_open(struct world *w, const char *name);
int world_close(struct world *w);

// write.c
void write_event(struct world *w, const struct thread *t, const struct ev *e);
void write_header(struct world *w);
void write_footer(struct world *w);

// boot.c, worker.c, noise.c: fill the threads of a side
bool boot_fill(struct world *w);
bool worker_fill(struct world *w, struct thread *t); // false, and says so, if its calls are not the investigation's
bool noise_helper(struct world *w, struct thread *t);
bool noise_audio(struct world *w, struct thread *t);
bool noise_vblank(struct world *w, struct thread *t);
bool noise_streamer(struct world *w, struct thread *t);
bool noise_notify(struct world *w, struct thread *t);
bool noise_frame(struct world *w, struct thread *t);
bool noise_child(struct world *w, struct thread *t);

// many.c, text_log.c
int many_threads(const struct options *o, uint32_t count);
int text_logs(const struct options *o, uint64_t bytes);
int distinct_calls(const struct options *o, uint64_t count);

#endif
