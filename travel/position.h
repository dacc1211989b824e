// Positions in a run, as people write them.
//
//   6:1234            thread 6 has emitted its event of idx 1234
//   cycle=6:123456    thread 6 is about to execute the instruction after its first 123456
//                     (of thread 0: the first interrupt that comes so far)
//   insn=123456789    so many instructions of all threads have been retired
//   event=4711        the trace's 4711th event has been emitted, its header being the first
//   time=1.5s         the first moment between turns not before 1.5 s of virtual time (also ms, us, ns; no unit: s)
//   frame=120         the first moment between turns with so many frames
//   call=NtClose#3    the third kernel.call of that name (no #: the first)
//   return=NtClose#3  its kernel.return, of the third call that returned
//   start, end
#ifndef WG_TRAVEL_POSITION_H
#define WG_TRAVEL_POSITION_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum wg_position_kind {
  WG_AT_START,
  WG_AT_EVENT,     // tid, value: idx
  WG_AT_CYCLE,     // tid, value
  WG_AT_INSN,      // value
  WG_AT_NTH_EVENT, // value, from 1
  WG_AT_TIME,      // value: ns
  WG_AT_FRAME,     // value
  WG_AT_CALL,      // name, value: the how-manieth, from 1
  WG_AT_RETURN,    // the same
  WG_AT_END,
};

struct wg_position {
  enum wg_position_kind kind;
  uint32_t tid;
  uint64_t value;
  char name[64];
};

// WG_INPUT quotes the text and says what can be written.
int wg_position_parse(const char *text, struct wg_position *out, struct wg_err *err);
void wg_position_words(const struct wg_position *p, struct wg_buf *out); // as it is written

#endif
