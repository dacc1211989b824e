#include "base/vec.h"

#include <stdint.h>

#define FIRST 64 // bytes: a line of the processor's cache

size_t wg_vec_room(size_t n) {
  size_t room = 1;
  while (room < n && room <= SIZE_MAX / 2) room *= 2;
  return room < n ? n : room;
}

size_t wg_vec_more(size_t cap, size_t need, size_t size) {
  size_t first = size < FIRST ? FIRST / size : 1, twice = cap <= SIZE_MAX / 2 ? 2 * cap : SIZE_MAX;
  if (twice < first) twice = first;
  return twice < need ? need : twice;
}

void *wg_vec_move(void *list, size_t cap, size_t size) {
  // More than there is: where sizes end, so does memory.
  return wg_xrealloc(list, cap > SIZE_MAX / size ? SIZE_MAX : cap * size);
}
