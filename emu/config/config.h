// What a machine is made from, and how a run can end: options, input script, mounts.
//
// Times are virtual ns since the start, dates seconds since 1970. Ownership: strings and arrays are borrowed for the
// machine's life.
#ifndef WG_EMU_CONFIG_H
#define WG_EMU_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/poll.h"

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

// Other options that a run has from a moment between turns on, after so many windows: what it does there depends on
// nothing that came later.
#define WG_MAX_FORKS 16
// What a call returns instead: its kernel.return is thread tid's event idx. If there is a name, so does from the moment
// on every call of that name that would return `own`.
struct wg_forced_return {
  bool on;
  uint32_t tid;
  uint64_t idx, rv, own;
  const char *name;
};
// A call that thread tid makes besides: before its kernel.call of event idx or, `behind`, once the call whose
// kernel.return that is has returned.
#define WG_FORCED_ARGS 13
struct wg_forced_call {
  bool on, behind;
  uint32_t tid;
  uint64_t idx;
  const char *name; // an export that does not wait (wg_may_be_forced)
  uint64_t args[WG_FORCED_ARGS];
};
struct wg_config_fork {
  uint64_t windows;
  struct wg_forced_return forced;
  struct wg_forced_call besides;
  uint64_t max_ns, max_frames, sched_seed;
  bool strict;
  bool script;    // what is left of the input script before is dropped for
  size_t ninputs; // those up to here
};

// When code is compiled (emu/jit): never; on another thread, when it has run often; at once, the first time that it is
// seen, which is for tests.
enum wg_jit_mode { WG_JIT_OFF, WG_JIT_ON, WG_JIT_AT_ONCE };

// Code that earlier runs have compiled (emu/jit/cache.h).
struct wg_jit_cache;
struct wg_jit_keeper {
  struct wg_jit_cache *(*of)(void *ctx, const char *title); // a title's, which outlives its machines; or NULL
  void *ctx;
};

struct wg_config {
  const char *title;                     // host path of the .xex, ELF or disc image
  const char *title_as;                  // what the title takes its file's name for; NULL: the path's last part
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
  bool every_instruction;               // execute loops that wait to the last round: the same run, later
  enum wg_jit_mode jit;                 // compile what runs often: the same run, sooner
  struct wg_jit_keeper jit_keeper;      // asked when a machine begins that compiles; of: NULL, nothing is kept
  const struct wg_input_change *inputs; // in the order of their times; those of forks follow
  size_t ninputs;
  struct wg_config_fork forks[WG_MAX_FORKS]; // in the order of their windows
  size_t nforks;
  const char *content;    // host folder of packages that the title may enumerate and open, or NULL
  const char *args;       // guest command line after the title's name, or NULL
  struct wg_poll loading; // asked while the title is read and unpacked: false ends that with an error
};

// What holds behind so many of the forks; before the first of them what the run began with.
static inline struct wg_config_fork wg_config_behind(const struct wg_config *c, size_t forks) {
  if (forks) return c->forks[forks - 1];
  return (struct wg_config_fork){.max_ns = c->max_ns,
                                 .max_frames = c->max_frames,
                                 .sched_seed = c->sched_seed,
                                 .strict = c->strict,
                                 .ninputs = c->ninputs};
}

struct wg_title_digests {
  char title[65], patch[65]; // sha256 of the files as read; patch empty without one
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

#endif
