// nt_index > index.inc: checks every row of nt/exports.def and writes the index by name, and where each module's rows
// are. The build runs it; a row that is wrong ends it.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "nt/exports.h"
#include "nt/hash.h"

struct row {
  const char *module, *name;
  unsigned ordinal;
  const char *kind;
  char ret;
  const char *params;
  enum wg_nt_status status;
  unsigned flags;
};

static const struct row rows[] = {
#define WG_EXPORT(module, ordinal, name, kind, ret, params, status, reference, flags)                                  \
  {module, #name, ordinal, #kind, ret, params, WG_NT_##status, flags},
#include "nt/exports.def"
};
#define NROWS (sizeof rows / sizeof *rows)
#define NSLOTS 8192u

static bool wrong(const struct row *r, const char *what) {
  fprintf(stderr, "nt/exports.def: %s!%s (0x%04X): %s\n", r->module, r->name, r->ordinal, what);
  return true;
}

static bool check_letters(const struct row *r) {
  size_t n = strlen(r->params);
  bool bad = false;
  if (n > WG_NT_MAX_PARAMS) bad = wrong(r, "has more parameters than WG_NT_MAX_PARAMS");
  if (strcmp(r->params, "?") != 0 && strspn(r->params, WG_NT_PARAM_LETTERS) != n)
    bad = wrong(r, "a parameter's letter is none of " WG_NT_PARAM_LETTERS ", and not \"?\" alone");
  if (r->ret == 0 || strchr(WG_NT_RET_LETTERS, r->ret) == NULL)
    bad = wrong(r, "its return letter is none of " WG_NT_RET_LETTERS);
  return bad;
}

static bool check_meaning(const struct row *r) {
  bool bad = false, known = strcmp(r->params, "?") != 0, variable = strcmp(r->kind, "V") == 0;
  if (strcmp(r->kind, "F") != 0 && !variable) bad = wrong(r, "is neither a function F nor a variable V");
  if (variable && (r->params[0] || r->flags)) bad = wrong(r, "is a variable with parameters or flags");
  if (!variable && r->status != WG_NT_NONE && (!known || r->ret == '?'))
    bad = wrong(r, "has a body, so its parameters and result are known");
  if ((r->flags & WG_NT_QUERY) && (r->flags & (WG_NT_SIGNALS | WG_NT_CLOSES | WG_NT_FREES | WG_NT_ALLOCATES |
                                               WG_NT_WAITS | WG_NT_CREATES | WG_NT_LOCK | WG_NT_UNLOCK | WG_NT_RESETS)))
    bad = wrong(r, "is a query with an effect");
  if ((r->flags & WG_NT_LOCK) && (r->flags & WG_NT_UNLOCK)) bad = wrong(r, "locks and unlocks");
  if (known && strchr(r->params, 'H') && !(r->flags & WG_NT_CREATES))
    bad = wrong(r, "writes a handle, but creates none");
  return bad;
}

static bool check_order(const struct row *r) {
  if (r == rows || strcmp(r[-1].module, r->module) != 0) {
    for (const struct row *x = rows; x < r; x++)
      if (strcmp(x->module, r->module) == 0) return wrong(r, "is apart from its module's other rows");
    return false;
  }
  return r[-1].ordinal >= r->ordinal && wrong(r, "its ordinal is not above that of the row before");
}

// The slot of a name, or where it belongs; `taken` if a row has that name already.
static unsigned slot_of(const unsigned short *slots, const char *name, bool *taken) {
  unsigned at = wg_nt_hash(name, strlen(name)) % NSLOTS;
  while (slots[at] && strcmp(rows[slots[at] - 1].name, name) != 0) at = (at + 1) % NSLOTS;
  *taken = slots[at] != 0;
  return at;
}

int main(void) {
  static unsigned short slots[NSLOTS];
  bool bad = false, taken;
  for (size_t i = 0; i < NROWS; i++) {
    const struct row *r = &rows[i];
    bad |= check_letters(r);
    bad |= check_meaning(r);
    bad |= check_order(r);
    unsigned at = slot_of(slots, r->name, &taken);
    if (taken) bad = wrong(r, "another row has its name");
    slots[at] = (unsigned short)(i + 1);
  }
  if (bad) return 1;
  printf("#ifdef WG_NT_SLOTS\n");
  for (unsigned i = 0; i < NSLOTS; i++) printf("%u,%c", slots[i], i % 16 == 15 ? '\n' : ' ');
  printf("#else\n");
  for (size_t i = 0, first = 0; i < NROWS; i++) {
    if (i + 1 < NROWS && strcmp(rows[i + 1].module, rows[i].module) == 0) continue;
    printf("{\"%s\", %zu, %zu},\n", rows[i].module, first, i + 1);
    first = i + 1;
  }
  printf("#endif\n");
  return 0;
}
