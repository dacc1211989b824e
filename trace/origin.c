#include "trace/origin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"

#define SAMPLE 65536u

static void take_sample(int fd, int64_t size, char out[17]) {
  char *text = wg_xcalloc(2, SAMPLE);
  int64_t tail = size > (int64_t)SAMPLE ? size - SAMPLE : 0;
  ssize_t first = pread(fd, text, SAMPLE, 0), last = pread(fd, text + SAMPLE, SAMPLE, tail);
  uint64_t h = wg_hash(text, first > 0 ? (size_t)first : 0, 0);
  h = wg_hash(text + SAMPLE, last > 0 ? (size_t)last : 0, h);
  snprintf(out, 17, "%016llx", (unsigned long long)h);
  free(text);
}

void wg_store_origin(const char *source, struct wg_store_origin *out) {
  struct stat st;
  struct wg_buf path = {0};
  *out = (struct wg_store_origin){.size = -1, .mtime_ns = -1};
  wg_buf_str(&path, source);
  if (stat(source, &st) == 0 && S_ISDIR(st.st_mode)) wg_buf_str(&path, "/trace.jsonl.zst");
  const char *slash = strrchr(path.data, '/');
  wg_buf_str(&out->name, slash ? slash + 1 : path.data);
  int fd = stat(path.data, &st) == 0 && S_ISREG(st.st_mode) ? open(path.data, O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0 && fstat(fd, &st) == 0) {
    out->size = (int64_t)st.st_size;
    out->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    take_sample(fd, out->size, out->sample);
  }
  if (fd >= 0) close(fd);
  wg_buf_release(&path);
}

void wg_store_origin_release(struct wg_store_origin *o) { wg_buf_release(&o->name); }
