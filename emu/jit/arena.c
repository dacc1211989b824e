#define _GNU_SOURCE // mremap
#include "emu/jit/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ahead.h"

#define ALIGNED 64u
#define AHEAD ((size_t)128 << 10) // bytes whose memory is asked for at once

int wg_arena_create(struct wg_arena *a, size_t size, struct wg_err *err) {
  *a = (struct wg_arena){.size = size};
  void *write = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  // Of nothing of a shared mapping: one more of the same memory (mremap(2)).
  void *run = write == MAP_FAILED ? MAP_FAILED : mremap(write, 0, size, MREMAP_MAYMOVE);
  if (run != MAP_FAILED && mprotect(run, size, PROT_READ | PROT_EXEC) == 0) {
    a->write = write;
    a->run = run;
    return WG_OK;
  }
  int why = errno;
  if (write != MAP_FAILED) munmap(write, size);
  if (run != MAP_FAILED) munmap(run, size);
  return wg_fail(err, WG_INTERNAL, "no memory for compiled code: %s", strerror(why));
}

void wg_arena_free(struct wg_arena *a) {
  if (a->write == NULL) return;
  munmap(a->write, a->size);
  munmap((void *)(uintptr_t)a->run, a->size);
  a->write = NULL;
}

static void have_memory(struct wg_arena *a, size_t to) {
  if (to <= a->ahead) return;
  size_t end = a->size - to < AHEAD ? a->size : to + AHEAD;
  wg_memory_ahead(a->write + a->ahead, end - a->ahead);
  a->ahead = end;
}

const uint8_t *wg_arena_add(struct wg_arena *a, const void *bytes, size_t n) {
  if (n > a->size - a->used) return NULL;
  have_memory(a, a->used + n);
  memcpy(a->write + a->used, bytes, n);
  const uint8_t *at = a->run + a->used;
  size_t taken = (n + ALIGNED - 1) / ALIGNED * ALIGNED;
  a->used = taken > a->size - a->used ? a->size : a->used + taken;
  return at;
}

void wg_arena_clear(struct wg_arena *a) { a->used = 0; }
