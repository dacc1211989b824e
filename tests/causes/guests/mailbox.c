// Threads that talk by APCs: each has a mailbox, sleeps alertably, and answers the sender with an APC of its own; one
// uses the kernel's own APC objects. What must be told to all is told by pulses of an event.
#include "stage.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *, void *, u32);

#define PEERS 3
#define LETTERS 4

struct peer {
  HANDLE thread, started;
  void *object;
  volatile u32 letters, asked, over;
  u32 text;
};

static struct peer peers[PEERS];
static HANDLE news, main_thread, closed;
static volatile u32 receipts, heard;
static KAPC special;

static void receipt(u32 from, u32 text, u32 b) {
  (void)b;
  receipts++;
  peers[from].text = text;
}

static void letter(u32 to, u32 text, u32 last) {
  struct peer *p = &peers[to];
  p->letters++;
  p->asked = p->asked * 3 + text;
  p->over = last;
  NTSTATUS s = NtQueueApcThread(main_thread, (void *)receipt, (void *)(usize)to, (void *)(usize)p->asked, NULL);
  if (FAILED(s)) complain("mailbox: receipt", s);
}

static void urgent(u32 ctx, u32 a, u32 b) { peers[ctx].asked += a + b; }

static void peer(void *ctx) {
  struct peer *p = &peers[(u32)(usize)ctx];
  s64 nap = MS(80);
  u32 naps = 0;
  NtSetEvent(p->started, NULL);
  while (!p->over && naps < 4) {
    NTSTATUS s = KeDelayExecutionThread(1, 1, &nap);
    if (s == STATUS_USER_APC) continue;
    DbgPrint("mailbox: peer %d sleeps on (%x)\n", (u32)(usize)ctx, s);
    naps++;
  }
  if (wait_for(news, MS(500)) == STATUS_SUCCESS)
    heard++;
  else
    DbgPrint("mailbox: peer %d heard nothing\n", (u32)(usize)ctx);
  NtReleaseSemaphore(closed, 1, NULL);
  ExTerminateThread(p->asked);
}

static void send(u32 to, u32 n) {
  u32 last = n + 1 == LETTERS;
  NTSTATUS s = NtQueueApcThread(peers[to].thread, (void *)letter, (void *)(usize)to, (void *)(usize)(n + 1),
                                (void *)(usize)last);
  if (FAILED(s)) complain("mailbox: letter", s);
}

// Sleeps until so many receipts are there.
static void until(u32 count) {
  s64 nap = MS(40);
  for (u32 tries = 0; receipts < count && tries < 6;)
    if (KeDelayExecutionThread(1, 1, &nap) != STATUS_USER_APC) {
      tries++;
      DbgPrint("mailbox: %d of %d receipts\n", receipts, count);
    }
}

int main(void) {
  NTSTATUS s = NtDuplicateObject(CURRENT_THREAD, &main_thread, 0);
  if (FAILED(s)) complain("mailbox: own handle", s);
  news = new_event(0, 0), closed = new_semaphore(0, PEERS);
  for (u32 i = 0; i < PEERS; i++) {
    peers[i].started = new_event(0, 0);
    peers[i].thread = spawn(peer, i, ON(1 + i));
    ObReferenceObjectByHandle(peers[i].thread, NULL, &peers[i].object);
    wait_for(peers[i].started, MS(300));
  }
  pause_ms(2);
  KeInitializeApc(&special, peers[1].object, NULL, NULL, (void *)urgent, 1, (void *)1);
  if (!KeInsertQueueApc(&special, (void *)100, (void *)7, 0)) DbgPrint("mailbox: the urgent one is not sent\n");
  for (u32 n = 0; n < LETTERS; n++)
    for (u32 i = 0; i < PEERS; i++) {
      send(i, n);
      until(n * PEERS + i + 1);
    }
  pause_ms(3);
  NtPulseEvent(news, NULL);
  for (u32 i = 0; i < PEERS; i++)
    if (wait_for(closed, MS(600)) != STATUS_SUCCESS) DbgPrint("mailbox: a peer does not end\n");
  for (u32 i = 0; i < PEERS; i++) {
    if (peers[i].object) ObDereferenceObject(peers[i].object);
    join(peers[i].thread);
  }
  DbgPrint("mailbox: %d receipts, %d heard, %x\n", receipts, heard, peers[0].text + peers[1].text + peers[2].text);
  NtClose(main_thread), NtClose(news);
  return 0;
}
