// Compiled code from one run of a title to the next, in the user's cache folder (docs/cpu.md#from-one-run-to-the-next).
#define _DEFAULT_SOURCE // realpath
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/sealed.h"
#include "cli/cli.h"
#include "emu/jit/cache.h"
#include "emu/jit/jit.h"

#define FILE_NAME "code"
#define TITLES 255u // besides the one that runs
#define BYTES ((uint64_t)448 << 20)
#define DIGESTED ((off_t)64 << 20) // the most that is read of a title to know it

struct wg_cli_kept_open {
  struct wg_sealed files;
  struct wg_jit_cache *cache;
};

// XDG's rules: a relative path is none.
static bool default_root(struct wg_buf *out) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (cache && *cache == '/')
    wg_buf_printf(out, "%s/wedge/jit", cache);
  else if (home && *home == '/')
    wg_buf_printf(out, "%s/.cache/wedge/jit", home);
  return out->len != 0;
}

static bool root_of(const struct wg_cli_kept *k, struct wg_buf *out) {
  if (k->where == NULL) return default_root(out);
  if (strcmp(k->where, "none") == 0) return false;
  wg_buf_str(out, k->where);
  while (out->len > 1 && out->data[out->len - 1] == '/') out->data[--out->len] = 0; // a link with a slash is a folder
  return true;
}

// What its own folder is called: by its content, or where that is too much, as it is for discs, by which file it is.
static bool folder_name(const char *title, char out[65]) {
  struct stat st;
  struct wg_err unsaid = {0};
  if (stat(title, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  if (st.st_size <= DIGESTED) return wg_file_sha256(title, out, &unsaid) == WG_OK;
  char *path = realpath(title, NULL);
  struct wg_buf which = {0};
  wg_buf_printf(&which, "%s\n%llu %llu %lld %lld %ld", path ? path : title, (unsigned long long)st.st_dev,
                (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                (long)st.st_mtim.tv_nsec);
  wg_sha256_hex(which.data, which.len, out);
  wg_buf_release(&which);
  free(path);
  return true;
}

static void free_open(struct wg_cli_kept_open *o) {
  wg_jit_cache_free(o->cache);
  wg_sealed_close(&o->files);
  free(o);
}

// What is refused is said, and written anew. With another secret nothing is as it should be, which needs no word.
static void load(struct wg_cli_kept_open *o) {
  struct wg_buf text = {0};
  struct wg_err err = {0};
  if (o->files.anew.msg[0]) {
    wg_cli_note("%s; it is made anew, and what was kept is compiled again", o->files.anew.msg);
    return;
  }
  int code = wg_sealed_read(&o->files, FILE_NAME, WG_JIT_CACHE_MOST, &text, &err);
  if (code == WG_OK && text.len && wg_jit_cache_load(o->cache, &text, &err) != WG_OK)
    wg_err_prefix(&err, "%s/" FILE_NAME, o->files.path.data);
  if (err.msg[0]) wg_cli_note("%s; what it kept is compiled again", err.msg);
  wg_buf_release(&text);
}

static struct wg_cli_kept_open *open_in(const char *root, const char *name) {
  struct wg_cli_kept_open *o = wg_xcalloc(1, sizeof *o);
  const struct wg_jit_library *library;
  struct wg_err err = {0};
  wg_sealed_trim(root, name, FILE_NAME, TITLES, BYTES);
  if (wg_sealed_open(&o->files, root, name, &err) != WG_OK) {
    wg_cli_note("compiled code is not kept: %s", err.msg);
    free(o);
    return NULL;
  }
  if (wg_jit_open(&library, &err) == WG_OK) o->cache = wg_jit_cache_create(library, 0);
  if (o->cache) {
    load(o);
    return o;
  }
  wg_cli_note("compiled code is not kept: this build of wedge cannot be told from another");
  free_open(o);
  return NULL;
}

static void find_kept(struct wg_cli_kept *k, const char *title) {
  struct wg_buf root = {0};
  char name[65];
  if (root_of(k, &root) && folder_name(title, name)) k->open = open_in(root.data, name);
  wg_buf_release(&root);
}

struct wg_jit_cache *wg_cli_kept_of(void *ctx, const char *title) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // machines are made on several threads
  struct wg_cli_kept *k = ctx;
  pthread_mutex_lock(&lock);
  if (!k->asked) find_kept(k, title);
  k->asked = true;
  pthread_mutex_unlock(&lock);
  return k->open ? k->open->cache : NULL;
}

const char *wg_cli_kept_folder(const struct wg_cli_kept *k) { return k->open ? k->open->files.path.data : NULL; }

static void save(struct wg_cli_kept_open *o) {
  struct wg_buf text = {0};
  struct wg_err err = {0};
  wg_jit_cache_save(o->cache, &text);
  if (wg_sealed_write(&o->files, FILE_NAME, text.data, text.len, &err) != WG_OK)
    wg_cli_note("compiled code is not kept: %s", err.msg);
  wg_buf_release(&text);
}

void wg_cli_kept_close(struct wg_cli_kept *k) {
  struct wg_cli_kept_open *o = k->open;
  if (o == NULL) return;
  const struct wg_jit_cache_stats s = wg_jit_cache_stats(o->cache);
  if (s.added) save(o);
  if (s.left_out)
    wg_cli_note("%s/" FILE_NAME ": there is room for %zu MiB: %llu regions that were compiled are not kept",
                o->files.path.data, WG_JIT_CACHE_MOST >> 20, (unsigned long long)s.left_out);
  if (k->verbose)
    wg_cli_note("%s/" FILE_NAME ": %llu regions were kept, %llu of them taken, %llu compiled", o->files.path.data,
                (unsigned long long)s.loaded, (unsigned long long)s.taken, (unsigned long long)s.compiled);
  free_open(o);
  k->open = NULL;
}
