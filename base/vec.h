// Lists that grow: an array of any type, how many it holds and has room for, which its owner keeps. Ownership: NULL is
// an empty list; free frees it. Room at least doubles, so that n entries are moved fewer than 2n times in all.
#ifndef WG_BASE_VEC_H
#define WG_BASE_VEC_H

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"

// Room in `list` for `need` entries; `cap` is what it has, and it is changed with it.
#define WG_VEC_ROOM(list, cap, need)                                                                                   \
  do {                                                                                                                 \
    if ((need) > (cap)) {                                                                                              \
      size_t wg_vec_cap = wg_vec_more((cap), (need), WG_VEC_SIZE(list));                                               \
      WG_VEC_MOVE(list, wg_vec_cap);                                                                                   \
      (cap) = (__typeof__(cap))wg_vec_cap;                                                                             \
    }                                                                                                                  \
  } while (0)

// The same where entries are there before anything is put into them: they are zero.
#define WG_VEC_ROOM_ZERO(list, cap, need)                                                                              \
  do {                                                                                                                 \
    size_t wg_vec_had = (cap);                                                                                         \
    WG_VEC_ROOM(list, cap, need);                                                                                      \
    if ((cap) > wg_vec_had) memset((list) + wg_vec_had, 0, ((cap)-wg_vec_had) * WG_VEC_SIZE(list));                    \
  } while (0)

// Room for one more in a list of n whose room is not kept, as it follows from n: wg_vec_room(n).
#define WG_VEC_NEXT(list, n)                                                                                           \
  do {                                                                                                                 \
    if ((list) == NULL || ((n) & ((n)-1)) == 0) WG_VEC_SET(list, (n) + (size_t)1);                                     \
  } while (0)
// Room for `n` in such a list, and no more: where all of it comes at once.
#define WG_VEC_SET(list, n) WG_VEC_MOVE(list, wg_vec_room(n))

// Exactly so much room: where several lists have theirs in common, which is then wg_vec_more's.
#define WG_VEC_MOVE(list, room) ((list) = wg_vec_move((list), (room), WG_VEC_SIZE(list)))

#define WG_VEC_SIZE(list) sizeof(__typeof__(*(list)))

// How much room follows from n: the power of two that holds them.
size_t wg_vec_room(size_t n);
// How much room there is next: for `need` at least, and no less than 64 bytes.
size_t wg_vec_more(size_t cap, size_t need, size_t size);
void *wg_vec_move(void *list, size_t cap, size_t size) __attribute__((returns_nonnull));

#endif
