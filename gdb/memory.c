// Guest memory, and what a map of it says.
#include "base/endian.h"
#include "gdb/functions.h"
#include "gdb/session.h"

#define PAGE 4096u
#define SPACE 0x100000000ull
#define EFAULT_TOLD 14

// Where the console can have memory (docs/console.md#memory). Fixed, since gdb asks once and holds to it: what is there
// at a moment says qMemoryRegionInfo, or an E14. Devices are left out: reading them would be noticed.
static const struct { uint64_t from, to; } spans[] = {{0, 0x7FC80000u}, {0x7FD00000u, SPACE}};

void wg_gdb_put_map(struct wg_buf *out) {
  wg_buf_str(out,
             "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
             "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n");
  for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
    wg_buf_printf(out, "<memory type=\"ram\" start=\"0x%llx\" length=\"0x%llx\"/>\n", (unsigned long long)spans[i].from,
                  (unsigned long long)(spans[i].to - spans[i].from));
  wg_buf_str(out, "</memory-map>\n");
}

// gdb makes no step from where it can read no instruction. Where guest code returns to the kernel there is none: to gdb
// there is a kernel call's `sc`, and before it where the kernel is said to go on (frames.c).
static bool kernels_byte(uint64_t at, struct wg_buf *out) {
  uint8_t word[4];
  if (at < WG_GDB_KERNEL || at >= WG_GDB_KERNEL_END) return false;
  wg_store_be32(word, at < WG_GDB_KERNEL + 4 ? WG_GDB_KERNEL + 4 : 0x44000042u);
  wg_gdb_hex(&word[at % 4], 1, out);
  return true;
}

void wg_gdb_read_memory(struct wg_gdb_session *s, struct wg_gdb_text t) {
  uint64_t addr, size;
  uint8_t page[PAGE];
  if (!wg_gdb_range(&t, &addr, &size) || t.at != t.end) {
    wg_gdb_error(s, "m: expected ADDRESS,LENGTH in hexadecimal");
    return;
  }
  if (size > WG_GDB_PACKET / 2) size = WG_GDB_PACKET / 2; // the client asks for the rest
  for (uint64_t at = addr, end = addr + size; at < end && end >= addr;) {
    struct wg_err none = {0};
    uint64_t stop = (at | (PAGE - 1)) + 1 < end ? (at | (PAGE - 1)) + 1 : end;
    if (at < SPACE && wg_look_read(wg_gdb_machine(s), (uint32_t)at, page, (uint32_t)(stop - at), &none) == WG_OK) {
      wg_gdb_hex(page, stop - at, &s->answer);
      at = stop;
    } else if (kernels_byte(at, &s->answer)) {
      at++;
    } else {
      break;
    }
  }
  if (s->answer.len == 0 && size) wg_gdb_errno(s, EFAULT_TOLD);
}

void wg_gdb_region(struct wg_gdb_session *s, uint64_t addr) {
  struct wg_area a;
  struct wg_buf words = {0};
  if (addr >= SPACE) {
    wg_gdb_errno(s, EFAULT_TOLD);
    return;
  }
  wg_look_area(wg_gdb_machine(s), (uint32_t)addr, &a);
  wg_buf_printf(&s->answer, "start:%x;size:%llx;", a.base, (unsigned long long)a.size);
  if (a.kind != WG_AREA_NOTHING && a.kind != WG_AREA_RESERVED)
    wg_buf_printf(&s->answer, "permissions:%s%s%s;", a.read ? "r" : "", a.write ? "w" : "", a.code ? "x" : "");
  wg_look_put_area(&a, &words);
  wg_buf_str(&s->answer, "name:");
  wg_gdb_hex(words.data, words.len, &s->answer);
  wg_buf_char(&s->answer, ';');
  wg_buf_release(&words);
}
