// Audio without sound: render-driver clients, threads that are called for every frame. emu/kernel/audio.c.
#ifndef WG_EMU_AUDIO_H
#define WG_EMU_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

struct wg_archive;
struct wg_machine;
struct wg_thread;

#define WG_AUDIO_CLIENTS 8

// A render-driver client (emu/kernel/audio.c): a thread that is called for every frame.
struct wg_audio_client {
  struct wg_thread *thread; // NULL: free
  uint64_t token;           // of its next frame's due time; 0: its callback runs
  uint64_t start_ns, frames;
};

struct wg_audio {
  struct wg_audio_client clients[WG_AUDIO_CLIENTS];
};

void wg_audio_init(struct wg_machine *m);                              // no clients
void wg_audio_forget(struct wg_machine *m, const struct wg_thread *t); // it has ended
bool wg_audio_again(struct wg_machine *m, struct wg_thread *t);        // a callback returned; false if it was none
void wg_audio_state(struct wg_archive *a, struct wg_machine *m);       // clients; the clock has their tokens

#endif
