// The host's folders as a guest sees them: nothing outside is reached, nothing waits, whatever becomes of the names.
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "emu/vfs/vfs.h"
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

WG_MAIN("vfs", {"what is below is read", what_is_below_is_read},
        {"a folder that becomes a link is not followed", a_folder_that_becomes_a_link_is_not_followed},
        {"a folder swapped before it is listed is empty", a_folder_swapped_before_it_is_listed_is_empty},
        {"a file that becomes a pipe is no wait", a_file_that_becomes_a_pipe_is_no_wait},
        {"the overlay is saved as far as can be", the_overlay_is_saved_as_far_as_can_be})
