// What libmspack makes of an LZX stream, which is written as the patch of an offline address book.
#ifndef WG_TESTS_MSPACK_H
#define WG_TESTS_MSPACK_H

#include <mspack.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/file.h"
#include "tests/scratch.h"
#include "tests/suite.h"

// What libmspack makes of a stream with a dictionary: `all` is that and the data, of which the patch has the checksum.
static inline void mspack_makes(const struct wg_buf *packed, const struct wg_buf *frames, const uint8_t *all,
                                uint32_t before, uint32_t after, struct wg_buf *out) {
  struct wg_buf patch = {0};
  struct wg_err err = {0};
  size_t from = 0;
  uint32_t crc = 0xFFFFFFFFu;
  for (size_t i = before; i < before + after; i++) {
    crc ^= all[i];
    for (int b = 0; b < 8; b++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  const uint32_t head[] = {3,     2,      65536, before, after, 0, 0, (uint32_t)(packed->len + frames->len / 2),
                           after, before, crc};
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
    uint8_t w[4];
    wg_store_le32(w, head[i]);
    wg_buf_add(&patch, w, 4);
  }
  for (size_t i = 0; i < frames->len; i += 4) {
    uint32_t n;
    memcpy(&n, frames->data + i, 4);
    wg_buf_add(&patch, "\0", 2);
    wg_buf_add(&patch, packed->data + from, n);
    from += n;
  }
  char names[3][200];
  static const char *const leaves[] = {"base", "patch", "made"};
  for (int i = 0; i < 3; i++) snprintf(names[i], sizeof names[i], "%s/%s", scratch_dir(), leaves[i]);
  CU_ASSERT_EQUAL_FATAL(wg_file_write(names[0], all, before, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_file_write(names[1], patch.data, patch.len, &err), WG_OK);
  struct msoab_decompressor *d = mspack_create_oab_decompressor(NULL);
  CU_ASSERT_EQUAL(d->decompress_incremental(d, names[1], names[0], names[2]), MSPACK_ERR_OK);
  mspack_destroy_oab_decompressor(d);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(names[2], 1 << 20, out, &err), WG_OK);
  wg_buf_release(&patch);
}

#endif
