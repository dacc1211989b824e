// A file of zstd frames, compressed and written on a second host thread, ended by a seek table (zstd's
// "seekable format": a skippable frame that plain zstd readers pass over).
//
// A frame ends where the caller cuts, and wherever content has waited for WG_FRAME_WAIT_MS of host time: what a killed
// process or a machine that stands still had appended is in the file. So the content, decompressed, depends on the
// caller alone; where its frames end may depend on the host.
#ifndef WG_TRACE_FRAMES_H
#define WG_TRACE_FRAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

// A frame of this size is worth cutting.
#define WG_FRAME_BYTES (256u << 10)
#define WG_FRAME_WAIT_MS 400

struct wg_frames;

struct wg_frames_kind {
  int level;         // zstd's
  const char *first; // a frame that the file begins with
  // Works the content out from what one or several calls have appended, each whole; on the thread that compresses.
  // Where each call appends a multiple of 8 bytes, they are aligned to that. NULL: it is the content.
  void (*content)(const char *appended, size_t n, struct wg_buf *out);
};

// Makes the file, which must not exist, and locks it (flock) until it is finished.
int wg_frames_create(struct wg_frames **out, const char *path, const struct wg_frames_kind *kind, struct wg_err *err);
// Appends to the frame being filled, whole: a frame never ends within what one call appends.
void wg_frames_add(struct wg_frames *f, const void *data, size_t n);
// The same without a copy: room for n bytes, and then how many of them were written there.
char *wg_frames_room(struct wg_frames *f, size_t n);
void wg_frames_commit(struct wg_frames *f, size_t n);
// Bytes since the last cut.
size_t wg_frames_pending(const struct wg_frames *f);
// Hands over what has been appended: with it a frame ends, or, where content is worked out, once that is worth one.
// False after a write error (kept for wg_frames_finish to report).
bool wg_frames_cut(struct wg_frames *f);
// Waits until all is written; `sha256` (65 bytes) receives the digest of the content so far.
void wg_frames_drain(struct wg_frames *f, char *sha256);
// After wg_frames_drain: appends `tail`, which is content, as a last frame, writes the seek table, closes the file and
// frees `f`, also on error; after one before the first frame the file is gone.
int wg_frames_finish(struct wg_frames *f, const void *tail, size_t n, struct wg_err *err);

// Whether it ends with its seek table and has the bytes that this counts, which takes no time. One that was packed
// again by another program has none, and is whole all the same.
bool wg_frames_counted(const char *path);

// Reads a whole file (appended to `out`), decoded if it is zstd; at most `max` bytes either way.
int wg_frames_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err);

#endif
