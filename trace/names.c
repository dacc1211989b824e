#include "trace/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "nt/exports.h"

struct wg_open_calls {
  uint16_t rows[WG_NAMES_DEPTH]; // 1 + the export's; 0: none of ours
  uint32_t top;                  // calls that are open; the latest is at top - 1
};

static bool is_of_a_call(const struct wg_event *e) {
  return e->kind == WG_EV_KERNEL_CALL || e->kind == WG_EV_KERNEL_RETURN;
}

bool wg_names_lacks(const struct wg_event *e) { return is_of_a_call(e) && wg_ev_get(e, WG_K_NAME) == NULL; }

static struct wg_open_calls *calls_of(struct wg_names *names, uint32_t tid) {
  uint64_t at;
  if (!wg_map_get(&names->threads, tid, &at)) {
    WG_VEC_NEXT(names->calls, names->n);
    memset(&names->calls[names->n++], 0, sizeof *names->calls);
    at = names->n;
    wg_map_put(&names->threads, tid, at);
  }
  return &names->calls[at - 1];
}

// A module is told with its ending or without.
static const struct wg_nt_export *export_of(const char *module, uint64_t ordinal) {
  static const char *const endings[] = {".exe", ".xex"};
  char full[32];
  if (ordinal > UINT16_MAX) return NULL;
  const struct wg_nt_export *x = wg_nt_at(module, (uint16_t)ordinal);
  for (size_t i = 0; i < sizeof endings / sizeof *endings && x == NULL && strlen(module) + 4 < sizeof full; i++) {
    snprintf(full, sizeof full, "%s%s", module, endings[i]);
    x = wg_nt_at(full, (uint16_t)ordinal);
  }
  return x;
}

static uint16_t row_of(const struct wg_nt_export *x) { return x ? (uint16_t)(wg_nt_index(x) + 1) : 0; }

static void see_call(struct wg_open_calls *open, struct wg_event *e) {
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  const char *module = wg_ev_text(e, WG_K_MODULE);
  const struct wg_nt_export *x = NULL;
  uint64_t ordinal;
  if (name && name->type == WG_F_STR) x = wg_nt_find(name->s, name->n);
  if (name == NULL && module && wg_ev_u64(e, WG_K_ORDINAL, &ordinal)) x = export_of(module, ordinal);
  if (name == NULL && x && e->nfields < WG_EVENT_FIELDS) wg_ev_str(e, WG_K_NAME, x->name);
  open->rows[open->top++ % WG_NAMES_DEPTH] = row_of(x);
}

// Down to the call of that name, if there is one: what is above it never returned.
static void see_return(struct wg_open_calls *open, struct wg_event *e) {
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  uint16_t row = name && name->type == WG_F_STR ? row_of(wg_nt_find(name->s, name->n)) : 0;
  uint32_t kept = open->top < WG_NAMES_DEPTH ? open->top : WG_NAMES_DEPTH;
  for (uint32_t i = 0; name && i < kept; i++)
    if (open->rows[(open->top - 1 - i) % WG_NAMES_DEPTH] == row) {
      open->top -= i + 1;
      return;
    }
  if (name || kept == 0) return;
  uint16_t innermost = open->rows[--open->top % WG_NAMES_DEPTH];
  if (innermost && e->nfields < WG_EVENT_FIELDS) wg_ev_str(e, WG_K_NAME, wg_nt_row(innermost - 1u)->name);
}

void wg_names_see(struct wg_names *names, struct wg_event *e) {
  if (is_of_a_call(e)) {
    struct wg_open_calls *open = calls_of(names, e->tid);
    if (e->kind == WG_EV_KERNEL_CALL)
      see_call(open, e);
    else
      see_return(open, e);
  } else if (e->kind == WG_EV_THREAD_EXIT) {
    calls_of(names, e->tid)->top = 0;
  }
}

void wg_names_release(struct wg_names *names) {
  wg_map_release(&names->threads);
  free(names->calls);
}
