#include "emu/jit/jit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "emu/cpu/branch.h"
#include "emu/cpu/compiled.h"
#include "emu/cpu/keep.h"
#include "emu/cpu/refused.h"
#include "emu/jit/arena.h"
#include "emu/jit/choose.h"
#include "emu/jit/library.h"
#include "emu/jit/refusals.h"
#include "emu/jit/worker.h"

// Samples of a place before it is compiled. One stands for 63 branches, some 300 instructions: these are a few tenths
// of a millisecond of interpreting, where compiling takes tens of milliseconds.
#define THRESHOLD 512u
#define ROOM ((size_t)96 << 20)
#define PLACES 16384u // whose samples are counted
#define TELLS 8u      // samples: by then it has shown what of it is executed at all
// What is compiled, but is no entry, is compiled once more after as many samples (so many times as many where the
// threshold is another), if the interpreter spends its time there: that they come within so many instructions.
#define AGAIN 8u
#define WITHIN 16000000u
#define QUEUE 64u     // regions that wait
#define REWRITTEN 16u // times that a page's code may change before it is left to the interpreter

struct wg_jit_host {
  const struct wg_jit_backend *backend;
  struct wg_jit *jit;
  struct wg_worker *worker;
  struct wg_jit_cache *cache; // or NULL
  struct wg_arena arena;
  struct wg_refusals refusals; // of what is in it
  struct wg_compiler compiler;
  struct wg_jit_stats stats;
  unsigned threshold, again_after; // samples
  struct page *pages[1u << 20];    // NULL: nothing was ever asked for there
  struct page *first;
  uint32_t again[QUEUE]; // pages whose kept regions may be installed again,
  size_t nagain;         // once no compiled code is running
  bool clear;            // the room is used up
  struct {
    uint32_t pc;
    uint32_t n;     // samples; UINT32_MAX: asked for
    uint64_t since; // the cycle, nearly, of the first one
  } seen[PLACES];
};

// What of a page is compiled, or is being.
struct cover {
  bool asked[WG_CHOSEN_PAGE], done[WG_CHOSEN_PAGE], entry[WG_CHOSEN_PAGE];
  bool looked_up[WG_CHOSEN_PAGE]; // for what an earlier run has kept
  bool tried;                     // what is kept of it
  bool page_looked_up;            // for all that an earlier run has kept of it
};

// Instructions of a page whose accesses are refused too often: the interpreter executes them, and comes back.
struct stepped {
  bool at[WG_CHOSEN_PAGE];
};

struct page {
  struct page *next; // of all that there are
  struct cover cover;
  struct kept *kept; // in the order in which they were made
  unsigned rewritten;
  struct stepped *stepped; // or NULL
};

// A region that has been compiled: it is good wherever the same instructions are at the same addresses, in code that
// changes back, or in the next machine's.
struct kept {
  struct kept *next;
  wg_handler *fn;
  size_t n;
  struct kept_insn {
    uint32_t word;
    uint16_t place;
    bool entry, leave;
  } insns[];
};

static struct page *page_of(struct wg_jit_host *h, uint32_t page) {
  if (h->pages[page]) return h->pages[page];
  struct page *p = wg_xcalloc(1, sizeof *p);
  p->next = h->first;
  return h->pages[page] = h->first = p;
}
static struct cover *cover_of(struct wg_jit_host *h, uint32_t page) { return &page_of(h, page)->cover; }

static bool page_words(struct wg_code *code, uint32_t page, uint32_t words[WG_CHOSEN_PAGE]) {
  const uint8_t *p = wg_code_page_bytes(code, page);
  if (p == NULL) return false;
  for (size_t i = 0; i < WG_CHOSEN_PAGE; i++) words[i] = wg_load_be32(p + 4 * i);
  return true;
}

// Where jumps have led to of late, within a page.
static void recent_jumps(const struct wg_branches *b, uint32_t page, struct wg_jumps *out) {
  for (size_t i = 0; i < WG_BRANCH_TARGETS; i++)
    if (b->targets[i] >> 12 == page) wg_jumps_add(out, b->targets[i] >> 2 & (WG_CHOSEN_PAGE - 1));
}

// The region that begins at `pc`, to be compiled, of what is in `of` alone, unless that is NULL.
static struct wg_job *job_at(struct wg_code *code, uint32_t pc, const struct wg_jumps *jumps, const bool *of,
                             const struct stepped *stepped) {
  uint32_t words[WG_CHOSEN_PAGE], page = pc >> 12;
  struct wg_chosen chosen;
  if (!page_words(code, page, words)) return NULL;
  wg_choose(words, of, pc >> 2 & (WG_CHOSEN_PAGE - 1), WG_JIT_MOST, jumps, &chosen);
  struct wg_job *job = wg_job_new(chosen.n);
  job->page = page;
  job->pc = pc;
  for (uint32_t i = 0; i < WG_CHOSEN_PAGE; i++) {
    if (!chosen.in[i]) continue;
    struct wg_jit_insn *insn = &job->insns[job->n++];
    wg_compiled_insn(code, (page << 12) + 4 * i, words[i], insn);
    insn->entry = chosen.entry[i];
    if (stepped && stepped->at[i]) insn->body = NULL;
    job->breaks |= wg_code_breaks_at(code, insn->pc);
  }
  return job;
}

static const struct stepped *stepped_of(const struct wg_jit_host *h, uint32_t pc) {
  return h->pages[pc >> 12] ? h->pages[pc >> 12]->stepped : NULL;
}

static void asked(struct wg_jit_host *h, const struct wg_job *job) {
  struct cover *cover = cover_of(h, job->page);
  for (size_t i = 0; i < job->n; i++) cover->asked[job->insns[i].place] = true;
}

// What an earlier run has kept is done.
static void take_found(struct wg_jit_host *h, const struct wg_jit_found *found) {
  struct wg_job *job = wg_job_new(found->n);
  job->page = found->pc >> 12;
  job->pc = found->pc;
  job->ok = job->kept = true;
  job->blob = (struct wg_jit_blob){found->bytes, found->size, found->entry, found->refusals, found->nrefusals};
  job->n = found->n;
  wg_jit_cache_insns(found, job->insns);
  asked(h, job);
  wg_worker_done(h->worker, job);
}

// All that is kept of a page is taken when the first of it is seen: what was often executed before will be now, and is
// seen at one place after the other otherwise.
static void take_page(struct wg_jit_host *h, uint32_t number, const uint8_t *page) {
  struct cover *cover = cover_of(h, number);
  size_t n;
  if (cover->page_looked_up) return;
  cover->page_looked_up = true;
  struct wg_jit_found *found = wg_jit_cache_page(h->cache, number, page, cover->entry, &n);
  for (size_t i = 0; i < n; i++) take_found(h, &found[i]);
  free(found);
}

// What an earlier run has kept of the region that begins at `pc`, or that has it.
static bool take_kept(struct wg_jit_host *h, struct wg_code *code, uint32_t pc) {
  const uint8_t *page = wg_jit_cache_may_page(h->cache, pc >> 12) ? wg_code_page_bytes(code, pc >> 12) : NULL;
  struct wg_jit_found found;
  if (page == NULL || stepped_of(h, pc)) return false;
  take_page(h, pc >> 12, page);
  if (cover_of(h, pc >> 12)->asked[pc >> 2 & (WG_CHOSEN_PAGE - 1)]) return true;
  if (!wg_jit_cache_find(h->cache, pc, page, &found)) return false;
  take_found(h, &found);
  return true;
}

static void ask(struct wg_jit_host *h, struct wg_code *code, uint32_t pc, const struct wg_jumps *jumps,
                const bool *of) {
  struct wg_job *job = take_kept(h, code, pc) ? NULL : job_at(code, pc, jumps, of, stepped_of(h, pc));
  if (job == NULL) return;
  asked(h, job);
  wg_worker_give(h->worker, job);
}

void wg_jit_ask(struct wg_jit_host *h, struct wg_code *code, uint32_t pc) {
  ask(h, code, pc, &(struct wg_jumps){.n = 0}, NULL);
}

// It needs no more than to be seen once, and is looked up once.
static bool take_at_once(struct wg_jit_host *h, struct wg_code *code, uint32_t pc) {
  bool *looked_up = &cover_of(h, pc >> 12)->looked_up[pc >> 2 & (WG_CHOSEN_PAGE - 1)];
  if (*looked_up) return false;
  *looked_up = true;
  return take_kept(h, code, pc);
}

// Whether regions of this page are kept that have not been tried since its code came to be.
static bool may_be_had_again(const struct wg_jit_host *h, uint32_t page) {
  const struct page *p = h->pages[page];
  return p && p->kept && !p->cover.tried && p->rewritten < REWRITTEN && h->nagain < QUEUE;
}

static bool ends_packet(const struct wg_branches *b) {
  return b->nwords >= WG_KEEP_MOST_WORDS || b->ntargets >= WG_KEEP_MOST_TARGETS;
}

static void sample(struct wg_jit_host *h, const struct wg_cpu *c, uint32_t pc) {
  if (may_be_had_again(h, pc >> 12)) {
    cover_of(h, pc >> 12)->tried = true;
    h->again[h->nagain++] = pc >> 12;
    return;
  }
  const struct page *page = h->pages[pc >> 12];
  unsigned place = pc >> 2 & (WG_CHOSEN_PAGE - 1);
  if (page && page->cover.asked[place]) return; // will be known better when that is there
  bool rewritten = page && page->rewritten >= REWRITTEN, done = page && page->cover.done[place];
  if (done && ends_packet(c->branches)) return; // which compiled code leaves to the interpreter
  // What lies within compiled code may be the beginning of a part of it that was compiled before.
  if (!rewritten && !done && wg_jit_cache_may_page(h->cache, pc >> 12) && take_at_once(h, c->code, pc)) return;
  size_t at = (pc >> 2) * 0x9E3779B1u >> 18;
  if (h->seen[at].pc != pc) {
    // A newcomer has to be seen more often than who has the place, unless that is done with.
    if (h->seen[at].n != UINT32_MAX && h->seen[at].n > 1) {
      h->seen[at].n--;
      return;
    }
    h->seen[at].pc = pc;
    h->seen[at].n = 0;
  }
  if (h->seen[at].n == UINT32_MAX) return;
  if (h->seen[at].n++ == 0) h->seen[at].since = c->branches->cycle;
  if (h->seen[at].n < (done ? h->again_after : h->threshold)) return;
  if (done && c->branches->cycle - h->seen[at].since > WITHIN) {
    h->seen[at].n = 0;
    return;
  }
  if (rewritten || wg_worker_waiting(h->worker) >= QUEUE) return;
  h->seen[at].n = UINT32_MAX;
  struct wg_jumps jumps = {.n = 0};
  bool executed[WG_CHOSEN_PAGE];
  recent_jumps(c->branches, pc >> 12, &jumps);
  wg_compiled_executed(c->code, pc >> 12, executed);
  ask(h, c->code, pc, &jumps, h->threshold >= TELLS ? executed : NULL);
}

static void often(void *ctx, const struct wg_cpu *c, uint32_t pc) { sample(ctx, c, pc); }

static struct kept *keep(const struct wg_job *job) {
  struct kept *k = wg_xcalloc(1, sizeof *k + job->n * sizeof *k->insns);
  k->n = job->n;
  for (size_t i = 0; i < job->n; i++) {
    const struct wg_jit_insn *insn = &job->insns[i];
    k->insns[i] = (struct kept_insn){insn->word, insn->place, insn->entry, insn->leave};
  }
  return k;
}

// The code is as it was when it was asked for.
static bool still_so(struct wg_code *code, uint32_t page, const struct kept *k) {
  const uint8_t *p = wg_code_page_bytes(code, page);
  if (p == NULL) return false;
  for (size_t i = 0; i < k->n; i++) {
    const struct kept_insn *insn = &k->insns[i];
    if (wg_load_be32(p + 4u * insn->place) != insn->word) return false;
    if (!insn->leave && wg_code_breaks_at(code, (page << 12) + 4u * insn->place)) return false;
  }
  return true;
}

static bool put_code(struct wg_code *code, uint32_t page, const struct kept *k) {
  uint16_t places[WG_JIT_MOST];
  size_t n = 0;
  for (size_t i = 0; i < k->n; i++)
    if (k->insns[i].entry) places[n++] = k->insns[i].place;
  return wg_compiled_install(code, page, places, n, k->fn);
}

// Takes `k`.
static bool install_new(struct wg_jit_host *h, struct wg_code *code, const struct wg_job *job, struct kept *k) {
  if (!still_so(code, job->page, k)) {
    h->stats.dropped++;
    free(k);
    return false;
  }
  const uint8_t *at = wg_arena_add(&h->arena, job->blob.bytes, job->blob.size);
  h->clear = at == NULL;
  if (at) k->fn = (wg_handler *)(uintptr_t)(at + job->blob.entry);
  if (at) wg_refusals_add(&h->refusals, at, &job->blob, job->page);
  bool installed = at && put_code(code, job->page, k);
  struct page *page = page_of(h, job->page);
  if (!installed || page->rewritten >= REWRITTEN || job->breaks) {
    free(k);
    return installed;
  }
  struct kept **last = &page->kept;
  while (*last) last = &(*last)->next;
  *last = k;
  return true;
}

static bool install(struct wg_jit_host *h, struct wg_code *code, const struct wg_job *job) {
  if (!job->ok) {
    h->stats.refused++;
    return false;
  }
  if (!install_new(h, code, job, keep(job))) return false;
  h->stats.regions++;
  h->stats.kept += job->kept;
  h->stats.instructions += job->n;
  h->stats.bytes += job->blob.size;
  return true;
}

static void install_again(struct wg_jit_host *h, struct wg_code *code, uint32_t page) {
  struct page *p = page_of(h, page);
  for (const struct kept *k = p->kept; k; k = k->next) {
    if (!still_so(code, page, k) || !put_code(code, page, k)) continue;
    for (size_t i = 0; i < k->n; i++) {
      p->cover.done[k->insns[i].place] = true;
      p->cover.entry[k->insns[i].place] |= k->insns[i].entry;
    }
    h->stats.again++;
  }
}

// What was asked for is there, or will not be.
static void settle(struct wg_jit_host *h, const struct wg_job *job, bool installed) {
  struct cover *cover = cover_of(h, job->page);
  for (size_t i = 0; i < job->n; i++) {
    cover->asked[job->insns[i].place] = false;
    cover->done[job->insns[i].place] |= installed;
    cover->entry[job->insns[i].place] |= installed && job->insns[i].entry;
  }
}

// What a region falls into at `pc`, because it was full or its page ends: nobody branches there, so that it would never
// be seen. It is compiled up to what can be entered, if it was executed.
static void go_on(struct wg_jit_host *h, struct wg_code *code, uint32_t pc) {
  const struct cover *cover = cover_of(h, pc >> 12);
  unsigned place = pc >> 2 & (WG_CHOSEN_PAGE - 1);
  bool of[WG_CHOSEN_PAGE];
  if (cover->asked[place] || cover->entry[place] || page_of(h, pc >> 12)->rewritten >= REWRITTEN) return;
  if (take_kept(h, code, pc) || wg_worker_waiting(h->worker) >= QUEUE) return;
  wg_compiled_executed(code, pc >> 12, of);
  if (!of[place]) return;
  for (size_t i = 0; i < WG_CHOSEN_PAGE; i++) of[i] = of[i] && !cover->entry[i];
  ask(h, code, pc, &(struct wg_jumps){.n = 0}, of);
}

static void go_on_behind(struct wg_jit_host *h, struct wg_code *code, const struct wg_job *job) {
  for (size_t i = 0; i < job->n; i++) {
    const struct wg_jit_insn *insn = &job->insns[i];
    bool falls = wg_branch_form(insn->word) == WG_BRANCH_NONE || wg_branch_decides(insn->word);
    if (falls && (i + 1 == job->n || job->insns[i + 1].place != insn->place + 1u))
      go_on(h, code, (job->page << 12) + 4u * insn->place + 4u);
  }
}

static void forget_places(struct wg_jit_host *h) {
  memset(h->seen, 0, sizeof h->seen);
  for (struct page *p = h->first; p; p = p->next) memset(&p->cover, 0, sizeof p->cover);
  h->nagain = 0;
}

static void forget_kept(struct page *p) {
  for (struct kept *k; (k = p->kept);) {
    p->kept = k->next;
    free(k);
  }
}

static void forget_all(struct wg_jit_host *h) {
  forget_places(h);
  for (struct page *p = h->first; p; p = p->next) forget_kept(p);
  wg_arena_clear(&h->arena);
  wg_refusals_clear(&h->refusals);
  h->clear = false;
}

// What is refused too often is compiled again without it.
static void step_often(struct wg_jit_host *h, struct wg_code *code) {
  for (; h->refusals.noften; h->refusals.noften--) {
    uint32_t pc = h->refusals.often[h->refusals.noften - 1];
    struct page *p = page_of(h, pc >> 12);
    unsigned rewritten = p->rewritten;
    if (p->stepped == NULL) p->stepped = wg_xcalloc(1, sizeof *p->stepped);
    p->stepped->at[pc >> 2 & (WG_CHOSEN_PAGE - 1)] = true;
    h->stats.stepped++;
    forget_kept(p);
    wg_code_compiled_forget_page(code, pc >> 12);
    p->rewritten = rewritten;
  }
}

static void turn(void *ctx, const struct wg_cpu *c) {
  struct wg_jit_host *h = ctx;
  struct wg_code *code = c->code;
  uint32_t pc = c->pc;
  for (struct wg_job *job; !h->clear && (job = wg_worker_take(h->worker));) {
    bool installed = install(h, code, job);
    settle(h, job, installed);
    if (installed) go_on_behind(h, code, job);
    wg_job_free(job);
  }
  wg_arena_run(&h->arena);
  step_often(h, code);
  for (; h->nagain; h->nagain--) install_again(h, code, h->again[h->nagain - 1]);
  if (h->clear) {
    wg_code_compiled_forget(code);
    forget_all(h);
    h->stats.cleared++;
  }
  // Where one ends, and the next begins, is a sample, but no sign that what is compiled there is not entered.
  const struct page *page = h->pages[pc >> 12];
  if (page == NULL || !page->cover.done[pc >> 2 & (WG_CHOSEN_PAGE - 1)]) sample(h, c, pc);
}

static void gone(void *ctx, uint32_t page) {
  struct wg_jit_host *h = ctx;
  h->stats.forgotten++;
  struct page *p = page_of(h, page);
  if (p->rewritten < REWRITTEN) p->rewritten++;
  memset(&p->cover, 0, sizeof p->cover);
  for (size_t i = 0; i < PLACES; i++)
    if (h->seen[i].pc >> 12 == page) h->seen[i].n = 0;
}

static uintptr_t refused(void *ctx, uintptr_t at) {
  struct wg_jit_host *h = ctx;
  return wg_refusals_find(&h->refusals, at);
}

int wg_jit_create(struct wg_jit_host **out, const struct wg_jit_library *library, const struct wg_jit_options *o,
                  struct wg_err *err) {
  struct wg_jit_host *h = wg_xcalloc(1, sizeof *h);
  struct wg_jit_layout layout;
  char why[200] = "";
  int code = wg_refused_prepare(err);
  if (code == WG_OK) code = wg_arena_create(&h->arena, o->room ? o->room : ROOM, err);
  if (code != WG_OK) {
    free(h);
    return code;
  }
  h->backend = wg_jit_backend_of(library);
  wg_compiled_layout(&layout);
  h->jit = h->backend->create(&layout, why, sizeof why);
  if (h->jit == NULL) {
    wg_jit_free(h);
    return wg_fail(err, WG_INPUT, "no code can be compiled: %s", why);
  }
  h->cache = o->cache;
  h->worker = wg_worker_create(h->backend, h->jit, h->cache, o->background);
  h->threshold = o->threshold ? o->threshold : THRESHOLD;
  h->again_after = o->threshold ? AGAIN * o->threshold : THRESHOLD;
  h->compiler = (struct wg_compiler){h, often, turn, gone, refused};
  *out = h;
  return WG_OK;
}

void wg_jit_free(struct wg_jit_host *h) {
  if (h == NULL) return;
  wg_worker_free(h->worker);
  if (h->jit) h->backend->destroy(h->jit);
  for (struct page *p; (p = h->first);) {
    h->first = p->next;
    forget_kept(p);
    free(p->stepped);
    free(p);
  }
  wg_arena_free(&h->arena);
  wg_refusals_clear(&h->refusals);
  free(h);
}

int wg_jit_attach(struct wg_jit_host *h, struct wg_code *code, struct wg_err *err) {
  WG_TRY(wg_code_view(code, err));
  forget_places(h);
  for (struct page *p = h->first; p; p = p->next) p->rewritten = 0;
  wg_code_compiler(code, &h->compiler);
  return WG_OK;
}

struct wg_jit_stats wg_jit_stats(const struct wg_jit_host *h) {
  return h->stats;
}
