// Reading and writing files (docs/console.md#file-systems): every request completes at once.
#include "emu/kernel/ntfile.h"

// A user APC for the completion, if the caller asked for one (an odd address asks for none).
static void queue_completion(struct wg_kcall *k, uint32_t routine, uint32_t ctx, uint32_t iosb) {
  if ((routine & ~1u) == 0 || k->thread == NULL) return;
  struct wg_apc apc = {.routine = routine & ~1u, .ctx = ctx, .arg1 = iosb};
  wg_queue_apc(k->m, k->thread, WG_APC_USER, &apc);
}

static uint64_t offset_arg(struct wg_kcall *k, const struct wg_file *f, uint32_t ptr) {
  if (ptr == 0) return f->position;
  uint64_t v = wg_kr(k->m, ptr, 8);
  return v == 0xFFFFFFFFFFFFFFFEull ? f->position : v; // FILE_USE_FILE_POINTER_POSITION
}

// Data on its way between a file and the caller's buffers.
struct transfer {
  struct wg_file *file;
  uint64_t at;
  uint32_t bytes; // so far
  uint64_t hash;  // of them
};
static void tell_data(struct wg_kcall *k, const struct transfer *t) {
  wg_json_i64(wg_out(k), "offset", (int64_t)t->at);
  wg_json_u64(wg_out(k), "bytes", t->bytes);
  if (t->bytes) wg_json_hex(wg_out(k), "content", t->hash);
}

// Goes on reading. *done: how much of n there was.
static uint32_t read_part(struct wg_kcall *k, struct transfer *t, uint32_t buffer, uint32_t n, uint32_t *done) {
  struct wg_file *f = t->file;
  uint64_t at = t->at + t->bytes;
  *done = 0;
  if (f->node->directory) return STATUS_INVALID_PARAMETER;
  if (at >= f->node->size) return n ? STATUS_END_OF_FILE : STATUS_SUCCESS;
  if (n > f->node->size - at) n = (uint32_t)(f->node->size - at);
  uint8_t *p = wg_kptr(k->m, buffer, n, true);
  if (p == NULL) return STATUS_ACCESS_VIOLATION;
  int64_t got = wg_vfs_read(k->m->vfs, f->node, at, p, n);
  if (got < 0) return STATUS_UNSUCCESSFUL;
  *done = (uint32_t)got;
  t->bytes += *done;
  t->hash = wg_hash(p, *done, t->hash);
  f->position = at + *done;
  wg_told(k, buffer);
  return STATUS_SUCCESS;
}
static uint32_t write_part(struct wg_kcall *k, struct transfer *t, uint32_t buffer, uint32_t n) {
  const uint8_t *p = wg_kptr(k->m, buffer, n, false);
  if (p == NULL) return STATUS_ACCESS_VIOLATION;
  if (!wg_vfs_write(k->m->vfs, t->file->node, t->at + t->bytes, p, n)) return STATUS_DISK_FULL;
  t->bytes += n;
  t->hash = wg_hash(p, n, t->hash);
  return STATUS_SUCCESS;
}
// Where a write begins, and whether it may.
static uint32_t write_begin(struct wg_kcall *k, struct transfer *t, uint32_t offset) {
  t->at = offset_arg(k, t->file, offset);
  if (!t->file->can_write || t->file->node->directory) return STATUS_ACCESS_DENIED;
  if (t->at == UINT64_MAX) t->at = t->file->node->size; // FILE_WRITE_TO_END_OF_FILE
  return STATUS_SUCCESS;
}

// NtReadFile(handle, event, apc, apc context, iosb, buffer, length, offset*)
WG_CALL(NtReadFile, 8) {
  struct transfer t = {.file = wg_file_of(k, A(0))};
  if (t.file == NULL) return STATUS_INVALID_HANDLE;
  t.at = offset_arg(k, t.file, A(7));
  uint32_t done, status = read_part(k, &t, A(5), A(6), &done);
  tell_data(k, &t);
  wg_io_status(k, A(4), status, done);
  wg_file_signal(k, A(1));
  queue_completion(k, A(2), A(3), A(4));
  return status;
}
// As NtReadFile with an array of page addresses instead of one buffer.
WG_CALL(NtReadFileScatter, 8) {
  struct transfer t = {.file = wg_file_of(k, A(0))};
  if (t.file == NULL) return STATUS_INVALID_HANDLE;
  t.at = offset_arg(k, t.file, A(7));
  uint32_t status = STATUS_SUCCESS;
  for (uint32_t i = 0; t.bytes < A(6) && status == STATUS_SUCCESS; i++) {
    uint32_t part = A(6) - t.bytes < WG_PAGE ? A(6) - t.bytes : WG_PAGE, done;
    status = read_part(k, &t, KR32(k, A(5) + 4 * i), part, &done);
    if (done < part) break;
  }
  if (t.bytes) status = STATUS_SUCCESS;
  tell_data(k, &t);
  wg_io_status(k, A(4), status, t.bytes);
  wg_file_signal(k, A(1));
  return status;
}
WG_CALL(NtWriteFile, 8) {
  struct transfer t = {.file = wg_file_of(k, A(0))};
  if (t.file == NULL) return STATUS_INVALID_HANDLE;
  uint32_t status = write_begin(k, &t, A(7));
  if (status == STATUS_SUCCESS) status = write_part(k, &t, A(5), A(6));
  if (status == STATUS_ACCESS_VIOLATION) return status;
  if (status == STATUS_SUCCESS) {
    t.file->position = t.at + t.bytes;
    t.file->node->time = wg_system_time(k->m);
  }
  tell_data(k, &t);
  wg_io_status(k, A(4), status, t.bytes);
  wg_file_signal(k, A(1));
  queue_completion(k, A(2), A(3), A(4));
  return status;
}
// As NtWriteFile from an array of page addresses.
WG_CALL(NtWriteFileGather, 8) {
  struct transfer t = {.file = wg_file_of(k, A(0))};
  if (t.file == NULL) return STATUS_INVALID_HANDLE;
  uint32_t status = write_begin(k, &t, A(7));
  for (uint32_t i = 0; t.bytes < A(6) && status == STATUS_SUCCESS; i++) {
    uint32_t part = A(6) - t.bytes < WG_PAGE ? A(6) - t.bytes : WG_PAGE;
    status = write_part(k, &t, KR32(k, A(5) + 4 * i), part);
  }
  if (status == STATUS_ACCESS_VIOLATION) return status;
  if (t.bytes) t.file->node->time = wg_system_time(k->m);
  tell_data(k, &t);
  wg_io_status(k, A(4), status, t.bytes);
  wg_file_signal(k, A(1));
  return status;
}
WG_CALL(NtFlushBuffersFile, 2) {
  return wg_io_status(k, A(1), wg_file_of(k, A(0)) ? STATUS_SUCCESS : STATUS_INVALID_HANDLE, 0);
}
