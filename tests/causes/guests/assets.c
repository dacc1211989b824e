// Assets of a level, streamed: the title asks by name, an I/O thread reads each with overlapped reads and their event,
// a decoder unpacks what has come, a registry says what is ready. Whoever needs an asset waits for that asset's own
// event; a builder puts the world together when two of them are there.
#include "stage.h"

#define ASSETS 5
#define PIECE 4096

enum { WANTED, READ_IN, READY, BAD };

struct asset {
  const char *path;
  HANDLE ready;
  u32 state, size, codec, sum;
  u8 *data;
};
struct overlapped {
  IO_STATUS_BLOCK io;
  HANDLE event;
};
struct queue {
  CRITICAL_SECTION lock;
  HANDLE count;
  u32 slots[8], in, out;
};

static struct asset assets[ASSETS] = {{.path = "game:\\data\\part0.bin"},
                                      {.path = "game:\\data\\part3.bin"},
                                      {.path = "game:\\data\\part1.bin"},
                                      {.path = "game:\\data\\part4.bin"},
                                      {.path = "game:\\data\\part2.bin"}};
static struct queue to_read, to_decode;
static CRITICAL_SECTION registry;
static HANDLE world, failure;
static u32 registered, bytes;

static void make(struct queue *q) {
  RtlInitializeCriticalSection(&q->lock);
  q->count = new_semaphore(0, 8);
}

static void put(struct queue *q, u32 v) {
  RtlEnterCriticalSection(&q->lock);
  q->slots[q->in++ & 7] = v;
  RtlLeaveCriticalSection(&q->lock);
  NtReleaseSemaphore(q->count, 1, NULL);
}

static u32 get(struct queue *q) {
  wait_for(q->count, 0);
  RtlEnterCriticalSection(&q->lock);
  u32 v = q->slots[q->out++ & 7];
  RtlLeaveCriticalSection(&q->lock);
  return v;
}

static NTSTATUS read_piece(HANDLE file, struct overlapped *o, u8 *to, u64 at, u32 n) {
  NTSTATUS s = NtReadFile(file, o->event, NULL, NULL, &o->io, to, n, &at);
  if (FAILED(s)) return s;
  s = wait_for(o->event, MS(100));
  return s == STATUS_SUCCESS ? o->io.status : 0xC00000B5u; // STATUS_IO_TIMEOUT
}

static NTSTATUS load(struct asset *a, struct overlapped *o) {
  HANDLE file;
  u64 standard[3] = {0, 0, 0};
  NTSTATUS s = open_file(&file, a->path, READ, 1);
  if (FAILED(s)) return s;
  s = NtQueryInformationFile(file, &o->io, standard, 24, 5);
  a->size = (u32)standard[1];
  a->data = FAILED(s) ? NULL : ExAllocatePool(a->size);
  if (a->data == NULL && !FAILED(s)) s = 0xC0000017u; // STATUS_NO_MEMORY
  for (u32 at = 0; at < a->size && !FAILED(s); at += PIECE)
    s = read_piece(file, o, a->data + at, at, a->size - at < PIECE ? a->size - at : PIECE);
  NtClose(file);
  return s;
}

static void io_thread(void *ctx) {
  struct overlapped o = {.event = new_event(1, 0)};
  (void)ctx;
  for (u32 i = 0; i < ASSETS; i++) {
    struct asset *a = &assets[get(&to_read)];
    NTSTATUS s = load(a, &o);
    a->state = FAILED(s) ? BAD : READ_IN;
    if (FAILED(s)) DbgPrint("assets: %s: error %d\n", a->path, RtlNtStatusToDosError(s));
    put(&to_decode, (u32)(a - assets));
  }
  NtClose(o.event);
  ExTerminateThread(0);
}

// What the first word says decides how it is unpacked.
static void decode(struct asset *a) {
  a->codec = *(const u32 *)(void *)a->data % 3;
  if (a->codec == 0) crunch(a->size / 16);
  if (a->codec == 1) {
    u32 base = 0, size = a->size * 2;
    if (FAILED(NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0))) return;
    crunch(200);
    size = 0;
    NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  }
  a->sum = checksum(a->data, a->size);
  ExFreePool(a->data);
  a->state = READY;
}

static void decoder(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < ASSETS; i++) {
    struct asset *a = &assets[get(&to_decode)];
    if (a->state == READ_IN) decode(a);
    RtlEnterCriticalSection(&registry);
    registered += a->state == READY;
    bytes += a->size;
    RtlLeaveCriticalSection(&registry);
    if (a->state == READY)
      NtSetEvent(a->ready, NULL);
    else
      NtSetEvent(failure, NULL);
  }
  ExTerminateThread(registered);
}

static void builder(void *ctx) {
  const HANDLE needs[2] = {assets[1].ready, assets[3].ready};
  (void)ctx;
  NtWaitForMultipleObjectsEx(2, needs, 0, 1, 0, NULL);
  u32 physical = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x404, 0, 0xFFFFFFFFu, 4096);
  if (physical == 0) DbgPrint("assets: no memory for the world\n");
  if (physical) NtSetEvent(world, NULL);
  ExTerminateThread(0);
}

int main(void) {
  make(&to_read), make(&to_decode);
  RtlInitializeCriticalSection(&registry);
  world = new_event(0, 0), failure = new_event(0, 0);
  for (u32 i = 0; i < ASSETS; i++) assets[i].ready = new_event(0, 0);
  HANDLE t[3] = {spawn(io_thread, 0, ON(4)), spawn(decoder, 0, ON(2)), spawn(builder, 0, ON(3))};
  for (u32 i = 0; i < ASSETS; i++) put(&to_read, i);
  wait_for(assets[4].ready, 0); // the font, for the loading screen
  const HANDLE either[2] = {world, failure};
  NTSTATUS s = NtWaitForMultipleObjectsEx(2, either, 1, 1, 0, NULL);
  if (s == 1) DbgPrint("assets: the level cannot start\n");
  DbgPrint("assets: %d of %d, %d bytes\n", registered, ASSETS, bytes);
  for (u32 i = 0; i < 3; i++) join(t[i]);
  for (u32 i = 0; i < ASSETS; i++) NtClose(assets[i].ready);
  return 0;
}
