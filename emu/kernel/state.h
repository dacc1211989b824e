// The kernel's parts of the description of a machine's state (emu/state/archive.h). References between them: objects
// and threads are their places in their tables, modules and exports likewise. Private to emu/kernel.
#ifndef WG_EMU_KERNEL_STATE_H
#define WG_EMU_KERNEL_STATE_H

#include "emu/kernel/kernel.h"
#include "emu/state/archive.h"

// A reference, or NULL; one that leads nowhere fails the archive.
void wg_ar_object(struct wg_archive *a, struct wg_machine *m, struct wg_object **o);
void wg_ar_thread(struct wg_archive *a, struct wg_machine *m, struct wg_thread **t);
void wg_ar_export(struct wg_archive *a, struct wg_machine *m, struct wg_export **x);

// What lies with an object or a thread and is known to one file alone.
void wg_file_state(struct wg_archive *a, struct wg_machine *m, struct wg_object *o);
void wg_packets_state(struct wg_archive *a, struct wg_object *o);
void wg_frames_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx);
// A frame by its place, the innermost first.
void wg_ar_frame(struct wg_archive *a, const struct wg_ctx *ctx, struct wg_frame **f);
struct wg_resume *wg_seh_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *r);
struct wg_resume *wg_starts_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *r);
struct wg_resume *wg_leaving_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *r);
// Another context's registers, kept aside: what is no register is the thread's.
void wg_saved_cpu_state(struct wg_archive *a, const struct wg_ctx *ctx, struct wg_cpu *c);

void wg_modules_state(struct wg_archive *a, struct wg_machine *m);
void wg_xam_state(struct wg_archive *a, struct wg_machine *m);
void wg_dialogs_state(struct wg_archive *a, struct wg_machine *m);
void wg_context_init(struct wg_machine *m, struct wg_ctx *ctx,
                     unsigned hw); // as a new thread's, on that hardware thread

#endif
