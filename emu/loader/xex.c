// XEX2 (docs/console.md#xex2).
#include "emu/loader/xex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/vec.h"
#include "emu/loader/elf.h"
#include "emu/loader/lzx.h"
#include "emu/loader/sha1.h"

#define MAX_IMAGE 0x10000000u

int wg_xex_short(const struct wg_src *s, uint64_t at, const char *what) {
  return wg_fail(s->err, WG_INPUT, "%s: offset 0x%llx: %s does not fit in the file of 0x%zx bytes", s->path,
                 (unsigned long long)at, what, s->n);
}

int wg_xex_cut(const struct wg_src *s, uint64_t needed) {
  return wg_fail(s->err, WG_INPUT, "%s: cut off: the file ends after %zu bytes, and its header alone has %llu", s->path,
                 s->n, (unsigned long long)needed);
}

// Where the optional header with this number lies.
#define OPTION(i) (WG_SIZEOF_XEX_HEADER + WG_SIZEOF_XEX_OPTION * (i))

bool wg_xex_option(const struct wg_buf *header, uint32_t key, uint32_t *value, uint32_t *offset) {
  const uint8_t *p = (const uint8_t *)header->data;
  if (header->len < WG_SIZEOF_XEX_HEADER) return false;
  uint32_t count = WG_LOAD(p, XEX_HEADER, COUNT);
  for (uint32_t i = 0; i < count && OPTION((uint64_t)i + 1) <= header->len; i++) {
    if (WG_LOAD(p + OPTION(i), XEX_OPTION, KEY) != key) continue;
    *value = WG_LOAD(p + OPTION(i), XEX_OPTION, VALUE);
    *offset = (key & 0xFF) <= 1 ? OPTION(i) + WG_AT_XEX_OPTION_VALUE : *value;
    return true;
  }
  return false;
}

// Normal compression: blocks of chunks of an LZX stream; each block begins with the size and digest of the next.
static int decompress_lzx(struct wg_image *img, const struct wg_src *s, const struct wg_xex_format *f,
                          const uint8_t *in, size_t n) {
  if (f->info_size < WG_SIZEOF_XEX_LZX) return wg_xex_short(s, f->info, "the LZX description");
  uint32_t window = WG_LOAD(s->p + f->info, XEX_LZX, WINDOW),
           size = WG_LOAD(s->p + f->info + WG_AT_XEX_LZX_FIRST, XEX_BLOCK, SIZE);
  struct wg_buf stream = {0};
  int code = WG_OK;
  for (size_t block = 0; size && code == WG_OK;) {
    size_t at = block + WG_SIZEOF_XEX_BLOCK, end = block + size;
    if (size < 26 || size > n - block) {
      code = wg_fail(s->err, WG_INPUT, "%s: an LZX block of 0x%x bytes at 0x%zx of the data, but 0x%zx are left",
                     s->path, size, block, n - block);
      break;
    }
    for (uint32_t chunk; end - at >= 2 && (chunk = wg_load_be16(in + at)) != 0; at += chunk) {
      at += 2;
      if (chunk > end - at) {
        code = wg_fail(s->err, WG_INPUT, "%s: an LZX chunk of 0x%x bytes at 0x%zx of the data leaves its block",
                       s->path, chunk, at);
        break;
      }
      wg_buf_add(&stream, in + at, chunk);
    }
    size = wg_load_be32(in + block);
    block = end;
  }
  size_t at = 0;
  unsigned bits = window ? 31 - (unsigned)__builtin_clz(window) : 0;
  const char *bad = NULL;
  if (code == WG_OK)
    bad = wg_lzx_decode_polled((const uint8_t *)stream.data, stream.len, bits, s->poll, img->data, img->size, &at);
  if (bad) code = wg_fail(s->err, WG_INPUT, "%s: LZX data, byte 0x%zx of 0x%zx: %s", s->path, at, stream.len, bad);
  wg_buf_release(&stream);
  return code;
}

static int decompress(struct wg_image *img, const struct wg_src *s, const struct wg_xex_format *f, const uint8_t *in,
                      size_t n) {
  if (f->compression == 0) {
    memcpy(img->data, in, n < img->size ? n : img->size);
    return WG_OK;
  }
  if (f->compression == 2) return decompress_lzx(img, s, f, in, n);
  uint64_t to = 0, from = 0;
  for (uint32_t at = f->info + WG_SIZEOF_XEX_FORMAT; at + WG_SIZEOF_XEX_BASIC <= f->info + f->info_size;
       at += WG_SIZEOF_XEX_BASIC) {
    uint32_t data = WG_LOAD(s->p + at, XEX_BASIC, DATA), zero = WG_LOAD(s->p + at, XEX_BASIC, ZEROS);
    if (data > n - from)
      return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: a compressed block of 0x%x bytes, but 0x%llx are left",
                     s->path, at, data, (unsigned long long)(n - from));
    if (to + data + zero > img->size)
      return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: blocks exceed the image size 0x%x", s->path, at, img->size);
    memcpy(img->data + to, in + from, data);
    from += data;
    to += (uint64_t)data + zero;
  }
  return WG_OK;
}

static bool looks_right(const struct wg_image *img) {
  return img->size >= WG_SIZEOF_DOS_HEADER && img->data[0] == 'M' && img->data[1] == 'Z';
}

// Bytes of data that there must be, as far as the header tells: with LZX only the size of the first block.
static uint64_t least_data(const struct wg_image *img, const struct wg_src *s, const struct wg_xex_format *f) {
  uint64_t sum = 0;
  if (f->compression == 0) return img->size;
  if (f->compression == 2)
    return f->info_size < WG_SIZEOF_XEX_LZX ? 0 : WG_LOAD(s->p + f->info + WG_AT_XEX_LZX_FIRST, XEX_BLOCK, SIZE);
  for (uint32_t at = f->info + WG_SIZEOF_XEX_FORMAT; at + WG_SIZEOF_XEX_BASIC <= f->info + f->info_size;
       at += WG_SIZEOF_XEX_BASIC)
    sum += WG_LOAD(s->p + at, XEX_BASIC, DATA);
  return sum;
}

static int check_whole(const struct wg_image *img, const struct wg_src *s, const struct wg_xex_format *f,
                       uint32_t data_at) {
  uint64_t least = least_data(img, s, f), n = s->n - data_at;
  if (f->encryption) n &= ~(uint64_t)15;
  if (n >= least) return WG_OK;
  return wg_fail(s->err, WG_INPUT, "%s: cut off: the file ends after %zu bytes, where at least %llu are needed",
                 s->path, s->n, data_at + (unsigned long long)least);
}

// Whether the data begin with the LZX block whose digest the header has: then the key is right, whatever follows.
static bool first_block_fits(const struct wg_src *s, const struct wg_xex_format *f, const uint8_t *data, size_t n) {
  uint8_t digest[20];
  if (f->compression != 2 || f->info_size < WG_SIZEOF_XEX_LZX) return false;
  uint32_t size = WG_LOAD(s->p + f->info + WG_AT_XEX_LZX_FIRST, XEX_BLOCK, SIZE);
  if (size == 0 || size > n) return false;
  wg_sha1(data, size, digest);
  return memcmp(digest, s->p + f->info + WG_AT_XEX_LZX_FIRST + WG_AT_XEX_BLOCK_DIGEST, sizeof digest) == 0;
}

struct packed {
  const struct wg_src *s;
  const struct wg_xex_format *f;
  uint32_t at, sec; // of the data, of the security info
};

static int unpack_with(struct wg_image *img, const struct packed *d, const uint8_t *key, bool *fits,
                       struct wg_err *err) {
  struct wg_src s = *d->s;
  size_t n = (s.n - d->at) & ~(size_t)15;
  uint8_t *plain = wg_xcalloc(n + 16, 1), session[16];
  int code = WG_INTERNAL;
  s.err = err;
  if (wg_xex_decrypt(key, s.p + d->sec + WG_AT_XEX_SECURITY_FILE_KEY, 16, session) &&
      wg_xex_decrypt(session, s.p + d->at, n, plain)) {
    memset(img->data, 0, img->size);
    *fits = first_block_fits(&s, d->f, plain, n);
    code = decompress(img, &s, d->f, plain, n);
  }
  free(plain);
  return code;
}

// With one of the keys, or why with none: the data are damaged where one fits, otherwise it is the key.
static int decrypt(struct wg_image *img, const struct packed *d, const struct wg_keys *keys) {
  struct wg_err *err = d->s->err;
  for (size_t i = 0; i < keys->n; i++) {
    struct wg_err why = {0};
    bool fits = false;
    if (unpack_with(img, d, keys->list[i], &fits, &why) == WG_OK && looks_right(img)) return WG_OK;
    if (fits) return wg_fail(err, WG_INPUT, "%s", why.code ? why.msg : "the image is no PE file");
  }
  return wg_fail(err, WG_INPUT,
                 "%s: encrypted with a key that is not known%s, or damaged. Only the all-zero development key is built "
                 "in; keys that protect retail titles are not shipped. Put yours into a file, 32 hexadecimal digits "
                 "a line, and name it with --keys FILE",
                 d->s->path, keys->named ? " (none of the key file's keys fits)" : "");
}

static int unpack(struct wg_image *img, const struct wg_src *s, const struct wg_xex_format *f, uint32_t data_at,
                  uint32_t sec, const struct wg_keys *keys) {
  WG_TRY(check_whole(img, s, f, data_at));
  if (f->encryption) return decrypt(img, &(struct packed){s, f, data_at, sec}, keys);
  WG_TRY(decompress(img, s, f, s->p + data_at, s->n - data_at));
  if (looks_right(img)) return WG_OK;
  return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: the image is no PE file (expected MZ)", s->path, data_at);
}

static int parse_library(struct wg_image *img, const struct wg_src *s, uint32_t at, const char *const *names,
                         size_t nnames, uint32_t *size) {
  if (!wg_src_has(s, at, WG_SIZEOF_XEX_LIBRARY)) return wg_xex_short(s, at, "an import library");
  *size = WG_LOAD(s->p + at, XEX_LIBRARY, SIZE);
  uint32_t name = WG_LOAD(s->p + at, XEX_LIBRARY, NAME) & 0xFF, count = WG_LOAD(s->p + at, XEX_LIBRARY, COUNT);
  if (!wg_src_has(s, at + WG_SIZEOF_XEX_LIBRARY, (uint64_t)count * 4) || *size < WG_SIZEOF_XEX_LIBRARY + count * 4)
    return wg_xex_short(s, at, "the records of an import library");
  if (name >= nnames)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: library name %u of %zu", s->path, at + WG_AT_XEX_LIBRARY_NAME,
                   name, nnames);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t addr = wg_load_be32(s->p + at + WG_SIZEOF_XEX_LIBRARY + 4 * i), off = addr - img->base;
    if (addr < img->base || off > img->size - 4 || img->size < 4)
      return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: import record 0x%08x lies outside the image", s->path,
                     at + WG_SIZEOF_XEX_LIBRARY + 4 * i, addr);
    uint32_t w = wg_load_be32(img->data + off), type = w >> 24;
    struct wg_import *last = img->nimports ? &img->imports[img->nimports - 1] : NULL;
    if (type == 1 && last && last->ordinal == (uint16_t)w && !last->function && last->slot) {
      if (off > img->size - 16)
        return wg_fail(s->err, WG_INPUT, "%s: import thunk 0x%08x lies outside the image", s->path, addr);
      last->function = true;
      last->thunk = addr;
      continue;
    }
    WG_VEC_NEXT(img->imports, img->nimports);
    struct wg_import *im = &img->imports[img->nimports++];
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): grown above
    *im = (struct wg_import){.ordinal = (uint16_t)w, .slot = type == 0 ? addr : 0};
    snprintf(im->library, sizeof im->library, "%s", names[name]);
    if (type == 1) {
      im->function = true;
      im->thunk = addr;
      if (off > img->size - 16)
        return wg_fail(s->err, WG_INPUT, "%s: import thunk 0x%08x lies outside the image", s->path, addr);
    }
  }
  return WG_OK;
}

static int parse_imports(struct wg_image *img, const struct wg_src *s) {
  uint32_t value, at;
  if (!wg_xex_option(&img->header, 0x000103FF, &value, &at)) return WG_OK;
  if (!wg_src_has(s, at, WG_SIZEOF_XEX_IMPORTS)) return wg_xex_short(s, at, "the import header");
  uint32_t size = WG_LOAD(s->p + at, XEX_IMPORTS, SIZE), bytes = WG_LOAD(s->p + at, XEX_IMPORTS, STRINGS_SIZE),
           count = WG_LOAD(s->p + at, XEX_IMPORTS, STRINGS);
  if (size < WG_SIZEOF_XEX_IMPORTS || !wg_src_has(s, at, size) || bytes > size - WG_SIZEOF_XEX_IMPORTS || count > 32)
    return wg_xex_short(s, at, "the import block");
  const char *names[32];
  size_t n = 0;
  for (uint32_t i = 0; i < bytes && n < count;) {
    const char *name = (const char *)s->p + at + WG_SIZEOF_XEX_IMPORTS + i;
    size_t len = strnlen(name, bytes - i);
    if (len == bytes - i) return wg_xex_short(s, at + WG_SIZEOF_XEX_IMPORTS + i, "a library name");
    for (size_t c = 0; c < len; c++)
      if (name[c] <= ' ' || name[c] > '~')
        return wg_fail(s->err, WG_INPUT, "%s: offset 0x%zx: a library name holds byte 0x%02x; expected printable ASCII",
                       s->path, at + WG_SIZEOF_XEX_IMPORTS + i + c, (uint8_t)name[c]);
    names[n++] = name;
    i += (uint32_t)(len + 4) & ~3u;
  }
  uint32_t pos = at + WG_SIZEOF_XEX_IMPORTS + bytes, end = at + size;
  while (pos < end) {
    uint32_t used = 0;
    WG_TRY(parse_library(img, s, pos, names, n, &used));
    if (used == 0 || used > end - pos) return wg_xex_short(s, pos, "an import library");
    pos += used;
  }
  return WG_OK;
}

int wg_xex_security(struct wg_image *img, const struct wg_src *s, uint32_t sec) {
  if (!wg_src_has(s, sec, WG_SIZEOF_XEX_SECURITY)) return wg_xex_short(s, sec, "the security info");
  img->size = WG_LOAD(s->p + sec, XEX_SECURITY, IMAGE_SIZE);
  img->image_flags = WG_LOAD(s->p + sec, XEX_SECURITY, IMAGE_FLAGS);
  img->base = WG_LOAD(s->p + sec, XEX_SECURITY, LOAD_ADDRESS);
  uint32_t count = WG_LOAD(s->p + sec, XEX_SECURITY, PAGES), value, at;
  if (wg_xex_option(&img->header, 0x00010201, &value, &at)) img->base = value;
  uint32_t page = img->base < 0x90000000u ? 0x10000 : 0x1000;
  if (img->size == 0 || img->size > MAX_IMAGE || img->base < 0x80000000u || img->base >= 0xA0000000u ||
      (img->base & 0x0FFFFFFF) + (uint64_t)img->size > MAX_IMAGE || img->base % page)
    return wg_fail(s->err, WG_INPUT,
                   "%s: offset 0x%x: image of 0x%x bytes at 0x%08x; expected at most 0x%x within "
                   "0x80000000-0x9fffffff",
                   s->path, sec + WG_AT_XEX_SECURITY_IMAGE_SIZE, img->size, img->base, MAX_IMAGE);
  if (count > 65536 || !wg_src_has(s, sec + WG_SIZEOF_XEX_SECURITY, (uint64_t)count * WG_SIZEOF_XEX_PAGES))
    return wg_xex_short(s, sec + WG_AT_XEX_SECURITY_PAGES, "the page descriptors");
  uint32_t addr = img->base;
  free(img->segments);
  img->nsegments = 0;
  img->segments = wg_xcalloc(count, sizeof *img->segments);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t w = wg_load_be32(s->p + sec + WG_SIZEOF_XEX_SECURITY + WG_SIZEOF_XEX_PAGES * i);
    uint64_t bytes = (uint64_t)(w >> 4) * page;
    if (bytes > img->size - (addr - img->base))
      return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: page descriptors exceed the image size 0x%x", s->path,
                     sec + WG_SIZEOF_XEX_SECURITY + WG_SIZEOF_XEX_PAGES * i, img->size);
    img->segments[img->nsegments++] = (struct wg_segment){addr, (uint32_t)bytes, w & 15};
    addr += (uint32_t)bytes;
  }
  return WG_OK;
}

int wg_xex_format(const struct wg_src *s, const struct wg_buf *header, unsigned most, struct wg_xex_format *f) {
  uint32_t value, at;
  *f = (struct wg_xex_format){0};
  if (!wg_xex_option(header, 0x000003FF, &value, &at)) return WG_OK;
  if (!wg_src_has(s, at, WG_SIZEOF_XEX_FORMAT)) return wg_xex_short(s, at, "the file format block");
  f->info = at;
  f->info_size = WG_LOAD(s->p + at, XEX_FORMAT, SIZE);
  f->encryption = (uint16_t)WG_LOAD(s->p + at, XEX_FORMAT, ENCRYPTION);
  f->compression = (uint16_t)WG_LOAD(s->p + at, XEX_FORMAT, COMPRESSION);
  if (f->info_size < WG_SIZEOF_XEX_FORMAT || !wg_src_has(s, at, f->info_size))
    return wg_xex_short(s, at, "the file format block");
  if (f->encryption > 1)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: encryption type %u; expected 0 or 1", s->path,
                   at + WG_AT_XEX_FORMAT_ENCRYPTION, f->encryption);
  if (f->compression > most)
    return wg_fail(s->err, WG_INPUT,
                   "%s: offset 0x%x: compression type %u (%s); expected 0 (none), 1 (basic) or 2 (LZX)", s->path,
                   at + WG_AT_XEX_FORMAT_COMPRESSION, f->compression, f->compression == 3 ? "delta patch" : "unknown");
  return WG_OK;
}

static void parse_options(struct wg_image *img, const struct wg_src *s) {
  uint32_t value, at;
  const struct wg_buf *h = &img->header;
  if (wg_xex_option(h, 0x00010100, &value, &at)) img->entry = value;
  img->stack_size = wg_xex_option(h, 0x00020200, &value, &at) ? value : 0x40000;
  if (wg_xex_option(h, 0x00030000, &value, &at)) img->system_flags = value;
  if (wg_xex_option(h, 0x00040006, &value, &at) && wg_src_has(s, at, WG_SIZEOF_XEX_EXECUTION))
    img->title_id = WG_LOAD(s->p + at, XEX_EXECUTION, TITLE_ID);
  if (wg_xex_option(h, 0x00020104, &value, &at) && wg_src_has(s, at, WG_SIZEOF_XEX_TLS)) {
    img->tls_slots = WG_LOAD(s->p + at, XEX_TLS, SLOTS);
    img->tls_data = WG_LOAD(s->p + at, XEX_TLS, DATA);
    img->tls_size = WG_LOAD(s->p + at, XEX_TLS, SIZE);
    img->tls_raw = WG_LOAD(s->p + at, XEX_TLS, RAW);
  }
  if (wg_xex_option(h, 0x000183FF, &value, &at) && wg_src_has(s, at, 4)) {
    uint32_t n = wg_load_be32(s->p + at);
    if (n >= 4 && wg_src_has(s, at, n))
      snprintf(img->pe_name, sizeof img->pe_name, "%.*s", (int)(n - 4), (const char *)s->p + at + 4);
    for (char *c = img->pe_name; *c; c++)
      if (*c < ' ' || *c > '~') *c = '?'; // it is printed
  }
}

// Exports by ordinal: a table in the image, and an offset from its base for each.
static int parse_ordinals(struct wg_image *img, const struct wg_src *s, uint32_t sec) {
  uint32_t table = WG_LOAD(s->p + sec, XEX_SECURITY, EXPORTS);
  if (table == 0) return WG_OK;
  const uint8_t *p = wg_image_at(img, table, WG_SIZEOF_XEX_EXPORTS);
  uint32_t count = p ? WG_LOAD(p, XEX_EXPORTS, COUNT) : 0, first = p ? WG_LOAD(p, XEX_EXPORTS, FIRST) : 0;
  uint32_t base = p ? WG_LOAD(p, XEX_EXPORTS, BASE) << 16 : 0;
  if (p == NULL || count > 65536 || first > 65535 || wg_image_at(img, table, WG_SIZEOF_XEX_EXPORTS + 4 * count) == NULL)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: export table 0x%08x of %u entries leaves the image", s->path,
                   sec + WG_AT_XEX_SECURITY_EXPORTS, table, count);
  img->symbols = wg_xcalloc(count, sizeof *img->symbols);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t offset = wg_load_be32(p + WG_SIZEOF_XEX_EXPORTS + 4 * i);
    if (offset && first + i <= 65535)
      img->symbols[img->nsymbols++] = (struct wg_symbol){(uint16_t)(first + i), base + offset, 0};
  }
  return WG_OK;
}

// Exports by name: a PE export directory (little-endian) whose tables are counted from its own start.
static int parse_names(struct wg_image *img, const struct wg_src *s) {
  uint32_t value, at;
  if (!wg_xex_option(&img->header, 0x00E10402, &value, &at)) return WG_OK;
  if (!wg_src_has(s, at, WG_SIZEOF_XEX_NAMED_EXPORTS)) return wg_xex_short(s, at, "the export directory's place");
  uint32_t offset = WG_LOAD(s->p + at, XEX_NAMED_EXPORTS, OFFSET), size = WG_LOAD(s->p + at, XEX_NAMED_EXPORTS, SIZE);
  const uint8_t *d = offset < img->size ? wg_image_at(img, img->base + offset, size) : NULL;
  uint32_t functions = 0, names = 0;
  bool fits = d && size >= WG_SIZEOF_PE_EXPORTS;
  if (fits) {
    functions = WG_LOAD_LE(d, PE_EXPORTS, FUNCTIONS), names = WG_LOAD_LE(d, PE_EXPORTS, NAMES);
    fits = functions <= 65536 && names <= 65536;
  }
  if (fits) {
    uint64_t table = WG_LOAD_LE(d, PE_EXPORTS, FUNCTION_TABLE), text = WG_LOAD_LE(d, PE_EXPORTS, NAME_TABLE),
             order = WG_LOAD_LE(d, PE_EXPORTS, ORDER_TABLE);
    fits = table + 4ull * functions <= size && text + 4ull * names <= size && order + 2ull * names <= size;
    WG_VEC_SET(img->symbols, img->nsymbols + names);
    for (uint32_t i = 0; i < names && fits; i++) {
      uint32_t name = wg_load_le32(d + text + 4 * i), index = wg_load_le16(d + order + 2 * i);
      fits = index < functions && name < size && memchr(d + name, 0, size - name);
      if (fits)
        img->symbols[img->nsymbols++] =
            (struct wg_symbol){0, img->base + wg_load_le32(d + table + 4 * index), img->base + offset + name};
    }
  }
  if (fits) return WG_OK;
  return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: the export directory at 0x%x, of 0x%x bytes, is malformed",
                 s->path, at, offset, size);
}

#define PDATA (WG_AT_PE_HEADER_DIRECTORIES + 3 * WG_SIZEOF_PE_DIRECTORY)
// The PE header's exception directory; a title without a sound one has no function table.
static void find_pdata(struct wg_image *img) {
  const uint8_t *dos = wg_image_at(img, img->base, WG_SIZEOF_DOS_HEADER);
  uint32_t at = dos ? WG_LOAD_LE(dos, DOS_HEADER, NEW) : 0;
  const uint8_t *pe = at < img->size ? wg_image_at(img, img->base + at, PDATA + WG_SIZEOF_PE_DIRECTORY) : NULL;
  img->pdata = img->pdata_size = 0;
  if (pe == NULL || memcmp(pe, "PE\0\0", 4) != 0 || WG_LOAD_LE(pe, PE_HEADER, DIRECTORY_COUNT) < 4) return;
  uint32_t offset = WG_LOAD_LE(pe + PDATA, PE_DIRECTORY, ADDRESS), size = WG_LOAD_LE(pe + PDATA, PE_DIRECTORY, SIZE);
  if (offset == 0 || offset >= img->size || wg_image_at(img, img->base + offset, size) == NULL) return;
  img->pdata = img->base + offset;
  img->pdata_size = size;
}

int wg_xex_finish(struct wg_image *img, const struct wg_src *s) {
  free(img->imports);
  free(img->symbols);
  img->imports = NULL;
  img->symbols = NULL;
  img->nimports = img->nsymbols = 0;
  parse_options(img, s);
  if (img->tls_slots > 1024 || img->tls_size > 0x100000 || img->stack_size > 0x1000000)
    return wg_fail(s->err, WG_INPUT, "%s: TLS or stack size is out of range (slots %u, data 0x%x, stack 0x%x)", s->path,
                   img->tls_slots, img->tls_size, img->stack_size);
  // A library may have no start-up code.
  bool none = img->entry == 0 && (img->module_flags & WG_MODULE_DLL);
  if (!none && (img->entry < img->base || img->entry - img->base >= img->size))
    return wg_fail(s->err, WG_INPUT, "%s: entry point 0x%08x lies outside the image", s->path, img->entry);
  find_pdata(img);
  WG_TRY(parse_imports(img, s));
  WG_TRY(parse_ordinals(img, s, WG_LOAD(s->p, XEX_HEADER, SECURITY)));
  return parse_names(img, s);
}

static int load_xex(struct wg_image *img, const struct wg_src *s, const struct wg_keys *keys) {
  if (!wg_src_has(s, 0, WG_SIZEOF_XEX_HEADER)) return wg_xex_cut(s, WG_SIZEOF_XEX_HEADER);
  uint32_t data_at = WG_LOAD(s->p, XEX_HEADER, SIZE), sec = WG_LOAD(s->p, XEX_HEADER, SECURITY),
           count = WG_LOAD(s->p, XEX_HEADER, COUNT);
  if (data_at > s->n && data_at <= WG_XEX_MAX_HEADER) return wg_xex_cut(s, data_at);
  if (data_at < WG_SIZEOF_XEX_HEADER || data_at > WG_XEX_MAX_HEADER)
    return wg_xex_short(s, WG_AT_XEX_HEADER_SIZE, "the header size");
  if (OPTION((uint64_t)count) > data_at) return wg_xex_short(s, WG_AT_XEX_HEADER_COUNT, "the optional header table");
  img->xex = true;
  img->module_flags = WG_LOAD(s->p, XEX_HEADER, FLAGS);
  if (img->module_flags & WG_MODULE_PATCH)
    return wg_fail(s->err, WG_INPUT,
                   "%s: offset 0x4: a patch, which is applied to its title: wedge record TITLE --patch %s", s->path,
                   s->path);
  wg_buf_add(&img->header, s->p, data_at);
  WG_TRY(wg_xex_security(img, s, sec));
  struct wg_xex_format f;
  WG_TRY(wg_xex_format(s, &img->header, 2, &f));
  img->encryption = f.encryption;
  img->compression = f.compression;
  img->data = wg_xcalloc(img->size, 1);
  WG_TRY(unpack(img, s, &f, data_at, sec, keys));
  return wg_xex_finish(img, s);
}

int wg_image_load(struct wg_image *img, const char *path, const void *data, size_t n, const struct wg_keys *keys,
                  struct wg_err *err) {
  return wg_image_load_polled(img, path, data, n, keys, NULL, err);
}

int wg_image_load_polled(struct wg_image *img, const char *path, const void *data, size_t n, const struct wg_keys *keys,
                         const struct wg_poll *poll, struct wg_err *err) {
  struct wg_src s = {path, data, n, err, poll};
  *img = (struct wg_image){0};
  int code;
  if (n >= 4 && memcmp(data, "XEX2", 4) == 0)
    code = load_xex(img, &s, wg_xex_keys(keys));
  else if (n >= 4 && memcmp(data,
                            "\x7F"
                            "ELF",
                            4) == 0)
    code = wg_elf_load(img, path, data, n, err);
  else
    code = wg_fail(err, WG_INPUT, "%s: offset 0x0: neither XEX2 nor ELF; expected the magic \"XEX2\"%s", path,
                   n >= 4 && memcmp(data, "XEX1", 4) == 0 ? " (XEX1 is not supported)" : "");
  if (code != WG_OK) wg_image_release(img);
  return code;
}
