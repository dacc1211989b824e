// Finds the backend's shared object.
#define _DEFAULT_SOURCE // realpath
#include "emu/jit/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define NAME "wedge_jit.so"

struct wg_jit_library {
  struct wg_jit_backend backend;
};

const struct wg_jit_backend *wg_jit_backend_of(const struct wg_jit_library *library) { return &library->backend; }

const char *wg_jit_name(const struct wg_jit_library *library) { return library->backend.name; }

// The folder that the program lies in. Where there is no /proc, what it was started as says it.
static int find_program(struct wg_buf *folder, struct wg_err *err) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n < 0) {
    int why = errno;
    const char *started = (const char *)(uintptr_t)getauxval(AT_EXECFN); // NOLINT(performance-no-int-to-ptr)
    char *real = started ? realpath(started, NULL) : NULL;
    if (real == NULL)
      return wg_fail(err, WG_INPUT,
                     "%s is looked for beside the program, and where that lies cannot be told: /proc/self/exe: %s",
                     NAME, strerror(why));
    wg_buf_str(folder, real);
    free(real);
  } else {
    wg_buf_add(folder, self, (size_t)n);
  }
  folder->len = (size_t)(strrchr(folder->data, '/') - folder->data);
  folder->data[folder->len] = 0;
  return WG_OK;
}

// Beside the program, as it is built and as it is installed.
static int find(struct wg_buf *path, struct wg_err *err) {
  static const char *const places[] = {"/../lib/wedge/" NAME, "/../jit/" NAME, "/../../jit/" NAME};
  WG_TRY(find_program(path, err));
  size_t folder = path->len;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    path->len = folder;
    wg_buf_str(path, places[i]);
    if (wg_file_exists(path->data)) return WG_OK;
  }
  return wg_fail(err, WG_INPUT,
                 "this wedge has no compiler: there is no %s beside %.*s; one that was built without LLVM has none",
                 NAME, (int)folder, path->data);
}

static int open_library(struct wg_jit_library *library, struct wg_err *err) {
  struct wg_buf path = {0};
  int code = find(&path, err);
  if (code == WG_OK) {
    void *object = dlopen(path.data, RTLD_NOW | RTLD_LOCAL);
    const struct wg_jit_backend *b = object ? dlsym(object, "wg_jit_backend") : NULL;
    if (b == NULL)
      code = wg_fail(err, WG_INPUT, "%s: %s", path.data, dlerror());
    else if (b->version != WG_JIT_VERSION)
      code = wg_fail(err, WG_INPUT, "%s: of another wedge (interface %u, this one has %u)", path.data, b->version,
                     WG_JIT_VERSION);
    else
      library->backend = *b;
  }
  wg_buf_release(&path);
  return code;
}

int wg_jit_open(const struct wg_jit_library **out, struct wg_err *err) {
  // Filled once with what never changes; machines are made on several threads.
  static struct wg_jit_library library;
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  int code = library.backend.version == WG_JIT_VERSION ? WG_OK : open_library(&library, err);
  pthread_mutex_unlock(&lock);
  if (code == WG_OK) *out = &library;
  return code;
}
