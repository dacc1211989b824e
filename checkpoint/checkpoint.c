// Taking checkpoints, restoring them, and holding a machine against them.
#include "checkpoint/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoint/file.h"
#include "checkpoint/list.h"

void wg_checkpoints_init(struct wg_checkpoints *c) { *c = (struct wg_checkpoints){.fd = -1}; }

void wg_checkpoints_release(struct wg_checkpoints *c) {
  wg_checkpoint_file_release(c);
  for (size_t i = 0; i < c->n; i++) wg_checkpoint_free(&c->list[i]);
  free(c->list);
  wg_pages_release(&c->pages);
  wg_checkpoints_init(c);
}

void wg_checkpoint_take(struct wg_checkpoints *c, struct wg_machine *m) {
  struct wg_machine_where at;
  wg_machine_where(m, &at);
  struct wg_checkpoint *p = wg_checkpoint_insert(c, &at);
  if (p == NULL) return;
  p->packets = c->packets;
  p->nthreads = wg_machine_threads(m, NULL, 0, &p->last_tid);
  p->threads = wg_xcalloc(p->nthreads, sizeof *p->threads);
  wg_machine_threads(m, p->threads, p->nthreads, &p->last_tid);
  c->pages.used = c->writes ? NULL : &p->pages;
  c->pages.nused = 0;
  wg_machine_save(m, &p->state, &c->pages);
  p->npages = c->pages.nused;
  c->pages.used = NULL;
  if (c->writes) wg_checkpoint_write(c, p);
}

// `why` its restoring failed: a page's number says less than where it lay.
static int not_restored(const struct wg_checkpoints *c, const struct wg_err *why, struct wg_err *err) {
  if (c->lost) return wg_checkpoint_damaged(c, c->lost, "the pages are", err);
  *err = *why;
  return why->code;
}

int wg_checkpoint_restore(struct wg_checkpoints *c, size_t i, struct wg_machine *m, struct wg_err *err) {
  struct wg_buf state = {0};
  struct wg_err why = {0};
  const struct wg_checkpoint *p = &c->list[i];
  wg_checkpoints_settle(c);
  const char *name = c->path ? c->path : "checkpoint";
  int code = p->state.len ? WG_OK : wg_checkpoint_read(c, p, &state, err);
  const struct wg_buf *b = p->state.len ? &p->state : &state;
  c->lost = 0;
  if (code == WG_OK && wg_machine_restore(m, name, b->data, b->len, &c->pages, &why) != WG_OK)
    code = not_restored(c, &why, err);
  wg_buf_release(&state);
  return code;
}

int wg_checkpoint_compare(struct wg_checkpoints *c, size_t i, struct wg_machine *m, bool *same, struct wg_err *err) {
  struct wg_buf there = {0}, here = {0};
  const struct wg_checkpoint *p = &c->list[i];
  wg_checkpoints_settle(c);
  int code = p->state.len ? WG_OK : wg_checkpoint_read(c, p, &there, err);
  const struct wg_buf *b = p->state.len ? &p->state : &there;
  if (code == WG_OK) {
    wg_machine_save(m, &here, NULL);
    *same = here.len == b->len && memcmp(here.data, b->data, b->len) == 0;
  }
  wg_buf_release(&there);
  wg_buf_release(&here);
  return code;
}
