// Sealed letters: a clerk writes texts, a second seals them with a digest and a cipher, a third opens them and looks
// whether seal and text agree; letters go by slots under a lock that is taken within itself, and a bell for each slot.
#include "engine.h"

typedef struct {
  u16 length, max;
  u16 *buffer;
} WIDE;
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
void XeCryptRc4(const void *, u32, void *, u32),
    XeCryptMd5(const void *, u32, const void *, u32, const void *, u32, void *, u32);
u32 RtlMultiByteToUnicodeN(u16 *, u32, u32 *, const char *, u32),
    RtlUnicodeToMultiByteN(char *, u32, u32 *, const u16 *, u32);
s32 RtlCompareStringN(const char *, u32, const char *, u32, u32);
void RtlTimeToTimeFields(const u64 *, u16 *);
u32 RtlTimeFieldsToTime(const u16 *, u64 *);
u32 RtlUpcaseUnicodeChar(u32);

struct letter {
  char text[40];
  u16 wide[40];
  u8 seal[20], mark[16];
  u32 n, full;
};
static struct letter slots[2];
static CRITICAL_SECTION desk;
static HANDLE written[2], sealed[2], empty[2], people[2];
static const u8 key[16] = "a key of letters";
static u32 bad;

static struct letter *locked(u32 i) {
  RtlEnterCriticalSection(&desk);
  return &slots[i & 1];
}
static void mark(u32 i, u32 full) {
  locked(i)->full = full;
  RtlLeaveCriticalSection(&desk);
}

static void seal(void *rounds) {
  for (u32 i = 0; i < (u32)rounds; i++) {
    NtWaitForSingleObjectEx(written[i & 1], 1, 0, NULL);
    struct letter *l = locked(i);
    XeCryptSha(key, 16, l->text, l->n, NULL, 0, l->seal, 20);
    XeCryptMd5(l->text, l->n, NULL, 0, NULL, 0, l->mark, 16);
    XeCryptRc4(key, 16, l->text, l->n);
    mark(i, 2);
    RtlLeaveCriticalSection(&desk);
    NtSetEvent(sealed[i & 1], NULL);
  }
  ExTerminateThread(0);
}

static void look(void *rounds) {
  for (u32 i = 0; i < (u32)rounds; i++) {
    u8 mine[20], hash[16];
    NtWaitForSingleObjectEx(sealed[i & 1], 1, 0, NULL);
    struct letter *l = locked(i);
    XeCryptRc4(key, 16, l->text, l->n);
    XeCryptSha(key, 16, l->text, l->n, NULL, 0, mine, 20);
    XeCryptMd5(l->text, l->n, NULL, 0, NULL, 0, hash, 16);
    if (RtlCompareMemory(mine, l->seal, 20) != 20) bad++, DbgPrint("sealer: letter %d is not what was sealed\n", i);
    if (RtlCompareMemory(hash, l->mark, 16) != 16) bad++, DbgPrint("sealer: letter %d is marked otherwise\n", i);
    char back[40];
    u32 n = 0;
    RtlUnicodeToMultiByteN(back, 40, &n, l->wide, l->n * 2);
    if (RtlCompareStringN(back, n, l->text, l->n, 1) != 0) bad++, DbgPrint("sealer: letter %d reads %d\n", i, n);
    mark(i, 0);
    RtlLeaveCriticalSection(&desk);
    NtSetEvent(empty[i & 1], NULL);
  }
  ExTerminateThread(bad);
}

int main(void) {
  u64 time = 0x01C9A00012345678ull, same = 0;
  u16 fields[8];
  RtlTimeToTimeFields(&time, fields);
  if (RtlTimeFieldsToTime(fields, &same) == 0) DbgPrint("sealer: no such day\n");
  RtlInitializeCriticalSection(&desk);
  for (u32 i = 0; i < 2; i++) {
    NtCreateEvent(&written[i], NULL, AUTO, 0), NtCreateEvent(&sealed[i], NULL, AUTO, 0);
    NtCreateEvent(&empty[i], NULL, AUTO, 1);
  }
  ExCreateThread(&people[0], 0x8000, NULL, NULL, (void *)seal, (void *)6, CORE(2));
  ExCreateThread(&people[1], 0x8000, NULL, NULL, (void *)look, (void *)6, CORE(3));
  for (u32 i = 0; i < 6; i++) {
    NtWaitForSingleObjectEx(empty[i & 1], 1, 0, NULL);
    struct letter *l = locked(i);
    l->n = (u32)sprintf(l->text, "letter %d of %d, day %d", i, 6, fields[2]);
    u32 n = 0;
    RtlMultiByteToUnicodeN(l->wide, 80, &n, l->text, l->n);
    if (n != 2 * l->n) DbgPrint("sealer: %d wide\n", n);
    if (RtlUpcaseUnicodeChar(l->wide[0]) != 'L') DbgPrint("sealer: no capital\n");
    mark(i, 1);
    RtlLeaveCriticalSection(&desk);
    NtSetEvent(written[i & 1], NULL);
  }
  NtWaitForMultipleObjectsEx(2, people, 0, 1, 0, NULL);
  for (u32 i = 0; i < 2; i++) NtClose(people[i]), NtClose(written[i]), NtClose(sealed[i]), NtClose(empty[i]);
  DbgPrint("sealer: %d bad\n", bad);
  return 0;
}
