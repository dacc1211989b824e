// Does the compiler, with the flags of this build, leave a function by a call of another as the last thing it does,
// without a frame of its own staying behind? With as many arguments as the interpreter's handlers have. If it does not,
// this runs out of stack.
#include <stdint.h>

#if defined(__clang__)
#define MUSTTAIL __attribute__((musttail))
#else
#define MUSTTAIL
#endif

struct op;
typedef const struct op *handler(void *c, const struct op *o, uint64_t k, uint64_t trail, uint8_t *base,
                                 const uint8_t *flags);
struct op {
  handler *fn;
};

static const struct op *step(void *c, const struct op *o, uint64_t k, uint64_t trail, uint8_t *base,
                             const uint8_t *flags) {
  if (k == 0) return o;
  MUSTTAIL return o->fn(c, o, k - 1, trail + k, base, flags);
}

int main(void) {
  volatile struct op ops = {step};
  const struct op *o = (const struct op *)&ops;
  return o->fn(0, o, 20000000, 1, 0, 0) != o;
}
