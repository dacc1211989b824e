// Assertions that stay on: what must be true whatever a title, a file or a user does. Bad input is never one of these.
#ifndef WG_BASE_ASSERT_H
#define WG_BASE_ASSERT_H

#define WG_ASSERT(condition, what)                                                                                     \
  do {                                                                                                                 \
    if (__builtin_expect(!(condition), 0)) wg_assert_failed(__FILE__, __LINE__, what);                                 \
  } while (0)

_Noreturn void wg_assert_failed(const char *file, int line, const char *what); // says so, and ends with status 3

#endif
