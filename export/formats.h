// The formats. Perfetto: packets of TrackEvents, of one sequence, with interned names.
#ifndef WG_EXPORT_FORMATS_H
#define WG_EXPORT_FORMATS_H

#include "export/output.h"
#include "export/timeline.h"

struct wg_perfetto;
struct wg_perfetto *wg_perfetto_create(struct wg_output *out);
struct wg_picture wg_perfetto_picture(struct wg_perfetto *p); // what draws into it, as long as it lives
void wg_perfetto_free(struct wg_perfetto *p);

// As Chrome's viewer has it (the Trace Event Format): a JSON object with an array of events.
struct wg_chrome;
struct wg_chrome *wg_chrome_create(struct wg_output *out);
struct wg_picture wg_chrome_picture(struct wg_chrome *c);
void wg_chrome_end(struct wg_chrome *c);
void wg_chrome_free(struct wg_chrome *c);

// One table of events (RFC 4180): the head, then a row an event.
void wg_csv_begin(struct wg_output *out);
void wg_csv_event(struct wg_output *out, const struct wg_event *e, uint64_t order);

// A line of JSON an event, with a time and a level.
void wg_lnav_event(struct wg_output *out, const struct wg_event *e, uint64_t ns);

#endif
