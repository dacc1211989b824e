// Packs the bodies of records on a thread of its own, where there can be one, while the run goes on. Private to
// checkpoint/.
#ifndef WG_CHECKPOINT_PACKER_H
#define WG_CHECKPOINT_PACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WG_PACKED_PAGES 256u // of a record, at most

// A record on its way. Its body is pages, which stay where they are until it is back, or `body`.
struct wg_packing {
  struct wg_packing *next;
  uint32_t kind;
  struct wg_buf head, body;
  const uint8_t *pages[WG_PACKED_PAGES];
  size_t npages;
  uint64_t windows;     // of a state: where it is, as its caller says
  struct wg_buf packed; // empty: it cannot be packed
  uint32_t size;        // before that
  bool done;
};

struct wg_packer;
struct wg_packer *wg_packer_create(bool threaded);                // false: what is given is packed at once
void wg_packer_free(struct wg_packer *p);                         // and what it has
void wg_packer_give(struct wg_packer *p, struct wg_packing *job); // takes it
// Waits for the first that was given and is not back, which is the caller's; NULL: there is none.
struct wg_packing *wg_packer_take(struct wg_packer *p);
void wg_packing_free(struct wg_packing *job);

#endif
