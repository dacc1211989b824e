/* Writes a small trace as another engine would: a thread makes an event, asks another thread for work and waits in
 * vain.
 *
 *   cc example.c -o example && ./example trace.jsonl && wedge query trace.jsonl 'SELECT * FROM v_unreturned'
 */
#include <stdio.h>

#define WEDGE_EMIT_IMPLEMENTATION
#include <wedge_emit.h>

#define XBOXKRNL "xboxkrnl.exe"
#define MAIN 1
#define WORKER 2

static uint64_t now; /* an engine has its own clock: ns since it started */

static void call(wedge_emit *w, uint32_t tid, const char *name, unsigned ordinal, const uint32_t *args, size_t n) {
  wedge_emit_call(w, tid, now += 1000, name, XBOXKRNL, ordinal, 0x82000000u, args, n);
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "trace.jsonl";
  wedge_emit *w = wedge_emit_open(path, "example", "1.0", "title.xex");
  const uint32_t create[4] = {0x7018ff00u, 0, 1, 0}, wait[4] = {0xf8000010u, 1, 0, 0};
  if (w == NULL) {
    fprintf(stderr, "%s: cannot be created\n", path);
    return 2;
  }
  wedge_emit_thread_start(w, MAIN, now += 1000, 0x82001000u, 0);
  call(w, MAIN, "NtCreateEvent", 0xd1, create, 4);
  wedge_emit_handle(w, MAIN, now += 1000, 1, 0xf8000010u, "Event");
  wedge_emit_return(w, MAIN, now += 1000, "NtCreateEvent", 0);
  wedge_emit_thread_create(w, MAIN, now += 1000, WORKER, 0x82002000u, 0, 0xf8000014u);
  wedge_emit_thread_start(w, WORKER, now += 1000, 0x82002000u, 0);
  wedge_emit_thread_exit(w, WORKER, now += 1000, 0);
  call(w, MAIN, "NtWaitForSingleObjectEx", 0xfd, wait, 4); /* and never returns */
  if (wedge_emit_close(w) != 0) {
    fprintf(stderr, "%s: cannot be written\n", path);
    return 2;
  }
  return 0;
}
