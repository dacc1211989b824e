// Ends the build if the rows of trace/keys.def are not in the order of their names: wg_key_of searches them by halves,
// and would not find a row that stands elsewhere.
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define WG_KEY(id, name, shape) name,
#include "trace/keys.def"
};

int main(void) {
  int bad = 0;
  for (size_t i = 1; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i - 1], names[i]) < 0) continue;
    fprintf(stderr, "trace/keys.def: \"%s\" must stand before \"%s\", and once\n", names[i], names[i - 1]);
    bad = 1;
  }
  return bad;
}
