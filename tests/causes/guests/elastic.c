// A thread pool that grows when work waits and shrinks when a worker has been idle; each worker makes its state once,
// in thread-local storage that a destructor gives back; a table is made by whoever comes first, others wait for its
// event.
#include "runtime.h"

#define MOST 4
#define TASKS 18

struct state {
  u32 worker, tasks, sum;
  u8 scratch[48];
};

static CRITICAL_SECTION pool_lock;
static HANDLE tasks, idle, table_ready, all_done;
static u32 queue[32], queue_in, queue_out, workers, waiting, born, died, slot;
static volatile u32 table_state, results;
static u32 *table;

// One-time initialization: 0 nobody, 1 somebody is at it, 2 made.
static u32 *get_table(void) {
  if (__sync_bool_compare_and_swap(&table_state, 0, 1)) {
    u32 *t = ExAllocatePool(256);
    for (u32 i = 0; i < 64; i++) t[i] = i * i + 1;
    nap(3);
    table = t;
    table_state = 2;
    set(table_ready);
  } else if (table_state != 2) {
    await(table_ready, FOREVER);
  }
  return table;
}

static struct state *mine(u32 id) {
  struct state *s = KeTlsGetValue(slot);
  if (s) return s;
  s = ExAllocatePool(sizeof *s);
  s->worker = id, s->tasks = s->sum = 0;
  KeTlsSetValue(slot, s);
  return s;
}

static void destructor(void) {
  struct state *s = KeTlsGetValue(slot);
  if (s) ExFreePool(s);
  KeTlsSetValue(slot, NULL);
}

static u32 worker(u32 id) {
  u32 n = 0;
  for (;;) {
    lock(&pool_lock);
    waiting++;
    unlock(&pool_lock);
    NTSTATUS s = await(tasks, 12);
    lock(&pool_lock);
    waiting--;
    if (s == STATUS_TIMEOUT && workers > 1) break;
    u32 task = queue_in != queue_out ? queue[queue_out++ & 31] : 0;
    unlock(&pool_lock);
    if (s == STATUS_TIMEOUT) continue;
    if (task == 0) {
      lock(&pool_lock);
      break;
    }
    struct state *own = mine(id);
    own->sum += get_table()[task & 63];
    own->tasks++;
    burn(30 * task);
    if (__sync_add_and_fetch(&results, 1) == TASKS) set(all_done);
    n++;
  }
  workers--, died++;
  u32 last = workers == 0;
  unlock(&pool_lock);
  destructor();
  if (last) set(idle);
  return n;
}

static void submit(u32 task) {
  lock(&pool_lock);
  queue[queue_in++ & 31] = task;
  u32 grow = waiting == 0 && workers < MOST;
  if (grow) workers++;
  unlock(&pool_lock);
  if (grow) close(begin(worker, born, CORE(1 + born % 5))), born++;
  release(tasks, 1);
}

int main(void) {
  RtlInitializeCriticalSection(&pool_lock);
  slot = KeTlsAlloc();
  tasks = make_semaphore(0, 32), idle = make_event(0, 0, NULL), all_done = make_event(1, 0, NULL);
  table_ready = make_event(1, 0, NULL);
  for (u32 i = 1; i <= TASKS; i++) {
    submit(i);
    if (i % 6 == 0) nap(20); // the pool shrinks
  }
  await(all_done, FOREVER);
  lock(&pool_lock);
  u32 left = workers;
  unlock(&pool_lock);
  release(tasks, left);
  await(idle, FOREVER);
  KeTlsFree(slot);
  ExFreePool(table);
  close(tasks), close(idle), close(all_done);
  return died != born;
}
