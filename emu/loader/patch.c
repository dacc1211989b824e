// Delta patches (.xexp, docs/console.md#xex2): the header of the new version as a difference to the old one's, then the
// image, in blocks of records {old address, new address, size, compressed size}, in the patch's own encryption.
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/vec.h"
#include "emu/loader/lzx.h"
#include "emu/loader/sha1.h"
#include "emu/loader/xex.h"

#define DESCRIPTOR 0x000005FFu
#define RECORD ((uint32_t)WG_SIZEOF_XEX_RECORD)
#define BLOCK_HEAD 24u
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define UNCHECKED true // no fuzzer guesses a digest
#else
#define UNCHECKED false
#endif

struct delta {
  struct wg_src s;
  uint32_t at; // the descriptor
  struct wg_xex_format format;
  uint32_t sec, data; // the patch's own security info, and its blocks
  unsigned bits;
};

static uint32_t field(const struct delta *d, uint32_t offset) { return wg_load_be32(d->s.p + d->at + offset); }

#define FIELD(d, f) field(d, WG_AT_XEX_DELTA_##f)

static int record_bad(const struct delta *d, size_t at, const char *where, const char *what) {
  return wg_fail(d->s.err, WG_INPUT, "%s: %s 0x%zx: %s", d->s.path, where, at, what);
}

// One record at p[*at]: the bytes at `new` become zeros, a copy of those at `old`, or what LZX makes with those at
// `old` as its dictionary. *last says that it was the end mark.
static int apply_record(const struct delta *d, const uint8_t *p, size_t n, size_t *at, const char *where, uint8_t *to,
                        size_t size, bool *last) {
  *last = n - *at < RECORD;
  if (*last) return WG_OK;
  uint32_t old = WG_LOAD(p + *at, XEX_RECORD, FROM), new = WG_LOAD(p + *at, XEX_RECORD, TO);
  uint32_t length = WG_LOAD(p + *at, XEX_RECORD, LENGTH), packed = WG_LOAD(p + *at, XEX_RECORD, PACKED);
  *last = old == 0 && new == 0 && length == 0 && packed == 0;
  if (*last) return WG_OK;
  size_t here = *at;
  *at += RECORD;
  if (new > size || length > size - new) return record_bad(d, here, where, "the record's target leaves the image");
  if (packed == 0) {
    memset(to + new, 0, length);
    return WG_OK;
  }
  if (old > size || length > size - old) return record_bad(d, here, where, "the record's source leaves the image");
  if (packed == 1) {
    memmove(to + new, to + old, length);
    return WG_OK;
  }
  if (packed > n - *at) return record_bad(d, here, where, "the record leaves its block");
  // Source and target may overlap.
  uint8_t *before = wg_xcalloc(length + 1u, 1);
  memcpy(before, to + old, length);
  size_t used;
  const char *bad = wg_lzx_decode_after(p + *at, packed, d->bits, before, length, to + new, length, &used);
  free(before);
  *at += packed;
  return bad ? record_bad(d, here, where, bad) : WG_OK;
}

static int read_patch(struct delta *d) {
  const struct wg_src *s = &d->s;
  if (!wg_src_has(s, 0, WG_SIZEOF_XEX_HEADER) || memcmp(s->p, "XEX2", 4) != 0)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x0: expected a XEX2 patch", s->path);
  d->data = WG_LOAD(s->p, XEX_HEADER, SIZE);
  d->sec = WG_LOAD(s->p, XEX_HEADER, SECURITY);
  if (d->data > s->n && d->data <= WG_XEX_MAX_HEADER) return wg_xex_cut(s, d->data);
  if (d->data < WG_SIZEOF_XEX_HEADER || d->data > WG_XEX_MAX_HEADER)
    return wg_xex_short(s, WG_AT_XEX_HEADER_SIZE, "the header size");
  if (!wg_src_has(s, d->sec, WG_SIZEOF_XEX_SECURITY)) return wg_xex_short(s, d->sec, "the security info");
  struct wg_buf header = {.data = (char *)(uintptr_t)s->p, .len = d->data};
  uint32_t value;
  if (!wg_xex_option(&header, DESCRIPTOR, &value, &d->at))
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x14: no delta patch (it has no header 0x5ff)", s->path);
  if (!wg_src_has(s, d->at, WG_SIZEOF_XEX_DELTA + RECORD)) return wg_xex_short(s, d->at, "the delta descriptor");
  WG_TRY(wg_xex_format(s, &header, 3, &d->format));
  if (d->format.compression != 3 || d->format.info_size < 8 + 4 + BLOCK_HEAD)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: compression type %u; a patch has 3 (delta)", s->path,
                   d->format.info + 6, d->format.compression);
  uint32_t window = WG_LOAD(s->p + d->format.info, XEX_LZX, WINDOW);
  d->bits = window ? 31 - (unsigned)__builtin_clz(window) : 0;
  return WG_OK;
}

// A part of the old version is moved first, within `capacity` bytes; what lies behind the new end is zero.
static int move_part(const struct delta *d, uint32_t fields, uint8_t *p, size_t capacity, size_t end) {
  uint32_t from = field(d, fields), n = field(d, fields + 4), to = field(d, fields + 8);
  if (from > capacity || n > capacity - from || to > capacity || n > capacity - to)
    return wg_fail(d->s.err, WG_INPUT, "%s: offset 0x%x: moves 0x%x bytes from 0x%x to 0x%x, out of 0x%zx", d->s.path,
                   d->at + fields, n, from, to, capacity);
  if (from) memmove(p + to, p + from, n);
  memset(p + end, 0, capacity - end);
  return WG_OK;
}

static int patch_header(struct delta *d, const struct wg_buf *old, struct wg_buf *header) {
  const struct wg_src *s = &d->s;
  uint64_t moved = (uint64_t)FIELD(d, HEADER_LENGTH) + FIELD(d, HEADER_TO);
  uint64_t size = FIELD(d, HEADER_SIZE) ? FIELD(d, HEADER_SIZE) : moved;
  if (size < WG_SIZEOF_XEX_HEADER || size > WG_XEX_MAX_HEADER)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: the target's header has 0x%llx bytes", s->path,
                   d->at + WG_AT_XEX_DELTA_HEADER_SIZE, (unsigned long long)size);
  size_t capacity = size > old->len ? size : old->len;
  wg_buf_reserve(header, capacity);
  memset(header->data, 0, capacity);
  memcpy(header->data, old->data, old->len);
  header->len = size;
  WG_TRY(move_part(d, WG_AT_XEX_DELTA_HEADER_FROM, (uint8_t *)header->data, capacity, size));
  size_t at = 0, n = RECORD + wg_load_be16(s->p + d->at + WG_SIZEOF_XEX_DELTA + WG_AT_XEX_RECORD_PACKED);
  if (!wg_src_has(s, d->at + WG_SIZEOF_XEX_DELTA, n))
    return wg_xex_short(s, d->at + WG_SIZEOF_XEX_DELTA, "the header's record");
  bool last;
  WG_TRY(apply_record(d, s->p + d->at + WG_SIZEOF_XEX_DELTA, n, &at, "record of the header, byte",
                      (uint8_t *)header->data, size, &last));
  if (memcmp(header->data, "XEX2", 4) != 0)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: the patched header is none: it was made for another version",
                   s->path, d->at + WG_SIZEOF_XEX_DELTA);
  return WG_OK;
}

// The key that protects the title is the one under which the old and the new version agree with the patch; `session`
// becomes the patch's own.
static int find_key(const struct delta *d, const uint8_t *old, const uint8_t *new, const struct wg_keys *keys,
                    uint8_t session[16]) {
  for (size_t i = 0; i < keys->n; i++) {
    uint8_t was[16], is[16], named[16];
    const uint8_t *key = keys->list[i];
    if (wg_xex_decrypt(key, old, 16, was) && wg_xex_decrypt(key, new, 16, is) &&
        wg_xex_decrypt(is, d->s.p + d->at + WG_AT_XEX_DELTA_SOURCE_KEY, 16, named) && memcmp(was, named, 16) == 0 &&
        wg_xex_decrypt(is, d->s.p + d->sec + WG_AT_XEX_SECURITY_FILE_KEY, 16, session))
      return WG_OK;
  }
  return wg_fail(d->s.err, WG_INPUT,
                 "%s: offset 0x%x: the old version's key is not the one that the patch names: it was made for another "
                 "title or version, or is protected with a key that is not known (--keys FILE)",
                 d->s.path, d->at + WG_AT_XEX_DELTA_SOURCE_KEY);
}

static int patch_blocks(const struct delta *d, const uint8_t *in, size_t n, uint8_t *image, size_t capacity) {
  const uint8_t *head = d->s.p + d->format.info + 12;
  for (size_t block = 0, size; (size = wg_load_be32(head)) != 0; head = in + block, block += size) {
    uint8_t digest[20];
    if (size < BLOCK_HEAD || size > n - block)
      return wg_fail(d->s.err, WG_INPUT, "%s: a block of 0x%zx bytes at 0x%zx of the data, but 0x%zx are left",
                     d->s.path, size, block, n - block);
    wg_sha1(in + block, size, digest);
    if (!UNCHECKED && memcmp(digest, head + WG_AT_XEX_BLOCK_DIGEST, 20) != 0)
      return wg_fail(d->s.err, WG_INPUT,
                     "%s: the block of 0x%zx bytes at 0x%zx of the data does not have the SHA-1 that "
                     "is recorded for it",
                     d->s.path, size, block);
    bool last = false;
    for (size_t at = block + BLOCK_HEAD; !last;)
      WG_TRY(apply_record(d, in, block + size, &at, "record at data byte", image, capacity, &last));
  }
  return WG_OK;
}

static int patch_image(const struct delta *d, const uint8_t session[16], uint8_t *image, size_t capacity, size_t end) {
  WG_TRY(move_part(d, WG_AT_XEX_DELTA_IMAGE_FROM, image, capacity, end));
  const uint8_t *in = d->s.p + d->data;
  size_t n = d->s.n - d->data;
  if (d->format.encryption == 0) return patch_blocks(d, in, n, image, capacity);
  n &= ~(size_t)15;
  uint8_t *plain = wg_xcalloc(n + 16, 1);
  int code = WG_INTERNAL;
  if (wg_xex_decrypt(session, in, n, plain)) code = patch_blocks(d, plain, n, image, capacity);
  free(plain);
  return code;
}

static int apply(struct delta *d, struct wg_image *img, struct wg_buf *header, const struct wg_keys *keys) {
  WG_TRY(read_patch(d));
  const uint8_t *was = (const uint8_t *)img->header.data;
  uint32_t old_sec = WG_LOAD(was, XEX_HEADER, SECURITY);
  uint8_t digest[20], session[16];
  if (old_sec > img->header.len || img->header.len - old_sec < WG_SIZEOF_XEX_SECURITY)
    return wg_fail(d->s.err, WG_INPUT, "%s: cannot be applied: the title's security info lies outside its header",
                   d->s.path);
  wg_sha1(was + old_sec + WG_AT_XEX_SECURITY_SIGNATURE, WG_WIDTH_XEX_SECURITY_SIGNATURE, digest);
  if (memcmp(digest, d->s.p + d->at + WG_AT_XEX_DELTA_SOURCE_DIGEST, 20) != 0)
    return wg_fail(d->s.err, WG_INPUT,
                   "%s: offset 0x%x: made for a version with another signature (from version 0x%08x)", d->s.path,
                   d->at + WG_AT_XEX_DELTA_SOURCE_DIGEST, FIELD(d, SOURCE_VERSION));
  WG_TRY(patch_header(d, &img->header, header));
  if (header->data == NULL) return WG_INTERNAL; // patch_header filled it
  const struct wg_src new = {d->s.path, (const uint8_t *)header->data, header->len, d->s.err, NULL};
  uint32_t sec = WG_LOAD(new.p, XEX_HEADER, SECURITY), old_size = img->size;
  if (!wg_src_has(&new, sec, WG_SIZEOF_XEX_SECURITY)) return wg_xex_short(&new, sec, "the new security info");
  WG_TRY(find_key(d, was + old_sec + WG_AT_XEX_SECURITY_FILE_KEY, new.p + sec + WG_AT_XEX_SECURITY_FILE_KEY, keys,
                  session));
  struct wg_buf swap = img->header;
  img->header = *header;
  *header = swap;
  WG_TRY(wg_xex_security(img, &new, sec));
  size_t capacity = img->size > old_size ? img->size : old_size;
  WG_VEC_MOVE(img->data, capacity);
  memset(img->data + old_size, 0, capacity - old_size);
  WG_TRY(patch_image(d, session, img->data, capacity, img->size));
  if (img->size < WG_SIZEOF_DOS_HEADER || memcmp(img->data, "MZ", 2) != 0)
    return wg_fail(d->s.err, WG_INPUT, "%s: the patched image is no PE file (expected MZ)", d->s.path);
  img->module_flags = WG_LOAD(new.p, XEX_HEADER, FLAGS);
  return wg_xex_finish(img, &new);
}

int wg_image_patch(struct wg_image *img, const char *path, const void *data, size_t n, const struct wg_keys *keys,
                   struct wg_err *err) {
  struct delta d = {.s = {.path = path, .p = data, .n = n, .err = err}};
  struct wg_buf header = {0};
  if (!img->xex) return wg_fail(err, WG_INPUT, "%s: a patch is for XEX2 files; the title is none", path);
  int code = apply(&d, img, &header, wg_xex_keys(keys));
  wg_buf_release(&header);
  return code;
}
