#define _DEFAULT_SOURCE // MAP_ANONYMOUS, madvise
#include "emu/jit/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ahead.h"
#include "base/assert.h"

#define ALIGNED 64u
#define AHEAD ((size_t)128 << 10) // bytes whose memory is asked for at once
#define LARGE ((size_t)2 << 20)   // a large page of the host's
#define PAGE ((size_t)4096)

// `size` bytes at a multiple of a large page's; NULL with errno: there are none.
static uint8_t *memory(size_t size) {
  size = (size + PAGE - 1) / PAGE * PAGE;
  uint8_t *p = mmap(NULL, size + LARGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)p % LARGE;
  if (before) munmap(p, before);
  munmap(p + before + size, LARGE - before);
  return p + before;
}

static bool allow(const struct wg_arena *a, int what) { return mprotect(a->at, a->size, PROT_READ | what) == 0; }

int wg_arena_create(struct wg_arena *a, size_t size, struct wg_err *err) {
  *a = (struct wg_arena){.size = size, .at = memory(size)};
  if (a->at && allow(a, PROT_WRITE) && allow(a, PROT_EXEC)) {
    // Code that is met for the first time is a matter of pages as much as of instructions.
    if (size >= LARGE) (void)madvise(a->at, size, MADV_HUGEPAGE);
    return WG_OK;
  }
  int why = errno;
  wg_arena_free(a);
  return wg_fail(err, WG_INTERNAL, "no memory for compiled code: %s", strerror(why));
}

void wg_arena_free(struct wg_arena *a) {
  if (a->at) munmap(a->at, a->size);
  a->at = NULL;
}

static void have_memory(struct wg_arena *a, size_t to) {
  if (to <= a->ahead) return;
  size_t end = a->size - to < AHEAD ? a->size : to + AHEAD;
  wg_memory_ahead(a->at + a->ahead, end - a->ahead);
  a->ahead = end;
}

const uint8_t *wg_arena_add(struct wg_arena *a, const void *bytes, size_t n) {
  if (n > a->size - a->used) return NULL;
  if (!a->written) WG_ASSERT(allow(a, PROT_WRITE), "what was allowed when the arena was made is allowed");
  a->written = true;
  have_memory(a, a->used + n);
  uint8_t *at = a->at + a->used;
  memcpy(at, bytes, n);
  size_t taken = (n + ALIGNED - 1) / ALIGNED * ALIGNED;
  a->used = taken > a->size - a->used ? a->size : a->used + taken;
  return at;
}

void wg_arena_run(struct wg_arena *a) {
  if (a->written) WG_ASSERT(allow(a, PROT_EXEC), "what was allowed when the arena was made is allowed");
  a->written = false;
}

void wg_arena_clear(struct wg_arena *a) { a->used = 0; }
