// A settings cache: readers and one writer under a read-write lock, a named event that two parts of the title open by
// name, and a mutant whose owner ends without giving it back, which the next owner repairs.
#include "runtime.h"

void ExInitializeReadWriteLock(void *), ExReleaseReadWriteLock(void *);
void ExAcquireReadWriteLockExclusive(void *), ExAcquireReadWriteLockShared(void *);

#define READERS 3
#define VERSIONS 5

static u32 rwlock[14];
static HANDLE changed[READERS], looked, owner_ready, journal;
static volatile u32 version, entries[16];
static u32 repaired;

static u32 reader(u32 self) {
  u32 sum = 0;
  for (u32 v = 1; v <= VERSIONS; v++) {
    await(changed[self], FOREVER);
    ExAcquireReadWriteLockShared(rwlock);
    u32 mine = version;
    for (u32 i = 0; i < 16; i++) sum += entries[i];
    burn(40 * self);
    ExReleaseReadWriteLock(rwlock);
    release(looked, 1);
    if (mine != v) return mine;
  }
  return sum;
}

static u32 writer(u32 shared_name) {
  HANDLE ready = make_event(1, 0, shared_name ? "settings.ready" : NULL);
  for (u32 v = 1; v <= VERSIONS; v++) {
    ExAcquireReadWriteLockExclusive(rwlock);
    version = v;
    for (u32 i = 0; i < 16; i++) entries[i] = v * i;
    ExReleaseReadWriteLock(rwlock);
    for (u32 r = 0; r < READERS; r++) set(changed[r]);
    for (u32 r = 0; r < READERS; r++) await(looked, FOREVER);
    if (v == 2) set(ready);
  }
  close(ready);
  return version;
}

// Takes the journal and ends.
static u32 careless(u32 unused) {
  (void)unused;
  await(journal, FOREVER);
  set(owner_ready);
  nap(4);
  return 3;
}

static u32 careful(u32 rounds) {
  u32 found = 0;
  await(owner_ready, FOREVER);
  for (u32 i = 0; i < rounds; i++) {
    NTSTATUS s = await(journal, FOREVER);
    if (s == 0x80) found++;
    nap(1);
    NtReleaseMutant(journal, NULL);
  }
  repaired = found;
  return found;
}

int main(void) {
  HANDLE t[READERS + 3];
  ExInitializeReadWriteLock(rwlock);
  looked = make_semaphore(0, READERS), owner_ready = make_event(1, 0, NULL), journal = make_mutant(0);
  HANDLE ready = make_event(1, 0, "settings.ready");
  for (u32 i = 0; i < READERS; i++) changed[i] = make_event(0, 0, NULL), t[i] = begin(reader, i, CORE(1 + i));
  t[READERS] = begin(writer, 1, CORE(4));
  t[READERS + 1] = begin(careless, 0, CORE(5));
  t[READERS + 2] = begin(careful, 3, CORE(5));
  await(ready, FOREVER);
  close(ready);
  await_many(READERS + 3, t, 1, FOREVER);
  for (u32 i = 0; i < READERS + 3; i++) close(t[i]);
  close(journal);
  DbgPrint("%d %d\n", version, repaired);
  return 0;
}
