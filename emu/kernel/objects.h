// The kernel's objects: what exists, what holds it, how it is found. emu/kernel/object.c.
//
// Ownership: an object belongs to the table and lives as long as something holds a reference (object.c says what).
// Strings and items are the object's own. Guest addresses are 32-bit numbers, 0 for none; times virtual ns. Errors: a
// NULL object, or the NTSTATUS that is asked for beside it. Source of the layouts: docs/architecture.md,
// nt/layouts.def.
#ifndef WG_EMU_OBJECTS_H
#define WG_EMU_OBJECTS_H

#include "base/map.h"
#include "trace/event.h"

struct wg_archive;
struct wg_kcall;
struct wg_machine;
struct wg_thread;

// DISPATCHER_HEADER types (docs/console.md#objects).
enum wg_dtype {
  WG_D_NOTIFICATION_EVENT = 0,
  WG_D_SYNCHRONIZATION_EVENT = 1,
  WG_D_MUTANT = 2,
  WG_D_SEMAPHORE = 5,
  WG_D_THREAD = 6,
  WG_D_NOTIFICATION_TIMER = 8,
  WG_D_SYNCHRONIZATION_TIMER = 9,
};

enum wg_otype { // rows of otype_names in object.c
  WG_O_EVENT,
  WG_O_SEMAPHORE,
  WG_O_MUTANT,
  WG_O_TIMER,
  WG_O_THREAD,
  WG_O_FILE,
  WG_O_MODULE,
  WG_O_CRITICAL_SECTION,
  WG_O_IO_COMPLETION,
  WG_O_SYMBOLIC_LINK,
  WG_O_NOTIFY_LISTENER,
  WG_O_ENUMERATOR,
  WG_O_OTHER,
};

// Who did something to an object, for the wedge report and satisfied_by.
struct wg_who {
  bool set;
  uint32_t tid;
  uint64_t idx;
  uint64_t ns;
  uint32_t lr;
};

struct wg_object {
  enum wg_otype type;
  uint32_t refs;           // all that hold it (object.c)
  uint32_t handles;        // of these, handles
  uint32_t guest_refs;     // and what the title has taken by ObReference* and its kin
  uint32_t pointer_handle; // a handle that the title does not know: it got a pointer, and gives that back
  size_t at;               // in the table
  uint64_t hsid;
  char *name;                       // full guest name, or NULL
  uint32_t guest;                   // dispatcher header in guest memory; 0 for objects that cannot be waited for
  bool in_guest;                    // a Ke* object that the title placed in its own memory: no handle made it
  struct wg_who created, signalled; // signalled: the last one
  uint64_t signals;
  struct wg_link *first, *last; // waiters, in the order of their waits
  size_t nwaiters;
  struct wg_thread *owner;                      // of a mutant
  uint32_t owner_tid;                           // of a mutant or critical section, for reports
  struct wg_object *owned_before, *owned_after; // its owner's others
  struct wg_object *before, *after;             // in_guest: in the order in which they became known
  struct wg_object *next_dead;
  struct wg_thread *thread;
  struct wg_file *file;
  uint64_t timer_seq; // identifies the scheduled expiry; 0 = none
  uint64_t timer_period_ns;
  uint32_t timer_apc, timer_apc_ctx, timer_dpc;
  struct wg_object *timer_thread; // the thread that receives timer_apc; held
  void *packets, *last_packet;    // of an I/O completion object
  uint64_t mask;                  // of a notification listener: the areas that it hears of
  void *items;                    // of a listener or an enumerator, item_size each
  size_t nitems, next_item, items_held;
  uint32_t item_size, most; // `most`: items that an enumerator gives at once
  uint32_t structure;       // an enumerator's KENUMERATOR in guest memory, by which it is placed; no dispatcher object
};

// A thread's place among the waiters of an object.
struct wg_link {
  struct wg_object *o;
  struct wg_thread *t;
  struct wg_link *before, *after;
};

struct wg_objects {
  struct wg_object **list; // every live object
  size_t n, room;
  struct wg_object *dead;                     // freed at the end of the window
  struct wg_object *guest_first, *guest_last; // in guest memory
  size_t nguest;
  struct wg_map named;    // hash of type and name -> object
  struct wg_map by_guest; // dispatcher address -> object
  struct wg_map ordinals; // creation counters behind the hsids
  uint64_t nordinals, ordinals_beyond;
};

struct wg_object *wg_object_new(struct wg_machine *m, enum wg_otype type, uint32_t lr); // with one reference
bool wg_object_room(struct wg_machine *m);                                              // for one more with a handle
// The same with a dispatcher header of that many bytes in the pool (0: none), if there is room; else NULL.
struct wg_object *wg_object_make(struct wg_kcall *k, enum wg_otype type, uint32_t header, uint32_t *status);
struct wg_object *wg_object_adopt(struct wg_machine *m, enum wg_otype type, uint32_t addr, uint32_t lr);
void wg_object_unref(struct wg_machine *m, struct wg_object *o);
void wg_object_reference(struct wg_object *o); // one for the title, which ObDereferenceObject gives back
void wg_objects_reap(struct wg_machine *m);    // frees what has died, threads too: no call may be in progress
bool wg_object_name(struct wg_machine *m, struct wg_object *o, const char *name);
void wg_object_has_handles(struct wg_machine *m, const struct wg_object *o, bool has);
void wg_object_own(struct wg_object *o, struct wg_thread *t);

// The object behind a dispatcher header in guest memory, adopted at first sight.
struct wg_object *wg_object_at(struct wg_machine *m, uint32_t addr, uint32_t lr);
struct wg_object *wg_object_named(struct wg_machine *m, enum wg_otype type, const char *name);
const char *wg_otype_name(enum wg_otype type);
uint64_t wg_ordinal(struct wg_machine *m, uint64_t key); // counts up from 0 for each key

// Ties an object to its dispatcher header (or critical section) in guest memory.
void wg_object_place(struct wg_machine *m, struct wg_object *o, uint32_t addr);
void wg_object_place_structure(struct wg_machine *m, struct wg_object *o,
                               uint32_t addr);                                 // an enumerator's, from the pool
struct wg_object *wg_object_placed(const struct wg_machine *m, uint32_t addr); // NULL if none is there
void wg_objects_release(struct wg_machine *m);

#endif
