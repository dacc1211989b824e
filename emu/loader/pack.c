// The inverse of xex.c (docs/console.md#xex2). The result carries no RSA signature: development loaders do not ask
// for one.
#include "emu/loader/pack.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/loader/lzx.h"
#include "emu/loader/put.h"
#include "emu/loader/sha1.h"
#include "emu/loader/xex.h"

#define PAGE 0x10000u
#define PE_ROOM 0x10000u // the image's first page holds the PE header,
#define EXPORTS 0x1000u  // and what the module exports

// Of a page and the descriptor behind it.
static void page_digest(const uint8_t *page, const uint8_t *descriptor, uint8_t out[20]) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_DigestInit_ex(ctx, EVP_sha1(), NULL);
  EVP_DigestUpdate(ctx, page, PAGE);
  EVP_DigestUpdate(ctx, descriptor, WG_SIZEOF_XEX_PAGES);
  EVP_DigestFinal_ex(ctx, out, NULL);
  EVP_MD_CTX_free(ctx);
}

// A PE header with one section for each segment; fields are little-endian (PE/COFF specification).
static void write_pe(uint8_t *p, const struct wg_image *elf, uint32_t base, uint32_t size) {
  p[0] = 'M';
  p[1] = 'Z';
  WG_STORE_LE(p, DOS_HEADER, NEW, 0x80);
  uint8_t *h = p + 0x80;
  memcpy(h, "PE\0\0", 4);
  WG_STORE_LE(h, PE_HEADER, MACHINE, 0x1F2); // POWERPCBE
  WG_STORE_LE(h, PE_HEADER, SECTIONS, (uint32_t)elf->nsegments);
  WG_STORE_LE(h, PE_HEADER, OPTIONAL_SIZE, WG_SIZEOF_PE_HEADER - WG_AT_PE_HEADER_OPTIONAL_MAGIC);
  WG_STORE_LE(h, PE_HEADER, CHARACTERISTICS, 0x0102);
  WG_STORE_LE(h, PE_HEADER, OPTIONAL_MAGIC, 0x10B);
  WG_STORE_LE(h, PE_HEADER, ENTRY_POINT, elf->entry - base);
  WG_STORE_LE(h, PE_HEADER, IMAGE_BASE, base);
  WG_STORE_LE(h, PE_HEADER, SECTION_ALIGNMENT, PAGE);
  WG_STORE_LE(h, PE_HEADER, FILE_ALIGNMENT, 0x200);
  WG_STORE_LE(h, PE_HEADER, IMAGE_SIZE, size);
  WG_STORE_LE(h, PE_HEADER, HEADERS_SIZE, 0x1000);
  WG_STORE_LE(h, PE_HEADER, SUBSYSTEM, 14); // XBOX
  WG_STORE_LE(h, PE_HEADER, DIRECTORY_COUNT, WG_COUNT_PE_HEADER_DIRECTORIES);
  if (elf->pdata) {
    uint8_t *d = h + WG_AT_PE_HEADER_DIRECTORIES + 3 * WG_SIZEOF_PE_DIRECTORY;
    WG_STORE_LE(d, PE_DIRECTORY, ADDRESS, elf->pdata - base);
    WG_STORE_LE(d, PE_DIRECTORY, SIZE, elf->pdata_size);
  }
  for (size_t i = 0; i < elf->nsegments; i++) {
    const struct wg_segment *s = &elf->segments[i];
    static const char *const names[4] = {"", ".text", ".data", ".rdata"};
    static const uint32_t flags[4] = {0, 0x60000020, 0xC0000040, 0x40000040};
    uint8_t *t = h + WG_SIZEOF_PE_HEADER + WG_SIZEOF_PE_SECTION * i;
    memcpy(t, names[s->type], strlen(names[s->type]));
    WG_STORE_LE(t, PE_SECTION, VIRTUAL_SIZE, s->size);
    WG_STORE_LE(t, PE_SECTION, ADDRESS, s->addr - base);
    WG_STORE_LE(t, PE_SECTION, RAW_SIZE, s->size);
    WG_STORE_LE(t, PE_SECTION, RAW_POINTER, s->addr - base);
    WG_STORE_LE(t, PE_SECTION, CHARACTERISTICS, flags[s->type]);
  }
}

#define MAX_LIBS 8

struct libs {
  const char *names[MAX_LIBS];
  size_t n;
};

// MAX_LIBS: there is no room for another.
static size_t lib_index(struct libs *l, const char *name) {
  size_t i = 0;
  while (i < l->n && strcmp(l->names[i], name) != 0) i++;
  if (i == l->n && i < MAX_LIBS) l->names[l->n++] = name;
  return i;
}

// Import words in the image, and the import library block of the header.
static int write_imports(const struct wg_image *elf, uint8_t *image, uint32_t base, struct wg_buf *block,
                         uint8_t digest[20], struct wg_err *err) {
  struct libs libs = {.n = 0};
  struct wg_buf strings = {0}, records[MAX_LIBS] = {{0}};
  for (size_t i = 0; i < elf->nimports; i++) {
    const struct wg_import *im = &elf->imports[i];
    uint32_t lib = (uint32_t)lib_index(&libs, im->library);
    if (lib == MAX_LIBS) {
      for (size_t n = 0; n < MAX_LIBS; n++) wg_buf_release(&records[n]);
      return wg_fail(err, WG_INPUT, "imports from more than %d libraries", MAX_LIBS);
    }
    wg_store_be32(image + im->slot - base, lib << 16 | im->ordinal);
    wg_put32(&records[lib], im->slot);
    if (!im->function) continue;
    uint8_t *t = image + im->thunk - base;
    const uint32_t thunk[4] = {1u << 24 | lib << 16 | im->ordinal, 2u << 24 | lib << 16 | im->ordinal, 0x7D6903A6u,
                               0x4E800420u};
    for (uint32_t w = 0; w < 4; w++) wg_store_be32(t + 4 * w, thunk[w]);
    wg_put32(&records[lib], im->thunk);
  }
  for (size_t i = 0; i < libs.n; i++) {
    wg_buf_add(&strings, libs.names[i], strlen(libs.names[i]) + 1);
    wg_put_align(&strings, 4);
  }
  wg_put32(block, 0);
  wg_put32(block, (uint32_t)strings.len);
  wg_put32(block, (uint32_t)libs.n);
  wg_buf_add(block, strings.data ? strings.data : "", strings.len);
  // Each library carries the digest of the one after it; the security info that of the first.
  struct wg_buf all[MAX_LIBS] = {{0}};
  memset(digest, 0, 20);
  for (size_t i = libs.n; i-- > 0;) {
    struct wg_buf *b = &all[i];
    wg_put32(b, (uint32_t)(0x28 + records[i].len));
    wg_buf_add(b, digest, 20);
    wg_put32(b, strcmp(libs.names[i], "xam.xex") == 0 ? 0xFCA15C76u : 0x45DC17E0u);
    wg_put32(b, 0x20527F00u); // 2.0.21119.0
    wg_put32(b, 0x20074500u); // 2.0.1861.0
    wg_put16(b, (uint16_t)i);
    wg_put16(b, (uint16_t)(records[i].len / 4));
    wg_buf_add(b, records[i].data, records[i].len);
    wg_sha1(b->data + WG_AT_XEX_IMPORTS_STRINGS_SIZE, b->len - WG_AT_XEX_IMPORTS_STRINGS_SIZE, digest);
  }
  for (size_t i = 0; i < libs.n; i++) {
    wg_buf_add(block, all[i].data, all[i].len);
    wg_buf_release(&all[i]);
    wg_buf_release(&records[i]);
  }
  wg_set32(block, 0, (uint32_t)block->len);
  wg_buf_release(&strings);
  return WG_OK;
}

struct parts {
  struct wg_buf imports, blocks, data;
  uint32_t resource;                    // address
  uint32_t ordinals, names, names_size; // export tables: an address, and an offset from the base
  uint8_t session[16], import_digest[20];
};

// Exports, behind the PE header: the console's table by ordinal, and a PE export directory whose tables are counted
// from its own start.
static int write_exports(const struct wg_image *elf, uint8_t *image, uint32_t base, struct parts *p,
                         struct wg_err *err) {
  uint32_t first = 0xFFFF, last = 0, names = 0, text = 0;
  for (size_t i = 0; i < elf->nsymbols; i++) {
    const struct wg_symbol *x = &elf->symbols[i];
    first = x->ordinal < first ? x->ordinal : first;
    last = x->ordinal > last ? x->ordinal : last;
    if (x->name == 0) continue;
    names++;
    text += (uint32_t)strlen(wg_symbol_name(elf, x)) + 1;
  }
  if (elf->nsymbols == 0) return WG_OK;
  uint32_t count = last - first + 1, at = EXPORTS, size = WG_SIZEOF_PE_EXPORTS + names * 10 + text;
  if (first == 0 || at + WG_SIZEOF_XEX_EXPORTS + 4 * count + size > PE_ROOM)
    return wg_fail(err, WG_INPUT, "exports %u to %u, %u names: ordinals begin at 1 and the tables have %u bytes", first,
                   last, names, PE_ROOM - EXPORTS);
  uint8_t *t = image + at;
  static const uint32_t magic[WG_COUNT_XEX_EXPORTS_MAGIC] = {0x48000000, 0x00485645, 0x48000000};
  for (uint32_t i = 0; i < WG_COUNT_XEX_EXPORTS_MAGIC; i++) wg_store_be32(t + 4 * i, magic[i]);
  WG_STORE(t, XEX_EXPORTS, BASE, base >> 16);
  WG_STORE(t, XEX_EXPORTS, COUNT, count);
  WG_STORE(t, XEX_EXPORTS, FIRST, first);
  p->ordinals = base + at;
  at += WG_SIZEOF_XEX_EXPORTS + 4 * count;
  uint8_t *d = image + at, *functions = d + 40, *pointers = functions + 4 * names, *order = pointers + 4 * names;
  char *words = (char *)order + 2 * names;
  uint32_t n = 0;
  for (size_t i = 0; i < elf->nsymbols; i++) {
    const struct wg_symbol *x = &elf->symbols[i];
    wg_store_be32(t + WG_SIZEOF_XEX_EXPORTS + 4 * (x->ordinal - first), x->addr - base);
    if (x->name == 0) continue;
    const char *name = wg_symbol_name(elf, x);
    wg_store_le32(functions + 4 * n, x->addr - base);
    wg_store_le32(pointers + 4 * n, (uint32_t)(words - (char *)d));
    wg_store_le16(order + 2 * n, (uint16_t)n);
    memcpy(words, name, strlen(name) + 1);
    words += strlen(name) + 1;
    n++;
  }
  if (names == 0) return WG_OK;
  WG_STORE_LE(d, PE_EXPORTS, BASE, 1);
  WG_STORE_LE(d, PE_EXPORTS, FUNCTIONS, names);
  WG_STORE_LE(d, PE_EXPORTS, NAMES, names);
  WG_STORE_LE(d, PE_EXPORTS, FUNCTION_TABLE, WG_SIZEOF_PE_EXPORTS);
  WG_STORE_LE(d, PE_EXPORTS, NAME_TABLE, WG_SIZEOF_PE_EXPORTS + 4 * names);
  WG_STORE_LE(d, PE_EXPORTS, ORDER_TABLE, WG_SIZEOF_PE_EXPORTS + 8 * names);
  p->names = at;
  p->names_size = size;
  return WG_OK;
}

static uint32_t page_type(const struct wg_image *elf, uint32_t page) {
  for (size_t i = 0; i < elf->nsegments; i++)
    if (elf->segments[i].addr < page + PAGE && elf->segments[i].addr + elf->segments[i].size > page)
      return elf->segments[i].type;
  return 3;
}

// Page descriptors: each carries the digest of the page after it together with that page's descriptor.
static void write_descriptors(const struct wg_image *elf, const uint8_t *image, uint32_t base, uint32_t pages,
                              struct wg_buf *out, uint8_t digest[20]) {
  uint8_t *d = wg_xcalloc(pages, 24);
  memset(digest, 0, 20);
  for (uint32_t i = pages; i-- > 0;) {
    wg_store_be32(d + WG_SIZEOF_XEX_PAGES * i, 1u << 4 | page_type(elf, base + i * PAGE));
    memcpy(d + WG_SIZEOF_XEX_PAGES * i + WG_AT_XEX_PAGES_DIGEST, digest, 20);
    page_digest(image + (size_t)i * PAGE, d + WG_SIZEOF_XEX_PAGES * i, digest);
  }
  wg_buf_add(out, d, (size_t)pages * 24);
  free(d);
}

// Basic compression: runs of 4 KiB pages that are zero are left out.
static void compress_basic(const uint8_t *image, uint32_t size, struct wg_buf *blocks, struct wg_buf *data) {
  static const uint8_t zero[0x1000];
  for (uint32_t at = 0; at < size;) {
    uint32_t end = at, gap;
    while (end < size && memcmp(image + end, zero, sizeof zero) != 0) end += 0x1000;
    for (gap = end; gap < size && memcmp(image + gap, zero, sizeof zero) == 0;) gap += 0x1000;
    wg_put32(blocks, end - at);
    wg_put32(blocks, gap - end);
    wg_buf_add(data, image + at, end - at);
    at = gap;
  }
}

// LZX: blocks of up to 64 KiB of chunks, a frame each; a block begins with the size and digest of the next, the first's
// are in the header (`blocks`), behind the window's size.
#define LZX_BITS 17u
static void compress_lzx(const uint8_t *image, uint32_t size, struct wg_buf *blocks, struct wg_buf *data) {
  struct wg_buf stream = {0}, frames = {0}, sizes = {0}, body = {0};
  wg_lzx_encode(image, 0, size, LZX_BITS, &stream, &frames);
  uint32_t frame;
  size_t from = 0, start = 0;
  wg_put_zeros(&body, 24);
  for (size_t i = 0; i < frames.len; i += sizeof frame) {
    memcpy(&frame, frames.data + i, sizeof frame);
    wg_put16(&body, (uint16_t)frame);
    wg_buf_add(&body, stream.data + from, frame);
    from += frame;
    bool last = i + sizeof frame == frames.len;
    if (body.len - start < 0x10000 && !last) continue;
    wg_put16(&body, 0);
    wg_put_align(&body, 16);
    uint32_t length = (uint32_t)(body.len - start);
    wg_buf_add(&sizes, &length, sizeof length);
    start = body.len;
    if (!last) wg_put_zeros(&body, 24);
  }
  // From the last block to the first: each knows what follows it.
  uint32_t next = 0, length;
  uint8_t digest[20] = {0};
  for (size_t i = sizes.len, end = body.len; i; end -= length) {
    i -= sizeof length;
    memcpy(&length, sizes.data + i, sizeof length);
    uint8_t *block = (uint8_t *)body.data + end - length;
    wg_store_be32(block, next);
    memcpy(block + WG_AT_XEX_BLOCK_DIGEST, digest, sizeof digest);
    wg_sha1(block, length, digest);
    next = length;
  }
  wg_put32(blocks, 1u << LZX_BITS);
  wg_put32(blocks, next);
  wg_buf_add(blocks, digest, sizeof digest);
  wg_buf_add(data, body.data, body.len);
  wg_buf_release(&stream);
  wg_buf_release(&frames);
  wg_buf_release(&sizes);
  wg_buf_release(&body);
}

// Optional headers: {key, value} pairs first, then the blocks that their offsets point at.
static void write_headers(const struct wg_image *elf, const struct wg_pack_options *opt, uint32_t base,
                          const struct parts *p, struct wg_buf *h) {
  struct {
    uint32_t key, value;
    const void *block;
    size_t n;
  } rows[12] = {0};
  struct wg_buf format = {0}, name = {0}, tls = {0}, exec = {0}, stamp = {0}, names = {0}, resource = {0};
  size_t n = 0;
  wg_put32(&format, (uint32_t)(8 + p->blocks.len));
  wg_put16(&format, opt->encrypt);
  wg_put16(&format, (uint16_t)opt->compress);
  wg_buf_add(&format, p->blocks.data ? p->blocks.data : "", p->blocks.len);
  wg_put32(&name, (uint32_t)((4 + strlen(opt->pe_name) + 4) & ~3u));
  wg_buf_str(&name, opt->pe_name);
  wg_buf_char(&name, 0);
  wg_put_align(&name, 4);
  wg_put32(&tls, 64);
  wg_put_zeros(&tls, 12);
  wg_put32(&stamp, 0);
  wg_put32(&stamp, 0x4381F900);
  wg_put_zeros(&exec, 12);
  wg_put32(&exec, opt->title_id);
  wg_put32(&names, p->names);
  wg_put32(&names, p->names_size);
  wg_buf_add(&exec, "\0\0\1\1", 4);
  wg_put32(&exec, 0);
  if (opt->resource) {
    char label[9] = "";
    snprintf(label, sizeof label, "%s", opt->resource);
    wg_put32(&resource, 20);
    wg_buf_add(&resource, label, 8);
    wg_put32(&resource, p->resource);
    wg_put32(&resource, (uint32_t)opt->resource_data.len);
    rows[n].key = 0x000002FF, rows[n].block = resource.data, rows[n++].n = resource.len;
  }
  rows[n].key = 0x000003FF, rows[n].block = format.data, rows[n++].n = format.len;
  rows[n].key = 0x00010100, rows[n].block = NULL, rows[n++].value = elf->entry;
  rows[n].key = 0x00010201, rows[n].block = NULL, rows[n++].value = base;
  rows[n].key = 0x000103FF, rows[n].block = p->imports.data, rows[n++].n = p->imports.len;
  rows[n].key = 0x00018002, rows[n].block = stamp.data, rows[n++].n = stamp.len;
  rows[n].key = 0x000183FF, rows[n].block = name.data, rows[n++].n = name.len;
  rows[n].key = 0x00020104, rows[n].block = tls.data, rows[n++].n = tls.len;
  rows[n].key = 0x00020200, rows[n].block = NULL, rows[n++].value = opt->stack_size;
  rows[n].key = 0x00040006, rows[n].block = exec.data, rows[n++].n = exec.len;
  if (p->names_size) rows[n].key = 0x00E10402, rows[n].block = names.data, rows[n++].n = names.len;
  wg_set32(h, 0x14, (uint32_t)n);
  size_t table = h->len;
  wg_put_zeros(h, n * 8);
  for (size_t i = 0; i < n; i++) {
    wg_set32(h, table + 8 * i, rows[i].key);
    wg_set32(h, table + 8 * i + 4, rows[i].block ? (uint32_t)h->len : rows[i].value);
    if (rows[i].block) wg_buf_add(h, rows[i].block, rows[i].n);
    wg_put_align(h, 8);
  }
  wg_buf_release(&format);
  wg_buf_release(&name);
  wg_buf_release(&tls);
  wg_buf_release(&exec);
  wg_buf_release(&stamp);
  wg_buf_release(&names);
  wg_buf_release(&resource);
}

static void write_security(const struct wg_image *elf, const struct parts *p, const uint8_t *image, uint32_t base,
                           uint32_t size, bool encrypt, struct wg_buf *h) {
  uint32_t pages = size / PAGE;
  size_t sec = h->len;
  wg_set32(h, 0x10, (uint32_t)sec);
  wg_put_zeros(h, 0x184);
  struct wg_buf descriptors = {0};
  uint8_t digest[20], key[16];
  static const uint8_t development[16];
  write_descriptors(elf, image, base, pages, &descriptors, digest);
  wg_set32(h, sec, 0x184 + pages * 24);
  wg_set32(h, sec + 4, size);
  wg_set32(h, sec + 0x108, 0x174);
  wg_set32(h, sec + 0x10C, 0x20000000); // region free
  wg_set32(h, sec + 0x110, base);
  memcpy(h->data + sec + WG_AT_XEX_SECURITY_SECTIONS_DIGEST, digest, 20);
  memcpy(h->data + sec + WG_AT_XEX_SECURITY_IMPORTS_DIGEST, p->import_digest, 20);
  memcpy(key, p->session, 16);
  if (encrypt) wg_xex_encrypt(development, key, 16);
  memcpy(h->data + sec + WG_AT_XEX_SECURITY_FILE_KEY, key, 16);
  wg_set32(h, sec + 0x160, p->ordinals);
  wg_set32(h, sec + 0x178, 0xFFFFFFFF);
  wg_set32(h, sec + 0x17C, 0xFFFFFFFF);
  wg_set32(h, sec + 0x180, pages);
  wg_buf_add(h, descriptors.data, descriptors.len);
  wg_buf_release(&descriptors);
}

int wg_pack(const struct wg_image *elf, const struct wg_pack_options *opt, struct wg_buf *out, struct wg_err *err) {
  uint32_t base = elf->base - PE_ROOM, end = elf->size + PE_ROOM;
  uint32_t size = end + (opt->resource ? ((uint32_t)opt->resource_data.len + PAGE - 1) / PAGE * PAGE : 0);
  if (elf->base < 0x80000000u + PE_ROOM || elf->base >= 0x90000000u)
    return wg_fail(err, WG_INPUT,
                   "linked at 0x%08x; a XEX needs an image between 0x80010000 and 0x8fffffff "
                   "(link with guests/sdk/guest.ld)",
                   elf->base);
  if (elf->nsegments > 16) return wg_fail(err, WG_INPUT, "more than 16 segments");
  uint8_t *image = wg_xcalloc(size, 1);
  memcpy(image + PE_ROOM, elf->data, elf->size);
  if (opt->resource && opt->resource_data.len) memcpy(image + end, opt->resource_data.data, opt->resource_data.len);
  write_pe(image, elf, base, size);
  struct parts p = {.resource = base + end};
  int code = write_imports(elf, image, base, &p.imports, p.import_digest, err);
  if (code == WG_OK) code = write_exports(elf, image, base, &p, err);
  if (code == WG_OK) {
    uint8_t digest[20];
    wg_sha1(image, size, digest);
    memcpy(p.session, digest, 16); // any key will do; this one makes the file reproducible
    if (opt->compress == 2)
      compress_lzx(image, size, &p.blocks, &p.data);
    else if (opt->compress)
      compress_basic(image, size, &p.blocks, &p.data);
    else
      wg_buf_add(&p.data, image, size);
    wg_put_align(&p.data, 16);
    if (opt->encrypt) wg_xex_encrypt(p.session, p.data.data, p.data.len);
    wg_buf_str(out, "XEX2");
    wg_put32(out, opt->dll ? WG_MODULE_DLL : 1);
    wg_put_zeros(out, 16);
    write_headers(elf, opt, base, &p, out);
    write_security(elf, &p, image, base, size, opt->encrypt, out);
    wg_put_align(out, 0x1000);
    wg_set32(out, 8, (uint32_t)out->len);
    wg_buf_add(out, p.data.data, p.data.len);
  }
  wg_buf_release(&p.imports);
  wg_buf_release(&p.blocks);
  wg_buf_release(&p.data);
  free(image);
  return code;
}
