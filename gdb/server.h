// The gdb remote protocol, served to one client after another.
//
// Loopback unless told otherwise; one client at a time, a second one is refused at once; one that reads nothing is
// left. Ownership: the target and what the options name are borrowed. Errors: WG_INPUT with the address that cannot be
// listened at, or what is wrong with the run.
#ifndef WG_GDB_SERVER_H
#define WG_GDB_SERVER_H

#include "base/buf.h"
#include "base/err.h"

struct wg_gdb_target;
struct wg_symbols;

// Events about a moment that has emitted `at` of them.
struct wg_gdb_events {
  uint64_t at;
  size_t n;
  bool (*give_up)(void *ctx); // asked now and then; or NULL
  void *ctx;
};

struct wg_gdb_options {
  const char *listen;                         // address, or NULL: loopback
  uint16_t port;                              // 0: any that is free
  const char *name;                           // of the title
  const struct wg_symbols *symbols;           // or NULL
  const struct wg_buf *program;               // an ELF that has them (program.h), or NULL
  bool once;                                  // ends with its first client
  bool (*go_on)(void);                        // false ends it; or NULL
  void (*told)(void *ctx, const char *words); // of clients that come and go; or NULL
  // As text; or NULL.
  int (*events)(void *ctx, const struct wg_gdb_events *want, struct wg_buf *out, struct wg_err *err);
  size_t (*checkpoints)(void *ctx, struct wg_buf *out); // lists them; or NULL
  // Keeps one of where the run is, and says so; NULL where there can be none.
  int (*checkpoint)(void *ctx, struct wg_buf *out, struct wg_err *err);
  void *ctx;
};

// Listens; *port is the one that it has.
int wg_gdb_listen(const struct wg_gdb_options *o, int *fd, uint16_t *port, struct wg_err *err);
// Serves until go_on says otherwise, closes fd.
int wg_gdb_serve(int fd, const struct wg_gdb_target *t, const struct wg_gdb_options *o, struct wg_err *err);

#endif
