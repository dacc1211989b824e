// Packets of the gdb remote protocol: $payload#checksum, what stands between them, and numbers in hexadecimal.
//
// Ownership: a reader owns the packet that it has in hand, which is good until the next byte. Errors: none; what is no
// packet is told as such, and a packet longer than WG_GDB_PACKET is a bad one.
#ifndef WG_GDB_PACKET_H
#define WG_GDB_PACKET_H

#include "base/buf.h"

#define WG_GDB_PACKET 0x4000u // bytes of a payload, both ways

enum wg_gdb_input {
  WG_GDB_NOTHING, // yet
  WG_GDB_PAYLOAD, // a whole packet
  WG_GDB_BAD,     // its checksum or length is wrong
  WG_GDB_ACK,
  WG_GDB_NACK,
  WG_GDB_BREAK, // Ctrl-C
};

struct wg_gdb_reader {
  struct wg_buf payload; // unescaped
  enum { WG_GDB_BETWEEN, WG_GDB_BODY, WG_GDB_ESCAPED, WG_GDB_SUM, WG_GDB_SUM_LOW } state;
  uint8_t sum, told;
  bool bad;
};

enum wg_gdb_input wg_gdb_byte(struct wg_gdb_reader *r, uint8_t byte); // one more of the stream
void wg_gdb_reader_release(struct wg_gdb_reader *r);
// Appends the packet that carries a payload.
void wg_gdb_frame(const char *payload, size_t n, struct wg_buf *out);

// A reading position in a payload.
struct wg_gdb_text {
  const char *at, *end;
};
bool wg_gdb_skip(struct wg_gdb_text *t, const char *word);                 // past that word, if it is there
bool wg_gdb_number(struct wg_gdb_text *t, uint64_t *out);                  // hexadecimal, at most 64 bits
bool wg_gdb_range(struct wg_gdb_text *t, uint64_t *first, uint64_t *size); // two of them, a comma between
// Up to `stop` or the end, past it.
struct wg_gdb_text wg_gdb_until(struct wg_gdb_text *t, char stop);
bool wg_gdb_is(struct wg_gdb_text t, const char *word);
bool wg_gdb_unhex(struct wg_gdb_text t, struct wg_buf *out); // pairs of digits
void wg_gdb_hex(const void *data, size_t n, struct wg_buf *out);

#endif
