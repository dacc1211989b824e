// Checks for guests that test themselves: each failure is printed, the end says how it went.
#ifndef WG_GUEST_CHECK_H
#define WG_GUEST_CHECK_H

#include "xbox.h"

static u32 checks_failed;
#define CHECK(expr)                                                                                                    \
  do {                                                                                                                 \
    if (!(expr)) {                                                                                                     \
      checks_failed++;                                                                                                 \
      DbgPrint("FAIL line %d: %s\n", __LINE__, #expr);                                                                 \
    }                                                                                                                  \
  } while (0)
#define EQUAL(a, b)                                                                                                    \
  do {                                                                                                                 \
    u32 a_ = (u32)(a), b_ = (u32)(b);                                                                                  \
    if (a_ != b_) {                                                                                                    \
      checks_failed++;                                                                                                 \
      DbgPrint("FAIL line %d: %s is %x, expected %x\n", __LINE__, #a, a_, b_);                                         \
    }                                                                                                                  \
  } while (0)
static inline int checks_done(void) {
  DbgPrint(checks_failed ? "%d FAILED\n" : "all passed\n", checks_failed);
  return (int)checks_failed;
}

#endif
