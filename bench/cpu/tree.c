// Branchy: a binary tree without balance, in which two of three keys are found.
#include "bench.h"
struct t {
  struct t *l, *r;
  u32 k, p;
};
static struct t pool[8192];
static u32 used;
u32 bench(u32 n) {
  u32 seed = 5, sum = 0;
  while (n--) {
    struct t *root = 0;
    used = 0;
    for (u32 i = 0; i < 4000; i++) {
      u32 k = next_random(&seed) & 0xfff;
      struct t **p = &root;
      while (*p && (*p)->k != k) p = k < (*p)->k ? &(*p)->l : &(*p)->r;
      if (!*p) {
        struct t *x = &pool[used++];
        x->l = x->r = 0;
        x->k = k;
        x->p = 1;
        *p = x;
      } else
        (*p)->p++;
    }
    for (u32 i = 0; i < used; i++) sum = sum * 5 + pool[i].p;
  }
  return sum;
}
