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
  size_t next; // of the script
};

void wg_input_init(struct wg_machine *m);
void wg_input_start(struct wg_machine *m); // waits for the next change of the input script
void wg_dialog_emit(struct wg_machine *m, const struct wg_input_change *c, bool scripted);
void wg_input_state(struct wg_archive *a, struct wg_input *i);

#endif
