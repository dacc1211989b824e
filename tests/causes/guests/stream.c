// A streaming loader: a reader fills two buffers with reads that end in an event, a decoder empties them; semaphores
// count the free and the full ones. The size comes from the file's own information.
#include "stage.h"

#define CHUNK 8192

static HANDLE full, free_ones, arrived, finished;
static u8 buffers[2][CHUNK];
static volatile u32 lengths[2], total;
static u32 size;

static NTSTATUS read_chunk(HANDLE file, u32 n, u64 at) {
  IO_STATUS_BLOCK io = {0, 0};
  NTSTATUS s = NtReadFile(file, arrived, NULL, NULL, &io, buffers[n], CHUNK, &at);
  if (FAILED(s)) return s;
  s = wait_for(arrived, MS(50));
  if (s != STATUS_SUCCESS) {
    complain("stream: read", s);
    NtClearEvent(arrived);
    return 0xC00000B5u; // STATUS_IO_TIMEOUT
  }
  lengths[n] = io.information;
  return STATUS_SUCCESS;
}

static void reader(void *ctx) {
  HANDLE file = (HANDLE)(usize)ctx;
  u32 n = 0, failures = 0;
  for (u64 at = 0; at < size; at += CHUNK, n ^= 1) {
    wait_for(free_ones, 0);
    NTSTATUS s = read_chunk(file, n, at);
    if (FAILED(s)) {
      lengths[n] = 0;
      if (++failures == 3) {
        complain("stream: given up", s);
        break;
      }
    }
    NtReleaseSemaphore(full, 1, NULL);
  }
  NtClose(file);
  ExTerminateThread(failures);
}

static void decoder(void *ctx) {
  u32 chunks = (u32)(usize)ctx, sum = 0;
  for (u32 i = 0; i < chunks; i++) {
    wait_for(full, 0);
    crunch(500);
    sum += checksum(buffers[i & 1], lengths[i & 1]);
    total += lengths[i & 1];
    NtReleaseSemaphore(free_ones, 1, NULL);
  }
  DbgPrint("stream: %d bytes, %x\n", total, sum);
  NtSetEvent(finished, NULL);
  ExTerminateThread(0);
}

int main(void) {
  HANDLE file, threads[2];
  IO_STATUS_BLOCK io;
  u64 standard[3] = {0, 0, 0};
  NTSTATUS s = open_file(&file, "game:\\data\\movie.bin", READ, 1);
  if (FAILED(s)) return complain("movie", s), 1;
  s = NtQueryInformationFile(file, &io, standard, 24, 5);
  if (FAILED(s)) return complain("movie's size", s), 1;
  size = (u32)standard[1];
  full = new_semaphore(0, 2);
  free_ones = new_semaphore(2, 2);
  arrived = new_event(1, 0);
  finished = new_event(0, 0);
  threads[0] = spawn(decoder, (size + CHUNK - 1) / CHUNK, ON(2));
  threads[1] = spawn(reader, file, ON(4));
  wait_for(finished, 0);
  join(threads[1]);
  join(threads[0]);
  if (total != size) DbgPrint("stream: %d of %d bytes\n", total, size);
  return 0;
}
