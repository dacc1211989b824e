// All of wedge on a kernel that does one thing wrong: WEDGE_FAULTS holds faults as faulty.c takes them, with spaces
// between. Each machine that is made gets them anew. For tests/causes only; never installed.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "emu/machine.h"
#include "tests/causes/fault.h"

int __real_wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                             struct wg_err *err);
int __real_wg_machine_again(struct wg_machine **out, struct wg_machine *old, struct wg_err *err);
int __wrap_wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                             struct wg_err *err);
int __wrap_wg_machine_again(struct wg_machine **out, struct wg_machine *old, struct wg_err *err);

// The faults live as long as the process does, since they must outlive their machines; machines are made by several
// threads.
#define MOST 65536u
static struct fault *kept[MOST];
static atomic_uint nkept;

static int spoil(struct wg_machine *m, struct wg_err *err) {
  const char *faults = getenv("WEDGE_FAULTS");
  if (faults == NULL) return WG_OK;
  char *copy = wg_xstrdup(faults), *save = NULL;
  int code = WG_OK;
  for (char *s = strtok_r(copy, " ", &save); s && code == WG_OK; s = strtok_r(NULL, " ", &save)) {
    struct fault *f;
    code = fault_install(m, s, &f, err);
    kept[atomic_fetch_add(&nkept, 1) % MOST] = f;
  }
  free(copy);
  return code;
}

int __wrap_wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                             struct wg_err *err) {
  WG_TRY(__real_wg_machine_create(out, cfg, observer, err));
  return spoil(*out, err);
}

int __wrap_wg_machine_again(struct wg_machine **out, struct wg_machine *old, struct wg_err *err) {
  WG_TRY(__real_wg_machine_again(out, old, err));
  return spoil(*out, err);
}
