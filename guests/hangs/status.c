// The same call fails with the same status, and is tried again for ever.
#include "hang.h"

static HANDLE done, sem;
static IO_STATUS_BLOCK io;

// A wait for a handle that has been closed.
CASE(closed_handle) {
  audio();
  sleep_ms(2);
  done = event(MANUAL);
  NtClose(done);
  while (wait(done) != STATUS_SUCCESS) sleep_ms(1);
}

// The same in a worker, without a pause, and a main thread that joins it.
THREAD(waits_for_nothing) {
  while (wait(0) != STATUS_SUCCESS) {
    for (volatile u32 i = 0; i < 4000; i++) {
    }
  }
  DONE(0);
}
CASE(null_handle) {
  HANDLE h = spawn(waits_for_nothing, 0);
  wait(h);
}

static NTSTATUS open(const char *path, HANDLE *file) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, path);
  return NtCreateFile(file, 0x80100080, &oa, &io, NULL, 0, 1, 1, 0x60);
}

// A loader that tries for ever to open a file that is missing; the main thread waits for it.
THREAD(loader) {
  HANDLE file = 0;
  while (open("game:\\levels\\first.bin", &file) != STATUS_SUCCESS) sleep_ms(5);
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(file_missing) {
  done = event(MANUAL);
  frames();
  spawn(loader, 0);
  wait(done);
}

// The main thread itself, after files that are there, asks for one that is not.
CASE(attributes_missing) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  HANDLE file = 0;
  u32 made = 0;
  name_object(&oa, &s, "cache:\\index.bin");
  NtCreateFile(&file, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x60);
  NtWriteFile(file, 0, NULL, NULL, &io, &made, sizeof made, NULL);
  NtClose(file);
  audio();
  if (NtQueryFullAttributesFile(&oa, &info) != STATUS_SUCCESS) return;
  name_object(&oa, &s, "cache:\\second.bin");
  while (NtQueryFullAttributesFile(&oa, &info) != STATUS_SUCCESS) sleep_ms(2);
}

// A semaphore at its limit refuses its release for ever.
CASE(semaphore_full) {
  NtCreateSemaphore(&sem, NULL, 2, 2);
  while (NtReleaseSemaphore(sem, 1, NULL) != STATUS_SUCCESS) sleep_ms(1);
}

MAIN
