// A film: a reader fills a ring of packets, a splitter copies them and hands them to the decoders of pictures and
// sound; a picture takes a frame that is free, and a presenter shows one at each beat of a timer's DPC and gives the
// frame back. What is free lies in interlocked lists; the end is a packet, too.
#include "engine.h"
#define PACKETS 24
#define RING 4
#define FRAMES 3
#define SIZE 512
struct entry {
  u32 next, number, kind, sum;
  u8 data[SIZE];
} __attribute__((aligned(16)));
struct list {
  u64 head;
  KSEMAPHORE count;
} __attribute__((aligned(16)));
static struct entry ring[RING], packets[RING * 2], frames[FRAMES];
static struct list spare, free_frames;
// What goes from one thread to one other, in order.
static struct way {
  struct entry *at[16];
  u32 in, out;
  KSEMAPHORE count;
} pictures, sounds, shown;
static KSEMAPHORE room, filled;
static KEVENT beat;
static KTIMER clock_;
static KDPC clock_dpc;
static HANDLE film, threads_[5], finished;
static volatile u32 beats, shown_sum, sound_sum, missed, short_reads;
enum { PICTURE, SOUND, END };

static void put(struct list *l, struct entry *e) {
  InterlockedPushEntrySList(&l->head, e);
  KeReleaseSemaphore(&l->count, 1, 1, 0);
}
static struct entry *get(struct list *l) {
  KeWaitForSingleObject(&l->count, 3, 1, 0, NULL);
  return InterlockedPopEntrySList(&l->head);
}
static void send(struct way *w, struct entry *e) {
  w->at[w->in++ % 16] = e;
  KeReleaseSemaphore(&w->count, 1, 1, 0);
}
static struct entry *receive(struct way *w) {
  KeWaitForSingleObject(&w->count, 3, 1, 0, NULL);
  return w->at[w->out++ % 16];
}

static void on_clock(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  beats++;
  KeSetEvent(&beat, 1, 0);
}

static void reader(void *unused) {
  (void)unused;
  for (u32 i = 0; i <= PACKETS; i++) {
    KeWaitForSingleObject(&room, 3, 1, 0, NULL);
    struct entry *e = &ring[i % RING];
    IO_STATUS_BLOCK io = {0, 0};
    u64 at = i * 2000;
    e->kind = i == PACKETS ? END : i % 3 == 2 ? SOUND : PICTURE;
    if (e->kind != END) {
      NTSTATUS s = NtReadFile(film, 0, NULL, NULL, &io, e->data, SIZE, &at);
      if (s == 0x103) NtWaitForSingleObjectEx(film, 1, 0, NULL);
      if (io.information != SIZE) short_reads++, DbgPrint("decoder: packet %d is short\n", i);
    }
    e->number = i;
    KeReleaseSemaphore(&filled, 1, 1, 0);
  }
  ExTerminateThread(short_reads);
}

static void splitter(void *unused) {
  (void)unused;
  for (u32 i = 0; i <= PACKETS; i++) {
    KeWaitForSingleObject(&filled, 3, 1, 0, NULL);
    struct entry *from = &ring[i % RING];
    u32 n = from->kind == END ? 2 : 1;
    for (u32 k = 0; k < n; k++) {
      struct entry *to = get(&spare);
      memcpy(to->data, from->data, SIZE);
      to->number = from->number, to->kind = from->kind;
      send(from->kind == SOUND || k == 1 ? &sounds : &pictures, to);
    }
    KeReleaseSemaphore(&room, 1, 1, 0);
  }
  ExTerminateThread(0);
}

static u32 decode(const struct entry *e) {
  u32 s = e->number;
  for (u32 i = 0; i < SIZE; i++) s = (s << 5 | s >> 27) ^ e->data[i];
  return s;
}

static void picture_decoder(void *unused) {
  (void)unused;
  for (u32 kind = PICTURE; kind != END;) {
    struct entry *p = receive(&pictures), *f = get(&free_frames);
    kind = f->kind = p->kind;
    f->number = p->number, f->sum = decode(p);
    put(&spare, p);
    send(&shown, f);
  }
  ExTerminateThread(1);
}

static void sound_decoder(void *unused) {
  (void)unused;
  for (u32 kind = SOUND; kind != END;) {
    struct entry *p = receive(&sounds);
    kind = p->kind;
    if (kind != END) sound_sum += decode(p);
    put(&spare, p);
  }
  NtSetEvent(finished, NULL);
  ExTerminateThread(2);
}

static void presenter(void *unused) {
  u32 n = 0;
  (void)unused;
  for (u32 kind = PICTURE; kind != END;) {
    s64 limit = MS(60);
    if (KeWaitForSingleObject(&beat, 3, 1, 0, &limit) == STATUS_TIMEOUT) missed++;
    struct entry *f = receive(&shown);
    kind = f->kind;
    if (kind != END) shown_sum = shown_sum * 3 + f->sum, n++;
    put(&free_frames, f);
  }
  ExTerminateThread(n);
}

int main(void) {
  static void *const entries[5] = {(void *)reader, (void *)splitter, (void *)picture_decoder, (void *)sound_decoder,
                                   (void *)presenter};
  KSEMAPHORE *const all[5] = {&spare.count, &free_frames.count, &pictures.count, &sounds.count, &shown.count};
  IO_STATUS_BLOCK io;
  for (u32 i = 0; i < 5; i++) KeInitializeSemaphore(all[i], 0, 32);
  KeInitializeSemaphore(&room, RING, RING), KeInitializeSemaphore(&filled, 0, RING);
  for (u32 i = 0; i < RING * 2; i++) put(&spare, &packets[i]);
  for (u32 i = 0; i < FRAMES; i++) put(&free_frames, &frames[i]);
  KeInitializeEvent(&beat, AUTO, 0);
  KeInitializeTimerEx(&clock_, 1, 0, 0);
  KeInitializeDpc(&clock_dpc, (void *)on_clock, NULL);
  NtCreateEvent(&finished, NULL, AUTO, 0);
  if ((s32)open_file(&film, &io, "game:\\data\\movie.bin", FOR_READ, 1, 0x40) < 0) DbgPrint("decoder: no film\n");
  for (u32 i = 0; i < 5; i++) ExCreateThread(&threads_[i], 0x8000, NULL, NULL, entries[i], NULL, CORE(1 + i));
  KeSetTimerEx(&clock_, MS(4), 4, &clock_dpc);
  s64 limit = MS(1500);
  if (NtWaitForSingleObjectEx(finished, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("decoder: no end of the sound\n");
  NtWaitForMultipleObjectsEx(5, threads_, 0, 1, 0, NULL);
  KeCancelTimer(&clock_);
  DbgPrint("decoder: pictures %x, sound %x\n", shown_sum, sound_sum);
  if (missed > 2) DbgPrint("decoder: %d beats missed\n", missed);
  for (u32 i = 0; i < 5; i++) NtClose(threads_[i]);
  NtClose(film), NtClose(finished);
  return 0;
}
