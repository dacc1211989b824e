// One client's conversation: what it has set, and the answers to its packets. Private to gdb/.
//
// Nothing here reads or writes the connection (server.c does), so that a fuzzer can speak in its place. Ownership: a
// session owns its points and its answer; the target, the options and the symbols are borrowed. Errors: answers.
#ifndef WG_GDB_SESSION_H
#define WG_GDB_SESSION_H

#include "emu/look/look.h"
#include "gdb/packet.h"
#include "gdb/points.h"
#include "gdb/server.h"
#include "gdb/target.h"

enum wg_gdb_next {
  WG_GDB_ANSWER, // `answer` is to be sent
  WG_GDB_RESUME, // `request` is to be made, and its end told (wg_gdb_tell_stop)
  WG_GDB_LEAVE,  // `answer`, and the conversation is over
  WG_GDB_HANG_UP // the same without an answer
};

struct wg_gdb_session {
  const struct wg_gdb_target *target;
  const struct wg_gdb_options *o;
  struct wg_gdb_points_set points;
  uint32_t general, control; // Hg, Hc: threads, or 0 for any
  bool sought;               // a monitor command went elsewhere, and the client has not looked there yet
  bool no_ack;
  bool reports_breaks;     // swbreak and hwbreak are understood
  bool kills;              // it leaves, and wants the run to be over
  struct wg_gdb_stop stop; // the latest
  bool holds;              // a further one, which the next request to go on is told:
  struct wg_gdb_stop held;
  struct wg_gdb_request request;
  bool again;                 // it makes a step once more, past what others come to
  bool (*give_up)(void *ctx); // asked by what takes long, now and then; or NULL
  void *ctx;
  struct wg_buf answer;                 // a payload
  struct wg_buf console;                // what a monitor command prints, sent before it
  struct wg_buf features, threads, map; // what is read in parts
  size_t file_at[4];                    // open files: 1 where the symbols are being read
};

// `t` and `o` are borrowed until it is released.
void wg_gdb_session_begin(struct wg_gdb_session *s, const struct wg_gdb_target *t, const struct wg_gdb_options *o);
void wg_gdb_session_release(struct wg_gdb_session *s);
// Takes a packet's payload of n bytes, and puts its answer into s->answer, unless what it asks for is told later
// (wg_gdb_tell_stop).
enum wg_gdb_next wg_gdb_packet(struct wg_gdb_session *s, const char *payload, size_t n);
// Puts the answer to a request that has been made.
void wg_gdb_tell_stop(struct wg_gdb_session *s, const struct wg_gdb_stop *stop);

// For the parts of the conversation.
void wg_gdb_ok(struct wg_gdb_session *s);
void wg_gdb_error(struct wg_gdb_session *s, const char *fmt, ...) WG_PRINTF(2, 3); // E.why
void wg_gdb_errno(struct wg_gdb_session *s, unsigned n);                           // E14
const struct wg_machine *wg_gdb_machine(const struct wg_gdb_session *s);
bool wg_gdb_look(const struct wg_gdb_session *s, uint32_t tid, struct wg_look *out); // false: it has no registers
bool wg_gdb_exists(const struct wg_gdb_session *s, uint64_t tid);                    // a thread, as gdb knows it
uint32_t wg_gdb_chosen(const struct wg_gdb_session *s);                              // Hg's thread, or who stopped
uint32_t
wg_gdb_meant(const struct wg_gdb_session *s); // the same, or until it has looked there who runs where it was sought

void wg_gdb_query(struct wg_gdb_session *s, struct wg_gdb_text t);                       // q..., Q...  gdb/query.c
enum wg_gdb_next wg_gdb_v(struct wg_gdb_session *s, struct wg_gdb_text t);               // v...        gdb/resume.c
enum wg_gdb_next wg_gdb_go(struct wg_gdb_session *s, char how, bool back, uint32_t tid); //             gdb/resume.c
void wg_gdb_monitor(struct wg_gdb_session *s, const char *line);                         // qRcmd       gdb/monitor.c
void wg_gdb_file(struct wg_gdb_session *s, struct wg_gdb_text t);                        // vFile:      gdb/files.c
void wg_gdb_put_features(struct wg_buf *out);                                            // gdb/registers.c
void wg_gdb_put_register(const struct wg_look *l, unsigned n, struct wg_buf *out);       // l NULL: unavailable
void wg_gdb_put_map(struct wg_buf *out);                                                 // gdb/memory.c
void wg_gdb_read_memory(struct wg_gdb_session *s, struct wg_gdb_text t);                 // m
void wg_gdb_region(struct wg_gdb_session *s, uint64_t addr);                             // qMemoryRegionInfo
void wg_gdb_put_threads(const struct wg_gdb_session *s, struct wg_buf *out);             // gdb/threads.c
void wg_gdb_describe_thread(const struct wg_gdb_session *s, uint32_t tid,
                            struct wg_buf *out); // qThreadExtraInfo: in words

#endif
