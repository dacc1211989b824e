// Files that their user alone can have written: what is as it was written is read, everything else is refused.
#define _DEFAULT_SOURCE // symlink, mkfifo, flock
#include "base/sealed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/scratch.h"

static const char TEXT[] = "what is kept: more than a block of sixty-four bytes, so that a digest of it has two";

static char *root; // of one test

static char *path_of(const char *below) {
  static char buf[4][400];
  static unsigned turn;
  char *b = buf[turn++ % 4];
  snprintf(b, sizeof buf[0], "%s/%s", root, below);
  return b;
}

static void begin(const char *name) {
  free(root);
  root = wg_xstrdup(at(name));
}

static int open_in(struct wg_sealed *s, const char *name, struct wg_err *err) {
  *err = (struct wg_err){0};
  return wg_sealed_open(s, root, name, err);
}

static void write_in(const char *name, const char *text) {
  struct wg_sealed s;
  struct wg_err err;
  CU_ASSERT_EQUAL_FATAL(open_in(&s, name, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_sealed_write(&s, "file", text, strlen(text), &err), WG_OK);
  wg_sealed_close(&s);
}

// Whether folder `name` gives the text; what was refused otherwise is in `why`.
static bool gives(const char *name, const char *text, char why[1600]) {
  struct wg_sealed s;
  struct wg_err err;
  struct wg_buf out = {0};
  if (open_in(&s, name, &err) != WG_OK) {
    snprintf(why, 1600, "%s", err.msg);
    return false;
  }
  int code = wg_sealed_read(&s, "file", 1000, &out, &err);
  bool same = code == WG_OK && out.len == strlen(text) && memcmp(out.len ? out.data : "", text, out.len) == 0;
  snprintf(why, 1600, "%s%s", s.anew.msg, err.msg);
  if (code != WG_OK) CU_ASSERT_EQUAL(out.len, 0);
  wg_buf_release(&out);
  wg_sealed_close(&s);
  return same;
}

static void expect_refused(const char *reason) {
  char why[1600];
  CU_ASSERT_FALSE(gives("a", TEXT, why));
  CU_ASSERT_PTR_NOT_NULL(strstr(why, "refused"));
  if (strstr(why, reason) == NULL) printf("expected '%s', not '%s'\n", reason, why);
  CU_ASSERT_PTR_NOT_NULL(strstr(why, reason));
}

static bool is_private(const char *path, mode_t mode) {
  struct stat st;
  return lstat(path, &st) == 0 && (st.st_mode & 07777) == mode && st.st_uid == geteuid();
}

static void what_is_written_is_read(void) {
  char why[1600];
  begin("read");
  CU_ASSERT_TRUE(gives("a", "", why)); // there is none yet
  write_in("a", TEXT);
  CU_ASSERT_TRUE(gives("a", TEXT, why));
  CU_ASSERT_STRING_EQUAL(why, "");
  CU_ASSERT_TRUE(is_private(root, 0700) && is_private(path_of("a"), 0700) && is_private(path_of("a/file"), 0600) &&
                 is_private(path_of("secret"), 0600));
  write_in("a", "another");
  CU_ASSERT_TRUE(gives("a", "another", why));
  CU_ASSERT_FALSE(wg_file_exists(path_of("a/file.new")));
  write_in("a", "");
  CU_ASSERT_TRUE(gives("a", "", why));
}

static void spoil(size_t at, int by) {
  int fd = open(path_of("a/file"), O_RDWR);
  uint8_t b = 0;
  CU_ASSERT_TRUE_FATAL(fd >= 0 && pread(fd, &b, 1, (off_t)at) == 1);
  b = (uint8_t)(b ^ by);
  CU_ASSERT_EQUAL(pwrite(fd, &b, 1, (off_t)at), 1);
  close(fd);
}

static void every_bit_counts(void) {
  char why[1600];
  begin("bits");
  write_in("a", TEXT);
  struct stat st;
  CU_ASSERT_EQUAL_FATAL(stat(path_of("a/file"), &st), 0);
  CU_ASSERT_EQUAL((size_t)st.st_size, strlen(TEXT) + 32);
  for (size_t i = 0; i < (size_t)st.st_size; i++) {
    spoil(i, 1 << i % 8);
    expect_refused("not as it was written");
    spoil(i, 1 << i % 8);
  }
  CU_ASSERT_TRUE(gives("a", TEXT, why));
  for (off_t n = st.st_size - 1; n >= 0; n -= 7) {
    CU_ASSERT_EQUAL(truncate(path_of("a/file"), n), 0);
    expect_refused(n < 32 ? "expected 32 to" : "not as it was written");
  }
  CU_ASSERT_EQUAL(truncate(path_of("a/file"), 1033), 0);
  expect_refused("expected 32 to 1032");
  write_in("a", TEXT); // and is written anew
  CU_ASSERT_TRUE(gives("a", TEXT, why));
}

static void another_folders_are_not_taken(void) {
  begin("others");
  write_in("a", "of a");
  write_in("b", TEXT);
  CU_ASSERT_EQUAL(rename(path_of("b/file"), path_of("a/file")), 0);
  expect_refused("not as it was written");
  write_in("b", TEXT);
  CU_ASSERT_EQUAL(unlink(path_of("secret")), 0); // another secret
  CU_ASSERT_EQUAL(rename(path_of("b/file"), path_of("a/file")), 0);
  expect_refused("not as it was written");
}

static void put_link(void) { CU_ASSERT_EQUAL(symlink("elsewhere", path_of("a/file")), 0); }
static void put_pipe(void) { CU_ASSERT_EQUAL(mkfifo(path_of("a/file"), 0600), 0); }
static void put_folder(void) { CU_ASSERT_EQUAL(mkdir(path_of("a/file"), 0700), 0); }
static void put_second_name(void) { CU_ASSERT_EQUAL(link(path_of("a/elsewhere"), path_of("a/file")), 0); }
static void put_readable(void) {
  CU_ASSERT_EQUAL(rename(path_of("a/elsewhere"), path_of("a/file")), 0);
  CU_ASSERT_EQUAL(chmod(path_of("a/file"), 0640), 0);
}
static void put_another_users(void) {
  CU_ASSERT_EQUAL(rename(path_of("a/elsewhere"), path_of("a/file")), 0);
  if (geteuid() == 0) CU_ASSERT_EQUAL(chown(path_of("a/file"), 12345, 12345), 0);
  if (geteuid() != 0) CU_ASSERT_EQUAL(chmod(path_of("a/file"), 0604), 0);
}

static void other_files_are_refused(void) {
  static const struct {
    void (*put)(void);
    const char *reason;
    bool stays;
  } cases[] = {{put_link, "no link", false},          {put_pipe, "is a pipe", false},
               {put_folder, "is a folder", true},     {put_second_name, "2 names", false},
               {put_readable, "mode is 0640", false}, {put_another_users, "expected", false}};
  char why[1600];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[20];
    snprintf(name, sizeof name, "kind%zu", i);
    begin(name);
    write_in("a", TEXT);
    CU_ASSERT_EQUAL(rename(path_of("a/file"), path_of("a/elsewhere")), 0);
    cases[i].put();
    expect_refused(cases[i].reason);
    if (cases[i].stays) continue;
    write_in("a", "new");
    CU_ASSERT_TRUE(gives("a", "new", why));
  }
}

// What somebody else could have read or written is no secret: another one is made, and what is older is refused.
static void secrets_are_ones_own(void) {
  char why[1600];
  for (int i = 0; i < 5; i++) {
    char name[20];
    snprintf(name, sizeof name, "own%d", i);
    begin(name);
    write_in("a", TEXT);
    const char *secret = path_of("secret");
    if (i == 0) CU_ASSERT_EQUAL(chmod(secret, 0644), 0);
    if (i == 1) CU_ASSERT_EQUAL(link(secret, path_of("secret2")), 0);
    if (i == 2) CU_ASSERT_EQUAL(truncate(secret, 31), 0);
    if (i == 3) CU_ASSERT_TRUE(rename(secret, path_of("secret2")) == 0 && symlink("secret2", secret) == 0);
    if (i == 4) CU_ASSERT_TRUE(unlink(secret) == 0 && mkfifo(secret, 0600) == 0);
    expect_refused("secret: refused");
    CU_ASSERT_TRUE(is_private(secret, 0600));
    CU_ASSERT_FALSE(gives("a", TEXT, why));
    CU_ASSERT_PTR_NULL(strstr(why, "secret")); // said once
    write_in("a", TEXT);
    CU_ASSERT_TRUE(gives("a", TEXT, why));
  }
  begin("own-folder");
  CU_ASSERT_TRUE(mkdir(root, 0700) == 0 && mkdir(path_of("secret"), 0700) == 0);
  expect_refused("secret: refused: is a folder");
}

static void folders_are_ones_own(void) {
  char why[1600];
  begin("folders");
  write_in("a", TEXT);
  CU_ASSERT_EQUAL(chmod(path_of("a"), 0770), 0);
  expect_refused("others may write there");
  CU_ASSERT_EQUAL(chmod(path_of("a"), 0755), 0);
  CU_ASSERT_TRUE(gives("a", TEXT, why));
  CU_ASSERT_EQUAL(chmod(root, 01777), 0);
  expect_refused("others may write there");
  CU_ASSERT_EQUAL(chmod(root, 0700), 0);
  CU_ASSERT_TRUE(rename(path_of("a"), path_of("b")) == 0 && symlink("b", path_of("a")) == 0);
  expect_refused("no link");
  begin("a-link");
  CU_ASSERT_EQUAL(symlink("folders", root), 0);
  expect_refused("no link");
  begin("a-file");
  CU_ASSERT_EQUAL(wg_file_write(root, "", 0, &(struct wg_err){0}), WG_OK);
  CU_ASSERT_FALSE(gives("a", TEXT, why));
  begin("a-file/below");
  CU_ASSERT_FALSE(gives("a", TEXT, why));
}

// Who is at it holds a lock; what was killed meanwhile leaves its half without one.
static void a_half_is_no_whole(void) {
  char why[1600];
  begin("half");
  write_in("a", TEXT);
  CU_ASSERT_EQUAL(wg_file_write(path_of("a/file.new"), "half", 4, &(struct wg_err){0}), WG_OK);
  CU_ASSERT_EQUAL(chmod(path_of("a/file.new"), 0600), 0);
  int fd = open(path_of("a/file.new"), O_RDWR);
  CU_ASSERT_EQUAL(flock(fd, LOCK_EX), 0);
  write_in("a", "not now");
  CU_ASSERT_TRUE(gives("a", TEXT, why));
  close(fd);
  write_in("a", "now");
  CU_ASSERT_TRUE(gives("a", "now", why));
  CU_ASSERT_FALSE(wg_file_exists(path_of("a/file.new")));
}

#define WRITERS 4
static void write_often(int which) {
  static char text[900];
  memset(text, 'a' + which, sizeof text - 1);
  struct wg_sealed s;
  struct wg_err err;
  for (int i = 0; i < 50; i++) {
    if (open_in(&s, "a", &err) != WG_OK || s.anew.msg[0]) _exit(1);
    if (wg_sealed_write(&s, "file", text, sizeof text - 1, &err) != WG_OK) _exit(2);
    struct wg_buf out = {0};
    if (wg_sealed_read(&s, "file", 1000, &out, &err) != WG_OK) _exit(3);
    if (out.len == strlen(TEXT) && memcmp(out.data, TEXT, out.len) == 0) out.len = 0; // none has written yet
    if (out.len != 0 && out.len != sizeof text - 1) _exit(4);
    for (size_t k = 1; k < out.len; k++)
      if (out.data[k] != out.data[0]) _exit(5);
    wg_buf_release(&out);
    wg_sealed_close(&s);
  }
  _exit(0);
}

static void several_write_at_once(void) {
  begin("several");
  write_in("a", TEXT);
  fflush(NULL);
  pid_t child[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    child[i] = fork();
    if (child[i] == 0) write_often(i);
  }
  for (int i = 0; i < WRITERS; i++) {
    int status;
    CU_ASSERT_EQUAL(waitpid(child[i], &status, 0), child[i]);
    CU_ASSERT_TRUE(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
  }
}

static void what_is_old_goes(void) {
  static const char *const names[] = {"a", "b", "c", "d", "longer"};
  static const char *const files[] = {"a/file", "b/file", "c/file", "d/file", "longer/file"};
  begin("old");
  for (size_t i = 0; i < 5; i++) {
    write_in(names[i], TEXT);
    const struct timeval then[2] = {{1000 + (time_t)i, 0}, {1000 + (time_t)i, 0}};
    CU_ASSERT_EQUAL(utimes(path_of(files[i]), then), 0);
  }
  wg_sealed_trim(root, "a", "file", 3, 1000);
  for (size_t i = 0; i < 5; i++) CU_ASSERT_TRUE(wg_file_exists(path_of(names[i])));
  wg_sealed_trim(root, "a", "file", 2, 1000);
  CU_ASSERT_TRUE(wg_file_exists(path_of("a")) && !wg_file_exists(path_of("b")) && wg_file_exists(path_of("c")));
  wg_sealed_trim(root, "a", "file", 2, 2 * (strlen(TEXT) + 32) - 1);
  CU_ASSERT_TRUE(wg_file_exists(path_of("a")) && !wg_file_exists(path_of("c")) && wg_file_exists(path_of("d")));
  CU_ASSERT_TRUE(wg_file_exists(path_of("longer")) && wg_file_exists(path_of("secret")));
}

static void what_cannot_be_written_is_said(void) {
  struct wg_sealed s;
  struct wg_err err;
  begin("unwritten");
  CU_ASSERT_EQUAL_FATAL(open_in(&s, "a", &err), WG_OK);
  CU_ASSERT_EQUAL(mkdir(path_of("a/file"), 0700), 0);
  CU_ASSERT_EQUAL(wg_sealed_write(&s, "file", TEXT, 3, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "a/file: cannot write: "));
  CU_ASSERT_FALSE(wg_file_exists(path_of("a/file.new")));
  CU_ASSERT_TRUE(rmdir(path_of("a/file")) == 0 && rmdir(path_of("a")) == 0); // somebody clears up
  err = (struct wg_err){0};
  CU_ASSERT_EQUAL(wg_sealed_write(&s, "file", TEXT, 3, &err), WG_INPUT);
  wg_sealed_close(&s);
  free(root);
  root = NULL;
}

static void a_large_file_is_read(void) {
  enum { SIZE = 300000 };
  struct wg_sealed s;
  struct wg_err err;
  struct wg_buf out = {0};
  char *text = wg_xcalloc(SIZE, 1);
  for (size_t i = 0; i < SIZE; i++) text[i] = (char)(i * i >> 5);
  begin("large");
  CU_ASSERT_EQUAL_FATAL(open_in(&s, "a", &err), WG_OK);
  CU_ASSERT_EQUAL(wg_sealed_write(&s, "file", text, SIZE, &err), WG_OK);
  wg_buf_str(&out, "before"); // and is appended
  CU_ASSERT_EQUAL(wg_sealed_read(&s, "file", SIZE - 1, &out, &err), WG_INPUT);
  CU_ASSERT_EQUAL(wg_sealed_read(&s, "file", SIZE, &out, &err), WG_OK);
  CU_ASSERT_TRUE(out.len == SIZE + 6 && memcmp(out.data, "before", 6) == 0 && memcmp(out.data + 6, text, SIZE) == 0);
  wg_buf_release(&out);
  wg_sealed_close(&s);
  free(text);
  free(root);
  root = NULL;
}

WG_MAIN("sealed", {"what is written is read", what_is_written_is_read}, {"every bit counts", every_bit_counts},
        {"another folder's are not taken", another_folders_are_not_taken},
        {"other files are refused", other_files_are_refused}, {"secrets are one's own", secrets_are_ones_own},
        {"folders are one's own", folders_are_ones_own}, {"a half is no whole", a_half_is_no_whole},
        {"a large file is read", a_large_file_is_read}, {"several write at once", several_write_at_once},
        {"what is old goes", what_is_old_goes}, {"what cannot be written is said", what_cannot_be_written_is_said})
