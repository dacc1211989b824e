// A file of zstd frames, compressed and written on a second host thread, ended by a seek table (zstd's
// "seekable format": a skippable frame that plain zstd readers pass over).
//
// The bytes depend on the content alone: frames are cut where the caller says, the level is fixed.
#ifndef WG_TRACE_FRAMES_H
#define WG_TRACE_FRAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

// A frame of this size is worth cutting: small enough that a killed run loses little.
#define WG_FRAME_BYTES (256u << 10)

struct wg_frames;

int wg_frames_create(struct wg_frames **out, const char *path, int level, struct wg_err *err);
// Where to append; it changes with every cut.
struct wg_buf *wg_frames_buf(struct wg_frames *f);
// Ends the frame being filled and hands it over. False after a write error (kept for wg_frames_finish to report).
bool wg_frames_cut(struct wg_frames *f);
// Waits until all is written; `sha256` (65 bytes) receives the digest of the content so far.
void wg_frames_drain(struct wg_frames *f, char *sha256);
// After wg_frames_drain: appends `tail` as a last frame, writes the seek table, closes the file and frees `f`, also on
// error.
int wg_frames_finish(struct wg_frames *f, const void *tail, size_t n, struct wg_err *err);

// Reads a whole file (appended to `out`), decoded if it is zstd; at most `max` bytes either way.
int wg_frames_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err);

#endif
