// What the commands about accesses to memory share in printing. Private to cli/.
#ifndef WG_CLI_FOUND_H
#define WG_CLI_FOUND_H

#include "base/buf.h"
#include "base/symbols.h"
#include "cli/cli.h"
#include "emu/cpu/regs.h"
#include "probe/watcher.h"

// The names of addresses that a command was given by --map, or none.
struct wg_cli_map {
  const char *path;
  struct wg_symbols *symbols;
};
#define WG_CLI_MAP(m)                                                                                                  \
  { "map", 0, WG_OPT_STR, &(m)->path, "FILE", "names of addresses: the title's .map, GNU ld's -Map, or what nm prints" }
struct wg_travel;
int wg_cli_map_read(struct wg_cli_map *m, struct wg_err *err); // without a path: no symbols, and no error
int wg_cli_map_check(const struct wg_cli_map *m, const struct wg_travel *t, struct wg_err *err); // is it this title's?
void wg_cli_map_release(struct wg_cli_map *m);
void wg_cli_put_name(const struct wg_symbols *s, uint32_t addr, struct wg_buf *out); // " <name+0x10>", or nothing

// All append. `call`: the kernel call that it was done in, or NULL; so are symbols.
void wg_cli_put_bytes(const uint8_t *bytes, uint32_t n, struct wg_buf *out);
void wg_cli_json_bytes(const char *key, const uint8_t *bytes, uint32_t n, struct wg_buf *out);
void wg_cli_put_who(const struct wg_hit *h, const char *call, const struct wg_symbols *s, struct wg_buf *out);
// Members of an open object.
void wg_cli_json_who(const struct wg_hit *h, const char *call, const struct wg_symbols *s, struct wg_buf *out);
void wg_cli_put_regs(const struct wg_hit *h, const unsigned *regs, size_t n, bool json, struct wg_buf *out);
// "r3,lr,v12".
int wg_cli_registers(const char *list, unsigned numbers[WG_REGS], size_t *n, struct wg_err *err);

#endif
