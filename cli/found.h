// What the commands about accesses to memory share in printing. Private to cli/.
#ifndef WG_CLI_FOUND_H
#define WG_CLI_FOUND_H

#include "base/buf.h"
#include "probe/regs.h"
#include "probe/watcher.h"

// All append. `call`: the kernel call that it was done in, or NULL.
void wg_cli_put_bytes(const uint8_t *bytes, uint32_t n, struct wg_buf *out);
void wg_cli_json_bytes(const char *key, const uint8_t *bytes, uint32_t n, struct wg_buf *out);
void wg_cli_put_who(const struct wg_hit *h, const char *call, struct wg_buf *out);
void wg_cli_json_who(const struct wg_hit *h, const char *call, struct wg_buf *out); // members of an open object
void wg_cli_put_regs(const struct wg_hit *h, const unsigned *regs, size_t n, bool json, struct wg_buf *out);
// "r3,lr,v12".
int wg_cli_registers(const char *list, unsigned numbers[WG_PROBE_REGS], size_t *n, struct wg_err *err);

#endif
