// Two sides beside one another: what both can tell, which thread is which, and how their calls align. Private to diff/.
#ifndef WG_DIFF_PAIR_H
#define WG_DIFF_PAIR_H

#include "diff/model.h"
#include "diff/touches.h"

// What each side knows of an export, by name.
struct wg_known {
  uint64_t hash;                                // of the name
  uint8_t args[2], details[2], rvs[2], outs[2]; // any call of it tells
  uint8_t nargs[2];                             // the fewest told
  uint8_t makes[2];                             // some call of it was seen to make a handle
  uint8_t timed[2];                             // whether a wait would end by itself
  uint64_t returned, acted;                     // here: how often it came back, and had signalled or waited
};

// A place in a thread's calls after loops have been folded: every round's call there is one occurrence of it.
struct wg_leaf {
  uint32_t at, n;  // its occurrences: wg_leaf_step
  uint32_t count;  // with repetitions
  uint32_t soft;   // polls, queries and locks that follow, in all
  uint32_t period; // of the latest repetition that was folded into it; 0: none
};

// Where every step is a leaf of its own there are neither leaf, occ nor of_step: the inline functions know.
struct wg_leaves {
  size_t n;
  uint32_t *partner;  // place on the other side, or WG_NONE
  bool plain;         // nothing was folded
  size_t begun, back; // the last `begun` leaves are a round that was begun, of the loop so many leaves before
  struct wg_leaf *leaf;
  uint32_t *occ;               // steps, one leaf's after another's
  uint32_t *of_step;           // leaf of each step, or WG_NONE where the step is soft
  const struct wg_step *steps; // the thread's
  const uint32_t *keys;        // by content
};

static inline struct wg_leaf wg_leaf_at(const struct wg_leaves *l, size_t i) {
  return l->leaf ? l->leaf[i] : (struct wg_leaf){(uint32_t)i, 1, l->steps[i].count, 0, 0};
}
// The i-th occurrence.
static inline uint32_t wg_leaf_step(const struct wg_leaves *l, size_t leaf, uint32_t i) {
  return l->leaf ? l->occ[l->leaf[leaf].at + i] : (uint32_t)leaf;
}
static inline uint32_t wg_leaf_of(const struct wg_leaves *l, size_t step) {
  return l->of_step ? l->of_step[step] : (uint32_t)step;
}
static inline uint32_t wg_leaf_content(const struct wg_leaves *l, size_t leaf) {
  return l->steps[wg_leaf_step(l, leaf, 0)].content;
}
// What must be equal to be the same place.
static inline uint32_t wg_leaf_key(const struct wg_leaves *l, size_t leaf) { return l->keys[wg_leaf_content(l, leaf)]; }

struct wg_thread_pair {
  uint32_t t[2]; // thread indexes
  const char *how;
  unsigned confidence; // percent
  struct wg_leaves side[2];
  uint64_t matched;                // calls that have a partner
  bool exact;                      // alignment did not run out of effort
  bool lasts[2];                   // it is blocked (or has not started) for longer than the other one ever was there
  bool open[2];                    // its trace may simply have ended before more came
  bool pool;                       // compared as tasks
  bool apcs[2];                    // APCs end waits of it
  uint32_t findings, last_finding; // a list by `next`; WG_NONE: none
};

enum wg_class_id {
#define WG_CLASS(id, name, rank, words) WG_D_##id,
#include "diff/classes.def"
  WG_D_COUNT_OF,
};

struct wg_class {
  const char *name;
  unsigned rank; // lower explains higher
  const char *words;
};
extern const struct wg_class wg_classes[];

struct wg_finding {
  enum wg_class_id cls;
  uint32_t pair;     // index of the thread pair
  uint32_t next;     // of the same pair, or WG_NONE
  uint32_t step[2];  // WG_NONE where a side has no such call
  uint32_t seq;      // in the trace of A: when
  uint32_t there;    // of a rule broken in the reference: when, in its own order
  const char *field; // static: "rv", "arg", "out", "object", ... or ""
  uint32_t arg;      // number of the argument
  struct wg_buf key; // of out{}: which member; empty otherwise
  uint64_t value[2];
  uint64_t count[2];  // of class COUNT, or how often the call stands alone
  const char *reason; // static: why it is noise or an engine's choice; NULL: it is neither
  struct wg_buf seen; // what the runs of the reference have there, in words; empty: nothing that could be told
  bool hidden;        // noise
  bool timing;        // a state before a signal: chance decides it
  bool first;         // up to it the two traces are in step
  uint32_t shows[2];  // of class LAW: thread pair and step of A where it shows; WG_NONE: at the call itself
};

// How often the threads of one pair make each kind of call, by strong key: of the pair that was asked for last.
struct wg_often {
  uint32_t pair; // + 1; 0: of none yet
  struct wg_map n[2];
};

struct wg_pairing {
  struct wg_side *s[2];
  struct wg_map known; // hash of a name -> index in kinds
  struct wg_known *kinds;
  size_t nkinds;
  struct wg_map names[2]; // string -> index in kinds
  uint32_t *strong[2];    // keys, by content
  uint8_t *weight[2];     // enum wg_weight, by content
  bool lr;                // both tell where calls come from
  bool returns;           // both tell of returns
  bool idle[2];           // nothing moves there any more
  bool rests[2];          // each thread there waits for another (wg_side.rests), as the other side shows
  bool waits_told;        // A tells of each wait's beginning, and B does if it tells of any
  unsigned effects;       // kinds that both record, by the same engine
  struct wg_often *often;
  uint32_t *peer[2]; // thread index -> pair index, or WG_NONE
  struct wg_thread_pair *pairs;
  size_t npairs;
  struct wg_map same[2]; // object -> object of the other side, as far as confirmed
  struct wg_finding *findings;
  size_t nfindings, findings_cap;
  bool exact;                    // both are Wedge's own, whole enough to show each law
  bool lawful;                   // what A's kernel failed to do is in the findings, and nothing else of the kind is
  bool lawful_later;             // that holds for DPCs, too: one of the two traces tells of some
  struct wg_touches *touches[2]; // while causes are looked for
  uint32_t *waiters[2];          // wg_sole_threads, or NULL: not asked for yet
  const struct wg_rules *rules;
  bool own_rules;  // the engine is the same: only the user's rules hold
  const char *map; // "17=13,..." or NULL
};

// Each finding of a pair, in the order in which they were added.
#define WG_EACH_FINDING(p, of, i) for (uint32_t i = (p)->pairs[of].findings; i != WG_NONE; i = (p)->findings[i].next)

void wg_pairing_init(struct wg_pairing *p, struct wg_side *a, struct wg_side *b);
void wg_pairing_release(struct wg_pairing *p);

// The thread of a pair on one side.
static inline struct wg_dthread *wg_pair_thread(const struct wg_pairing *p, uint32_t pair, int side) {
  return &p->s[side]->threads[p->pairs[pair].t[side]];
}

// Keys of a content (keys.c): equal keys on both sides mean the same call for the same thing.
static inline uint32_t wg_key_strong(const struct wg_pairing *p, int side, uint32_t content) {
  return p->strong[side][content];
}
uint64_t wg_key_weak(const struct wg_pairing *p, int side, uint32_t content); // call and call site only
// As the strong one, but for the call site.
uint64_t wg_key_anywhere(const struct wg_pairing *p, int side, uint32_t content);
// The weak one; of a call that prints, the strong one: two texts are two calls.
uint64_t wg_key_said(const struct wg_pairing *p, int side, uint32_t content);
bool wg_as_often(const struct wg_pairing *p, uint32_t pair, uint32_t key); // the pair's threads make such calls
struct wg_known *wg_known_of(const struct wg_pairing *p, int side, const struct wg_content *c);

// How much a call says by itself: NEUTRAL ones never count (locks), SOFT ones by the values they give (polls, queries).
enum wg_weight { WG_HARD, WG_SOFT, WG_NEUTRAL };
static inline enum wg_weight wg_weight_of(const struct wg_pairing *p, int side, uint32_t content) {
  return (enum wg_weight)p->weight[side][content];
}

bool wg_signals_anything(const struct wg_side *s); // some call of it should have

// `fold`: repetitions become one.
void wg_leaves_build(const struct wg_pairing *p, int side, uint32_t thread, bool fold, struct wg_leaves *l);
void wg_leaves_release(struct wg_leaves *l);

// Finds who is whom, surest ways first: each thread of either side is in one pair at most. Fails if the user's own
// pairs (wg_diff_options.map) cannot be.
int wg_match_threads(struct wg_pairing *p, struct wg_err *err);
// Aligns every pair and lists what differs.
void wg_align(struct wg_pairing *p);
struct wg_finding *wg_finding_add(struct wg_pairing *p, enum wg_class_id cls, uint32_t pair, uint32_t a, uint32_t b);

// Puts the end of a thread that stopped beside what the other one did next (tail.c).
void wg_align_tail(const struct wg_pairing *p, struct wg_thread_pair *tp);
void wg_align_begun(const struct wg_pairing *p, struct wg_thread_pair *tp);

// Where two threads part (part.c): adds what the last calls before the first of a pair's findings from `first` on gave.
uint32_t wg_parting(const struct wg_pairing *p, const struct wg_finding *f, int side); // step; nsteps at the end
void wg_part(struct wg_pairing *p, uint32_t pair, size_t first);
// Threads that take work as it comes: compares them together (pool.c).
void wg_compare_pools(struct wg_pairing *p);
// Hides which of several threads' packets came first (packets.c).
void wg_mask_packets(struct wg_pairing *p);
// Hides which of several objects came first (any_order.c).
void wg_mask_any_order(struct wg_pairing *p);
// Hides how often threads have to wait for one another (balance.c).
void wg_mask_balanced(struct wg_pairing *p);
// Hides what comes of who was first to try for an object, where no law is broken (tries.c).
void wg_mask_tries(struct wg_pairing *p);
void wg_compare_objects(struct wg_pairing *p, uint32_t pair); // how the same calls made them
void wg_compare_lives(struct wg_pairing *p, uint32_t pair);   // how threads began and ended

// What each trace shows of its own kernel's faults, as findings where the other one shows none of the kind
// (breaches.c).
struct wg_laws;
void wg_add_breaches(struct wg_pairing *p, const struct wg_laws *a, const struct wg_laws *b);

// The step of A before one that asks for a value, on its thread, that set it; WG_NONE: there is none (setters.c).
uint32_t wg_setter_before(const struct wg_pairing *p, uint32_t pair, uint32_t a_step);

// Where two traces in step part (instep.c).
void wg_find_first(struct wg_pairing *p);

// Fills rests, when all pairs are aligned, and then lasts and open of each (ends.c).
void wg_ends_at_rest(struct wg_pairing *p);
// A call or the end of a thread of the title lets the other side's thread go on from where this one stands.
// It joins others, and its file ends right where they have ended.
bool wg_about_to_go_on(const struct wg_pairing *p, uint32_t pair, int side);
bool wg_let_go_by_title(const struct wg_pairing *p, uint32_t pair, int side);
void wg_ends(const struct wg_pairing *p, struct wg_thread_pair *tp, uint32_t pair);

// The step of the other side that a step stands beside, or WG_NONE.
uint32_t wg_partner_step(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step);

// The first difference between two calls, as a finding's fields; false if there is none (compare.c).
struct wg_delta {
  enum wg_class_id cls;
  const char *field;
  uint32_t arg;
  uint64_t value[2];
  char key[48];
  const char *reason;
};
// A finding of it at a step of A, whose time it has.
struct wg_finding *wg_finding_of(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b, const struct wg_delta *d);
// What is found of that class at a step of A; NULL: nothing.
struct wg_finding *wg_finding_at(const struct wg_pairing *p, uint32_t pair, uint32_t a, enum wg_class_id cls);
bool wg_compare(const struct wg_pairing *p, uint32_t a_content, uint32_t b_content, struct wg_delta *d);
// The same, and what rules leave out counts too: for the place where two threads part.
bool wg_compare_all(const struct wg_pairing *p, uint32_t a_content, uint32_t b_content, struct wg_delta *d);
// Which came first decides it: the state before a signal.
bool wg_timing(const struct wg_content *c, const struct wg_delta *d);
// A wait ends by an APC or by its object, as it comes: of two that differ in that alone, where APCs come to both
// threads.
bool wg_interrupted(const struct wg_pairing *p, uint32_t pair, const struct wg_content *c, const struct wg_delta *d);
bool wg_no_chance(const struct wg_side *s, const struct wg_content *c);
// A call for objects, by the field's names: it waits, or fails.
static inline bool wg_waits_for_objects(const struct wg_content *c) {
  const char *name = c->nt ? wg_nt_of(c)->name : "";
  return strncmp(name, "NtWaitFor", 9) == 0 || strncmp(name, "KeWaitFor", 9) == 0 ||
         strncmp(name, "NtSignalAndWait", 15) == 0 || strncmp(name, "WaitForSingle", 13) == 0 ||
         strncmp(name, "NetDll_WSAWait", 14) == 0;
}
// Its own trace alone shows that a call of A succeeds without doing what its kind does.
bool wg_fails_silently(const struct wg_pairing *p, uint32_t a_content, struct wg_delta *d);
bool wg_apcs_come(const struct wg_side *s, const struct wg_dthread *t);
// For objects: pairs them at first sight, then holds both to it. False if they are known to be others.
bool wg_same_object(struct wg_pairing *p, uint32_t a, uint32_t b);

#endif
