// Checkpoints of a run: its whole state at moments between turns, in memory, and in a file beside the trace.
//
// The file (RUN/checkpoints.wgc): records, each of a head and a body, all little-endian:
//   u32 "WGCR", u32 kind, u32 length of the head, of the body, of the body before compression, u64 xxHash of the head,
//   of the body; the head; the body (zstd).
//   HEADER  head: JSON, what the file belongs to; no body. The first record.
//   EXTENT  head: u64 bytes of the file, u64 hash of its last record's two hashes; no body. The second record, written
//           anew behind each other one.
//   PAGES   head: u64 hash of each page; body: the pages, 4096 bytes each. Numbered through the file.
//   STATE   head: where the machine is; body: its state (emu/state/archive.h).
// A page is in the file once, before the first state that has it, so that a file is whole up to wherever it was cut
// off. The hash of a record's head begins with the hash of the record's before it (but for EXTENT), and the file says
// how far it goes: a record that is missing, or in another's place, is found.
//
// Ownership: the list owns its checkpoints, and its file. Errors: WG_INPUT with the file's name and offset; WG_INTERNAL
// where it cannot be written.
#ifndef WG_CHECKPOINT_H
#define WG_CHECKPOINT_H

#include "base/err.h"
#include "emu/machine.h"
#include "emu/state/pages.h"

#define WG_CHECKPOINTS "checkpoints.wgc"
// What errors of reading leave to be said.
#define WG_CHECKPOINTS_WITHOUT                                                                                         \
  "remove the file to do without checkpoints, or make them anew (wedge replay --checkpoints)"

struct wg_checkpoint {
  struct wg_machine_where at;
  uint64_t packets; // of branches that had been recorded, if they are
  uint32_t last_tid;
  size_t nthreads;
  struct wg_machine_thread *threads;
  uint32_t *pages;     // of a state in memory: the pages that it uses
  size_t npages;       //
  struct wg_buf state; // empty: in the file, at
  uint64_t offset;     // its body
  uint32_t packed, size;
  uint64_t hash;
};

struct wg_checkpoints {
  struct wg_checkpoint *list; // in the order of the run
  size_t n, room;
  struct wg_pages pages;
  uint64_t packets; // of the next one, as its taker says
  // the file, if any
  char *path;
  int fd;
  bool writes;
  size_t stored;             // pages that it has
  uint64_t end;              // of its records
  uint64_t chain;            // hash of the last one's hashes
  uint64_t extent;           // where it says how far it goes; 0: nowhere yet
  struct wg_pages_at *where; // of each batch of pages
  struct wg_packer *packer;  // while it writes
  size_t given;              // pages that it has, or the packer
  size_t nwhere;
  struct wg_err failed; // the first error of writing; nothing is written after it
  bool other_version;   // made it: the file is refused
  bool unfit;           // the file is one, and refused: it is another run's or version's, or holds none
  struct wg_buf damage; // what is wrong with the file behind its last whole record; or empty
  uint64_t lost;        // where pages lie that a restore has missed; 0: none
};

void wg_checkpoints_init(struct wg_checkpoints *c);
void wg_checkpoints_release(struct wg_checkpoints *c); // closes the file

// What the file of a run's checkpoints must say that it belongs to. Release it.
void wg_checkpoints_identity(const struct wg_title_digests *d, const struct wg_config *cfg, struct wg_buf *out);

// A new file, or the one that is there; `identity` decides whether it is this run's. *there: there is one.
int wg_checkpoints_create(struct wg_checkpoints *c, const char *dir, const char *identity, struct wg_err *err);
int wg_checkpoints_open(struct wg_checkpoints *c, const char *dir, const char *identity, bool *there,
                        struct wg_err *err);
// The same file, to add to (one process at a time) if all of it is whole, or a new one. What is taken then may lie
// anywhere in the run.
int wg_checkpoints_append(struct wg_checkpoints *c, const char *dir, const char *identity, struct wg_err *err);
// Writes what is still in hand. Returns the first error of all writes.
int wg_checkpoints_finish(struct wg_checkpoints *c, struct wg_err *err);

// Every byte of the file is as it was written; else WG_INPUT with the place of the first that is not.
int wg_checkpoints_check(struct wg_checkpoints *c, struct wg_err *err);
// Checkpoint i is not used any more; what the file has of it stays there.
void wg_checkpoints_forget(struct wg_checkpoints *c, size_t i);

// Lets go of pages that the file has, so that at most so many are in memory.
void wg_checkpoints_trim(struct wg_checkpoints *c, size_t most);

// Lets go of states in memory until they, and pages that they alone use, have no more than `most` bytes; the first one
// stays. Those stay that lie close to `here` or far from others, so that their distances grow with the distance from
// it.
void wg_checkpoints_thin(struct wg_checkpoints *c, const struct wg_machine_where *here, size_t most);

// Of a machine between turns; between those that are there, by the instructions retired. None where one is already.
void wg_checkpoint_take(struct wg_checkpoints *c, struct wg_machine *m);
// Puts `m`, which was made for the same run and has not run yet, there. WG_INPUT if the state, or a page of it, is not
// what was written: `m` is to be freed then.
int wg_checkpoint_restore(struct wg_checkpoints *c, size_t i, struct wg_machine *m, struct wg_err *err);

// Whether `m` is, between turns, in the state of checkpoint i. WG_INPUT if that cannot be read.
int wg_checkpoint_compare(struct wg_checkpoints *c, size_t i, struct wg_machine *m, bool *same, struct wg_err *err);

// When a run that goes on should take its next one: so that from one to the next a replay takes a bounded time. Nothing
// of the host decides it.
uint64_t wg_checkpoint_effort(const struct wg_machine_where *w);
#define WG_CHECKPOINT_EFFORT 120000000u // about 0.3 s
struct wg_checkpoint_pace {
  uint64_t spacing;     // effort between two of them
  uint64_t due, window; // effort of the next one; the window in which that is asked again
};
// From the start of `m` on: the first one comes when a replay from there would begin to be felt.
void wg_checkpoint_pace(struct wg_checkpoint_pace *p, uint64_t spacing);
// Between turns: whether the next one is to be taken, as the caller then does.
bool wg_checkpoint_due(struct wg_checkpoint_pace *p, const struct wg_machine *m);

#endif
