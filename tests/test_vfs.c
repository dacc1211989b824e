// The host's folders as a guest sees them: nothing outside is reached, nothing waits, whatever becomes of the names.
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "emu/state/archive.h"
#include "emu/vfs/image.h"
#include "emu/vfs/tree.h"
#include "emu/vfs/vfs.h"
#include "emu/vfs/volume.h"
#include "tests/random.h"
#include "tests/scratch.h"

static void put(const char *name, const char *text) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at(name), text, strlen(text), &err), WG_OK);
}

static struct wg_node *find(struct wg_vfs *v, const char *path) {
  struct wg_node *n = NULL, *parent;
  const char *leaf;
  return wg_vfs_find(v, NULL, path, &n, &parent, &leaf) == WG_FOUND ? n : NULL;
}

static int64_t content(struct wg_vfs *v, const char *path, char out[16]) {
  struct wg_node *n = find(v, path);
  memset(out, 0, 16);
  return n ? wg_vfs_read(v, n, 0, out, 15) : -2;
}

static struct wg_vfs *mounted(const char *name) {
  struct wg_err err = {0};
  struct wg_vfs *v = wg_vfs_create(0);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\D", at(name), true, &err), WG_OK);
  return v;
}

static void folders(const char *a, const char *b) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(at(a), &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(at(b), &err), WG_OK);
}

static void what_is_below_is_read(void) {
  char text[16];
  folders("plain/a/b", "plain/run");
  put("plain/a/b/File.bin", "inside");
  put("plain/run/trace.jsonl.zst", "a run");
  CU_ASSERT_EQUAL(symlink(at("plain/a"), at("plain/link")), 0);
  CU_ASSERT_EQUAL(symlink(at("plain/a/b/File.bin"), at("plain/a/file")), 0);
  CU_ASSERT_EQUAL(mkfifo(at("plain/fifo"), 0600), 0);
  put("plain/caf\xC3\xA9", "odd");
  put("plain/with\x01", "odd");
  struct wg_vfs *v = mounted("plain");
  CU_ASSERT_EQUAL(content(v, "\\D\\A\\B\\file.BIN", text), 6);
  CU_ASSERT_STRING_EQUAL(text, "inside");
  CU_ASSERT_EQUAL(wg_vfs_list(v, wg_vfs_root(v, "\\D")), 1);
  CU_ASSERT_EQUAL(wg_vfs_list(v, find(v, "\\D\\a")), 1);
  CU_ASSERT_EQUAL(wg_vfs_odd_names(v), 2);
  wg_vfs_free(v);
}

static void a_folder_that_becomes_a_link_is_not_followed(void) {
  char text[16];
  folders("swap/sub", "secret");
  put("swap/sub/f", "mine");
  put("swap/sub/g", "mine");
  put("secret/f", "SECRET");
  put("secret/g", "SECRET");
  struct wg_vfs *v = mounted("swap");
  CU_ASSERT_EQUAL(content(v, "\\D\\sub\\f", text), 4);
  CU_ASSERT_EQUAL(rename(at("swap/sub"), at("swap/gone")), 0);
  CU_ASSERT_EQUAL(symlink(at("secret"), at("swap/sub")), 0);
  CU_ASSERT_EQUAL(content(v, "\\D\\sub\\f", text), -1);
  CU_ASSERT_EQUAL(content(v, "\\D\\sub\\g", text), -1);
  CU_ASSERT_PTR_NULL(strstr(text, "SECRET"));
  // The mounted folder itself is the one that was mounted.
  CU_ASSERT_EQUAL(unlink(at("swap/sub")), 0);
  CU_ASSERT_EQUAL(rename(at("swap/gone"), at("swap/sub")), 0);
  CU_ASSERT_EQUAL(rename(at("swap"), at("moved")), 0);
  CU_ASSERT_EQUAL(symlink(at("secret"), at("swap")), 0);
  CU_ASSERT_EQUAL(content(v, "\\D\\sub\\f", text), 4);
  CU_ASSERT_STRING_EQUAL(text, "mine");
  wg_vfs_free(v);
}

static void a_folder_swapped_before_it_is_listed_is_empty(void) {
  folders("late/sub", "secret");
  put("secret/f", "SECRET");
  struct wg_vfs *v = mounted("late");
  struct wg_node *sub = find(v, "\\D\\sub");
  CU_ASSERT_PTR_NOT_NULL_FATAL(sub);
  CU_ASSERT_EQUAL(rmdir(at("late/sub")), 0);
  CU_ASSERT_EQUAL(symlink(at("secret"), at("late/sub")), 0);
  CU_ASSERT_EQUAL(wg_vfs_list(v, sub), 0);
  wg_vfs_free(v);
}

static void a_file_that_becomes_a_pipe_is_no_wait(void) {
  char text[16];
  folders("pipes", "secret");
  put("pipes/f", "file");
  put("pipes/g", "file");
  put("secret/g", "SECR");
  struct wg_vfs *v = mounted("pipes");
  CU_ASSERT_EQUAL(content(v, "\\D\\f", text), 4);
  CU_ASSERT_EQUAL(unlink(at("pipes/f")) | unlink(at("pipes/g")), 0);
  CU_ASSERT_EQUAL(mkfifo(at("pipes/f"), 0600), 0);
  CU_ASSERT_EQUAL(symlink(at("secret/g"), at("pipes/g")), 0);
  CU_ASSERT_EQUAL(content(v, "\\D\\f", text), -1);
  CU_ASSERT_EQUAL(content(v, "\\D\\g", text), -1);
  wg_vfs_free(v);
}

// What cannot be saved keeps nothing else from it.
static void the_overlay_is_saved_as_far_as_can_be(void) {
  char name[256], path[600];
  struct wg_err err = {0};
  struct wg_vfs *v = wg_vfs_create(0);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\C", NULL, true, &err), WG_OK);
  struct wg_node *root = wg_vfs_root(v, "\\C");
  memset(name, 'n', 255);
  name[255] = 0;
  CU_ASSERT_TRUE(wg_vfs_write(v, wg_vfs_add(v, root, name, false, 0), 0, "long", 4));
  CU_ASSERT_TRUE(wg_vfs_write(v, wg_vfs_add(v, root, "aaa", false, 0), 0, "first", 5));
  CU_ASSERT_TRUE(wg_vfs_write(v, wg_vfs_add(v, root, "blocked", false, 0), 0, "lost", 4));
  CU_ASSERT_TRUE(wg_vfs_write(v, wg_vfs_add(v, root, "zzz", false, 0), 0, "last", 4));
  folders("overlay/C/blocked", "overlay/C/blocked/in the way");
  CU_ASSERT_EQUAL(wg_vfs_save(v, at("overlay"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "blocked"));
  struct wg_buf text = {0};
  struct wg_err none = {0};
  snprintf(path, sizeof path, "%s/%s", at("overlay/C"), name);
  CU_ASSERT_EQUAL(wg_file_read(path, 100, &text, &none), WG_OK);
  CU_ASSERT_EQUAL(wg_file_read(at("overlay/C/aaa"), 100, &text, &none), WG_OK);
  CU_ASSERT_EQUAL(wg_file_read(at("overlay/C/zzz"), 100, &text, &none), WG_OK);
  CU_ASSERT_STRING_EQUAL(text.data, "longfirstlast");
  wg_buf_release(&text);
  wg_vfs_free(v);
}

// --- what a guest makes ----------------------------------------------------------------------------------

static struct wg_vfs *empty(void) {
  struct wg_err err = {0};
  struct wg_vfs *v = wg_vfs_create(1000);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\Device\\C", NULL, true, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\Device\\R", NULL, false, &err), WG_OK);
  return v;
}

// Any reads, writes and sizes give what they give of an array of bytes.
static void files_are_bytes(void) {
  struct wg_vfs *v = empty();
  struct wg_node *n = wg_vfs_add(v, wg_vfs_root(v, "\\device\\c"), "f", false, 1234);
  uint8_t plain[3000] = {0}, got[3000], some[200];
  uint64_t seed = 17, size = 0;
  CU_ASSERT_TRUE(n->time == 1234 && n->size == 0 && n->changed && !n->directory);
  CU_ASSERT_EQUAL(wg_vfs_read(v, n, 0, got, 10), 0);
  for (int turn = 0; turn < 2000; turn++) {
    uint32_t at = random_below(&seed, 2500), len = random_below(&seed, 200);
    if (random_below(&seed, 5) == 0) {
      CU_ASSERT_TRUE(wg_vfs_resize(v, n, at));
      if (at < size) memset(plain + at, 0, size - at); // what is cut off does not come back
      size = at;
    } else if (random_below(&seed, 2)) {
      for (uint32_t i = 0; i < len; i++) some[i] = (uint8_t)random_next(&seed);
      CU_ASSERT_TRUE(wg_vfs_write(v, n, at, some, len));
      memcpy(plain + at, some, len);
      if (at + len > size) size = at + len;
    }
    memset(got, 0xEE, sizeof got);
    uint64_t want = at >= size ? 0 : size - at < len ? size - at : len;
    CU_ASSERT_EQUAL(wg_vfs_read(v, n, at, got, len), (int64_t)want);
    CU_ASSERT_EQUAL(memcmp(got, plain + at, want), 0);
    CU_ASSERT_EQUAL(got[want], 0xEE);
    CU_ASSERT_EQUAL(n->size, size);
  }
  wg_vfs_free(v);
}

// Reading, then changing a file of the host: the copy is the run's, the host's stays.
static void the_host_s_file_stays(void) {
  char text[16];
  struct wg_buf there = {0};
  struct wg_err err = {0};
  size_t inputs;
  folders("base", "base/sub");
  put("base/sub/file", "0123456789");
  put("base/sized", "abcdefgh");
  struct wg_vfs *v = mounted("base");
  struct wg_node *n = find(v, "\\D\\sub\\file");
  CU_ASSERT_PTR_NOT_NULL_FATAL(n);
  CU_ASSERT_EQUAL(wg_vfs_read(v, n, 7, text, 10), 3);
  CU_ASSERT_EQUAL(memcmp(text, "789", 3), 0);
  const struct wg_vfs_input *in = wg_vfs_inputs(v, &inputs);
  // sha256sum of 0123456789
  CU_ASSERT_TRUE(inputs == 1 && in[0].size == 10 && strcmp(in[0].guest, "\\D\\sub\\file") == 0 && in[0].inside == NULL);
  CU_ASSERT_STRING_EQUAL(in[0].sha256, "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882");
  CU_ASSERT_FALSE(n->changed);
  CU_ASSERT_TRUE(wg_vfs_write(v, n, 8, "abcd", 4));
  CU_ASSERT_TRUE(n->changed);
  CU_ASSERT_EQUAL(content(v, "\\D\\sub\\file", text), 12);
  CU_ASSERT_STRING_EQUAL(text, "01234567abcd");
  wg_vfs_inputs(v, &inputs);
  CU_ASSERT_EQUAL(inputs, 1); // it is read once
  char digest[65];
  CU_ASSERT_TRUE(wg_vfs_sha256(v, n, digest)); // of what it holds now: sha256sum of 01234567abcd
  CU_ASSERT_STRING_EQUAL(digest, "4beccf94464146e334223c0701f9c3713519ed0042f5261030ec0d2a9a3de8d6");
  // A size alone: what is left of it is there, and zeros follow.
  struct wg_node *sized = find(v, "\\D\\sized");
  CU_ASSERT_TRUE(wg_vfs_resize(v, sized, 4) && wg_vfs_resize(v, sized, 6));
  memset(text, 'x', sizeof text);
  CU_ASSERT_TRUE(wg_vfs_read(v, sized, 0, text, 10) == 6 && memcmp(text, "abcd\0\0x", 7) == 0);
  CU_ASSERT_EQUAL(wg_file_read(at("base/sub/file"), 100, &there, &err), WG_OK);
  CU_ASSERT_STRING_EQUAL(there.data, "0123456789");
  wg_buf_release(&there);
  wg_vfs_free(v);
}

static enum wg_lookup look(struct wg_vfs *v, struct wg_node *root, const char *path, char leaf[300]) {
  struct wg_node *n = NULL, *parent = NULL;
  const char *l = "";
  enum wg_lookup r = wg_vfs_find(v, root, path, &n, &parent, &l);
  snprintf(leaf, 300, "%s", r == WG_FOUND ? n->name : r == WG_NO_NAME || r == WG_NO_PATH ? l : "");
  return r;
}

// Paths as NT has them: case does not matter, slashes either way, links of the object manager first.
static void paths_are_found(void) {
  char name256[300] = "\\Device\\C\\", leaf[300];
  struct wg_vfs *v = empty();
  struct wg_node *a = wg_vfs_add(v, wg_vfs_root(v, "\\Device\\C"), "Abc", true, 0),
                 *b = wg_vfs_add(v, a, "Def", true, 0);
  wg_vfs_add(v, b, "File.x", false, 0);
  wg_vfs_link(v, "game:", "\\Device\\C\\Abc");
  wg_vfs_link(v, "d:", "game:\\Def");
  memset(name256 + strlen(name256), 'n', 256);
  static const struct {
    const char *path, *leaf;
    enum wg_lookup is;
  } rows[] = {{"\\Device\\C\\Abc\\Def\\File.x", "File.x", WG_FOUND},
              {"\\device\\c\\ABC\\dEF\\fILE.X", "File.x", WG_FOUND},
              {"/Device/C//Abc/Def/", "Def", WG_FOUND},
              {"\\??\\game:\\def\\file.x", "File.x", WG_FOUND},
              {"GAME:\\Def", "Def", WG_FOUND},
              {"d:\\File.x", "File.x", WG_FOUND},
              {"d:", "Def", WG_FOUND},
              {"d:\\..\\..\\abc", "Abc", WG_FOUND},
              {"\\Device\\C\\.\\Abc", "Abc", WG_FOUND},
              {"\\Device\\C", "\\Device\\C", WG_FOUND},
              {"\\Device\\Cx\\Abc", "", WG_NO_DEVICE},
              {"game:x", "", WG_NO_DEVICE},
              {"e:\\f", "", WG_NO_DEVICE},
              {"d:\\nothing", "nothing", WG_NO_NAME},
              {"d:\\nothing\\more", "nothing\\more", WG_NO_PATH},
              {"d:\\File.x\\more", "more", WG_NO_PATH},
              {"d:\\a*b", "", WG_BAD_NAME},
              {"d:\\a\x01", "", WG_BAD_NAME},
              {"\\Device\\C\\..", "", WG_BAD_NAME},
              {"d:\\..\\..\\..\\x", "", WG_BAD_NAME}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    enum wg_lookup is = look(v, NULL, rows[i].path, leaf);
    if (is != rows[i].is || strcmp(leaf, rows[i].leaf) != 0) printf("%s: %d, %s\n", rows[i].path, (int)is, leaf);
    CU_ASSERT_TRUE(is == rows[i].is && strcmp(leaf, rows[i].leaf) == 0);
  }
  CU_ASSERT_EQUAL(look(v, NULL, name256, leaf), WG_BAD_NAME); // a name has at most 255 characters
  name256[strlen(name256) - 1] = 0;
  CU_ASSERT_EQUAL(look(v, NULL, name256, leaf), WG_NO_NAME);
  // Relative to a folder it does not leave that.
  CU_ASSERT_TRUE(look(v, b, "file.X", leaf) == WG_FOUND && strcmp(leaf, "File.x") == 0);
  CU_ASSERT_EQUAL(look(v, b, "..\\Def", leaf), WG_BAD_NAME);
  CU_ASSERT_EQUAL(look(v, b, "", leaf), WG_FOUND);
  CU_ASSERT_STRING_EQUAL(wg_vfs_link_target(v, "D:"), "game:\\Def");
  wg_vfs_link(v, "D:", "game:"); // it replaces the other
  CU_ASSERT_EQUAL(look(v, NULL, "d:\\def", leaf), WG_FOUND);
  CU_ASSERT_TRUE(wg_vfs_unlink(v, "d:") && !wg_vfs_unlink(v, "d:") && wg_vfs_link_target(v, "d:") == NULL);
  CU_ASSERT_EQUAL(look(v, NULL, "d:\\def", leaf), WG_NO_DEVICE);
  CU_ASSERT_EQUAL(look(v, NULL, "game:\\def", leaf), WG_FOUND);
  CU_ASSERT_TRUE(wg_vfs_writable(v, a) && !wg_vfs_writable(v, wg_vfs_root(v, "\\Device\\R")));
  wg_vfs_free(v);
}

static void nodes_move_and_go(void) {
  char leaf[300];
  struct wg_buf path = {0};
  struct wg_vfs *v = empty();
  struct wg_node *root = wg_vfs_root(v, "\\Device\\C"), *a = wg_vfs_add(v, root, "a", true, 0),
                 *b = wg_vfs_add(v, a, "b", true, 0), *f = wg_vfs_add(v, b, "f", false, 0);
  wg_vfs_path(f, &path);
  CU_ASSERT_STRING_EQUAL(path.data, "\\Device\\C\\a\\b\\f");
  CU_ASSERT_FALSE(wg_vfs_remove(v, b)); // not empty
  CU_ASSERT_FALSE(wg_vfs_remove(v, root));
  CU_ASSERT_FALSE(wg_vfs_rename(v, a, b, "x")); // below itself
  CU_ASSERT_FALSE(wg_vfs_rename(v, a, a, "x"));
  CU_ASSERT_FALSE(wg_vfs_rename(v, root, a, "x"));
  CU_ASSERT_FALSE(wg_vfs_rename(v, f, wg_vfs_root(v, "\\Device\\R"), "f")); // another device
  CU_ASSERT_TRUE(wg_vfs_rename(v, b, root, "New"));
  CU_ASSERT_EQUAL(look(v, NULL, "\\Device\\C\\a\\b", leaf), WG_NO_NAME);
  CU_ASSERT_EQUAL(look(v, NULL, "\\Device\\C\\new\\F", leaf), WG_FOUND);
  CU_ASSERT_TRUE(wg_vfs_list(v, a) == 0 && wg_vfs_list(v, root) == 2);
  CU_ASSERT_TRUE(wg_vfs_remove(v, a) && wg_vfs_remove(v, f) && wg_vfs_remove(v, b));
  CU_ASSERT_EQUAL(wg_vfs_list(v, root), 0);
  // A raw partition: zeros, and what is written is lost.
  wg_vfs_add_null(v, "\\Device\\C", "Partition0");
  struct wg_node *raw = NULL;
  const char *l;
  CU_ASSERT_EQUAL_FATAL(wg_vfs_find(v, NULL, "\\Device\\C\\partition0", &raw, &a, &l), WG_FOUND);
  char text[4] = "xyz";
  CU_ASSERT_TRUE(wg_vfs_write(v, raw, 5, "abc", 3) && wg_vfs_resize(v, raw, 3) && wg_vfs_read(v, raw, 5, text, 3) == 3);
  CU_ASSERT_TRUE(text[0] == 0 && text[1] == 0 && text[2] == 0);
  wg_buf_release(&path);
  wg_vfs_free(v);
}

// A folder lists its names in order, however they came and went: against an array.
static void listings_are_in_order(void) {
  struct wg_vfs *v = empty();
  struct wg_node *root = wg_vfs_root(v, "\\Device\\C");
  bool there[300] = {false};
  uint64_t seed = 23;
  char name[16];
  for (int turn = 0; turn < 3000; turn++) {
    uint32_t i = random_below(&seed, 300);
    snprintf(name, sizeof name, "%c%03u", turn % 2 ? 'n' : 'N', i);
    struct wg_node *n = wg_tree_find(root, name, strlen(name));
    CU_ASSERT_EQUAL(n != NULL, there[i]);
    if (there[i]) CU_ASSERT_TRUE(wg_vfs_remove(v, n));
    if (!there[i]) wg_vfs_add(v, root, name, false, 0);
    there[i] = !there[i];
    if (turn % 50) continue;
    size_t k = 0;
    for (uint32_t j = 0; j < 300; j++) {
      if (!there[j]) continue;
      snprintf(name, sizeof name, "N%03u", j);
      const struct wg_node *c = wg_vfs_child(root, k++);
      CU_ASSERT_TRUE_FATAL(c != NULL && strcasecmp(c->name, name) == 0);
      CU_ASSERT_PTR_EQUAL(wg_tree_after(root, c), wg_vfs_child(root, k));
    }
    CU_ASSERT_PTR_NULL(wg_vfs_child(root, k));
    CU_ASSERT_EQUAL(wg_vfs_list(v, root), k);
  }
  wg_vfs_free(v);
}

// --- containers ------------------------------------------------------------------------------------------

// A file of a package in stretches, of the package itself and of its data files, holds what lies there.
static void stored_files_are_read_in_stretches(void) {
  struct wg_err err = {0};
  uint8_t part[3][500], want[700], got[700];
  uint64_t seed = 31, n = 0;
  struct wg_vfs *v = empty();
  folders("pack.data", "pack.data");
  static const char *const names[] = {"pack", "pack.data/Data0000", "pack.data/Data0001"};
  for (size_t p = 0; p < 3; p++) {
    for (size_t i = 0; i < 500; i++) part[p][i] = (uint8_t)random_next(&seed);
    CU_ASSERT_EQUAL_FATAL(wg_file_write(at(names[p]), part[p], 500, &err), WG_OK);
  }
  struct wg_node *f = wg_vfs_add_stored(v, wg_vfs_root(v, "\\Device\\R"), "f", false, at("pack"));
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  CU_ASSERT_PTR_NULL(wg_vfs_add_stored(v, wg_vfs_root(v, "\\Device\\R"), "F", false, NULL)); // it is there
  CU_ASSERT_PTR_NULL(wg_vfs_add_stored(v, wg_vfs_root(v, "\\Device\\R"), "..", false, NULL));
  CU_ASSERT_PTR_NULL(wg_vfs_add_stored(v, wg_vfs_root(v, "\\Device\\R"), "a/b", false, NULL));
  CU_ASSERT_PTR_NULL(wg_vfs_add_stored(v, wg_vfs_root(v, "\\Device\\R"), "", false, NULL));
  static const struct {
    uint32_t part, at, size;
  } pieces[] = {{0, 100, 50}, {0, 150, 20}, {2, 170, 100}, {2, 0, 33}, {1, 33, 77}, {0, 0, 1}, {1, 400, 100}};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    wg_vfs_add_extent(f, pieces[i].part, pieces[i].at, pieces[i].size);
    memcpy(want + n, part[pieces[i].part] + pieces[i].at, pieces[i].size);
    n += pieces[i].size;
  }
  CU_ASSERT_TRUE(f->size == n && f->nextents == 6); // the second goes on where the first ends
  for (int turn = 0; turn < 500; turn++) {
    uint32_t from = random_below(&seed, (uint32_t)n + 20), len = random_below(&seed, 300);
    uint64_t room = from >= n ? 0 : n - from < len ? n - from : len;
    CU_ASSERT_EQUAL(wg_vfs_read(v, f, from, got, len), (int64_t)room);
    CU_ASSERT_EQUAL(memcmp(got, want + from, room), 0);
  }
  wg_vfs_add_extent(f, 1, 450, 100); // beyond its part's end
  CU_ASSERT_EQUAL(wg_vfs_read(v, f, n, got, 100), -1);
  CU_ASSERT_EQUAL(wg_vfs_read(v, f, n, got, 50), 50);
  CU_ASSERT_EQUAL(wg_vfs_read(v, f, 0, got, 1), 1);
  wg_vfs_free(v);
}

// Where an SVOD package's sectors lie: its data files walked from their begin, a table of 4 KiB in front, one before
// each 0x198 blocks of 2 KiB, 0x14388 blocks a file (docs/console.md#file-systems).
static void sectors_lie_between_tables(void) {
  struct wg_volume v = {.svod = true, .origin = 10, .parts = 3};
  struct wg_place p;
  CU_ASSERT_FALSE(wg_volume_place(&v, 9, &p));
  uint64_t sector = 10;
  for (uint32_t file = 1; file <= 2; file++) {
    uint64_t at = 0x1000;
    for (uint32_t block = 0; block < 0x14388; block++, sector++) {
      if (block % 0x198 == 0) at += 0x1000;
      if (block % 0x198 < 2 || block % 0x198 > 0x195 || block < 20) {
        CU_ASSERT_TRUE_FATAL(wg_volume_place(&v, sector, &p));
        CU_ASSERT_TRUE_FATAL(p.part == file && p.at == at && p.sectors == 0x198 - block % 0x198);
      }
      at += 0x800;
    }
  }
  CU_ASSERT_FALSE(wg_volume_place(&v, sector, &p)); // there is no third data file
  struct wg_volume single = {.svod = true, .single = true, .base = 0xB000, .parts = 1};
  CU_ASSERT_TRUE(wg_volume_place(&single, 0x198, &p) && p.part == 0 && p.at == 0xB000 + 0x198 * 0x800 + 3 * 0x1000 &&
                 p.sectors == 0x198);
  CU_ASSERT_FALSE(wg_volume_place(&single, 0x14388, &p));
  struct wg_volume disc = {.base = 0xFB20, .parts = 1};
  CU_ASSERT_TRUE(wg_volume_place(&disc, 3, &p) && p.part == 0 && p.at == 0xFB20 + 3 * 2048);
}

// A package's volume descriptor: where the first data block is, in blocks of two sectors, as a little-endian number of
// 24 bits; an enhanced one begins two sectors earlier, and its descriptor lies elsewhere
// (docs/console.md#file-systems).
static void a_package_says_where_it_begins(void) {
  static char data[0x13000];
  uint8_t head[0x3AD] = {0}, byte;
  struct wg_err err = {0};
  struct wg_volume v;
  head[0x379 + 0x1C] = 0x12;
  head[0x379 + 0x1D] = 0x34;
  head[0x379 + 0x1E] = 0x56;
  folders("svod.data", "svod.data");
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("svod"), head, sizeof head, &err), WG_OK);
  for (int enhanced = 0; enhanced < 2; enhanced++) {
    uint64_t where = enhanced ? 0x2000 : 0x12000;
    memset(data, 0, sizeof data);
    memcpy(data + where, "MICROSOFT*XBOX*MEDIA", 20);
    data[77] = 7;
    CU_ASSERT_EQUAL_FATAL(wg_file_write(at("svod.data/Data0000"), data, sizeof data, &err), WG_OK);
    head[0x379 + 0x18] = enhanced ? 0x40 : 0xBF;
    CU_ASSERT_EQUAL_FATAL(wg_volume_open_svod(&v, at("svod"), head, &err), WG_OK);
    CU_ASSERT_TRUE(v.origin == 2 * 0x563412 - 2 * enhanced && v.parts == 2 && v.part == 1 && v.descriptor == where &&
                   !v.single);
    CU_ASSERT_TRUE(wg_volume_read(&v, 1, 77, &byte, 1) && byte == 7);
    CU_ASSERT_TRUE(wg_volume_read(&v, 1, sizeof data - 1, &byte, 1));
    CU_ASSERT_FALSE(wg_volume_read(&v, 1, sizeof data, &byte, 1));
    CU_ASSERT_FALSE(wg_volume_read(&v, 2, 0, &byte, 1));
    wg_volume_close(&v);
    head[0x379 + 0x18] ^= 0x40; // then it is not there
    CU_ASSERT_EQUAL(wg_volume_open_svod(&v, at("svod"), head, &err), WG_INPUT);
  }
}

// --- state -----------------------------------------------------------------------------------------------

static struct wg_vfs *prepared_at(const char *base, uint64_t time) {
  struct wg_err err = {0};
  struct wg_vfs *v = wg_vfs_create(time);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\D", at(base), false, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\C", NULL, true, &err), WG_OK);
  return v;
}

static struct wg_vfs *prepared(const char *base) { return prepared_at(base, 1000); }

static bool list_change(void *ctx, const char *path, const struct wg_node *n) {
  wg_buf_printf(ctx, "%s %d %.*s;", path, n->directory, n->data ? (int)n->size : 0,
                n->data ? (const char *)n->data : "");
  return true;
}

// Of siblings with their subtrees none has more than three times the other's nodes, counting one more each, in whatever
// order names come and go. Returns how many nodes there are.
static size_t balanced(const struct wg_node *n) {
  if (n == NULL) return 0;
  size_t l = balanced(n->left), r = balanced(n->right);
  CU_ASSERT_TRUE(l + 1 <= 3 * (r + 1) && r + 1 <= 3 * (l + 1));
  CU_ASSERT_EQUAL(n->within, l + r + 1);
  return l + r + 1;
}

static void folders_stay_balanced(void) {
  enum { N = 400 };
  static struct wg_node nodes[N];
  static char names[N][8];
  for (unsigned order = 0; order < 5; order++) {
    struct wg_node dir = {.directory = true};
    uint64_t seed = order + 1;
    unsigned there = 0;
    for (unsigned i = 0; i < N; i++) {
      // Up, down, from both ends to the middle, from the middle to both ends, in any order.
      unsigned at[] = {i, N - 1 - i, i % 2 ? N - 1 - i / 2 : i / 2, i % 2 ? N / 2 - 1 - i / 2 : N / 2 + i / 2,
                       i * 77 % N};
      snprintf(names[i], sizeof names[i], "%05u", at[order]);
      nodes[i] = (struct wg_node){.name = names[i]};
      wg_tree_add(&dir, &nodes[i]);
      if (i % 7 == 0) CU_ASSERT_EQUAL(balanced(dir.children), i + 1);
    }
    bool gone[N] = {false};
    for (there = N; there > 0;) {
      unsigned i = random_below(&seed, N);
      while (gone[i]) i = (i + 1) % N;
      gone[i] = true;
      wg_tree_remove(&dir, &nodes[i]);
      there--;
      if (there % 7 == 0) CU_ASSERT_EQUAL(balanced(dir.children), there);
    }
    CU_ASSERT_PTR_NULL(dir.children);
  }
}

static void a_folder_that_is_not_there_holds_no_packages(void) {
  struct wg_err err = {0};
  struct wg_package one, *list = &one;
  size_t n = 5;
  CU_ASSERT_EQUAL(wg_package_list(at("not there"), &list, &n, &err), WG_INPUT);
  CU_ASSERT_TRUE(list == NULL && n == 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "not there: no such folder"));
}

// A file system that has learnt and made so much by itself: of each kind less, as much or more than the other.
static struct wg_vfs *with_a_past(unsigned much) {
  static const char *const read[] = {"\\D\\other", "\\D\\third", "\\D\\sub\\file"};
  char text[16], name[8];
  struct wg_vfs *w = prepared_at("state", 1000 + much);
  for (unsigned i = 0; i < much; i++) {
    for (unsigned k = 0; k < 3; k++) content(w, read[i % 3], text);
    snprintf(name, sizeof name, "gone%u", i);
    wg_vfs_add(w, wg_vfs_root(w, "\\C"), name, false, 5);
    snprintf(name, sizeof name, "%c:", 'p' + (int)i); // those that are given up: the leak checker sees what stays
    wg_vfs_link(w, name, "\\D");
  }
  return w;
}

static void expect_loaded(const struct wg_archive *out, struct wg_vfs *v, struct wg_vfs *w) {
  char text[16];
  struct wg_err err = {0};
  struct wg_archive in, again;
  struct wg_buf a = {0}, b = {0};
  size_t na, nb;
  wg_archive_load(&in, "it", out->out.data, out->out.len, NULL, &err);
  wg_vfs_state(&in, w);
  if (in.failed) printf("%s\n", err.msg);
  CU_ASSERT_FALSE(in.failed);
  CU_ASSERT_EQUAL(in.at, in.n);
  wg_archive_save(&again, NULL);
  wg_vfs_state(&again, w);
  CU_ASSERT_EQUAL(wg_archive_digest(&again), wg_archive_digest(out));
  const struct wg_vfs_input *ia = wg_vfs_inputs(v, &na), *ib = wg_vfs_inputs(w, &nb);
  CU_ASSERT_TRUE_FATAL(na == 2 && nb == 2);
  CU_ASSERT_TRUE(ib[1].size == 5 && strcmp(ia[1].sha256, ib[1].sha256) == 0 && strcmp(ib[1].guest, "\\D\\third") == 0 &&
                 strcmp(ia[1].host, ib[1].host) == 0);
  CU_ASSERT_TRUE(ib->size == 7 && strcmp(ia->sha256, ib->sha256) == 0 && strcmp(ib->guest, "\\D\\sub\\file") == 0 &&
                 strcmp(ia->host, ib->host) == 0 && ib->inside == NULL);
  CU_ASSERT_TRUE(wg_vfs_changes(v, list_change, &a) && wg_vfs_changes(w, list_change, &b));
  CU_ASSERT_STRING_EQUAL(a.data, b.data);
  CU_ASSERT_PTR_NOT_NULL(strstr(b.data, "C/dir/x 0 mine;"));
  CU_ASSERT_PTR_NULL(strstr(b.data, "gone"));
  CU_ASSERT_STRING_EQUAL_FATAL(wg_vfs_link_target(w, "game:"), "\\D");
  CU_ASSERT_STRING_EQUAL_FATAL(wg_vfs_link_target(w, "save:"), "\\C");
  for (char name[] = "p:"; *name < 'u'; ++*name) CU_ASSERT_PTR_NULL(wg_vfs_link_target(w, name));
  CU_ASSERT_EQUAL(content(w, "game:\\sub\\file", text), 7);
  CU_ASSERT_STRING_EQUAL(text, "content");
  const struct wg_vfs_seen *sa = wg_vfs_seen(v, &na), *sb = wg_vfs_seen(w, &nb);
  CU_ASSERT_TRUE(na == 4 && nb >= 4);
  for (size_t i = 0; i < na && i < nb; i++)
    CU_ASSERT_TRUE(sa[i].kind == sb[i].kind && sa[i].value == sb[i].value && strcmp(sa[i].path, sb[i].path) == 0);
  CU_ASSERT_TRUE(find(w, "\\C\\dir\\x")->time == 6 && find(w, "\\C\\dir")->time == 5);
  CU_ASSERT_EQUAL(wg_vfs_mount(w, "\\E", NULL, true, &err), WG_OK); // what is made later is of the other's time, too
  CU_ASSERT_EQUAL(wg_vfs_root(w, "\\E")->time, 1000);
  wg_archive_release(&in);
  wg_archive_release(&again);
  wg_buf_release(&a);
  wg_buf_release(&b);
}

// A file system that is loaded from another's state is that file system, whatever it had before.
static void a_state_is_loaded_whole(void) {
  char text[16];
  struct wg_archive out;
  folders("state", "state/sub");
  put("state/sub/file", "content");
  put("state/other", "other");
  put("state/third", "third");
  struct wg_vfs *v = prepared("state");
  content(v, "\\D\\sub\\file", text);
  content(v, "\\D\\third", text);
  find(v, "\\D\\nothing");
  struct wg_node *dir = wg_vfs_add(v, wg_vfs_root(v, "\\C"), "dir", true, 5);
  wg_vfs_write(v, wg_vfs_add(v, dir, "x", false, 6), 0, "mine", 4);
  wg_vfs_write(v, wg_vfs_add(v, dir, "a", false, 7), 3, "too", 3);
  wg_vfs_enumerated(v, wg_vfs_root(v, "\\D"));
  wg_vfs_link(v, "game:", "\\D");
  wg_vfs_link(v, "save:", "\\C");
  wg_archive_save(&out, NULL);
  wg_vfs_state(&out, v);
  for (unsigned much = 0; much < 6; much++) {
    struct wg_vfs *w = with_a_past(much);
    expect_loaded(&out, v, w);
    wg_vfs_free(w);
  }
  wg_archive_release(&out);
  wg_vfs_free(v);
}

// Folders of which each holds nothing but the next: the innermost lies as deep as there are nodes.
static void a_state_of_one_path_is_loaded(void) {
  struct wg_err err = {0};
  struct wg_archive out, in;
  struct wg_vfs *v = wg_vfs_create(0), *w = wg_vfs_create(0);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(v, "\\C", NULL, true, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_mount(w, "\\C", NULL, true, &err), WG_OK);
  struct wg_node *dir = wg_vfs_add(v, wg_vfs_root(v, "\\C"), "outer", true, 1);
  wg_vfs_add(v, wg_vfs_add(v, dir, "inner", true, 2), "file", false, 3);
  wg_archive_save(&out, NULL);
  wg_vfs_state(&out, v);
  wg_archive_load(&in, "it", out.out.data, out.out.len, NULL, &err);
  wg_vfs_state(&in, w);
  CU_ASSERT_FALSE(in.failed);
  const struct wg_node *file = find(w, "\\C\\outer\\inner\\file");
  CU_ASSERT_TRUE(file && file->time == 3);
  wg_archive_release(&in);
  wg_archive_release(&out);
  wg_vfs_free(v);
  wg_vfs_free(w);
}

// What the guest has learnt is noted once, with its kind and value, and asked again gives the same.
static void what_is_learnt_is_noted(void) {
  char text[16];
  size_t n;
  folders("seen", "seen/sub");
  put("seen/f", "12345");
  struct wg_vfs *v = mounted("seen"), *w = mounted("seen");
  content(v, "\\D\\F", text);
  find(v, "\\D\\sub");
  find(v, "\\D\\none");
  find(v, "\\D\\F");
  wg_vfs_enumerated(v, wg_vfs_root(v, "\\D"));
  wg_vfs_enumerated(v, wg_vfs_root(v, "\\D"));
  const struct wg_vfs_seen *s = wg_vfs_seen(v, &n);
  CU_ASSERT_EQUAL_FATAL(n, 4);
  CU_ASSERT_TRUE(s[0].kind == 'f' && s[0].value == 5 && s[1].kind == 'd' && s[1].value == 0 && s[2].kind == '-' &&
                 s[2].value == 0 && s[3].kind == 'l');
  for (size_t i = 0; i < n; i++) {
    struct wg_vfs_seen now = wg_vfs_probe(w, s[i].path, s[i].kind);
    CU_ASSERT_TRUE(now.kind == s[i].kind && now.value == s[i].value);
  }
  put("seen/none", "it is there");
  wg_vfs_free(w);
  w = mounted("seen");
  CU_ASSERT_EQUAL(wg_vfs_probe(w, s[2].path, '-').kind, 'f');
  CU_ASSERT_NOT_EQUAL(wg_vfs_probe(w, s[3].path, 'l').value, s[3].value);
  wg_vfs_free(v);
  wg_vfs_free(w);
}

// Of a device that the guest has made nothing depends on the host.
static void the_guest_s_device_is_not_noted(void) {
  struct wg_err err;
  size_t n;
  struct wg_vfs *v = wg_vfs_create(0);
  CU_ASSERT_EQUAL_FATAL(wg_vfs_make_device(v, "\\Device\\Content\\1_slot1", &err), WG_OK);
  struct wg_node *root = wg_vfs_root(v, "\\Device\\Content\\1_slot1");
  find(v, "\\Device\\Content\\1_slot1");
  find(v, "\\Device\\Content\\1_slot1\\none");
  wg_vfs_enumerated(v, root);
  wg_vfs_seen(v, &n);
  CU_ASSERT_EQUAL(n, 0);
  wg_vfs_free(v);
}

WG_MAIN("vfs", {"folders stay balanced", folders_stay_balanced},
        {"a folder that is not there holds no packages", a_folder_that_is_not_there_holds_no_packages},
        {"what is below is read", what_is_below_is_read},
        {"a folder that becomes a link is not followed", a_folder_that_becomes_a_link_is_not_followed},
        {"a folder swapped before it is listed is empty", a_folder_swapped_before_it_is_listed_is_empty},
        {"a file that becomes a pipe is no wait", a_file_that_becomes_a_pipe_is_no_wait},
        {"the overlay is saved as far as can be", the_overlay_is_saved_as_far_as_can_be},
        {"files are bytes", files_are_bytes}, {"the host's file stays", the_host_s_file_stays},
        {"paths are found", paths_are_found}, {"nodes move and go", nodes_move_and_go},
        {"listings are in order", listings_are_in_order},
        {"stored files are read in stretches", stored_files_are_read_in_stretches},
        {"sectors lie between tables", sectors_lie_between_tables},
        {"a package says where it begins", a_package_says_where_it_begins},
        {"a state is loaded whole", a_state_is_loaded_whole},
        {"a state of one path is loaded", a_state_of_one_path_is_loaded},
        {"what is learnt is noted", what_is_learnt_is_noted},
        {"the guest's device is not noted", the_guest_s_device_is_not_noted})
