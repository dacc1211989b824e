// Files that are missing, cut or other on one side, against a reference that tells less of them.
#include "diff/files.h"
#include "tests/telling.h"

#define HEAD "K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=00000000)\n"
#define OPENED "i> F8000008 Added handle:%08X for N2xe6kernel7XObjectE\n"

static void write_text(const char *name, const char *text) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at(name), text, strlen(text), &err), WG_OK);
}

// What a title does with two files, as a stock log tells it; the second may be missing.
static void write_log(const char *name, bool missing) {
  struct wg_buf b = {0};
  wg_buf_str(&b, HEAD);
  for (unsigned i = 0; i < 2; i++) {
    wg_buf_printf(
        &b, "d> F8000008 NtCreateFile(7018F380(0), 80100080, 7018F398(FFFFFFFD,game:\\%c.bin,00000040), 7018F390)\n",
        'a' + i);
    if (i == 1 && missing) break;
    wg_buf_printf(&b, OPENED, 0xF8000014 + 4 * i);
    wg_buf_printf(
        &b, "d> F8000008 NtReadFile(%08X, 00000000, 00000000, 00000000, 7018F390, 40001000, 00001000, 7018F3A0)\n",
        0xF8000014 + 4 * i);
    wg_buf_printf(&b, "d> F8000008 NtClose(%08X)\n", 0xF8000014 + 4 * i);
  }
  wg_buf_str(&b, "d> F8000008 KeTlsAlloc()\n");
  write_text(name, b.data);
  wg_buf_release(&b);
}

static void logs_show_what_is_missing(void) {
  struct wg_buf out = {0};
  write_log("here", true);
  write_log("there", false);
  CU_ASSERT_EQUAL(compare("here", "there", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "NtCreateFile(\"game:\\b.bin\") makes no handle; in the reference it makes a handle"));
  CU_ASSERT_EQUAL(compare("there", "there", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("here", "here", &out), WG_OK);
  wg_buf_release(&out);
}

static void opens(wedge_emit *w, uint32_t handle, char file, bool tells) {
  char members[240];
  snprintf(members, sizeof members,
           ",\"name\":\"NtCreateFile\",\"lr\":\"0x82000100\",\"args\":[\"0x7018f380\",\"0x80100080\",\"0x7018f398\","
           "\"0x7018f390\"],\"args_resolved\":{%s%c%s}",
           tells ? "\"path\":\"game:\\\\" : "", tells ? file : ' ', tells ? ".bin\"" : "");
  tell_event(w, "kernel.call", 1, members);
  if (handle) {
    snprintf(members, sizeof members, ",\"raw\":\"0x%x\",\"object_type\":\"File\"", (unsigned)handle);
    tell_event(w, "handle.create", 1, members);
  }
  tell_return(w, 1, "NtCreateFile", handle ? 0 : 0xC0000034u);
}

// A read of `length` bytes that gives `bytes`, from an offset on; tells: what it gave.
static void reads(wedge_emit *w, uint32_t handle, uint32_t length, uint32_t bytes, uint32_t offset, bool tells) {
  const uint32_t args[8] = {handle, 0, 0, 0, 0x7018F390, 0x40001000, length, 0x7018F3A0};
  char members[160];
  tell_args(w, 1, "NtReadFile", args, 8);
  snprintf(members, sizeof members, ",\"name\":\"NtReadFile\",\"rv\":\"0x0\"%s", tells ? ",\"out\":{" : "");
  size_t n = strlen(members);
  if (tells)
    snprintf(members + n, sizeof members - n, "\"bytes\":%u,\"offset\":%u}", (unsigned)bytes, (unsigned)offset);
  tell_event(w, "kernel.return", 1, members);
}

// A log against a trace that has results: the failure itself is said, with the path.
static void a_missing_file_is_named(void) {
  struct wg_buf out = {0};
  write_log("log", false);
  wedge_emit *w = tell_begin("trace", 1);
  opens(w, 0xF8000014, 'a', true);
  reads(w, 0xF8000014, 4096, 4096, 0, true);
  tell(w, 1, "NtClose", 0xF8000014, 0, 0);
  opens(w, 0, 'b', true);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  wedge_emit_close(w);
  CU_ASSERT_EQUAL(compare("trace", "log", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out,
                            "NtCreateFile(\"game:\\b.bin\") returned STATUS_OBJECT_NAME_NOT_FOUND (0xc0000034); in "
                            "the reference it makes a handle"));
  wg_buf_release(&out);
}

// A file of some bytes, read 1,024 at a time to its end, then closed.
static void write_rounds(const char *name, uint32_t size, bool tells, bool closes) {
  wedge_emit *w = tell_begin(name, 1);
  uint32_t at = 0, n;
  opens(w, 0xF8000014, 'a', true);
  do {
    n = size - at < 1024 ? size - at : 1024;
    reads(w, 0xF8000014, 1024, n, at, tells);
    at += n;
  } while (n == 1024);
  if (closes) tell(w, 1, "NtClose", 0xF8000014, 0, 0);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  wedge_emit_close(w);
}

static void a_shorter_file_is_named(void) {
  struct wg_buf out = {0};
  write_rounds("short", 1500, true, true);
  write_rounds("long", 3000, false, true);
  CU_ASSERT_EQUAL(compare("short", "long", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "NtReadFile on the File \"game:\\a.bin\" comes to the end of the file after 1500 bytes; the "
                       "reference reads on from byte 2048"));
  // What is read further may be read for the second time where it stays open.
  write_rounds("open", 1500, true, false);
  write_rounds("open there", 3000, false, false);
  compare("open", "open there", &out);
  CU_ASSERT_PTR_NULL(strstr(out.data, "comes to the end of the file"));
  write_rounds("same", 1600, false, true);
  CU_ASSERT_EQUAL(compare("short", "same", &out), WG_OK);
  wg_buf_release(&out);
}

// A header that says how much follows; v 1: as much does not; 2: more is asked for than a file that is read at once
// has.
static void write_whole(const char *name, int v, bool tells) {
  wedge_emit *w = tell_begin(name, 1);
  opens(w, 0xF8000014, 'a', true);
  if (v != 2) reads(w, 0xF8000014, 12, 12, 0, tells);
  reads(w, 0xF8000014, 700, v ? 300 : 700, 12, tells);
  tell(w, 1, "NtClose", 0xF8000014, 0, 0);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  wedge_emit_close(w);
}

static void what_is_not_told_is_said(void) {
  static const char short_read[] =
      "in what both record; but here NtReadFile on the File \"game:\\a.bin\" of thread 1 gave 300 bytes of "
      "the 700 that were asked for, of which the reference tells nothing";
  static const char untold[] = "what files held is not compared: the reference does not tell what its reads gave";
  struct wg_buf out = {0};
  for (int v = 0; v < 3; v++) {
    write_whole("whole", v, true);
    write_whole("silent", v, false);
    CU_ASSERT_EQUAL(compare("whole", "silent", &out), WG_OK);
    CU_ASSERT_TRUE(first_says(&out, "no difference"));
    if (v == 1) CU_ASSERT_TRUE(first_says(&out, short_read));
    if (v != 1) CU_ASSERT_PTR_NULL(strstr(out.data, short_read));
    CU_ASSERT_TRUE(says(&out, untold));
    CU_ASSERT_EQUAL(compare("whole", "whole", &out), WG_OK);
    CU_ASSERT_TRUE(first_says(&out, "no difference: "));
    CU_ASSERT_PTR_NULL(strstr(out.data, untold));
  }
  wg_buf_release(&out);
}

// A file read in pieces of 1,024 bytes, the last of them of another length, and closed or not.
struct piecewise {
  uint32_t pieces, last;
  bool open;
};

// Files 'a', 'b' and so on, one after the other; tells: what their reads gave.
static void write_pieces(const char *name, const struct piecewise *files, size_t n, bool paths, bool tells) {
  wedge_emit *w = tell_begin(name, 1);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t handle = 0xF8000014 + 4 * i;
    opens(w, handle, (char)('a' + i), paths);
    for (uint32_t k = 1; k <= files[i].pieces; k++)
      reads(w, handle, k == files[i].pieces ? files[i].last : 1024, 1024, 1024 * (k - 1), tells);
    if (!files[i].open) tell(w, 1, "NtClose", handle, 0, 0);
    tell_plain(w, 1, "KeTlsAlloc", 1);
  }
  wedge_emit_close(w);
}

enum { FILES = 3 };
// clang-format off
#define WHOLE(pieces) {pieces, 1024, false}
#define ODD(pieces, last) {pieces, last, false}
#define OPEN(pieces) {pieces, 1024, true}
// clang-format on

// One of several files that are read from end to end, by whoever, is longer there or shorter: by its path where both
// tell them, else as the only one that is otherwise.
static void a_file_of_more_pieces_is_found(void) {
  static const struct {
    struct piecewise here[FILES], there[FILES];
    size_t n[2];
    bool paths[2], told;
    uint32_t reads[2]; // of the file that is found; 0: none is
  } pairs[] = {
      {{WHOLE(3), WHOLE(5), WHOLE(4)}, {WHOLE(3), WHOLE(5), WHOLE(6)}, {3, 3}, {true, true}, false, {4, 6}},
      {{WHOLE(3), WHOLE(5), WHOLE(4)}, {WHOLE(3), WHOLE(5), WHOLE(6)}, {3, 3}, {false, false}, false, {4, 6}},
      {{WHOLE(4), WHOLE(3), WHOLE(3)}, {WHOLE(3), WHOLE(2), WHOLE(3)}, {3, 3}, {false, false}, false, {4, 2}},
      // What is not read in equal pieces, or at once, or to its end, does not count,
      {{ODD(2, 500), WHOLE(4)}, {WHOLE(6)}, {2, 1}, {false, false}, false, {4, 6}},
      {{WHOLE(4)}, {WHOLE(6), ODD(2, 500)}, {1, 2}, {false, false}, false, {4, 6}},
      {{WHOLE(4), WHOLE(1)}, {WHOLE(6)}, {2, 1}, {false, false}, false, {4, 6}},
      {{WHOLE(4)}, {OPEN(3), WHOLE(6)}, {1, 2}, {false, false}, false, {4, 6}},
      // and is not found;
      {{WHOLE(3), ODD(4, 500)}, {WHOLE(3), ODD(6, 500)}, {2, 2}, {false, false}, false, {0, 0}},
      {{WHOLE(3), OPEN(4)}, {WHOLE(3), OPEN(6)}, {2, 2}, {false, false}, false, {0, 0}},
      {{WHOLE(3), ODD(4, 500)}, {WHOLE(3), ODD(6, 500)}, {2, 2}, {true, true}, false, {0, 0}},
      {{WHOLE(3), OPEN(4)}, {WHOLE(3), OPEN(6)}, {2, 2}, {true, true}, false, {0, 0}},
      // nor is what may be one of several, or has no like.
      {{WHOLE(3), WHOLE(5), WHOLE(4)}, {WHOLE(3), WHOLE(7), WHOLE(6)}, {3, 3}, {false, false}, false, {0, 0}},
      {{WHOLE(2), WHOLE(2), WHOLE(2)}, {WHOLE(2), WHOLE(3), WHOLE(2)}, {3, 3}, {false, false}, false, {0, 0}},
      {{WHOLE(3), WHOLE(5)}, {WHOLE(3), WHOLE(5), WHOLE(6)}, {2, 3}, {false, false}, false, {0, 0}},
      {{WHOLE(3), WHOLE(5)}, {WHOLE(3), WHOLE(5)}, {2, 2}, {false, false}, false, {0, 0}},
      // Paths that one of them alone tells say nothing; what the reference's reads gave says more.
      {{WHOLE(3), WHOLE(4)}, {WHOLE(6), WHOLE(3)}, {2, 2}, {true, false}, false, {4, 6}},
      {{WHOLE(3), WHOLE(4)}, {WHOLE(6), WHOLE(3)}, {2, 2}, {false, true}, false, {4, 6}},
      {{WHOLE(3), WHOLE(4)}, {WHOLE(3), WHOLE(6)}, {2, 2}, {true, true}, true, {0, 0}},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    struct wg_pairing p = {0};
    struct wg_side a, b;
    struct wg_err err = {0};
    write_pieces("here", pairs[i].here, pairs[i].n[0], pairs[i].paths[0], false);
    write_pieces("there", pairs[i].there, pairs[i].n[1], pairs[i].paths[1], pairs[i].told);
    CU_ASSERT_EQUAL_FATAL(wg_side_load(&a, at("here"), &(struct wg_load_options){0}, NULL, NULL, &err), WG_OK);
    CU_ASSERT_EQUAL_FATAL(wg_side_load(&b, at("there"), &(struct wg_load_options){0}, NULL, NULL, &err), WG_OK);
    wg_pairing_init(&p, &a, &b);
    CU_ASSERT_EQUAL_FATAL(wg_match_threads(&p, &err), WG_OK);
    wg_compare_files(&p);
    CU_ASSERT_EQUAL(p.nfindings, pairs[i].reads[0] != 0);
    if (p.nfindings == 1) {
      const struct wg_finding *f = &p.findings[0];
      CU_ASSERT_EQUAL(f->cls, WG_D_COUNT);
      CU_ASSERT_EQUAL(f->seq, wg_pair_thread(&p, f->pair, 0)->steps[f->step[0]].seq);
      CU_ASSERT_EQUAL(f->count[0], pairs[i].reads[0]);
      CU_ASSERT_EQUAL(f->count[1], pairs[i].reads[1]);
    }
    if (p.nfindings != (pairs[i].reads[0] != 0)) printf("  pair %zu\n", i);
    wg_pairing_release(&p);
    wg_side_release(&a);
    wg_side_release(&b);
  }
}

// Behind a file that was read stand many calls that ask the thread's own memory, and strings that it makes of it; then
// the two part.
static void parts_behind(const char *name, const char *then) {
  struct wg_buf b = {0};
  wg_buf_str(&b, HEAD);
  wg_buf_str(
      &b, "d> F8000008 NtCreateFile(7018F380(0), 80100080, 7018F398(FFFFFFFD,game:\\font.bin,00000040), 7018F390)\n");
  wg_buf_printf(&b, OPENED, 0xF8000014);
  wg_buf_str(
      &b, "d> F8000008 NtReadFile(F8000014, 00000000, 00000000, 00000000, 7018F390, 40001000, 00001000, 7018F3A0)\n");
  for (int i = 0; i < 60; i++) wg_buf_str(&b, "d> F8000008 KeTlsGetValue(00000000)\n");
  wg_buf_str(&b, "d> F8000008 RtlInitAnsiString(7018F380, 82000000(failed))\n");
  wg_buf_printf(&b, "d> F8000008 %s\n", then);
  for (int i = 0; i < 8; i++) wg_buf_printf(&b, "d> F8000008 KeTlsSetValue(0000000%d, 00000001)\n", i);
  write_text(name, b.data);
  wg_buf_release(&b);
}

static void what_was_read_is_named_from_afar(void) {
  struct wg_buf out = {0};
  parts_behind("here", "DbgBreakPoint()");
  parts_behind("there", "MmAllocatePhysicalMemoryEx(00000000, 00010000, 00000004, 00000000, FFFFFFFF, 00000000)");
  CU_ASSERT_EQUAL(compare("here", "there", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "\"game:\\font.bin\""));
  CU_ASSERT_EQUAL(compare("there", "here", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "\"game:\\font.bin\""));
  wg_buf_release(&out);
}

WG_MAIN("files of two sides", {"a file of more pieces is found", a_file_of_more_pieces_is_found},
        {"what was read is named from afar", what_was_read_is_named_from_afar},
        {"logs show what is missing", logs_show_what_is_missing}, {"a missing file is named", a_missing_file_is_named},
        {"a shorter file is named", a_shorter_file_is_named}, {"what is not told is said", what_is_not_told_is_said})
