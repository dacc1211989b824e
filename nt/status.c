// Names of NTSTATUS values.
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
