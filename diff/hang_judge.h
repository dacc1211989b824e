// The judge of one trace: who moves, who is missed, and the verdicts. Private to diff/hang*.c.
#ifndef WG_DIFF_HANG_JUDGE_H
#define WG_DIFF_HANG_JUDGE_H

#include "diff/hang.h"
#include "diff/hang_facts.h"

enum wg_hang_class_id {
#define WG_HANG_CLASS(id, name, rank, words) WG_HANG_##id,
#define WG_HANG_RULE(class, detector)
#include "diff/hang_rules.def"
  WG_HANG_CLASSES
};

struct wg_hang_class {
  const char *name;
  int rank;
  const char *words;
};
extern const struct wg_hang_class wg_hang_classes[WG_HANG_CLASSES];

enum wg_spin { WG_NO_SPIN, WG_SPIN_CALLS, WG_SPIN_SILENT, WG_SPIN_IN_CALL }; // the last: one that does not return

struct wg_verdict {
  enum wg_hang_class_id cls;
  bool root;
  uint32_t thread;
  uint32_t object;          // or WG_NONE
  uint32_t path;            // string: a file instead
  uint32_t signaler, owner; // threads, or WG_NONE
  uint32_t because;         // the thread whose verdict explains this one, or WG_NONE
  struct wg_buf why;        // words
};

struct wg_hmover { // what is known of a thread's motion
  bool live, stuck;
  bool starved; // was created, and has not been let run at all for long
  enum wg_spin spin;
  struct wg_rounds rounds;
};

struct wg_judge {
  struct wg_facts f;
  const struct wg_hang_options *opt;
  const char *path;
  struct wg_hmover *m; // by thread
  uint32_t *free;      // live threads that are not stuck
  uint32_t nfree;
  uint8_t *seen; // threads that have been judged
  struct wg_verdict *verdicts;
  size_t nverdicts, cap;
};

static inline const struct wg_side *side(const struct wg_judge *j) { return &j->f.side; }
static inline struct wg_hthread *at(const struct wg_judge *j, uint32_t thread) { return &j->f.threads[thread]; }
static inline struct wg_hobject *obj(const struct wg_judge *j, uint32_t object) { return &j->f.objects[object]; }
static inline uint32_t tid(const struct wg_judge *j, uint32_t thread) { return side(j)->threads[thread].tid; }

// -- who moves (hang_move.c) --
void wg_judge_motion(struct wg_judge *j); // fills m
bool wg_judge_is_lock(const struct wg_judge *j, uint32_t object);
// The next object (from *i on) that a thread's open wait still lacks; WG_NONE after the last.
uint32_t wg_judge_lacking(const struct wg_judge *j, uint32_t thread, uint32_t *i);
bool wg_judge_can_end(const struct wg_judge *j, uint32_t object, uint32_t thread);
// The thread whose progress would give `object` to `waiter`: it is that thread, or owns it. WG_NONE if none is certain.
uint32_t wg_judge_needs(const struct wg_judge *j, uint32_t object, uint32_t waiter);
// A call of the thread's round has one of these (enum wg_hcall_flag).
bool wg_judge_round_has(const struct wg_judge *j, uint32_t thread, unsigned flags);
// The call that fails in every round of a spinner, or NULL.
const struct wg_hcall *wg_judge_failing(const struct wg_judge *j, uint32_t thread);

// -- verdicts (hang_rules.c) --
void wg_judge_thread(struct wg_judge *j, uint32_t thread); // it and those that it waits for, if not judged yet
// Whether a circle of joins and locks goes through the thread; its members in order (n is the room on entry).
bool wg_judge_circle(const struct wg_judge *j, uint32_t thread, uint32_t *members, uint32_t *n);

// -- words (hang_words.c) --
void wg_hang_put_thread(const struct wg_judge *j, uint32_t thread, struct wg_buf *out);
void wg_hang_put_event(const struct wg_judge *j, uint32_t thread, uint32_t idx,
                       struct wg_buf *out); // " (event 3 of ...)"
void wg_hang_put_object(const struct wg_judge *j, uint32_t object, struct wg_buf *out);
void wg_hang_put_words(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out); // without the thread
void wg_hang_put_verdict(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out);

// -- reports (hang_report.c) --
void wg_hang_text(const struct wg_judge *j, struct wg_buf *out);
void wg_hang_json(const struct wg_judge *j, struct wg_buf *out);

#endif
