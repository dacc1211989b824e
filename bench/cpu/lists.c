// Branchy: a list of 4,096 nodes that lie one behind the other is sorted by merging.
#include "bench.h"
struct node {
  struct node *next;
  u32 key;
};
static struct node pool[4096];
static struct node *merge(struct node *a, struct node *b) {
  struct node head, *t = &head;
  while (a && b) {
    if (a->key <= b->key) {
      t->next = a;
      a = a->next;
    } else {
      t->next = b;
      b = b->next;
    }
    t = t->next;
  }
  t->next = a ? a : b;
  return head.next;
}
static struct node *sort(struct node *l) {
  if (!l || !l->next) return l;
  struct node *s = l, *f = l->next;
  while (f && f->next) {
    s = s->next;
    f = f->next->next;
  }
  f = s->next;
  s->next = 0;
  return merge(sort(l), sort(f));
}
u32 bench(u32 n) {
  u32 seed = 3, sum = 0;
  while (n--) {
    for (u32 i = 0; i < 4096; i++) {
      pool[i].key = next_random(&seed);
      pool[i].next = i + 1 < 4096 ? &pool[i + 1] : 0;
    }
    struct node *l = sort(pool);
    for (u32 i = 0; l; l = l->next, i++) sum = sum * 33 + l->key * i;
  }
  return sum;
}
