#include "nt/time.h"

const char *const wg_nt_field_names[WG_NT_FIELDS] = {"year",   "month",  "day",          "hour",
                                                     "minute", "second", "milliseconds", "weekday"};

void wg_nt_time_fields(uint64_t time, uint16_t f[WG_NT_FIELDS]) {
  uint64_t days = time / 864000000000ull, ms = time / 10000 % 86400000;
  // Civil date from days since 1601-01-01 (a year of the 400-year cycle begins on March 1st).
  int64_t z = (int64_t)days + 584694, era = z / 146097, doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);
  const uint16_t all[WG_NT_FIELDS] = {(uint16_t)year,
                                      (uint16_t)month,
                                      (uint16_t)(doy - (153 * mp + 2) / 5 + 1),
                                      (uint16_t)(ms / 3600000),
                                      (uint16_t)(ms / 60000 % 60),
                                      (uint16_t)(ms / 1000 % 60),
                                      (uint16_t)(ms % 1000),
                                      (uint16_t)((days + 1) % 7)};
  for (unsigned i = 0; i < WG_NT_FIELDS; i++) f[i] = all[i];
}
