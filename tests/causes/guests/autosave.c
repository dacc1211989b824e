// A save that never stops the game: two buffers, of which one is filled while the other is on its way to the disc. Body
// and head are written by overlapped writes, each with an event, and looked at again at the end by a proof-reader.
#include "engine.h"
NTSTATUS NtFlushBuffersFile(HANDLE, IO_STATUS_BLOCK *);
#define GENERATIONS 8
#define BODY 640
struct head {
  u32 magic, generation, sum, size;
};
struct buffer {
  u8 body[BODY];
  struct head head;
  HANDLE full, free_;
};
static struct buffer buffers[2];
static HANDLE file, index_file, quit, written[2], proof_due, threads_[2];
static u32 kept, refused, proofs, world[BODY / 4];
static CRITICAL_SECTION world_lock;

static u32 sum_of(const u8 *p, u32 n) {
  u32 s = 5381;
  for (u32 i = 0; i < n; i++) s = s * 33 ^ p[i];
  return s;
}

static u32 store(u32 generation) {
  struct buffer *b = &buffers[generation & 1];
  IO_STATUS_BLOCK io[2] = {{0x103, 0}, {0x103, 0}};
  u64 at = (generation & 1) * 1024, head_at = (generation & 1) * sizeof b->head;
  NTSTATUS s = NtWriteFile(file, written[0], NULL, NULL, &io[0], b->body, BODY, &at);
  NTSTATUS t = NtWriteFile(index_file, written[1], NULL, NULL, &io[1], &b->head, sizeof b->head, &head_at);
  if ((s32)s < 0 || (s32)t < 0) return RtlNtStatusToDosError((s32)s < 0 ? s : t);
  s64 limit = MS(500);
  if (NtWaitForMultipleObjectsEx(2, written, 0, 1, 0, &limit) == STATUS_TIMEOUT) return 121;
  return io[0].information == BODY && io[1].information == sizeof b->head ? 0 : 112;
}

static void scribe(void *unused) {
  HANDLE any[3] = {quit, buffers[0].full, buffers[1].full};
  (void)unused;
  for (;;) {
    NTSTATUS s = NtWaitForMultipleObjectsEx(3, any, 1, 1, 0, NULL);
    if (s == 0 || s > 2) break;
    u32 error = store(s - 1);
    if (error)
      refused++, DbgPrint("autosave: not kept, %d\n", error);
    else
      kept++;
    NtSetEvent(buffers[s - 1].free_, NULL);
  }
  ExTerminateThread(kept);
}

static void reader(void *unused) {
  static u8 again[BODY];
  struct head h;
  IO_STATUS_BLOCK io;
  (void)unused;
  NtWaitForSingleObjectEx(proof_due, 1, 0, NULL);
  for (u64 i = 0; i < 2; i++) {
    u64 at = i * 1024, head_at = i * sizeof h;
    if (NtReadFile(index_file, written[1], NULL, NULL, &io, &h, sizeof h, &head_at) == 0x103)
      NtWaitForSingleObjectEx(written[1], 1, 0, NULL);
    if (NtReadFile(file, written[0], NULL, NULL, &io, again, BODY, &at) == 0x103)
      NtWaitForSingleObjectEx(written[0], 1, 0, NULL);
    if (io.information == h.size && h.sum == sum_of(again, BODY))
      proofs++;
    else
      DbgPrint("autosave: buffer %d is spoilt\n", (u32)i);
  }
  ExTerminateThread(proofs);
}

static void step_world(u32 generation) {
  RtlEnterCriticalSection(&world_lock);
  for (u32 i = 0; i < BODY / 4; i++) world[i] = world[i] * 5 + generation + i;
  RtlLeaveCriticalSection(&world_lock);
}

static void snapshot(u32 generation) {
  struct buffer *b = &buffers[generation & 1];
  RtlEnterCriticalSection(&world_lock);
  memcpy(b->body, world, BODY);
  RtlLeaveCriticalSection(&world_lock);
  b->head = (struct head){0x53415645, generation, sum_of(b->body, BODY), BODY};
  NtSetEvent(b->full, NULL);
}

int main(void) {
  IO_STATUS_BLOCK io;
  u32 skipped = 0;
  u64 length[3] = {0, 0, 0};
  RtlInitializeCriticalSection(&world_lock);
  NtCreateEvent(&quit, NULL, MANUAL, 0), NtCreateEvent(&proof_due, NULL, AUTO, 0);
  for (u32 i = 0; i < 2; i++) {
    NtCreateEvent(&buffers[i].full, NULL, AUTO, 0), NtCreateEvent(&buffers[i].free_, NULL, AUTO, 1);
    NtCreateEvent(&written[i], NULL, AUTO, 0);
  }
  if ((s32)open_file(&file, &io, "cache:\\world.sav", 0xC0100080u, 5, 0x40) < 0) DbgPrint("autosave: no file\n");
  if ((s32)open_file(&index_file, &io, "cache:\\world.idx", 0xC0100080u, 5, 0x40) < 0) DbgPrint("autosave: no index\n");
  ExCreateThread(&threads_[0], 0x8000, NULL, NULL, (void *)scribe, NULL, CORE(2));
  ExCreateThread(&threads_[1], 0x8000, NULL, NULL, (void *)reader, NULL, CORE(3));
  for (u32 g = 0; g < GENERATIONS; g++) {
    s64 limit = MS(300);
    step_world(g);
    nap(4);
    if (NtWaitForSingleObjectEx(buffers[g & 1].free_, 1, 0, &limit) == STATUS_TIMEOUT) {
      skipped++, DbgPrint("autosave: generation %d is skipped\n", g);
      continue;
    }
    snapshot(g);
  }
  for (u32 i = 0; i < 2; i++) NtWaitForSingleObjectEx(buffers[i].free_, 1, 0, NULL);
  NtSetEvent(quit, NULL);
  NtWaitForSingleObjectEx(threads_[0], 1, 0, NULL);
  NtFlushBuffersFile(file, &io);
  NtQueryInformationFile(file, &io, length, sizeof length, 5);
  if (length[1] != 1024 + BODY) DbgPrint("autosave: an odd length\n");
  NtSetEvent(proof_due, NULL);
  NtWaitForSingleObjectEx(threads_[1], 1, 0, NULL);
  DbgPrint("autosave: %d kept, %d skipped, %d proofs\n", kept, skipped, proofs);
  NtClose(threads_[0]), NtClose(threads_[1]), NtClose(file), NtClose(index_file);
  return 0;
}
