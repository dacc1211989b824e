// Memory that is about to be written, all at once instead of a fault a page.
#ifndef WG_BASE_AHEAD_H
#define WG_BASE_AHEAD_H

#include <stddef.h>

// Has the host bring in the whole pages among these bytes, which lie in memory that may be written. It is only about
// time: a host that cannot (Linux before 5.14) does so when each is written.
void wg_memory_ahead(void *p, size_t n);

#endif
