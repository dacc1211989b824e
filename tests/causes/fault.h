// One kernel behaviour changed: an export's row of a machine is replaced by a copy whose body is ours.
#ifndef WG_TESTS_CAUSES_FAULT_H
#define WG_TESTS_CAUSES_FAULT_H

#include <stdbool.h>

#include "base/err.h"

struct wg_machine;
struct fault;

// `spec` is EXPORT:OP[:KEY=VALUE]... The fault must outlive the machine.
int fault_install(struct wg_machine *m, const char *spec, struct fault **out, struct wg_err *err);
struct fault_strikes {
  unsigned long n;
  unsigned tid; // the first one's call: its event
  unsigned long long idx;
};
struct fault_strikes fault_strikes(const struct fault *f);
void fault_free(struct fault *f);

#endif
