// Guest code within kernel calls. emu/kernel/nested.c. A context's frames are data, never a host stack: what a call
// needs later lies in its frame.
//
// Ownership: a frame belongs to its context, a wg_resume to its frame. Errors: too many frames end the run.
#ifndef WG_EMU_NESTED_H
#define WG_EMU_NESTED_H

#include <stdbool.h>
#include <stdint.h>

struct wg_archive;
struct wg_ctx;
struct wg_export;
struct wg_frame;
struct wg_kcall;
struct wg_machine;
struct wg_thread;

// What a call that runs guest code leaves for when that returns. It belongs to the frame of that call alone, which
// says whose it is; the body checks that it is of its own kind nevertheless (wg_resumed).
enum wg_resume_kind { WG_RESUME_SEH, WG_RESUME_STARTS, WG_RESUME_UNLOAD, WG_RESUMES };
struct wg_resume {
  enum wg_resume_kind is;
};

// The body returns at once and is entered again, with k->resumed and its own arguments, when `fn` has returned. `data`
// begins with a wg_resume and is from malloc; it is handed back then, or released if the thread or interrupt ends
// before.
void wg_call_guest(struct wg_kcall *k, uint32_t fn, const uint32_t *args, unsigned n, struct wg_resume *data);
// The same with its stack below an address, not below the caller's.
void wg_call_guest_below(struct wg_kcall *k, uint32_t below, uint32_t fn, const uint32_t *args, unsigned n,
                         struct wg_resume *data);
// The same for a thread that has not begun: wg_modules_next hears of its return.
void wg_call_first(struct wg_machine *m, struct wg_thread *t, uint32_t fn, const uint32_t *args, unsigned n,
                   struct wg_resume *data);
void wg_guest_returned(struct wg_machine *m, struct wg_ctx *ctx);
void wg_guest_abandon(struct wg_machine *m, struct wg_ctx *ctx);
void wg_resume_free(struct wg_machine *m, struct wg_resume *r);
// What this call left, which is of that kind; NULL: the run ends.
struct wg_resume *wg_resumed(struct wg_kcall *k, int is);
// The call that a frame is in (NULL: none) and where it was called from; the frame below.
const struct wg_export *wg_frame_call(const struct wg_frame *f, uint32_t *lr, const struct wg_frame **below);

// Faults (emu/kernel/seh.c).
// What a body returns that raises, as RtlRaiseStatus does at its caller, and again when it is resumed.
uint64_t wg_raise_status(struct wg_kcall *k, uint32_t status);
struct wg_fault {
  const char *cause;
  uint32_t code, n, info[2]; // NTSTATUS and the exception record's parameters
};
// What the processor stopped at: an exception for the title's handlers if a frame on the stack has one, else the run's
// end.
void wg_fault(struct wg_machine *m, struct wg_ctx *ctx, const struct wg_fault *f);
void wg_fault_returned(struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *data, uint64_t result);

#endif
