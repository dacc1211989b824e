// One CUnit suite an executable: tests are listed once, in main's table.
#ifndef WG_TESTS_SUITE_H
#define WG_TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

static inline int wg_run_suite(const char *name, CU_TestInfo *tests) {
  if (CU_initialize_registry() != CUE_SUCCESS) return 1;
  CU_SuiteInfo suites[] = {{name, NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
  if (CU_register_suites(suites) != CUE_SUCCESS) return 1;
  CU_basic_set_mode(CU_BRM_NORMAL);
  CU_basic_run_tests();
  unsigned failures = CU_get_number_of_failures();
  CU_cleanup_registry();
  return failures != 0;
}

#define WG_MAIN(name, ...)                                                                                             \
  int main(void) {                                                                                                     \
    CU_TestInfo tests[] = {__VA_ARGS__, CU_TEST_INFO_NULL};                                                            \
    return wg_run_suite(name, tests);                                                                                  \
  }

#endif
