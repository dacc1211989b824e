// Files on game: and cache:: create, read, write, enumerate, attributes, missing files, bad names.
#include "check.h"

#define OPEN 1
#define CREATE 2
#define OPEN_IF 3
#define OVERWRITE_IF 5
#define READ 0x80100080u
#define WRITE 0x40100080u

static IO_STATUS_BLOCK io;

static NTSTATUS open(HANDLE *h, const char *path, u32 access, u32 disposition, u32 options) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, path);
  return NtCreateFile(h, access, &oa, &io, NULL, 0x80, 1, disposition, options);
}

static NTSTATUS attributes(const char *path, NETWORK_OPEN_INFORMATION *info) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, path);
  return NtQueryFullAttributesFile(&oa, info);
}

static int same(const char *a, const char *b, u32 n) {
  for (u32 i = 0; i < n; i++)
    if (a[i] != b[i]) return 0;
  return 1;
}

static void test_write_and_read(void) {
  HANDLE h;
  char buf[32];
  NETWORK_OPEN_INFORMATION info;
  EQUAL(open(&h, "cache:\\save.dat", READ, OPEN, 0x60), 0xC0000034u); // not there yet
  EQUAL(open(&h, "cache:\\save.dat", WRITE | READ, CREATE, 0x60), STATUS_SUCCESS);
  EQUAL(io.information, 2); // FILE_CREATED
  EQUAL(NtWriteFile(h, 0, NULL, NULL, &io, "hello, cache", 12, NULL), STATUS_SUCCESS);
  EQUAL(io.information, 12);
  u64 at = 7;
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, buf, 32, &at), STATUS_SUCCESS);
  EQUAL(io.information, 5);
  CHECK(same(buf, "cache", 5));
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, buf, 32, NULL), 0xC0000011u); // STATUS_END_OF_FILE
  u64 position = 20;
  EQUAL(NtSetInformationFile(h, &io, &position, 8, 14), STATUS_SUCCESS);
  EQUAL(NtWriteFile(h, 0, NULL, NULL, &io, "!", 1, NULL), STATUS_SUCCESS);
  EQUAL(NtClose(h), STATUS_SUCCESS);
  EQUAL(attributes("cache:\\SAVE.DAT", &info), STATUS_SUCCESS); // names ignore case
  EQUAL(info.eof, 21);
  EQUAL(info.attributes, 0x80);
  EQUAL(open(&h, "cache:\\save.dat", READ, OPEN, 0x60), STATUS_SUCCESS);
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, buf, 32, NULL), STATUS_SUCCESS);
  EQUAL(io.information, 21);
  EQUAL(buf[15], 0);                                                    // the gap is zero
  EQUAL(NtWriteFile(h, 0, NULL, NULL, &io, "x", 1, NULL), 0xC0000022u); // opened for reading
  NtClose(h);
  EQUAL(open(&h, "cache:\\save.dat", WRITE, CREATE, 0x60), 0xC0000035u); // STATUS_OBJECT_NAME_COLLISION
  EQUAL(open(&h, "cache:\\save.dat", WRITE, OVERWRITE_IF, 0x60), STATUS_SUCCESS);
  EQUAL(io.information, 3); // FILE_OVERWRITTEN
  NtClose(h);
  attributes("cache:\\save.dat", &info);
  EQUAL(info.eof, 0);
}

static void test_directories(void) {
  HANDLE h, f;
  DIRECTORY_INFORMATION d;
  EQUAL(open(&h, "cache:\\dir", WRITE, CREATE, 0x21), STATUS_SUCCESS); // a directory
  NtClose(h);
  EQUAL(open(&f, "cache:\\dir\\b.txt", WRITE, CREATE, 0x60), STATUS_SUCCESS);
  NtClose(f);
  EQUAL(open(&f, "cache:\\dir\\a.txt", WRITE, CREATE, 0x60), STATUS_SUCCESS);
  NtClose(f);
  EQUAL(open(&f, "cache:\\none\\a.txt", WRITE, CREATE, 0x60), 0xC000003Au); // STATUS_OBJECT_PATH_NOT_FOUND
  EQUAL(open(&h, "cache:\\dir", READ, OPEN, 0x60), 0xC00000BAu);            // STATUS_FILE_IS_A_DIRECTORY
  EQUAL(open(&h, "cache:\\dir", READ, OPEN, 0x21), STATUS_SUCCESS);
  EQUAL(NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, 0), STATUS_SUCCESS);
  EQUAL(d.name_length, 5);
  CHECK(same(d.name, "a.txt", 5));
  EQUAL(NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, 0), STATUS_SUCCESS);
  CHECK(same(d.name, "b.txt", 5));
  EQUAL(NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, 0), STATUS_NO_MORE_FILES);
  EQUAL(NtQueryDirectoryFile(h, 0, NULL, NULL, &io, &d, sizeof d, NULL, 1), STATUS_SUCCESS); // restart
  CHECK(same(d.name, "a.txt", 5));
  NtClose(h);
  u8 yes = 1;
  EQUAL(open(&f, "cache:\\dir\\a.txt", WRITE | 0x10000, OPEN, 0x60), STATUS_SUCCESS);
  EQUAL(NtSetInformationFile(f, &io, &yes, 1, 13), STATUS_SUCCESS); // delete on close
  NtClose(f);
  EQUAL(open(&f, "cache:\\dir\\a.txt", READ, OPEN, 0x60), 0xC0000034u);
}

static void test_game_is_read_only(void) {
  HANDLE h;
  char magic[4];
  NETWORK_OPEN_INFORMATION info;
  EQUAL(attributes("game:\\files.xex", &info), STATUS_SUCCESS);
  EQUAL(attributes("D:\\FILES.XEX", &info), STATUS_SUCCESS);
  EQUAL(open(&h, "game:\\files.xex", READ, OPEN, 0x60), STATUS_SUCCESS);
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, magic, 4, NULL), STATUS_SUCCESS);
  CHECK(same(magic, "XEX2", 4));
  NtClose(h);
  EQUAL(open(&h, "game:\\new.bin", WRITE, CREATE, 0x60), 0xC0000022u); // STATUS_ACCESS_DENIED
  EQUAL(open(&h, "game:\\files.xex", WRITE, OVERWRITE_IF, 0x60), 0xC0000022u);
}

// Nothing outside the mounted folders can be named.
static void test_bad_names(void) {
  HANDLE h;
  NETWORK_OPEN_INFORMATION info;
  EQUAL(attributes("nowhere:\\x", &info), 0xC000000Fu);
  EQUAL(attributes("game:\\missing.bin", &info), 0xC000000Fu);
  EQUAL(attributes("game:\\..\\..\\etc\\passwd", &info), 0xC0000033u); // STATUS_OBJECT_NAME_INVALID
  EQUAL(open(&h, "cache:\\..\\x", WRITE, CREATE, 0x60), 0xC0000033u);
  EQUAL(open(&h, "cache:\\dir\\..\\..\\x", WRITE, CREATE, 0x60), 0xC0000033u);
  EQUAL(open(&h, "cache:\\a*b", WRITE, CREATE, 0x60), 0xC0000033u);
  EQUAL(open(&h, "cache:\\dir\\..\\save.dat", READ, OPEN, 0x60), STATUS_SUCCESS); // stays inside
  NtClose(h);
  EQUAL(attributes("/etc/passwd", &info), 0xC000000Fu);
}

// The raw partitions that start-up code formats take everything and hold zeros; no memory unit is plugged in.
static void test_devices(void) {
  HANDLE h;
  NETWORK_OPEN_INFORMATION info;
  u32 words[4] = {1, 2, 3, 4};
  u64 at = 0x100000;
  EQUAL(open(&h, "\\Device\\Harddisk0\\Cache0", READ | WRITE, OPEN, 0x60), STATUS_SUCCESS);
  EQUAL(NtWriteFile(h, 0, NULL, NULL, &io, "Josh", 4, &at), STATUS_SUCCESS);
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, words, 16, &at), STATUS_SUCCESS);
  EQUAL(io.information, 16);
  EQUAL(words[0] | words[3], 0);
  NtClose(h);
  EQUAL(attributes("\\Device\\Harddisk0\\Partition0", &info), STATUS_SUCCESS);
  EQUAL(attributes("hdd:\\files.xex", &info), STATUS_SUCCESS); // where a loose title lies
  CHECK(attributes("mu:\\a", &info) >= 0xC0000000u);
  CHECK(attributes("\\Device\\Mu0\\a", &info) >= 0xC0000000u);
}

// Pages written from anywhere, and read back into others.
static void test_gather(void) {
  static u8 from[2][4096] __attribute__((aligned(4096))), to[4096];
  HANDLE h;
  u64 at = 0;
  const u32 pages[3] = {(u32)(usize)from[1], (u32)(usize)from[0], (u32)(usize)from[1]};
  for (u32 i = 0; i < 4096; i++) from[0][i] = (u8)i, from[1][i] = (u8)(i * 7);
  EQUAL(open(&h, "cache:\\gather", READ | WRITE, CREATE, 0x60), STATUS_SUCCESS);
  EQUAL(NtWriteFileGather(h, 0, NULL, NULL, &io, pages, 4096 * 2 + 100, &at), STATUS_SUCCESS);
  EQUAL(io.information, 4096 * 2 + 100);
  at = 4096;
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, to, 4096, &at), STATUS_SUCCESS);
  CHECK(same((const char *)to, (const char *)from[0], 4096));
  at = 8192;
  EQUAL(NtReadFile(h, 0, NULL, NULL, &io, to, 4096, &at), STATUS_SUCCESS);
  EQUAL(io.information, 100);
  CHECK(same((const char *)to, (const char *)from[1], 100));
  NtClose(h);
}

int main(void) {
  test_write_and_read();
  test_directories();
  test_game_is_read_only();
  test_bad_names();
  test_devices();
  test_gather();
  return checks_done();
}
