/* Writes a small trace as another engine would: a thread makes an event, asks another thread for work and waits in
 * vain.
 *
 *   cc -std=c11 example.c -o example -pthread && ./example trace.jsonl && wedge hang trace.jsonl
 */
#define WEDGE_TRACE_IMPLEMENTATION
#include <wedge_trace.h>

#include <stdio.h>

#define XBOXKRNL "xboxkrnl.exe"
#define SUCCESS 0

static const wedge_export create_event = {"NtCreateEvent", XBOXKRNL, 0xd1},
                          create_thread = {"ExCreateThread", XBOXKRNL, 0xd},
                          wait_one = {"NtWaitForSingleObjectEx", XBOXKRNL, 0xfd};

/* An engine has a clock of its own; without one the header takes the processor's. */
static uint64_t tick(void *ctx) { return *(uint64_t *)ctx += 1000; }

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "trace.jsonl";
  const uint32_t create[4] = {0x7018ff00u, 0, 1, 0}, wait[4] = {0xf8000010u, 1, 0, 0};
  const uint32_t spawn[7] = {0x7018ff04u, 0, 0, 0, 0x82002000u, 0, 0};
  wedge_trace_options options = {tick, NULL, 0, 0};
  uint64_t now = 0;
  wedge_trace *w;
  wedge_thread *system, *first, *worker;
  wedge_object event = {0, "Event", 0}, thread = {0, "Thread", 0};

  options.clock_ctx = &now;
  w = wedge_trace_open(path, "example", "1.0", "title.xex", &options);
  if (w == NULL) {
    perror(path);
    return 2;
  }
  system = wedge_thread_open(w, 0);
  first = wedge_thread_open(w, 1);
  worker = wedge_thread_open(w, 2);
  wedge_cycle(system, 0); /* an engine that counts instructions tells them; one that does not leaves this out */
  wedge_cycle(first, 0);
  wedge_cycle(worker, 0);
  wedge_thread_create(system, 1, 0x82001000u, 0, 0x40000, 0, 0xf8000008u, 1);
  wedge_thread_start(first, 0x82001000u, 0);

  wedge_call(first, &create_event, 0x82001010u, create, 4);
  event.hsid = wedge_object_id(first, "Event", 1, 0x82001010u);
  wedge_handle_create(first, 0xf8000010u, &event, NULL);
  wedge_return_begin(first, &create_event, SUCCESS, 1);
  wedge_note_hex(first, "handle", 0xf8000010u);
  wedge_end(first);

  wedge_call(first, &create_thread, 0x82001020u, spawn, 7);
  thread.hsid = wedge_object_id(first, "Thread", 1, 0x82001020u);
  wedge_handle_create(first, 0xf8000014u, &thread, NULL);
  wedge_thread_create(first, 2, 0x82002000u, 0, 0x10000, 0, 0xf8000014u, thread.hsid);
  wedge_return_status(first, &create_thread, SUCCESS);
  wedge_thread_start(worker, 0x82002000u, 0);
  wedge_thread_exit(worker, 0); /* without having set the event */

  wedge_call_begin(first, &wait_one, 0x82001030u, wait, 4);
  wedge_note_object(first, "object", event.hsid);
  wedge_note_text(first, "object_type", "Event", 5);
  wedge_end(first);
  wedge_wait_begin(first, &event, 1, 0, 0, -1); /* and it never ends */

  if (wedge_trace_close(w, "stopped") == 0) return 0;
  fprintf(stderr, "%s: cannot be written\n", path);
  return 2;
}
