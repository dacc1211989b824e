// Between the parts of the facts: what events do to them. Private to diff/hang_*.c.
#ifndef WG_DIFF_HANG_WATCH_H
#define WG_DIFF_HANG_WATCH_H

#include "diff/hang_facts.h"

struct wg_event;

// struct wg_watch's; `facts` is a struct wg_facts.
void wg_facts_event(void *facts, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call);
void wg_facts_end_thread(struct wg_facts *f, uint32_t thread); // the trace has ended

// Without wait events (hang_guess.c).
void wg_guess_wait(struct wg_facts *f, uint32_t thread); // the current call of the thread opens it
void wg_guess_end(struct wg_facts *f, uint32_t thread);  // and has ended, as it goes on
void wg_guess_rest(struct wg_facts *f);                  // at the end: what else open waits may be for
bool wg_guess_alertable(const struct wg_facts *f, const struct wg_hthread *t);

// The tables grow with the model's; pointers hold until the next thread or object.
struct wg_hobject *wg_hobject_at(struct wg_facts *f, uint32_t object);
struct wg_hthread *wg_hthread_at(struct wg_facts *f, uint32_t thread);
struct wg_htouch *wg_htouch_of(struct wg_facts *f, uint32_t object, uint32_t thread);
struct wg_hdpc *wg_hdpc_of(struct wg_facts *f, uint32_t addr);

bool wg_hthread_resume(struct wg_hthread *t); // it is in its outer wait again; false: there is none

// What happens to an object's signal, at an event of the thread (`seq` in the trace, `idx` in the thread). Given: by
// a set, or a release of so many counts.
void wg_facts_give(struct wg_facts *f, uint32_t object, const struct wg_hsignal *given, uint32_t count);
void wg_facts_retract(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t idx); // the call failed
void wg_facts_clear(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t idx);   // reset
// The state before the last signal, as the kernel gave it.
void wg_facts_previous(struct wg_facts *f, uint32_t object, uint64_t previous);
// A lock is taken, as often as it is, and let go.
void wg_facts_hold(struct wg_facts *f, uint32_t object, uint32_t thread, uint32_t idx);
void wg_facts_unhold(struct wg_facts *f, uint32_t object, uint32_t thread);
// The object that an argument names, or WG_NONE.
uint32_t wg_facts_by_handle(struct wg_facts *f, uint32_t thread, uint32_t handle);
uint32_t wg_facts_target(struct wg_facts *f, uint32_t thread); // the first one of the current call
// The open wait of a thread has ended: by objects[status & 0x3F], or all of them (taken), or by none.
void wg_facts_end_wait(struct wg_facts *f, uint32_t thread, bool taken, uint32_t status);

// The current call of a thread (hang_effects.c).
enum wg_effect wg_effect_of(struct wg_facts *f, uint32_t name, const struct wg_nt_export *nt);
void wg_effect_on_call(struct wg_facts *f, uint32_t thread, const struct wg_event *e); // as it begins
void wg_effect_on_return(struct wg_facts *f, uint32_t thread, bool has_rv, uint32_t rv);
void wg_effect_dpc_runs(struct wg_facts *f, uint32_t addr); // it starts
void wg_effect_on_created(struct wg_facts *f, uint32_t thread, uint32_t object);
// What the text log shows at an address among the call's arguments: "7018FF28(F8000010)". False if it does not.
bool wg_effect_shown(const struct wg_event *e, uint32_t address, uint64_t *value);

#endif
