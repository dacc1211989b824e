// A machine: one console running one title. A value, never a global: two can live in one process.
//
// It reaches the outside through what its caller gives it: an observer for events, a config that names
// the host folders behind the guest's devices. It writes no files and reads no clock.
#ifndef WG_EMU_MACHINE_H
#define WG_EMU_MACHINE_H

#include "base/err.h"
#include "emu/title.h"
#include "emu/vfs/vfs.h"
#include "trace/event.h"

#define WG_MAX_MOUNTS 8

struct wg_mount {
  const char *link; // symbolic link that leads there: "cache:", "cache0:" or "cache1:"
  const char *host; // host folder with its initial content, or NULL for an empty device
};

// A controller's whole state from a moment of virtual time on.
struct wg_pad_state {
  bool connected;
  uint16_t buttons; // XINPUT_GAMEPAD bits
  uint8_t left_trigger, right_trigger;
  int16_t lx, ly, rx, ry;
};

enum wg_signed_in { WG_SIGNED_OUT, WG_SIGNED_IN_LOCALLY, WG_SIGNED_IN_TO_LIVE };
enum wg_dialog_kind { WG_DIALOG_MESSAGE_BOX, WG_DIALOG_KEYBOARD, WG_DIALOG_DEVICE, WG_DIALOG_OTHER };
#define WG_DIALOGS 4

// A line of an input script.
enum wg_input_kind {
  WG_INPUT_PAD,    // user, pad
  WG_INPUT_USER,   // user, signed_in, text (the name)
  WG_INPUT_ANSWER, // dialog, cancelled, value (button or device), text: what the next dialog of that kind is told
  WG_INPUT_NOTIFY, // id, value: a notification to the title's listeners
};
struct wg_input_change {
  uint64_t at_ns; // of an answer: not before that
  enum wg_input_kind kind;
  uint32_t user; // 0 to 3
  struct wg_pad_state pad;
  enum wg_signed_in signed_in;
  enum wg_dialog_kind dialog;
  bool cancelled;
  uint32_t id, value;
  char *text; // UTF-8, or NULL
};

struct wg_config {
  const char *title;                     // host path of the .xex, ELF or disc image
  const char *patch;                     // host path of its title update (.xexp, or a package that holds one), or NULL
  const char *key_file;                  // file with further AES keys, or NULL
  struct wg_mount mounts[WG_MAX_MOUNTS]; // besides game:, which is the title's folder
  size_t nmounts;
  uint64_t max_ns;                      // virtual time at which the run stops
  uint64_t max_frames;                  // VdSwap calls after which it stops; 0 = no limit
  uint64_t max_windows;                 // scheduler windows after which it counts as interrupted; 0 = no limit
  uint64_t sched_seed;                  // 0 = the plain schedule
  uint64_t date;                        // guest wall clock at start, seconds since 1970
  bool strict;                          // stop at a call to an export that is not implemented
  const struct wg_input_change *inputs; // in the order of their times
  size_t ninputs;
  const char *content; // host folder of packages that the title may enumerate and open, or NULL
  const char *args;    // guest command line after the title's name, or NULL
};

// Where virtual time stands when a machine starts: 2005-11-22, the console's launch day.
#define WG_DEFAULT_DATE 1132617600u

enum wg_end {
  WG_END_EXIT,          // the title ended
  WG_END_WEDGE,         // nothing can ever run again
  WG_END_LIMIT,         // max_ns or max_frames reached
  WG_END_EXCEPTION,     // guest fault or undefined instruction
  WG_END_UNIMPLEMENTED, // --strict
  WG_END_OBSERVER,      // the observer said stop
  WG_END_INTERRUPTED,   // the observer did not want to go on, or max_windows is reached
};

struct wg_machine;

int wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                      struct wg_err *err);
void wg_machine_free(struct wg_machine *m);

// Runs to an end. A guest that does wrong is an end, not an error.
enum wg_end wg_machine_run(struct wg_machine *m);

const char *wg_end_name(enum wg_end end);
uint64_t wg_machine_now(const struct wg_machine *m); // virtual ns
uint64_t wg_machine_instructions(const struct wg_machine *m);
uint64_t wg_machine_frames(const struct wg_machine *m);
uint64_t wg_machine_windows(const struct wg_machine *m); // scheduler windows so far
// The kernel call that an interruption ended in its midst, or NULL.
const char *wg_machine_within(const struct wg_machine *m);
uint64_t wg_machine_state_hash(const struct wg_machine *m); // end of the state-hash chain
const uint64_t *wg_machine_hash_chain(const struct wg_machine *m, size_t *n);
bool wg_machine_from_image(const struct wg_machine *m); // the title is in a container
const struct wg_title_digests *wg_machine_digests(const struct wg_machine *m);
// Host files whose content the guest has read, in the order of first use.
const struct wg_vfs_input *wg_machine_inputs(const struct wg_machine *m, size_t *n);
struct wg_mem *wg_machine_mem(const struct wg_machine *m); // the guest's memory
struct wg_vfs *wg_machine_vfs(const struct wg_machine *m); // what the guest has seen of the host's folders
// Packets that the GPU executed, by operation; an operation that no list names is OP_xx.
void wg_machine_packets(const struct wg_machine *m, void (*each)(void *ctx, const char *name, uint64_t n), void *ctx);
// The instruction word at a guest address; false if there is no memory.
bool wg_machine_fetch(const struct wg_machine *m, uint32_t addr, uint32_t *word);
// What each thread waits for, and who created and signalled that object; or the exception's details.
void wg_machine_report(const struct wg_machine *m, struct wg_buf *out);
// Exports that were called though not implemented, as "module!name" lines with counts.
void wg_machine_unimplemented(const struct wg_machine *m, struct wg_buf *out);
// Bounds that the run has met (docs/limits.md), a line each; nothing if none.
void wg_machine_limits(const struct wg_machine *m, struct wg_buf *out);
// Writes every file that the guest created or changed below `dir`.
int wg_machine_save_overlay(const struct wg_machine *m, const char *dir, struct wg_err *err);

#endif
