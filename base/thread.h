// Threads of the host that work for another one.
#ifndef WG_BASE_THREAD_H
#define WG_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

// Begins one that no signal reaches: they are the main thread's. False: there can be none, or the host is short of
// them.
static inline bool wg_thread_begin(pthread_t *thread, void *(*work)(void *), void *arg) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool begun = pthread_create(thread, NULL, work, arg) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return begun;
}

#endif
