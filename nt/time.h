// Times of NT, in 100 ns since 1601-01-01 (WDK: KeQuerySystemTime, TIME_FIELDS).
#ifndef WG_NT_TIME_H
#define WG_NT_TIME_H

#include <stdint.h>

#define WG_NT_FIELDS 8u

// Its date and time of day, as TIME_FIELDS has them: year, month and day from 1, hour, minute, second, milliseconds,
// weekday from Sunday. What of the year does not fit in 16 bits is lost, as it is there.
void wg_nt_time_fields(uint64_t time, uint16_t f[WG_NT_FIELDS]);

// What each of them is called in a trace.
extern const char *const wg_nt_field_names[WG_NT_FIELDS];

#endif
