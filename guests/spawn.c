// Twenty thousand threads, files and events, one after another: nothing that has ended may keep memory.
#include "check.h"

static void child(void *ctx) { ExTerminateThread((u32)(usize)ctx); }

int main(void) {
  for (u32 i = 0; i < 20000; i++) {
    HANDLE thread, event;
    EQUAL(ExCreateThread(&thread, 0x4000, NULL, NULL, (void *)child, NULL, i & 1 ? 0x02000000 : 0), STATUS_SUCCESS);
    EQUAL(NtWaitForSingleObjectEx(thread, 1, 0, NULL), STATUS_SUCCESS);
    EQUAL(NtClose(thread), STATUS_SUCCESS);
    EQUAL(NtCreateEvent(&event, NULL, 0, 0), STATUS_SUCCESS);
    EQUAL(NtClose(event), STATUS_SUCCESS);
    if (checks_failed) break;
  }
  return checks_done();
}
