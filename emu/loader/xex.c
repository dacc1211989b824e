// XEX2 (REFERENCE (a)).
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emu/loader/lzx.h"
#include "base/endian.h"
#include "base/file.h"
#include "emu/loader/elf.h"

#define MAX_IMAGE 0x10000000u
#define MAX_HEADER 0x1000000u

struct src {
  const char *path;
  const uint8_t *p;
  size_t n;
  struct wg_err *err;
};

static bool has(const struct src *s, uint64_t at, uint64_t n) { return at <= s->n && n <= s->n - at; }

static int short_file(const struct src *s, uint64_t at, const char *what) {
  return wg_fail(s->err, WG_INPUT, "%s: offset 0x%llx: %s does not fit in the file of 0x%zx bytes", s->path,
                 (unsigned long long)at, what, s->n);
}

bool wg_xex_option(const struct wg_buf *header, uint32_t key, uint32_t *value, uint32_t *offset) {
  const uint8_t *p = (const uint8_t *)header->data;
  if (header->len < 0x18) return false;
  uint32_t count = wg_load_be32(p + 0x14);
  for (uint32_t i = 0; i < count && 0x18 + 8 * (uint64_t)(i + 1) <= header->len; i++) {
    if (wg_load_be32(p + 0x18 + 8 * i) != key) continue;
    *value = wg_load_be32(p + 0x1C + 8 * i);
    *offset = (key & 0xFF) <= 1 ? 0x1C + 8 * i : *value;
    return true;
  }
  return false;
}

static int decrypt_cbc(const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out) {
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  int done = 0, ok = 1;
  static const uint8_t iv[16];
  ok &= EVP_DecryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv);
  ok &= EVP_CIPHER_CTX_set_padding(ctx, 0);
  ok &= EVP_DecryptUpdate(ctx, out, &done, in, (int)n);
  EVP_CIPHER_CTX_free(ctx);
  return ok && (size_t)done == n;
}

// A key file holds one AES-128 key a line, 32 hexadecimal digits; '#' begins a comment.
static int read_keys(const char *path, uint8_t (**keys)[16], size_t *n, struct wg_err *err) {
  struct wg_buf b = {0};
  WG_TRY(wg_file_read(path, 1 << 20, &b, err));
  unsigned line = 0;
  int code = WG_OK;
  for (char *p = b.data, *next; p && *p && code == WG_OK; p = next) {
    line++;
    next = strchr(p, '\n');
    if (next) *next++ = 0;
    p += strspn(p, " \t\r");
    if (*p == 0 || *p == '#') continue;
    *keys = wg_xrealloc(*keys, (*n + 1) * 16);
    for (int i = 0; i < 16 && code == WG_OK; i++) {
      unsigned v;
      if (strspn(p, "0123456789abcdefABCDEF") < 2 || sscanf(p, "%2x", &v) != 1)
        code = wg_fail(err, WG_INPUT, "%s:%u: expected 32 hexadecimal digits or a comment", path, line);
      else
        (*keys)[*n][i] = (uint8_t)v;
      p += 2;
    }
    (*n)++;
  }
  wg_buf_release(&b);
  return code;
}

struct format {
  uint16_t encryption, compression;
  uint32_t info, info_size; // offset and size of the whole block
};

// Normal compression: blocks of chunks of an LZX stream; each block begins with the size and digest of the next.
static int decompress_lzx(struct wg_image *img, const struct src *s, const struct format *f, const uint8_t *in,
                          size_t n) {
  if (f->info_size < 8 + 4 + 24) return short_file(s, f->info, "the LZX description");
  uint32_t window = wg_load_be32(s->p + f->info + 8), size = wg_load_be32(s->p + f->info + 12);
  struct wg_buf stream = {0};
  int code = WG_OK;
  for (size_t block = 0; size && code == WG_OK;) {
    size_t at = block + 24, end = block + size;
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
  if (code == WG_OK) bad = wg_lzx_decode((const uint8_t *)stream.data, stream.len, bits, img->data, img->size, &at);
  if (bad) code = wg_fail(s->err, WG_INPUT, "%s: LZX data, byte 0x%zx of 0x%zx: %s", s->path, at, stream.len, bad);
  wg_buf_release(&stream);
  return code;
}

static int decompress(struct wg_image *img, const struct src *s, const struct format *f, const uint8_t *in, size_t n) {
  if (f->compression == 0) {
    memcpy(img->data, in, n < img->size ? n : img->size);
    return WG_OK;
  }
  if (f->compression == 2) return decompress_lzx(img, s, f, in, n);
  uint64_t to = 0, from = 0;
  for (uint32_t at = f->info + 8; at + 8 <= f->info + f->info_size; at += 8) {
    uint32_t data = wg_load_be32(s->p + at), zero = wg_load_be32(s->p + at + 4);
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
  return img->size >= 0x40 && img->data[0] == 'M' && img->data[1] == 'Z';
}

static int unpack_with(struct wg_image *img, const struct src *s, const struct format *f, const uint8_t *key,
                       uint32_t data_at, uint32_t sec) {
  size_t n = s->n - data_at;
  if (key == NULL) return decompress(img, s, f, s->p + data_at, n);
  uint8_t session[16];
  n &= ~(size_t)15;
  uint8_t *plain = wg_xcalloc(n + 16, 1);
  int code = WG_INTERNAL;
  if (decrypt_cbc(key, s->p + sec + 0x150, 16, session) && decrypt_cbc(session, s->p + data_at, n, plain)) {
    memset(img->data, 0, img->size);
    code = decompress(img, s, f, plain, n);
  }
  free(plain);
  return code;
}

static int unpack(struct wg_image *img, const struct src *s, const struct format *f, uint32_t data_at, uint32_t sec,
                  const char *key_file) {
  static const uint8_t development[16];
  if (f->encryption == 0) {
    WG_TRY(unpack_with(img, s, f, NULL, data_at, sec));
    if (looks_right(img)) return WG_OK;
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: the image is no PE file (expected MZ)", s->path, data_at);
  }
  struct wg_err first = {0};
  struct src quiet = *s;
  quiet.err = &first;
  if (unpack_with(img, &quiet, f, development, data_at, sec) == WG_OK && looks_right(img)) return WG_OK;
  uint8_t(*keys)[16] = NULL;
  size_t n = 0;
  int code = key_file ? read_keys(key_file, &keys, &n, s->err) : WG_OK;
  bool ok = false;
  for (size_t i = 0; i < n && code == WG_OK && !ok; i++)
    ok = unpack_with(img, &quiet, f, keys[i], data_at, sec) == WG_OK && looks_right(img);
  free(keys);
  if (code != WG_OK || ok) return code;
  return wg_fail(s->err, WG_INPUT,
                 "%s: encrypted with a key that is not known%s. Only the all-zero development key is built in; "
                 "keys that protect retail titles are not shipped. Put yours into a file, 32 hexadecimal digits "
                 "a line, and name it with --keys FILE",
                 s->path, key_file ? " (none of the key file's keys fits)" : "");
}

static int parse_library(struct wg_image *img, const struct src *s, uint32_t at, const char *const *names,
                         size_t nnames, uint32_t *size) {
  if (!has(s, at, 0x28)) return short_file(s, at, "an import library");
  *size = wg_load_be32(s->p + at);
  uint32_t name = wg_load_be16(s->p + at + 0x24) & 0xFF, count = wg_load_be16(s->p + at + 0x26);
  if (!has(s, at + 0x28, (uint64_t)count * 4) || *size < 0x28 + count * 4)
    return short_file(s, at, "the records of an import library");
  if (name >= nnames)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: library name %u of %zu", s->path, at + 0x24, name, nnames);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t addr = wg_load_be32(s->p + at + 0x28 + 4 * i), off = addr - img->base;
    if (addr < img->base || off > img->size - 4 || img->size < 4)
      return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: import record 0x%08x lies outside the image", s->path,
                     at + 0x28 + 4 * i, addr);
    uint32_t w = wg_load_be32(img->data + off), type = w >> 24;
    struct wg_import *last = img->nimports ? &img->imports[img->nimports - 1] : NULL;
    if (type == 1 && last && last->ordinal == (uint16_t)w && !last->function && last->slot) {
      if (off > img->size - 16)
        return wg_fail(s->err, WG_INPUT, "%s: import thunk 0x%08x lies outside the image", s->path, addr);
      last->function = true;
      last->thunk = addr;
      continue;
    }
    if ((img->nimports & (img->nimports - 1)) == 0)
      img->imports = wg_xrealloc(img->imports, (img->nimports ? img->nimports * 2 : 1) * sizeof *img->imports);
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

static int parse_imports(struct wg_image *img, const struct src *s) {
  uint32_t value, at;
  if (!wg_xex_option(&img->header, 0x000103FF, &value, &at)) return WG_OK;
  if (!has(s, at, 12)) return short_file(s, at, "the import header");
  uint32_t size = wg_load_be32(s->p + at), bytes = wg_load_be32(s->p + at + 4), count = wg_load_be32(s->p + at + 8);
  if (size < 12 || !has(s, at, size) || bytes > size - 12 || count > 32) return short_file(s, at, "the import block");
  const char *names[32];
  size_t n = 0;
  for (uint32_t i = 0; i < bytes && n < count;) {
    const char *name = (const char *)s->p + at + 12 + i;
    size_t len = strnlen(name, bytes - i);
    if (len == bytes - i) return short_file(s, at + 12 + i, "a library name");
    names[n++] = name;
    i += (uint32_t)(len + 4) & ~3u;
  }
  uint32_t pos = at + 12 + bytes, end = at + size;
  while (pos < end) {
    uint32_t used = 0;
    WG_TRY(parse_library(img, s, pos, names, n, &used));
    if (used == 0 || used > end - pos) return short_file(s, pos, "an import library");
    pos += used;
  }
  return WG_OK;
}

static int parse_security(struct wg_image *img, const struct src *s, uint32_t sec) {
  if (!has(s, sec, 0x184)) return short_file(s, sec, "the security info");
  img->size = wg_load_be32(s->p + sec + 4);
  img->image_flags = wg_load_be32(s->p + sec + 0x10C);
  img->base = wg_load_be32(s->p + sec + 0x110);
  uint32_t count = wg_load_be32(s->p + sec + 0x180), value, at;
  if (wg_xex_option(&img->header, 0x00010201, &value, &at)) img->base = value;
  uint32_t page = img->base < 0x90000000u ? 0x10000 : 0x1000;
  if (img->size == 0 || img->size > MAX_IMAGE || img->base < 0x80000000u || img->base >= 0xA0000000u ||
      (img->base & 0x0FFFFFFF) + (uint64_t)img->size > MAX_IMAGE || img->base % page)
    return wg_fail(s->err, WG_INPUT,
                   "%s: offset 0x%x: image of 0x%x bytes at 0x%08x; expected at most 0x%x within "
                   "0x80000000-0x9fffffff",
                   s->path, sec + 4, img->size, img->base, MAX_IMAGE);
  if (count > 65536 || !has(s, sec + 0x184, (uint64_t)count * 24))
    return short_file(s, sec + 0x180, "the page descriptors");
  uint32_t addr = img->base;
  img->segments = wg_xcalloc(count, sizeof *img->segments);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t w = wg_load_be32(s->p + sec + 0x184 + 24 * i);
    uint64_t bytes = (uint64_t)(w >> 4) * page;
    if (bytes > img->size - (addr - img->base))
      return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: page descriptors exceed the image size 0x%x", s->path,
                     sec + 0x184 + 24 * i, img->size);
    img->segments[img->nsegments++] = (struct wg_segment){addr, (uint32_t)bytes, w & 15};
    addr += (uint32_t)bytes;
  }
  return WG_OK;
}

static int parse_format(const struct src *s, const struct wg_buf *header, struct format *f) {
  uint32_t value, at;
  *f = (struct format){0};
  if (!wg_xex_option(header, 0x000003FF, &value, &at)) return WG_OK;
  if (!has(s, at, 8)) return short_file(s, at, "the file format block");
  f->info = at;
  f->info_size = wg_load_be32(s->p + at);
  f->encryption = wg_load_be16(s->p + at + 4);
  f->compression = wg_load_be16(s->p + at + 6);
  if (f->info_size < 8 || !has(s, at, f->info_size)) return short_file(s, at, "the file format block");
  if (f->encryption > 1)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x%x: encryption type %u; expected 0 or 1", s->path, at + 4,
                   f->encryption);
  if (f->compression > 2)
    return wg_fail(
        s->err, WG_INPUT,
        "%s: offset 0x%x: compression type %u (%s) is not supported; expected 0 (none), 1 (basic) or 2 (LZX)", s->path,
        at + 6, f->compression, f->compression == 3 ? "delta patch" : "unknown");
  return WG_OK;
}

static void parse_options(struct wg_image *img, const struct src *s) {
  uint32_t value, at;
  const struct wg_buf *h = &img->header;
  if (wg_xex_option(h, 0x00010100, &value, &at)) img->entry = value;
  img->stack_size = wg_xex_option(h, 0x00020200, &value, &at) ? value : 0x40000;
  if (wg_xex_option(h, 0x00030000, &value, &at)) img->system_flags = value;
  if (wg_xex_option(h, 0x00040006, &value, &at) && has(s, at, 0x18)) img->title_id = wg_load_be32(s->p + at + 0xC);
  if (wg_xex_option(h, 0x00020104, &value, &at) && has(s, at, 16)) {
    img->tls_slots = wg_load_be32(s->p + at);
    img->tls_data = wg_load_be32(s->p + at + 4);
    img->tls_size = wg_load_be32(s->p + at + 8);
    img->tls_raw = wg_load_be32(s->p + at + 12);
  }
  if (wg_xex_option(h, 0x000183FF, &value, &at) && has(s, at, 4)) {
    uint32_t n = wg_load_be32(s->p + at);
    if (n >= 4 && has(s, at, n))
      snprintf(img->pe_name, sizeof img->pe_name, "%.*s", (int)(n - 4), (const char *)s->p + at + 4);
  }
}

static int load_xex(struct wg_image *img, const struct src *s, const char *key_file) {
  if (!has(s, 0, 0x18)) return short_file(s, 0, "the XEX header");
  uint32_t data_at = wg_load_be32(s->p + 8), sec = wg_load_be32(s->p + 0x10), count = wg_load_be32(s->p + 0x14);
  if (data_at < 0x18 || data_at > s->n || data_at > MAX_HEADER) return short_file(s, 8, "the header size");
  if (0x18 + 8ull * count > data_at) return short_file(s, 0x14, "the optional header table");
  img->xex = true;
  img->module_flags = wg_load_be32(s->p + 4);
  if (img->module_flags & 0x70)
    return wg_fail(s->err, WG_INPUT, "%s: offset 0x4: a patch module, which is applied to a base, not run", s->path);
  wg_buf_add(&img->header, s->p, data_at);
  WG_TRY(parse_security(img, s, sec));
  struct format f;
  WG_TRY(parse_format(s, &img->header, &f));
  img->encryption = f.encryption;
  img->compression = f.compression;
  img->data = wg_xcalloc(img->size, 1);
  WG_TRY(unpack(img, s, &f, data_at, sec, key_file));
  parse_options(img, s);
  if (img->tls_slots > 1024 || img->tls_size > 0x100000 || img->stack_size > 0x1000000)
    return wg_fail(s->err, WG_INPUT, "%s: TLS or stack size is out of range (slots %u, data 0x%x, stack 0x%x)", s->path,
                   img->tls_slots, img->tls_size, img->stack_size);
  if (img->entry < img->base || img->entry - img->base >= img->size)
    return wg_fail(s->err, WG_INPUT, "%s: entry point 0x%08x lies outside the image", s->path, img->entry);
  return parse_imports(img, s);
}

int wg_image_load(struct wg_image *img, const char *path, const void *data, size_t n, const char *key_file,
                  struct wg_err *err) {
  struct src s = {path, data, n, err};
  *img = (struct wg_image){0};
  int code;
  if (n >= 4 && memcmp(data, "XEX2", 4) == 0)
    code = load_xex(img, &s, key_file);
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

void wg_image_release(struct wg_image *img) {
  wg_buf_release(&img->header);
  free(img->data);
  free(img->segments);
  free(img->imports);
  *img = (struct wg_image){0};
}
