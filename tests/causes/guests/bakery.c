// A bakery: two bakers put loaves on a shelf of four places, three customers take them; semaphores count the places and
// the loaves, a mutant guards the shelf. The last baker puts up one sign for each customer that there is no more; the
// shop's thread joins all five, one after the other, and counts what they tell. Plain calls, all of handles.
#include "xbox.h"
#define PLACES 4
#define LOAVES 9
#define BAKERS 2
#define CUSTOMERS 3
#define CLOSED 0xFFu
static HANDLE places, loaves, shelf_lock, opening;
static u32 shelf[PLACES], in, out, bakers_left = BAKERS;
static u32 weight_sold;

static void put(u32 loaf) {
  NtWaitForSingleObjectEx(places, 1, 0, NULL);
  NtWaitForSingleObjectEx(shelf_lock, 1, 0, NULL);
  shelf[in++ % PLACES] = loaf;
  NtReleaseMutant(shelf_lock, NULL);
  NtReleaseSemaphore(loaves, 1, NULL);
}

static u32 take(void) {
  NtWaitForSingleObjectEx(loaves, 1, 0, NULL);
  NtWaitForSingleObjectEx(shelf_lock, 1, 0, NULL);
  u32 loaf = shelf[out++ % PLACES];
  NtReleaseMutant(shelf_lock, NULL);
  NtReleaseSemaphore(places, 1, NULL);
  return loaf;
}

static void baker(void *ctx) {
  u32 n = (u32)(usize)ctx;
  for (u32 i = 1; i <= LOAVES; i++) {
    s64 oven = MS(1 + (n + i) % 3);
    KeDelayExecutionThread(1, 0, &oven);
    put(n * 16 + i);
  }
  NtWaitForSingleObjectEx(shelf_lock, 1, 0, NULL);
  u32 left = --bakers_left;
  NtReleaseMutant(shelf_lock, NULL);
  if (left == 0)
    for (u32 i = 0; i < CUSTOMERS; i++) put(CLOSED);
  ExTerminateThread(LOAVES);
}

static void customer(void *ctx) {
  u32 bought = 0, weight = 0;
  (void)ctx;
  NtWaitForSingleObjectEx(opening, 1, 0, NULL);
  for (u32 loaf; (loaf = take()) != CLOSED; bought++) weight += loaf;
  NtWaitForSingleObjectEx(shelf_lock, 1, 0, NULL);
  weight_sold += weight;
  NtReleaseMutant(shelf_lock, NULL);
  ExTerminateThread(bought);
}

int main(void) {
  HANDLE staff[BAKERS + CUSTOMERS];
  NtCreateSemaphore(&places, NULL, PLACES, PLACES);
  NtCreateSemaphore(&loaves, NULL, 0, PLACES);
  NtCreateMutant(&shelf_lock, NULL, 0);
  NtCreateEvent(&opening, NULL, 0, 0);
  for (u32 i = 0; i < BAKERS + CUSTOMERS; i++) {
    NTSTATUS s = ExCreateThread(&staff[i], 0x4000, NULL, NULL, i < BAKERS ? (void *)baker : (void *)customer,
                                (void *)(usize)(i + 1), 1u << (24 + i));
    if ((s32)s < 0) DbgPrint("bakery: %d did not come: %x\n", i, s);
  }
  NtSetEvent(opening, NULL);
  for (u32 i = 0; i < BAKERS + CUSTOMERS; i++) {
    if (NtWaitForSingleObjectEx(staff[i], 1, 0, NULL) != STATUS_SUCCESS) DbgPrint("bakery: %d is lost\n", i);
    NtClose(staff[i]);
  }
  DbgPrint("bakery: sold %d\n", weight_sold);
  NtClose(opening), NtClose(shelf_lock), NtClose(loaves), NtClose(places);
  return 0;
}
