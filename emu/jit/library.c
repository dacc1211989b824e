// Finds the backend's shared object.
#include "emu/jit/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define NAME "wedge_jit.so"

struct wg_jit_library {
  struct wg_jit_backend backend;
};

const struct wg_jit_backend *wg_jit_backend_of(const struct wg_jit_library *library) { return &library->backend; }

const char *wg_jit_name(const struct wg_jit_library *library) { return library->backend.name; }

// Beside the program, as it is built and as it is installed.
static bool find(struct wg_buf *path) {
  static const char *const places[] = {"/../lib/wedge/" NAME, "/../jit/" NAME, "/../../jit/" NAME};
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  while (n > 0 && self[n - 1] != '/') n--;
  for (size_t i = 0; n > 0 && i < sizeof places / sizeof *places; i++) {
    path->len = 0;
    wg_buf_add(path, self, (size_t)n - 1);
    wg_buf_str(path, places[i]);
    if (wg_file_exists(path->data)) return true;
  }
  return false;
}

static int load(struct wg_jit_library *library, struct wg_err *err) {
  struct wg_buf path = {0};
  int code = WG_OK;
  if (!find(&path)) {
    code = wg_fail(err, WG_INPUT, "this wedge has no compiler (%s is not beside it): it was built without LLVM", NAME);
  } else {
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
  int code = library.backend.version == WG_JIT_VERSION ? WG_OK : load(&library, err);
  pthread_mutex_unlock(&lock);
  if (code == WG_OK) *out = &library;
  return code;
}
