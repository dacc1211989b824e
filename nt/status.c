// Names of NTSTATUS values.
#include <string.h>

#include "nt/exports.h"

static const struct {
  uint32_t value;
  const char *name;
} rows[] = {
#define WG_STATUS(value, name) {value, #name},
#include "nt/status.def"
};

const char *wg_nt_status_name(uint32_t status) {
  size_t lo = 0, hi = sizeof rows / sizeof *rows;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (rows[mid].value == status) return rows[mid].name;
    if (rows[mid].value < status)
      lo = mid + 1;
    else
      hi = mid;
  }
  return NULL;
}

bool wg_nt_status_value(const char *name, size_t n, uint32_t *status) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strncmp(rows[i].name, name, n) != 0 || rows[i].name[n] != 0) continue;
    *status = rows[i].value;
    return true;
  }
  return false;
}
