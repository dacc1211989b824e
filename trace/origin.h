// What a database was made of: enough to tell whether it is still that.
#ifndef WG_TRACE_ORIGIN_H
#define WG_TRACE_ORIGIN_H

#include <stdint.h>

#include "base/buf.h"

struct wg_store_origin {
  struct wg_buf name;     // the file's, without its folder: both may move together
  int64_t size, mtime_ns; // -1: no regular file, never the same again
  char sample[17];        // hash of its beginning and end
};

// Of the file as it is now. What cannot be looked at has mtime -1.
void wg_store_origin(const char *source, struct wg_store_origin *out);
void wg_store_origin_release(struct wg_store_origin *o);

#endif
