// A saved game: content is created, a thread writes it under a mutant and in pieces, it is read back, listed, renamed
// and deleted; each step depends on the one before.
#include "stage.h"

u32 XamContentCreate(u32 user, const char *root, const void *data, u32 flags, u32 *disposition, u32 *licence,
                     void *overlapped);
u32 XamContentClose(const char *, void *);
u32 XamContentGetDeviceState(u32 device, void *overlapped);
NTSTATUS NtFlushBuffersFile(HANDLE, IO_STATUS_BLOCK *);

static HANDLE busy, saved;
static u8 content[0x134], out[3072], in[3072];
static volatile NTSTATUS result;

static NTSTATUS write_pieces(HANDLE h) {
  IO_STATUS_BLOCK io;
  for (u64 at = 0; at < sizeof out; at += 1024) {
    NTSTATUS s = NtWriteFile(h, 0, NULL, NULL, &io, out + at, 1024, &at);
    if (FAILED(s)) return s;
    if (io.information != 1024) return 0xC000007Fu;
  }
  return NtFlushBuffersFile(h, &io);
}

static void writer(void *ctx) {
  (void)ctx;
  HANDLE h;
  wait_for(busy, 0);
  NTSTATUS s = open_file(&h, "save:\\game.tmp", READ | WRITE, 5);
  if (!FAILED(s)) {
    s = write_pieces(h);
    NtClose(h);
  }
  result = s;
  NtReleaseMutant(busy, NULL);
  NtSetEvent(saved, NULL);
  ExTerminateThread(0);
}

static NTSTATUS verify(const char *path) {
  HANDLE h;
  IO_STATUS_BLOCK io = {0, 0};
  NETWORK_OPEN_INFORMATION info;
  NTSTATUS s = attributes_of(path, &info);
  if (FAILED(s)) return s;
  if (info.eof != sizeof out) return 0xC0000102u; // STATUS_FILE_CORRUPT_ERROR
  s = open_file(&h, path, READ, 1);
  if (FAILED(s)) return s;
  s = NtReadFile(h, 0, NULL, NULL, &io, in, sizeof in, NULL);
  NtClose(h);
  if (FAILED(s)) return s;
  return checksum(in, sizeof in) == checksum(out, sizeof out) ? STATUS_SUCCESS : 0xC0000102u;
}

static u32 list(void) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  HANDLE h;
  static DIRECTORY_INFORMATION d;
  u32 n = 0;
  name_object(&oa, &s, "save:\\");
  NTSTATUS status = NtCreateFile(&h, READ, &oa, &io, NULL, 0x80, 1, 1, 0x21);
  if (FAILED(status)) return complain("save: list", status), 0;
  while (NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, n == 0) == STATUS_SUCCESS) n++;
  NtClose(h);
  return n;
}

static u32 prepare(void) {
  u32 how = 0;
  content[3] = 1;
  content[7] = 1;
  content[9] = 'S';
  for (u32 i = 0; i < 5; i++) content[0x108 + i] = (u8) "slot1"[i];
  u32 rv = XamContentGetDeviceState(1, NULL);
  if (rv) DbgPrint("save: device %x\n", rv);
  rv = XamContentCreate(0, "save", content, 2, &how, NULL, NULL);
  DbgPrint("save: content %x, disposition %d\n", rv, how);
  return rv;
}

int main(void) {
  NTSTATUS s;
  for (u32 i = 0; i < sizeof out; i++) out[i] = (u8)(i * 13 + (i >> 8));
  NtCreateMutant(&busy, NULL, 1);
  saved = new_event(0, 0);
  if (prepare()) return 1;
  HANDLE t = spawn(writer, 0, ON(2));
  pause_ms(1);
  NtReleaseMutant(busy, NULL);
  s = wait_for(saved, MS(1000));
  if (s != STATUS_SUCCESS) complain("save: writer", s);
  if (FAILED(result)) complain("save: writing", result);
  s = verify("save:\\game.tmp");
  if (FAILED(s)) complain("save: verifying", s);
  DbgPrint("save: %d files\n", list());
  XamContentClose("save", NULL);
  join(t);
  return 0;
}
