#include "emu/jit/jit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "emu/cpu/branch.h"
#include "emu/cpu/compiled.h"
#include "emu/jit/arena.h"
#include "emu/jit/choose.h"
#include "emu/jit/library.h"
#include "emu/jit/worker.h"

#define THRESHOLD 12u
#define ROOM ((size_t)96 << 20)
#define PLACES 16384u // whose samples are counted
#define AGAIN 8u
#define QUEUE 64u     // regions that wait
#define REWRITTEN 16u // times that a page's code may change before it is left to the interpreter

struct wg_jit_host {
  const struct wg_jit_backend *backend;
  struct wg_jit *jit;
  struct wg_worker *worker;
  struct wg_arena arena;
  struct wg_compiler compiler;
  struct wg_jit_stats stats;
  unsigned threshold;
  struct cover *covers[1u << 20]; // by page; NULL: nothing is compiled
  bool clear;                     // the room is used up
  struct {
    uint32_t pc;
    uint32_t n; // samples; UINT32_MAX: asked for
  } seen[PLACES];
  uint8_t rewritten[1u << 20]; // by page
};

// What of a page is compiled, or is being.
struct cover {
  bool asked[WG_CHOSEN_PAGE], done[WG_CHOSEN_PAGE];
};

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

static void ask(struct wg_jit_host *h, struct wg_code *code, uint32_t pc, const struct wg_jumps *jumps) {
  uint32_t words[WG_CHOSEN_PAGE], page = pc >> 12;
  struct wg_chosen chosen;
  if (!page_words(code, page, words)) return;
  wg_choose(words, pc >> 2 & (WG_CHOSEN_PAGE - 1), WG_JIT_MOST, jumps, &chosen);
  struct wg_job *job = wg_xcalloc(1, sizeof *job);
  if (h->covers[page] == NULL) h->covers[page] = wg_xcalloc(1, sizeof *h->covers[page]);
  job->page = page;
  for (uint32_t i = 0; i < WG_CHOSEN_PAGE; i++) {
    if (!chosen.in[i]) continue;
    struct wg_jit_insn *insn = &job->insns[job->n++];
    wg_compiled_insn(code, (page << 12) + 4 * i, words[i], insn);
    insn->entry = chosen.entry[i];
    h->covers[page]->asked[i] = true;
  }
  wg_worker_give(h->worker, job);
}

void wg_jit_ask(struct wg_jit_host *h, struct wg_code *code, uint32_t pc) {
  ask(h, code, pc, &(struct wg_jumps){.n = 0});
}

static void sample(struct wg_jit_host *h, const struct wg_cpu *c, uint32_t pc) {
  const struct cover *cover = h->covers[pc >> 12];
  unsigned place = pc >> 2 & (WG_CHOSEN_PAGE - 1);
  if (cover && cover->asked[place]) return; // will be known better when that is there
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
  // What is compiled but is no entry has to be worth compiling it once more.
  unsigned enough = cover && cover->done[place] ? AGAIN * h->threshold : h->threshold;
  if (h->seen[at].n == UINT32_MAX || ++h->seen[at].n < enough) return;
  if (h->rewritten[pc >> 12] >= REWRITTEN || wg_worker_waiting(h->worker) >= QUEUE) return;
  h->seen[at].n = UINT32_MAX;
  struct wg_jumps jumps = {.n = 0};
  recent_jumps(c->branches, pc >> 12, &jumps);
  ask(h, c->code, pc, &jumps);
}

static void often(void *ctx, const struct wg_cpu *c, uint32_t pc) { sample(ctx, c, pc); }

// It is as it was when it was asked for.
static bool still_so(struct wg_code *code, const struct wg_job *job) {
  const uint8_t *p = wg_code_page_bytes(code, job->page);
  if (p == NULL) return false;
  for (size_t i = 0; i < job->n; i++) {
    const struct wg_jit_insn *insn = &job->insns[i];
    if (wg_load_be32(p + 4u * insn->place) != insn->word) return false;
    if (!insn->leave && wg_code_breaks_at(code, insn->pc)) return false;
  }
  return true;
}

static bool install(struct wg_jit_host *h, struct wg_code *code, const struct wg_job *job) {
  if (!job->ok) {
    h->stats.refused++;
    return false;
  }
  if (!still_so(code, job)) {
    h->stats.dropped++;
    return false;
  }
  const uint8_t *at = wg_arena_add(&h->arena, job->blob.bytes, job->blob.size);
  if (at == NULL) {
    h->clear = true;
    return false;
  }
  uint16_t places[WG_JIT_MOST];
  size_t n = 0;
  for (size_t i = 0; i < job->n; i++)
    if (job->insns[i].entry) places[n++] = job->insns[i].place;
  wg_handler *fn = (wg_handler *)(uintptr_t)(at + job->blob.entry);
  if (!wg_compiled_install(code, job->page, places, n, fn)) return false;
  h->stats.regions++;
  h->stats.instructions += job->n;
  h->stats.bytes += job->blob.size;
  return true;
}

// What was asked for is there, or will not be.
static void settle(struct wg_jit_host *h, const struct wg_job *job, bool installed) {
  struct cover *cover = h->covers[job->page];
  for (size_t i = 0; cover && i < job->n; i++) {
    cover->asked[job->insns[i].place] = false;
    cover->done[job->insns[i].place] |= installed;
  }
}

static void forget_all(struct wg_jit_host *h) {
  wg_arena_clear(&h->arena);
  memset(h->seen, 0, sizeof h->seen);
  for (size_t i = 0; i < 1u << 20; i++) {
    free(h->covers[i]);
    h->covers[i] = NULL;
  }
  h->clear = false;
}

static void turn(void *ctx, const struct wg_cpu *c) {
  struct wg_jit_host *h = ctx;
  struct wg_code *code = c->code;
  uint32_t pc = c->pc;
  for (struct wg_job *job; !h->clear && (job = wg_worker_take(h->worker));) {
    settle(h, job, install(h, code, job));
    wg_job_free(job);
  }
  if (h->clear) {
    wg_code_compiled_forget(code);
    forget_all(h);
    h->stats.cleared++;
  }
  // Where one ends, and the next begins, is a sample, but no sign that what is compiled there is not entered.
  const struct cover *cover = h->covers[pc >> 12];
  if (cover == NULL || !cover->done[pc >> 2 & (WG_CHOSEN_PAGE - 1)]) sample(h, c, pc);
}

static void gone(void *ctx, uint32_t page) {
  struct wg_jit_host *h = ctx;
  h->stats.forgotten++;
  if (h->rewritten[page] < REWRITTEN) h->rewritten[page]++;
  if (h->covers[page]) memset(h->covers[page], 0, sizeof *h->covers[page]);
  for (size_t i = 0; i < PLACES; i++)
    if (h->seen[i].pc >> 12 == page) h->seen[i].n = 0;
}

int wg_jit_create(struct wg_jit_host **out, const struct wg_jit_library *library, const struct wg_jit_options *o,
                  struct wg_err *err) {
  struct wg_jit_host *h = wg_xcalloc(1, sizeof *h);
  struct wg_jit_layout layout;
  char why[200] = "";
  int code = wg_arena_create(&h->arena, o->room ? o->room : ROOM, err);
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
  h->worker = wg_worker_create(h->backend, h->jit, o->background);
  h->threshold = o->threshold ? o->threshold : THRESHOLD;
  h->compiler = (struct wg_compiler){h, often, turn, gone};
  *out = h;
  return WG_OK;
}

void wg_jit_free(struct wg_jit_host *h) {
  if (h == NULL) return;
  wg_worker_free(h->worker);
  if (h->jit) h->backend->destroy(h->jit);
  for (size_t i = 0; i < 1u << 20; i++) free(h->covers[i]);
  wg_arena_free(&h->arena);
  free(h);
}

void wg_jit_attach(struct wg_jit_host *h, struct wg_code *code) {
  forget_all(h);
  memset(h->rewritten, 0, sizeof h->rewritten);
  wg_code_compiler(code, &h->compiler);
}

struct wg_jit_stats wg_jit_stats(const struct wg_jit_host *h) {
  return h->stats;
}
