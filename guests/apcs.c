// APCs, checked by the guest itself: those within others' waits, kernel ones, what their kernel routines change, and
// what becomes of them when their thread ends.
#include "check.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
u32 KeRemoveQueueApc(KAPC *);
u32 KfRaiseIrql(u32);
void KfLowerIrql(u32);
void KeEnterCriticalRegion(void);
void KeLeaveCriticalRegion(void);

typedef void normal_routine(void *, void *, void *);

static char told[64];
static u32 ntold;
static void tell(char c) {
  if (ntold < sizeof told - 1) told[ntold++] = c;
}
static u32 was(const char *what) {
  u32 same = 1;
  for (u32 i = 0; i < ntold || what[i]; i++) same &= told[i] == what[i];
  if (!same) DbgPrint("told %s, expected %s\n", told, what);
  for (u32 i = 0; i < sizeof told; i++) told[i] = 0;
  ntold = 0;
  return same;
}

static NTSTATUS nap(u32 ms, u32 alertable) {
  s64 t = MS(ms);
  return KeDelayExecutionThread(1, alertable, &t);
}
static u32 level(void) {
  u32 old = KfRaiseIrql(2);
  KfLowerIrql(old);
  return old;
}
static void *thread_object(HANDLE h) {
  void *o = NULL;
  ObReferenceObjectByHandle(h, NULL, &o);
  return o;
}

// --- user APCs -------------------------------------------------------------------------------------------

static void plain(void *c, void *a, void *b) {
  (void)a, (void)b;
  tell(*(const char *)c);
}
static void waits_too(void *c, void *a, void *b) {
  plain(c, a, b);
  EQUAL(nap(900, 1), STATUS_USER_APC); // what is left in the queue runs within
  tell('<');
  EQUAL(nap(1, 1), 0);
}
static void user(void) {
  NtQueueApcThread(0xFFFFFFFE, waits_too, "a", NULL, NULL);
  NtQueueApcThread(0xFFFFFFFE, plain, "b", NULL, NULL);
  NtQueueApcThread(0xFFFFFFFE, plain, "c", NULL, NULL);
  EQUAL(nap(900, 1), STATUS_USER_APC);
  CHECK(was("abc<"));
  EQUAL(nap(1, 1), 0);
  // Each within the wait of the one before it.
  NtQueueApcThread(0xFFFFFFFE, waits_too, "a", NULL, NULL);
  NtQueueApcThread(0xFFFFFFFE, waits_too, "b", NULL, NULL);
  NtQueueApcThread(0xFFFFFFFE, plain, "c", NULL, NULL);
  EQUAL(nap(900, 1), STATUS_USER_APC);
  CHECK(was("abc<<"));
}

// --- kernel routines ----------------------------------------------------------------------------------------

static void routine(KAPC *apc, normal_routine **normal, void **ctx, void **a, void **b) {
  (void)apc, (void)normal, (void)ctx, (void)a, (void)b;
  tell('k');
  EQUAL(level(), 1);
}
static void changes(KAPC *apc, normal_routine **normal, void **ctx, void **a, void **b) {
  routine(apc, normal, ctx, a, b);
  EQUAL((u32)(usize)*a, 11);
  EQUAL((u32)(usize)*b, 12);
  *ctx = "z";
}
static void cancels(KAPC *apc, normal_routine **normal, void **ctx, void **a, void **b) {
  routine(apc, normal, ctx, a, b);
  *normal = NULL;
}
static void queues_itself(KAPC *apc, normal_routine **normal, void **ctx, void **a, void **b) {
  (void)normal, (void)ctx, (void)b;
  tell('q');
  if ((u32)(usize)*a) CHECK(KeInsertQueueApc(apc, (void *)((u32)(usize)*a - 1), NULL, 0));
}
static void level_zero(void *c, void *a, void *b) {
  EQUAL(level(), 0);
  plain(c, a, b);
}
static void kernel_routines(void *me) {
  KAPC x;
  KeInitializeApc(&x, me, changes, NULL, level_zero, 1, "a");
  CHECK(KeInsertQueueApc(&x, (void *)11, (void *)12, 0));
  CHECK(was(""));
  EQUAL(nap(1, 1), STATUS_USER_APC);
  CHECK(was("kz"));
  KeInitializeApc(&x, me, cancels, NULL, plain, 1, "a");
  CHECK(KeInsertQueueApc(&x, NULL, NULL, 0));
  EQUAL(nap(1, 1), STATUS_USER_APC);
  CHECK(was("k"));
}

// --- kernel APCs ----------------------------------------------------------------------------------------------

static void nested(void *c, void *a, void *b) {
  KAPC *other = a;
  plain(c, a, b);
  if (other == NULL) return;
  CHECK(KeInsertQueueApc(other, NULL, NULL, 0)); // a normal one waits for this one's end
  tell('>');
}
static void kernel(void *me) {
  KAPC x, y;
  KeInitializeApc(&x, me, routine, NULL, NULL, 1, "unused");
  CHECK(KeInsertQueueApc(&x, NULL, NULL, 0)); // at once
  CHECK(was("k"));
  KeInitializeApc(&x, me, queues_itself, NULL, NULL, 0, NULL);
  CHECK(KeInsertQueueApc(&x, (void *)3, NULL, 0));
  CHECK(was("qqqq"));
  KeInitializeApc(&x, me, routine, NULL, level_zero, 0, "n");
  CHECK(KeInsertQueueApc(&x, NULL, NULL, 0));
  CHECK(was("kn"));
  // At APC level none runs, in a critical region only special ones.
  KeInitializeApc(&y, me, routine, NULL, NULL, 0, NULL);
  EQUAL(KfRaiseIrql(1), 0);
  CHECK(KeInsertQueueApc(&x, NULL, NULL, 0));
  CHECK(KeInsertQueueApc(&y, NULL, NULL, 0));
  CHECK(was(""));
  KfLowerIrql(0);
  CHECK(was("kkn")); // the special one first
  KeEnterCriticalRegion();
  CHECK(KeInsertQueueApc(&x, NULL, NULL, 0));
  CHECK(was(""));
  CHECK(KeInsertQueueApc(&y, NULL, NULL, 0));
  CHECK(was("k"));
  CHECK(!KeInsertQueueApc(&x, NULL, NULL, 0)); // it is queued
  KeLeaveCriticalRegion();
  CHECK(was("kn"));
  KeEnterCriticalRegion();
  CHECK(KeInsertQueueApc(&x, NULL, NULL, 0));
  CHECK(KeRemoveQueueApc(&x));
  CHECK(!KeRemoveQueueApc(&x));
  KeLeaveCriticalRegion();
  CHECK(was(""));
  KeInitializeApc(&x, me, NULL, NULL, nested, 0, "x");
  KeInitializeApc(&y, me, NULL, NULL, nested, 0, "y");
  CHECK(KeInsertQueueApc(&x, &y, NULL, 0));
  CHECK(was("x>y"));
}

// --- waits that a kernel APC interrupts -----------------------------------------------------------------------

static u64 mftb(void) {
  u32 high, low, again;
  do __asm__ volatile("mftbu %0; mftb %1; mftbu %2" : "=r"(high), "=r"(low), "=r"(again));
  while (high != again);
  return (u64)high << 32 | low;
}

static HANDLE event;
static CRITICAL_SECTION cs;

static u32 sleeps(void *unused) {
  (void)unused;
  u64 from = mftb(), took;
  EQUAL(nap(5, 0), 0);
  took = mftb() - from; // of 50 MHz
  CHECK(took >= 250000 && took < 260000);
  tell('s');
  return 0;
}
static u32 waits(void *unused) {
  (void)unused;
  EQUAL(NtWaitForSingleObjectEx(event, 1, 0, NULL), 0);
  tell('w');
  s64 t = MS(3);
  EQUAL(NtWaitForSingleObjectEx(event, 1, 0, &t), 0x102);
  tell('t');
  return 0;
}
static u32 enters(void *unused) {
  (void)unused;
  RtlEnterCriticalSection(&cs);
  tell('e');
  RtlLeaveCriticalSection(&cs);
  return 0;
}
static void sleeps_within(void *c, void *a, void *b) {
  plain(c, a, b);
  EQUAL(nap((u32)(usize)a, 0), 0);
  tell('.');
}
static void interrupt(void *entry, u32 ms, u32 (*meanwhile)(void)) {
  HANDLE h = 0;
  KAPC x;
  ExCreateThread(&h, 0x10000, NULL, NULL, entry, NULL, 0);
  void *t = thread_object(h);
  nap(1, 0);
  KeInitializeApc(&x, t, routine, NULL, sleeps_within, 0, "i");
  CHECK(KeInsertQueueApc(&x, (void *)(usize)ms, NULL, 0));
  nap(1, 0);
  if (meanwhile) meanwhile();
  EQUAL(NtWaitForSingleObjectEx(h, 1, 0, NULL), 0);
  ObDereferenceObject(t);
  NtClose(h);
}
static u32 set(void) {
  tell('!');
  return (u32)NtSetEvent(event, NULL);
}
static u32 leave(void) {
  tell('!');
  RtlLeaveCriticalSection(&cs);
  return 0;
}
static void interrupted(void) {
  interrupt(sleeps, 2, NULL); // its time goes on
  CHECK(was("ki.s"));
  NtCreateEvent(&event, NULL, 1, 0);
  interrupt(waits, 2, set); // signalled while it does not wait
  CHECK(was("ki!.wt"));
  interrupt(waits, 0, set); // and when it waits again
  CHECK(was("ki.!wt"));
  NtClose(event);
  RtlInitializeCriticalSection(&cs);
  RtlEnterCriticalSection(&cs);
  interrupt(enters, 2, leave);
  CHECK(was("ki!.e"));
}

// --- the end of the thread ------------------------------------------------------------------------------------

static KAPC left[3];
static void rundown(KAPC *apc) { tell((char)('0' + (apc - left))); }
static u32 ends(void *way) {
  void *me = thread_object(0xFFFFFFFE);
  for (u32 i = 0; i < 3; i++) {
    KeInitializeApc(&left[i], me, routine, i == 1 ? NULL : (void *)rundown, plain, 1, "never");
    CHECK(KeInsertQueueApc(&left[i], NULL, NULL, 0));
  }
  ObDereferenceObject(me);
  if (way) ExTerminateThread(7);
  return 7;
}
static void ending(void) {
  for (u32 way = 0; way < 2; way++) {
    HANDLE h = 0;
    ExCreateThread(&h, 0x10000, NULL, NULL, ends, (void *)(usize)way, 0);
    void *t = thread_object(h);
    EQUAL(NtWaitForSingleObjectEx(h, 1, 0, NULL), 0);
    CHECK(was("02"));
    KeInitializeApc(&left[0], t, routine, NULL, plain, 1, "never");
    CHECK(!KeInsertQueueApc(&left[0], NULL, NULL, 0));
    ObDereferenceObject(t);
    NtClose(h);
  }
}

int main(void) {
  void *me = thread_object(0xFFFFFFFE);
  user();
  kernel_routines(me);
  kernel(me);
  interrupted();
  ending();
  return checks_done();
}
