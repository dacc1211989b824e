// A streaming loader: four reads under way at once, each with an event and a completion APC; a decoder takes the slots
// in order; the first words of each chapter say how much of it there is and which one follows.
#include "runtime.h"

#define SLOTS 4
#define BLOCK 1024

struct slot {
  IO_STATUS_BLOCK io;
  HANDLE done;
  u64 at;
  u32 chapter;
  u8 data[BLOCK];
};

static struct slot ring[SLOTS];
static HANDLE files[6], room, filled, stop, reader;
static volatile u32 completions, order[64], issued, decoded;
static u32 sum, chapters;

static void completed(void *ctx, IO_STATUS_BLOCK *io, u32 reserved) {
  (void)reserved;
  order[completions++ & 63] = (u32)(usize)ctx;
  if (!BAD(io->status)) set(ring[(u32)(usize)ctx & 3].done);
}

static u32 issue(u32 chapter, u64 at) {
  u32 i = issued & 3;
  struct slot *s = &ring[i];
  s->chapter = chapter, s->at = at;
  NTSTATUS rv =
      NtReadFile(files[chapter], 0, (void *)completed, (void *)(usize)(0x40 + i), &s->io, s->data, BLOCK, &s->at);
  if (BAD(rv)) return fail(rv), 0;
  issued++;
  release(filled, 1);
  return 1;
}

// Alertable while it waits for room, so that its completions run.
static u32 read_chapters(u32 first) {
  u32 chapter = first, left = 14;
  while (chapters < 5 && left) {
    u64 end = size_of(files[chapter]), at = 0;
    u8 head[8];
    u32 n = read(files[chapter], head, sizeof head, 0), blocks = 2 + (head[0] & 1);
    if (n < sizeof head) break;
    for (; blocks && at < end && left; blocks--, at += BLOCK, left--) {
      while (await_ex(room, FOREVER, 1) == STATUS_USER_APC) {
      }
      if (!issue(chapter, at)) return chapters;
    }
    chapters++;
    chapter = (chapter + 1 + (head[1] & 1)) % 6;
  }
  while (completions < issued) nap_ex(2, 1);
  set(stop);
  return chapters;
}

static u32 decode(u32 unused) {
  const HANDLE both[2] = {filled, stop};
  (void)unused;
  while (await_many(2, both, 0, FOREVER) == 0) {
    struct slot *s = &ring[decoded++ & 3];
    await(s->done, FOREVER);
    sum = mixin(sum + s->chapter, s->data, s->io.information);
    burn(60 + (sum & 31));
    release(room, 1);
  }
  return decoded;
}

int main(void) {
  static const char *const names[6] = {"game:\\data\\part0.bin", "game:\\data\\part1.bin", "game:\\data\\part2.bin",
                                       "game:\\data\\part3.bin", "game:\\data\\part4.bin", "game:\\data\\part5.bin"};
  for (u32 i = 0; i < 6; i++) files[i] = open(names[i], 0);
  for (u32 i = 0; i < SLOTS; i++) ring[i].done = make_event(0, 0, NULL);
  room = make_semaphore(SLOTS, SLOTS), filled = make_semaphore(0, SLOTS), stop = make_event(1, 0, NULL);
  HANDLE d = begin(decode, 0, CORE(3));
  reader = begin(read_chapters, 2, CORE(2) | 1);
  NtResumeThread(reader, NULL);
  finish(reader), finish(d);
  for (u32 i = 0; i < 6; i++) close(files[i]);
  HANDLE score = open("game:\\data\\config.bin", 0);
  u8 config[64];
  read(score, config, sum & 1 ? 64 : 32, 0);
  close(score);
  return 0;
}
