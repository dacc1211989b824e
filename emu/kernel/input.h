// The controllers, as the input script has them. emu/kernel/input.c.
#ifndef WG_EMU_INPUT_H
#define WG_EMU_INPUT_H

#include "emu/config/config.h"

struct wg_archive;
struct wg_machine;

struct wg_input {
  struct wg_pad {
    struct wg_pad_state state;
    uint32_t packet;  // counts changes
    uint16_t pressed; // as XamInputGetKeystroke has told
  } pads[4];
  size_t next;    // of the script
  size_t n;       // lines of it that there are so far
  uint64_t token; // of what waits for the next
};

void wg_input_init(struct wg_machine *m);
void wg_input_start(struct wg_machine *m); // waits for the next change of the input script
// The event of a dialog's answer.
void wg_dialog_emit(struct wg_machine *m, const struct wg_input_change *c, bool scripted);
// From now on there are n lines, of which those before `next` are over.
void wg_input_script(struct wg_machine *m, size_t next, size_t n);
void wg_input_state(struct wg_archive *a, struct wg_input *i);

#endif
