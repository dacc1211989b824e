// LZX as cabinets and XEX2 files have it ("Microsoft LZX Data Compression Format", part of the Cabinet SDK): frames of
// 32 KiB of output, each ending on a 16-bit boundary of the stream.
#ifndef WG_EMU_LZX_H
#define WG_EMU_LZX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/poll.h"

#define WG_LZX_FRAME 32768u

// Decodes `in` to exactly `size` bytes; window of 2^bits, 15 to 21. NULL, or what is wrong with the stream; *at says
// how far the input was read.
const char *wg_lzx_decode(const uint8_t *in, size_t n, unsigned bits, uint8_t *out, size_t size, size_t *at);
// The same; `poll` (or NULL) is asked meanwhile.
const char *wg_lzx_decode_polled(const uint8_t *in, size_t n, unsigned bits, const struct wg_poll *poll, uint8_t *out,
                                 size_t size, size_t *at);

// The same with a dictionary: matches may reach into `before`, as if it stood in front of the output.
const char *wg_lzx_decode_after(const uint8_t *in, size_t n, unsigned bits, const uint8_t *before, size_t nbefore,
                                uint8_t *out, size_t size, size_t *at);

// Encodes the bytes from `from` on; those before it are the dictionary (0: none). `frames` receives the length of each
// frame's part of `out` as 32-bit integers in host order. No match is longer than 256 bytes.
void wg_lzx_encode(const uint8_t *in, size_t from, size_t n, unsigned bits, struct wg_buf *out, struct wg_buf *frames);

// Position slots of a window, and a slot's extra bits and first formatted offset.
unsigned wg_lzx_slots(unsigned bits);
unsigned wg_lzx_extra(unsigned slot);
uint32_t wg_lzx_base(unsigned slot);

#endif
