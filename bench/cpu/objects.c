// Branchy: calls through a pointer in each object of a list.
#include "bench.h"
struct node {
  u32 (*op)(struct node *, u32);
  struct node *next;
  u32 v;
};
static u32 add(struct node *n, u32 x) { return x + n->v; }
static u32 mix(struct node *n, u32 x) { return (x ^ n->v) * 3; }
static u32 cond(struct node *n, u32 x) { return x & n->v ? x >> 1 : x + 7; }
static u32 upd(struct node *n, u32 x) {
  n->v += x & 15;
  return x;
}
static struct node nodes[1000];
u32 bench(u32 n) {
  static u32 (*const ops[4])(struct node *, u32) = {add, mix, cond, upd};
  u32 seed = 4;
  for (int i = 0; i < 1000; i++) {
    nodes[i].op = ops[next_random(&seed) & 3];
    nodes[i].v = next_random(&seed);
    nodes[i].next = i < 999 ? &nodes[i + 1] : 0;
  }
  u32 x = 1;
  while (n--)
    for (struct node *p = nodes; p; p = p->next) x = p->op(p, x);
  return x;
}
