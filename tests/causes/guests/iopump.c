// A reader with several reads under way, each with its event: who is done first is served first; a directory tells what
// there is to read, a file position is moved, an index is written to the cache, read again and thrown away.
#include "runtime.h"

#define SLOTS 3

static HANDLE done[SLOTS], file[SLOTS], cancel, ready;
static IO_STATUS_BLOCK io[SLOTS];
static u8 buffer[SLOTS][4096], index_[600];
static u32 names, sums[6], served, shorts;

OUTLINE u32 list(const char *folder) {
  static DIRECTORY_INFORMATION info;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING text;
  IO_STATUS_BLOCK status;
  HANDLE h = 0;
  u32 n = 0;
  name_object(&oa, &text, folder);
  NTSTATUS s = NtCreateFile(&h, 0x100001, &oa, &status, NULL, 0, 3, 1, 0x4021);
  if (BAD(s)) return fail(s);
  for (u32 first = 1;; first = 0) {
    s = NtQueryDirectoryFile(h, 0, NULL, NULL, &status, &info, sizeof info, NULL, first);
    if (s != STATUS_SUCCESS) break;
    n += info.eof > 1000;
  }
  close(h);
  return n;
}

OUTLINE void start_read(u32 slot, u32 n, u64 at) {
  NTSTATUS s = NtReadFile(file[slot], done[slot], NULL, NULL, &io[slot], buffer[slot], n, &at);
  if (BAD(s)) fail(s), set(done[slot]);
}

OUTLINE void move_to(HANDLE f, u64 at) {
  IO_STATUS_BLOCK status;
  NTSTATUS s = NtSetInformationFile(f, &status, &at, sizeof at, 14);
  if (BAD(s)) fail(s);
}

OUTLINE u32 read_on(HANDLE f, void *to, u32 n) {
  IO_STATUS_BLOCK status = {0, 0};
  NTSTATUS s = NtReadFile(f, 0, NULL, NULL, &status, to, n, NULL);
  return BAD(s) ? fail(s) : status.information;
}

OUTLINE u32 store(HANDLE f, const void *from, u32 n, u64 at) {
  IO_STATUS_BLOCK status = {0, 0};
  NTSTATUS s = NtWriteFile(f, 0, NULL, NULL, &status, from, n, &at);
  return BAD(s) ? fail(s) : status.information;
}

OUTLINE void forget(HANDLE f) {
  u8 yes = 1;
  IO_STATUS_BLOCK status;
  NTSTATUS s = NtSetInformationFile(f, &status, &yes, 1, 13);
  if (BAD(s)) fail(s);
}

static u32 pump(u32 rounds) {
  HANDLE any[SLOTS + 1] = {cancel, done[0], done[1], done[2]};
  u64 at[SLOTS] = {0, 0, 0};
  u32 open_ = SLOTS;
  for (u32 i = 0; i < SLOTS; i++) start_read(i, 2048, 0);
  while (open_ && rounds--) {
    NTSTATUS s = await_many(SLOTS + 1, any, 0, 300);
    if (s == 0 || s == STATUS_TIMEOUT || BAD(s)) break;
    u32 slot = s - 1, n = io[slot].information;
    sums[slot] = mixin(sums[slot], buffer[slot], n);
    served++, at[slot] += n;
    if (n < 2048) {
      shorts++, open_--;
      continue;
    }
    start_read(slot, 2048, at[slot]);
  }
  set(ready);
  return served;
}

static u32 indexer(u32 unused) {
  (void)unused;
  HANDLE f = open("game:\\data\\movie.bin", 0);
  u32 sum = 0;
  for (u32 i = 0; i < 5; i++) {
    move_to(f, 9000 * i);
    sum = mixin(sum, index_ + 100 * i, read_on(f, index_ + 100 * i, 100));
  }
  close(f);
  HANDLE w = open("cache:\\index.bin", 1);
  for (u32 i = 0; i < 5; i++) store(w, index_ + 100 * i, 100, 100 * i);
  if (size_of(w) != 500) last_error = 13;
  close(w);
  w = open("cache:\\index.bin", 0);
  sum ^= mixin(0, index_, read(w, index_, 600, 0));
  close(w);
  w = open("cache:\\index.bin", 1);
  forget(w);
  close(w);
  return sum & 0xFFFF;
}

int main(void) {
  static const char *const paths[SLOTS] = {"game:\\data\\part1.bin", "game:\\data\\part3.bin",
                                           "game:\\data\\part5.bin"};
  names = list("game:\\data\\");
  cancel = make_event(1, 0, NULL), ready = make_event(0, 0, NULL);
  for (u32 i = 0; i < SLOTS; i++) file[i] = open(paths[i], 0), done[i] = make_event(0, 0, NULL);
  HANDLE p = begin(pump, 40, CORE(1)), x = begin(indexer, 0, CORE(2));
  if (await(ready, 900) == STATUS_TIMEOUT) set(cancel);
  finish(p), finish(x);
  for (u32 i = 0; i < SLOTS; i++) close(file[i]), close(done[i]);
  DbgPrint("%d %d %d %x\n", names, served, shorts, sums[0] ^ sums[1] ^ sums[2]);
  return 0;
}
