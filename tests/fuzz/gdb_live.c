// libFuzzer's entry for the gdb remote protocol over a run that is being recorded (wedge record --gdb). Most inputs
// only look (tests/fuzz/gdb_client.h); one that goes on in the run is its last client. Whatever it has done, the run
// that it leaves must go to its end with the trace, the branches and the state that it has without a client.
// WEDGE_FUZZ_TITLE names a short title.
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "gdb/live.h"
#include "gdb/program.h"
#include "tests/fuzz/gdb_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char dir[] = "/tmp/fuzz_gdb_live.XXXXXX";
static struct wg_run_result alone; // what it must come to
static struct wg_config config;

static void must(int code, const struct wg_err *err) {
  if (code == WG_OK) return;
  fprintf(stderr, "%s\n", err->msg);
  abort();
}

static void clear(void) {
  static const char *const names[] = {"trace.jsonl.zst", "branches.zst", "manifest.json"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", dir, names[i]);
    unlink(path);
  }
}

static void at_exit(void) {
  clear();
  rmdir(dir);
}

static struct wg_record_options options(void) { return (struct wg_record_options){.dir = dir, .branches = true}; }

static void prepare(void) {
  struct wg_err err = {0};
  config = (struct wg_config){.title = getenv("WEDGE_FUZZ_TITLE"), .max_ns = 50000000};
  if (config.title == NULL || mkdtemp(dir) == NULL) {
    fputs("WEDGE_FUZZ_TITLE must name a title, and /tmp must be there\n", stderr);
    exit(1);
  }
  atexit(at_exit);
  const struct wg_record_options o = options();
  must(wg_run_record(&config, &o, &alone, &err), &err);
  clear();
}

static bool same(const struct wg_run_result *r) {
  return strcmp(r->sha256, alone.sha256) == 0 && strcmp(r->branches_sha256, alone.branches_sha256) == 0 &&
         r->state_hash == alone.state_hash && r->end == alone.end;
}

static struct wg_gdb_live debugged; // of the run that is there now, or of none
static struct wg_live *live;
static struct wg_buf program;

static void begin_run(void) {
  struct wg_err err = {0};
  static struct wg_record_options o;
  o = options();
  must(wg_live_begin(&live, &config, &o, &err), &err);
  wg_gdb_live_init(&debugged, live);
  if (program.len == 0) (void)wg_gdb_put_program(wg_live_machine(live), NULL, &program);
}

static void end_run(bool kills) {
  struct wg_err err = {0};
  struct wg_run_result result;
  must(wg_live_end(live, kills, &result, &err), &err);
  if (!kills && !same(&result)) abort();
  wg_run_result_release(&result);
  wg_gdb_live_release(&debugged);
  live = NULL;
  clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (config.title == NULL) prepare();
  if (live == NULL) begin_run();
  struct standing still;
  const struct wg_gdb_options about = {.name = "title", .program = &program};
  stand_in(&still, &debugged.target);
  if (is_real(data, n))
    end_run(converse(&debugged.target, &about, data, n));
  else
    (void)converse(&still.target, &about, data, n); // the next real one is the client after these
  return 0;
}
