// The kernel's smaller families against what is known of them from elsewhere: published test vectors for the
// cryptography and the CRC, calendars, locks and queues between threads, XAM's answers of a console without network and
// controllers, audio callbacks at their rate.
#include "check.h"

void XeCryptShaInit(void *), XeCryptShaUpdate(void *, const void *, u32), XeCryptShaFinal(void *, void *, u32);
void XeCryptSha(const void *, u32, const void *, u32, const void *, u32, void *, u32);
void XeCryptMd5Init(void *), XeCryptMd5Update(void *, const void *, u32), XeCryptMd5Final(void *, void *, u32);
void XeCryptSha256Init(void *), XeCryptSha256Update(void *, const void *, u32), XeCryptSha256Final(void *, void *, u32);
void XeCryptSha512Init(void *), XeCryptSha512Update(void *, const void *, u32), XeCryptSha512Final(void *, void *, u32);
void XeCryptRc4Key(void *, const void *, u32), XeCryptRc4Ecb(void *, void *, u32),
    XeCryptRc4(const void *, u32, void *, u32);
void XeCryptAesKey(void *, const void *), XeCryptAesEcb(void *, const void *, void *, u32);
void XeCryptAesCbc(void *, const void *, u32, void *, void *, u32);
void XeCryptDes3Key(void *, const void *), XeCryptDes3Ecb(void *, const void *, void *, u32),
    XeCryptDesParity(const void *, u32, void *);
u32 RtlComputeCrc32(u32, const void *, u32), RtlTimeFieldsToTime(const u16 *, u64 *);
void RtlTimeToTimeFields(const u64 *, u16 *);
s32 RtlCompareStringN(const char *, u32, const char *, u32, u32);
void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockExclusive(void *), ExAcquireReadWriteLockShared(void *);
u32 ExTryToAcquireReadWriteLockExclusive(void *), ExTryToAcquireReadWriteLockShared(void *);
void ExReleaseReadWriteLock(void *);
void *InterlockedPushEntrySList(void *, void *), *InterlockedPopEntrySList(void *), *InterlockedFlushSList(void *);
NTSTATUS NtCreateIoCompletion(HANDLE *, u32, void *, u32), NtSetIoCompletion(HANDLE, u32, u32, u32, u32);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *, u32 *, IO_STATUS_BLOCK *, const s64 *);
NTSTATUS NtOpenSymbolicLinkObject(HANDLE *, OBJECT_ATTRIBUTES *), NtQuerySymbolicLinkObject(HANDLE, ANSI_STRING *);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *), XamUserGetSigninState(u32), XamUserGetName(u32, char *, u32);
u32 XamShowDeviceSelectorUI(u32, u32, u32, u32, u32, void *), XamGetOverlappedResult(void *, u32 *, u32);
u32 XamContentCreateEnumerator(u32, u32, u32, u32, u32, u32 *, HANDLE *),
    XamEnumerate(HANDLE, u32, void *, u32, u32 *, void *);
u32 NetDll_WSAStartup(u32, u32, void *), NetDll_socket(u32, u32, u32, u32), NetDll_connect(u32, u32, void *, u32),
    NetDll_inet_addr(u32, const char *);
u32 NetDll_WSAGetLastError(void);
u32 XAudioRegisterRenderDriverClient(const void *, u32 *), XAudioUnregisterRenderDriverClient(u32),
    XAudioSubmitRenderDriverFrame(u32, const void *);
NTSTATUS XMACreateContext(void **), XMAInitializeContext(void *, const void *);
u32 XMAIsInputBuffer0Valid(void *), XMAIsInputBuffer1Valid(void *), XMAGetOutputBufferWriteOffset(void *);
NTSTATUS XMASetInputBuffer0Valid(void *);
NTSTATUS XMASetOutputBufferValid(void *);
void XMAReleaseContext(void *);

static int same(const u8 *bytes, const char *hex) {
  for (; *hex; hex += 2, bytes++) {
    u32 v = 0;
    for (int i = 0; i < 2; i++) v = v << 4 | (u32)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    if (*bytes != v) return 0;
  }
  return 1;
}
static u8 out[64], state[512];
static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

#define HASH(Name, text, hex)                                                                                          \
  do {                                                                                                                 \
    u32 n_ = sizeof(text) - 1;                                                                                         \
    for (u32 cut_ = 0; cut_ <= n_; cut_ += 7) {                                                                        \
      XeCrypt##Name##Init(state);                                                                                      \
      XeCrypt##Name##Update(state, text, cut_);                                                                        \
      XeCrypt##Name##Update(state, text + cut_, n_ - cut_);                                                            \
      XeCrypt##Name##Final(state, out, 64);                                                                            \
      CHECK(same(out, hex));                                                                                           \
    }                                                                                                                  \
  } while (0)

// FIPS 180-2, RFC 1321, RFC 6229's predecessor, FIPS 197, NIST SP 800-67.
static void test_cryptography(void) {
  HASH(Sha, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
  HASH(Sha, two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  HASH(Md5, "abc", "900150983cd24fb0d6963f7d28e17f72");
  HASH(Md5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "57edf4a22be3c955ac49da2e2107b67a");
  HASH(Sha256, two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  HASH(Sha512, "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a");
  XeCryptSha("a", 1, "b", 1, "c", 1, out, 20);
  CHECK(same(out, "a9993e364706816aba3e25717850c26c9cd0d89d"));
  u8 text[16] = "Plaintext";
  XeCryptRc4("Key", 3, text, 9);
  CHECK(same(text, "bbf316e8d940af0ad3"));
  XeCryptRc4Key(state, "Key", 3);
  XeCryptRc4Ecb(state, text, 4);
  XeCryptRc4Ecb(state, text + 4, 5);
  CHECK(text[0] == 'P' && text[8] == 't');
  u8 key[16], block[16], feed[16] = {0};
  for (u32 i = 0; i < 16; i++) key[i] = (u8)i, block[i] = (u8)(i * 0x11);
  XeCryptAesKey(state, key);
  XeCryptAesEcb(state, block, out, 1);
  CHECK(same(out, "69c4e0d86a7b0430d8cdb78070b4c55a"));
  XeCryptAesEcb(state, out, out, 0);
  CHECK(same(out, "00112233445566778899aabbccddeeff"));
  XeCryptAesCbc(state, block, 16, out, feed, 1);
  CHECK(same(out, "69c4e0d86a7b0430d8cdb78070b4c55a") && same(feed, "69c4e0d86a7b0430d8cdb78070b4c55a"));
  static const u8 des_key[24] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x23, 0x45, 0x67, 0x89,
                                 0xAB, 0xCD, 0xEF, 0x01, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01, 0x23};
  XeCryptDes3Key(state, des_key);
  XeCryptDes3Ecb(state, "The qufc", out, 1);
  CHECK(same(out, "a826fd8ce53b855f"));
  XeCryptDesParity("\x00\x02\xFE", 3, out);
  CHECK(same(out, "0102fe"));
}

static void test_values(void) {
  EQUAL(RtlComputeCrc32(0, "123456789", 9), 0xCBF43926u);
  static const u16 launch[8] = {2005, 11, 22, 17, 30, 59, 123, 0};
  u64 t = 0;
  u16 back[8];
  EQUAL(RtlTimeFieldsToTime(launch, &t), 1);
  EQUAL((u32)(t >> 32), 0x01C5EF8Au); // 2005-11-22T17:30:59.123Z in 100 ns since 1601
  RtlTimeToTimeFields(&t, back);
  for (int i = 0; i < 7; i++) EQUAL(back[i], launch[i]);
  EQUAL(back[7], 2); // a Tuesday
  static const u16 no_day[8] = {2005, 2, 29};
  EQUAL(RtlTimeFieldsToTime(no_day, &t), 0);
  EQUAL(RtlCompareStringN("abc", 3, "ABC", 3, 1), 0);
  CHECK(RtlCompareStringN("abc", 3, "ABC", 3, 0) > 0);
  CHECK(RtlCompareStringN("ab", 0xFFFFFFFFu, "abc", 3, 0) < 0);
  u32 header[2] = {0, 0}, entries[3][2];
  for (int i = 0; i < 3; i++) InterlockedPushEntrySList(header, entries[i]);
  CHECK(InterlockedPopEntrySList(header) == entries[2]);
  CHECK(InterlockedFlushSList(header) == entries[1]);
  CHECK(InterlockedPopEntrySList(header) == NULL);
  HANDLE link;
  char buffer[64];
  ANSI_STRING name = {5, 6, "game:"}, target = {0, sizeof buffer, buffer};
  OBJECT_ATTRIBUTES oa = {0, &name, 0x40};
  EQUAL(NtOpenSymbolicLinkObject(&link, &oa), STATUS_SUCCESS);
  EQUAL(NtQuerySymbolicLinkObject(link, &target), STATUS_SUCCESS);
  EQUAL(target.length, sizeof "\\Device\\Harddisk0\\Partition1" - 1);
  NtClose(link);
}

static u32 lock[14];
static volatile u32 inside, most_readers, writer_alone = 1, order;
static HANDLE port;
static u32 reader(void *arg) {
  (void)arg;
  for (int i = 0; i < 20; i++) {
    ExAcquireReadWriteLockShared(lock);
    u32 n = ++inside;
    if (n > most_readers) most_readers = n;
    s64 ms = -10000;
    KeDelayExecutionThread(0, 0, &ms);
    inside--;
    ExReleaseReadWriteLock(lock);
  }
  NtSetIoCompletion(port, 1, 2, 3, ++order);
  return 0;
}
static u32 writer(void *arg) {
  (void)arg;
  for (int i = 0; i < 20; i++) {
    ExAcquireReadWriteLockExclusive(lock);
    s64 ms = -10000;
    if (inside != 0) writer_alone = 0;
    KeDelayExecutionThread(0, 0, &ms);
    if (inside != 0) writer_alone = 0;
    ExReleaseReadWriteLock(lock);
  }
  NtSetIoCompletion(port, 1, 2, 3, ++order);
  return 0;
}
static void test_locks(void) {
  ExInitializeReadWriteLock(lock);
  EQUAL(ExTryToAcquireReadWriteLockShared(lock), 1);
  EQUAL(ExTryToAcquireReadWriteLockShared(lock), 1);
  EQUAL(ExTryToAcquireReadWriteLockExclusive(lock), 0);
  ExReleaseReadWriteLock(lock);
  ExReleaseReadWriteLock(lock);
  EQUAL(ExTryToAcquireReadWriteLockExclusive(lock), 1);
  EQUAL(ExTryToAcquireReadWriteLockShared(lock), 0);
  ExReleaseReadWriteLock(lock);
  EQUAL(NtCreateIoCompletion(&port, 0x1F0003, NULL, 0), STATUS_SUCCESS);
  u32 key, value;
  IO_STATUS_BLOCK io;
  s64 at_once = 0;
  EQUAL(NtRemoveIoCompletion(port, &key, &value, &io, &at_once), 0x102); // STATUS_TIMEOUT
  for (u32 i = 0; i < 5; i++) {
    HANDLE h;
    u32 id;
    ExCreateThread(&h, 0x4000, &id, NULL, i < 3 ? (void *)reader : (void *)writer, NULL, (i + 1) << 25);
    NtClose(h);
  }
  for (u32 i = 1; i <= 5; i++) {
    EQUAL(NtRemoveIoCompletion(port, &key, &value, &io, NULL), STATUS_SUCCESS);
    EQUAL(key + 10 * value + 100 * io.status, 321);
    EQUAL(io.information, i); // first in, first out
  }
  CHECK(most_readers > 1);
  EQUAL(writer_alone, 1);
  EQUAL(lock[0], 0xFFFFFFFFu);
  NtClose(port);
}

static void test_xam(void) {
  HANDLE listener = XamNotifyCreateListener(1, 0);
  u32 id = 0, param = 0, seen = 0;
  CHECK(listener != 0);
  while (XNotifyGetNext(listener, 0, &id, &param)) {
    EQUAL(id >> 25, 0); // only of the area that it asked for
    seen++;
  }
  CHECK(seen > 0);
  NtClose(listener);
  EQUAL(XamUserGetSigninState(0), 1);
  EQUAL(XamUserGetSigninState(1), 0);
  char user[16];
  EQUAL(XamUserGetName(0, user, 16), 0);
  CHECK(user[0] != 0);
  EQUAL(XamUserGetName(2, user, 16), 1317);
  u32 overlapped[7] = {0}, size = 0, count = 9;
  HANDLE e;
  EQUAL(XamContentCreateEnumerator(0, 0, 1, 0, 4, &size, &e), 0);
  EQUAL(size, 4 * 0x134);
  EQUAL(XamEnumerate(e, 0, out, 64, &count, NULL), 18);
  EQUAL(XamEnumerate(e, 0, out, 64, &count, overlapped), 997);
  EQUAL(XamGetOverlappedResult(overlapped, &count, 0), 1627);
  NtClose(e);
  EQUAL(NetDll_WSAStartup(1, 0x202, state), 0);
  u32 s = NetDll_socket(1, 2, 1, 6);
  CHECK(s != 0xFFFFFFFFu);
  EQUAL(NetDll_connect(1, s, state, 16), 0xFFFFFFFFu);
  EQUAL(NetDll_WSAGetLastError(), 10050);
  EQUAL(NetDll_inet_addr(1, "192.168.1.20"), 0xC0A80114u);
  EQUAL(NetDll_inet_addr(1, "192.168.1"), 0xFFFFFFFFu);
}

static volatile u32 callbacks, callback_argument;
static u32 driver;
static void render(u32 *cell) {
  callback_argument = *cell;
  callbacks++;
  XAudioSubmitRenderDriverFrame(driver, NULL);
}
static void test_audio(void) {
  const u32 pair[2] = {(u32)(usize)render, 0x1234};
  EQUAL(XAudioRegisterRenderDriverClient(pair, &driver), 0);
  EQUAL(driver & 0xFFFF0000u, 0x41550000u);
  s64 second = -10000000;
  KeDelayExecutionThread(0, 0, &second);
  CHECK(callbacks >= 186 && callbacks <= 188); // 48000 / 256 = 187.5 a second
  EQUAL(callback_argument, 0x1234);
  XAudioUnregisterRenderDriverClient(driver);
  u32 before = callbacks;
  KeDelayExecutionThread(0, 0, &second);
  CHECK(callbacks - before <= 1);
  void *context = NULL;
  EQUAL(XMACreateContext(&context), STATUS_SUCCESS);
  u32 memory = MmAllocatePhysicalMemoryEx(0, 0x4000, 0x404, 0, 0xFFFFFFFFu, 0);
  u32 init[14] = {memory, 1, 0, 0, 32, memory + 0x1000, 8, 0, 4, 1, 48000, 0, 0, 0};
  EQUAL(XMAInitializeContext(context, init), STATUS_SUCCESS);
  EQUAL(XMAIsInputBuffer0Valid(context), 0); // not before the title says so
  EQUAL(XMASetInputBuffer0Valid(context), STATUS_SUCCESS);
  EQUAL(XMAIsInputBuffer0Valid(context), 1);
  EQUAL(XMAIsInputBuffer1Valid(context), 0);
  XMASetOutputBufferValid(context);
  *(volatile u32 *)(usize)(memory + 0x1000) = 0xFFFFFFFFu;
  volatile u32 *registers = (volatile u32 *)(usize)0x7FEA0000u;
  u32 physical = registers[0x600];
  physical = physical >> 24 | (physical >> 8 & 0xFF00) | (physical << 8 & 0xFF0000) | physical << 24;
  EQUAL(physical, (u32)(usize)context & 0x1FFFFFFF); // the first of the contexts
  registers[0x650] = 0x01000000;                     // kick context 0, byte-reversed
  EQUAL(XMAIsInputBuffer0Valid(context), 0);
  EQUAL(XMAGetOutputBufferWriteOffset(context), 7);
  EQUAL(*(volatile u32 *)(usize)(memory + 0x1000), 0);
  XMAReleaseContext(context);
}

int main(void) {
  test_cryptography();
  test_values();
  test_locks();
  test_xam();
  test_audio();
  return checks_done();
}
