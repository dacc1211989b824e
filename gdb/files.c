// vFile: the one file that there is, a program whose symbols are those of the map.
#include "gdb/session.h"

#define NFILES (sizeof s->file_at / sizeof *s->file_at)
enum { TOLD_ENOENT = 2, TOLD_EBADF = 9, TOLD_EACCES = 13, TOLD_EINVAL = 22, TOLD_EMFILE = 24 };

static void fails(struct wg_gdb_session *s, int code) {
  wg_buf_clear(&s->answer);
  wg_buf_printf(&s->answer, "F-1,%x", (unsigned)code);
}

static void open_file(struct wg_gdb_session *s, struct wg_gdb_text t) {
  struct wg_buf name = {0}, ours = {0};
  uint64_t flags, mode;
  size_t i = 0;
  bool well = wg_gdb_unhex(wg_gdb_until(&t, ','), &name) && wg_gdb_range(&t, &flags, &mode);
  wg_buf_printf(&ours, "/wedge/%s.elf", s->o->name);
  bool there = s->o->program && name.len == ours.len &&
               wg_gdb_is((struct wg_gdb_text){name.data, name.data + name.len}, ours.data);
  wg_buf_release(&name);
  wg_buf_release(&ours);
  while (i < NFILES && s->file_at[i]) i++;
  if (!well)
    fails(s, TOLD_EINVAL);
  else if (!there)
    fails(s, TOLD_ENOENT);
  else if (flags & 3)
    fails(s, TOLD_EACCES);
  else if (i == NFILES)
    fails(s, TOLD_EMFILE);
  else {
    s->file_at[i] = 1;
    wg_buf_printf(&s->answer, "F%x", (unsigned)i);
  }
}

static bool is_open(const struct wg_gdb_session *s, uint64_t fd) { return fd < NFILES && s->file_at[fd]; }

static void read_file(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint64_t fd, n, at;
  if (!wg_gdb_range(&t, &fd, &n) || !wg_gdb_skip(&t, ",") || !wg_gdb_number(&t, &at)) {
    fails(s, TOLD_EINVAL);
    return;
  }
  if (!is_open(s, fd)) {
    fails(s, TOLD_EBADF);
    return;
  }
  const struct wg_buf *p = s->o->program;
  if (at > p->len) at = p->len;
  if (n > p->len - at) n = p->len - at;
  if (n > WG_GDB_PACKET / 2 - 16) n = WG_GDB_PACKET / 2 - 16;
  wg_buf_printf(&s->answer, "F%llx;", (unsigned long long)n);
  wg_buf_add(&s->answer, p->data + at, n);
}

// Of the sixteen fields of the protocol's struct stat only mode and size say something.
static void tell_file(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint8_t stat[64] = {0};
  uint64_t fd, size;
  if (!wg_gdb_number(&t, &fd) || !is_open(s, fd)) {
    fails(s, TOLD_EBADF);
    return;
  }
  size = s->o->program->len;
  stat[10] = 0x81; // a regular file, 0444
  stat[11] = 0x24;
  for (unsigned i = 0; i < 8; i++) stat[28 + i] = (uint8_t)(size >> (56 - 8 * i));
  wg_buf_str(&s->answer, "F40;");
  wg_buf_add(&s->answer, stat, sizeof stat);
}

static void close_file(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint64_t fd;
  if (!wg_gdb_number(&t, &fd) || !is_open(s, fd)) {
    fails(s, TOLD_EBADF);
    return;
  }
  s->file_at[fd] = 0;
  wg_buf_str(&s->answer, "F0");
}

void wg_gdb_file(struct wg_gdb_session *s, struct wg_gdb_text t) {
  if (wg_gdb_skip(&t, "setfs:"))
    wg_buf_str(&s->answer, "F0");
  else if (wg_gdb_skip(&t, "open:"))
    open_file(s, t);
  else if (wg_gdb_skip(&t, "pread:"))
    read_file(s, t);
  else if (wg_gdb_skip(&t, "fstat:"))
    tell_file(s, t);
  else if (wg_gdb_skip(&t, "close:"))
    close_file(s, t);
}
