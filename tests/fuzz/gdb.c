// libFuzzer's entry for the gdb remote protocol: the input is what a client sends, bytes as they come. WEDGE_FUZZ_RUN
// names a short run that is debugged; it stays where the input before left it, as it does from client to client.
#include "gdb/program.h"
#include "gdb/replayed.h"
#include "tests/fuzz/gdb_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct wg_gdb_replayed run;
static struct wg_buf program;
static bool opened;

static void open_run(void) {
  const char *dir = getenv("WEDGE_FUZZ_RUN");
  const struct wg_position start = {.kind = WG_AT_START};
  struct wg_travel *t = NULL;
  struct wg_err err = {0};
  if (dir == NULL) {
    fputs("WEDGE_FUZZ_RUN must name a run\n", stderr);
    exit(1);
  }
  if (wg_travel_open(&t, dir, NULL, NULL, &err) != WG_OK || wg_gdb_replayed_init(&run, t, &start, &err) != WG_OK) {
    fprintf(stderr, "%s\n", err.msg);
    exit(1);
  }
  (void)wg_gdb_put_program(wg_travel_machine(t), NULL, &program);
  opened = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (!opened) open_run();
  const struct wg_gdb_options o = {.name = "title", .program = &program};
  struct standing still;
  stand_in(&still, &run.target);
  converse(is_real(data, n) ? &run.target : &still.target, &o, data, n);
  return 0;
}
