// An interpreter: what the title does is a table of words, three threads run programs of it, and every kernel call of
// the whole title leaves from one place, through a table of functions.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include "engine.h"

enum {
  END,
  COPY,
  SUM,
  BACK,
  SKIP,
  WORK,
  TELL,
  EXIT,
  WAIT,
  WAITS,
  SET,
  CLEAR,
  GIVE,
  TAKE,
  PASS,
  EVENT,
  COUNTER,
  OWNER,
  BEGIN,
  SHUT,
  SLEEP,
  ASK,
  STATE,
  TWIN,
  WORDS
};
typedef u32 (*kernel)(u32, u32, u32, u32, u32, u32, u32, u32);
static const kernel calls[WORDS] = {[TELL] = (kernel)(void *)DbgPrint,
                                    [EXIT] = (kernel)(void *)ExTerminateThread,
                                    [WAIT] = (kernel)(void *)NtWaitForSingleObjectEx,
                                    [WAITS] = (kernel)(void *)NtWaitForMultipleObjectsEx,
                                    [SET] = (kernel)(void *)NtSetEvent,
                                    [CLEAR] = (kernel)(void *)NtClearEvent,
                                    [GIVE] = (kernel)(void *)NtReleaseSemaphore,
                                    [TAKE] = (kernel)(void *)NtReleaseMutant,
                                    [PASS] = (kernel)(void *)NtSignalAndWaitForSingleObjectEx,
                                    [EVENT] = (kernel)(void *)NtCreateEvent,
                                    [COUNTER] = (kernel)(void *)NtCreateSemaphore,
                                    [OWNER] = (kernel)(void *)NtCreateMutant,
                                    [BEGIN] = (kernel)(void *)ExCreateThread,
                                    [SHUT] = (kernel)(void *)NtClose,
                                    [SLEEP] = (kernel)(void *)KeDelayExecutionThread,
                                    [ASK] = (kernel)(void *)NtQueryEvent,
                                    [STATE] = (kernel)(void *)KeQueryPerformanceFrequency,
                                    [TWIN] = (kernel)(void *)NtDuplicateObject};

struct word {
  u32 op, a[8], into;
};
#define G(n) (0xE0000000u | (n))  // the value of a cell
#define AT(n) (0xE1000000u | (n)) // where it lies
static volatile u32 cell[64];
static const s64 brief = MS(2), long_time = MS(400);

static u32 value(u32 a) {
  if ((a & 0xFF000000u) == 0xE0000000u) return cell[a & 63];
  if ((a & 0xFF000000u) == 0xE1000000u) return (u32)&cell[a & 63];
  return a;
}

static void run(void *program) {
  for (const struct word *w = program; w->op != END; w++) {
    u32 v[8];
    for (u32 i = 0; i < 8; i++) v[i] = value(w->a[i]);
    switch (w->op) {
    case COPY: cell[w->into] = v[0]; break;
    case SUM: cell[w->into] = v[0] + v[1]; break;
    case BACK:
      if (v[0] != v[1]) w -= v[2];
      break;
    case SKIP:
      if (v[0] == v[1]) w += v[2];
      break;
    case WORK: burn(v[0]); break;
    default: {
      u32 r = calls[w->op](v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
      if (w->into) cell[w->into] = r;
    }
    }
  }
}

enum {
  ZERO,
  R,
  WORKED = 4,
  DONE,
  ASKED,
  STOP,
  LOCK,
  ITEMS,
  ROOM,
  FLAG,
  T1,
  T2,
  T3,
  SUM1,
  SUM2,
  ROUND,
  SEEN,
  ANSWER,
  COPY2,
  TOTAL = 24,
  TWO = 26
};
static const char bad[] = "script: %x went wrong\n", fine[] = "script: %d in all, %d asked\n";

static const struct word maker[] = {{WAIT, {G(ROOM), 1, 0, (u32)&long_time}, 30},
                                    {SKIP, {G(30), 0, 1}},
                                    {TELL, {(u32)bad, G(30)}},
                                    {WAIT, {G(LOCK), 1}},
                                    {SUM, {G(SUM1), 3}, SUM1},
                                    {WORK, {300}},
                                    {TAKE, {G(LOCK)}},
                                    {GIVE, {G(ITEMS), 1}},
                                    {SUM, {G(WORKED), 1}, WORKED},
                                    {BACK, {G(WORKED), 8, 9 + 1}},
                                    {SET, {G(DONE)}},
                                    {EXIT, {G(SUM1)}},
                                    {END}};
static const struct word taker[] = {{WAIT, {G(ITEMS), 1}},
                                    {WAIT, {G(LOCK), 1}},
                                    {SUM, {G(SUM2), G(SUM1)}, SUM2},
                                    {TAKE, {G(LOCK)}},
                                    {WORK, {500}},
                                    {SUM, {G(SEEN), 1}, SEEN},
                                    {GIVE, {G(ROOM), 1}},
                                    {BACK, {G(SEEN), 8, 7 + 1}},
                                    {WAIT, {G(DONE), 1}},
                                    {SET, {G(STOP)}},
                                    {EXIT, {7}},
                                    {END}};
static const struct word answerer[] = {{WAIT, {G(ASKED), 1}},
                                       {SUM, {G(ROUND), 1}, ROUND},
                                       {SKIP, {G(ROUND), 5, 2}},
                                       {SET, {G(ANSWER)}},
                                       {BACK, {1, 0, 4 + 1}},
                                       {SET, {G(ANSWER)}},
                                       {EXIT, {0}},
                                       {END}};
static const struct word boot[] = {{EVENT, {AT(DONE), 0, 0, 0}, R},
                                   {SKIP, {G(R), 0, 1}},
                                   {TELL, {(u32)bad, G(R)}},
                                   {EVENT, {AT(ASKED), 0, 1, 0}},
                                   {EVENT, {AT(STOP), 0, 1, 0}},
                                   {EVENT, {AT(ANSWER), 0, 1, 0}},
                                   {EVENT, {AT(FLAG), 0, 0, 1}},
                                   {COUNTER, {AT(ITEMS), 0, 0, 8}},
                                   {COUNTER, {AT(ROOM), 0, 2, 3}},
                                   {OWNER, {AT(LOCK), 0, 1}},
                                   {BEGIN, {AT(T1), 0x8000, 0, 0, (u32)run, (u32)maker, CORE(1)}},
                                   {BEGIN, {AT(T2), 0x8000, 0, 0, (u32)run, (u32)taker, CORE(2)}},
                                   {BEGIN, {AT(T3), 0x8000, 0, 0, (u32)run, (u32)answerer, CORE(3)}},
                                   {SLEEP, {1, 0, (u32)&brief}},
                                   {TAKE, {G(LOCK)}},
                                   {PASS, {G(ASKED), G(ANSWER), 1, 0, (u32)&long_time}, R},
                                   {SKIP, {G(R), 0, 1}},
                                   {TELL, {(u32)bad, G(R)}},
                                   {SUM, {G(TOTAL), 1}, TOTAL},
                                   {WORK, {200}},
                                   {BACK, {G(TOTAL), 5, 5 + 1}},
                                   {WAIT, {G(STOP), 1, 0, (u32)&long_time}, R},
                                   {SKIP, {G(R), 0, 1}},
                                   {TELL, {(u32)bad, G(R)}},
                                   {ASK, {G(FLAG), AT(COPY2)}},
                                   {SKIP, {G(COPY2 + 1), 0, 2}},
                                   {CLEAR, {G(FLAG)}},
                                   {ASK, {G(FLAG), AT(COPY2)}},
                                   {TWIN, {G(DONE), AT(TWO + 2), 0}},
                                   {WAIT, {G(TWO + 2), 1}},
                                   {SHUT, {G(TWO + 2)}},
                                   {WAITS, {3, AT(T1), 0, 1, 0, (u32)&long_time}, R},
                                   {SKIP, {G(R), 0, 1}},
                                   {TELL, {(u32)bad, G(R)}},
                                   {SHUT, {G(T1)}},
                                   {SHUT, {G(T2)}},
                                   {SHUT, {G(T3)}},
                                   {TELL, {(u32)fine, G(SUM2), G(TOTAL)}},
                                   {END}};

int main(void) {
  run((void *)boot);
  return 0;
}
