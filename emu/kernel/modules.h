// Modules: the title, the libraries that it loads, the console's own. emu/kernel/module.c, module_state.c.
//
// Ownership: a module owns its image (the title's is the machine's), names and list of dependencies; it stays while
// something pins it. Addresses are the guest's; a handle is the address of a loader data entry. Errors: NTSTATUS, with
// the reason in `err`.
#ifndef WG_EMU_MODULES_H
#define WG_EMU_MODULES_H

#include "base/err.h"
#include "emu/kernel/nested.h"
#include "emu/loader/loader.h"

struct wg_archive;
struct wg_machine;
struct wg_thread;

struct wg_module {
  const struct wg_image *image; // NULL: one of the console's own
  struct wg_image own;          // what `image` is, but for the title
  char *name, *path;            // "plugin.dll", "game:\\plugin.dll"
  uint32_t ldr, header;         // loader data entry, its handle; the guest's copy of the header
  uint32_t names[2];            // path and name there
  uint32_t loads;               // by the title
  uint32_t uses;                // by other modules
  uint32_t pins;                // by those, and by calls that go on later: its memory stays while there are any
  struct wg_module **deps;      // that it imports from
  size_t ndeps;
  bool placed, started, leaving, gone;
};
struct wg_modules {
  struct wg_module **list; // in the order of their loading, the title first
  size_t n;
  struct wg_module **gone; // unloaded, but still pinned
  size_t ngone;
  unsigned linking;               // modules within modules that are being linked
  uint32_t xex_header, ldr_entry; // the title's
};

enum { WG_DLL_PROCESS_DETACH = 0, WG_DLL_PROCESS_ATTACH = 1 };
// The title itself as a module, game:\\NAME, with the libraries that it imports.
int wg_module_title(struct wg_machine *m, const char *name, struct wg_err *err);
void wg_modules_release(struct wg_modules *x);
// What is left of wg_module_starts and wg_module_leaving, if they do not come to their end.
void wg_starts_release(struct wg_machine *m, struct wg_resume *r);
void wg_leaving_release(struct wg_machine *m, struct wg_resume *r);
struct wg_module *wg_module_named(struct wg_machine *m, const char *name); // loaded already, or the console's; or NULL
struct wg_module *wg_module_at(const struct wg_machine *m, uint32_t handle);       // by its loader entry; or NULL
struct wg_module *wg_module_containing(const struct wg_machine *m, uint32_t addr); // in its image; or NULL
// Address of an export: by name if that is not NULL; 0 if there is none.
uint32_t wg_module_symbol(struct wg_machine *m, const struct wg_module *x, uint16_t ordinal, const char *name);
// NTSTATUS; `err` says why not. `importer` may be NULL. The module is linked, but not started.
uint32_t wg_module_load(struct wg_machine *m, const char *name, const struct wg_module *importer,
                        struct wg_module **out, struct wg_err *err);
uint32_t wg_module_from(struct wg_machine *m, const char *path, const void *data, size_t n, struct wg_module **out,
                        struct wg_err *err);
// The start-up functions that it and its dependencies still need, for wg_module_next: 0 after the last.
struct wg_resume *wg_module_starts(struct wg_module *x);
struct wg_module *wg_module_starting(const struct wg_resume *starts);
uint32_t wg_module_next(struct wg_resume *starts, uint32_t args[3]);
void wg_modules_next(struct wg_machine *m, struct wg_thread *t, struct wg_resume *starts);
// Its unloading goes on when it has been told.
struct wg_resume *wg_module_leaving(struct wg_module *x);
struct wg_module *wg_module_left(const struct wg_resume *leaving);
void wg_module_loaded(struct wg_machine *m, struct wg_module *x);  // one user more
bool wg_module_release(struct wg_machine *m, struct wg_module *x); // one less: true if nobody is left
bool wg_module_unused(const struct wg_module *x);
void wg_module_unload(struct wg_machine *m, struct wg_module *x);

#endif
