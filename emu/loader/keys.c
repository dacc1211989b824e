// Keys of titles: which a user gives, and what is packed by them (docs/console.md#xex2).
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/vec.h"
#include "emu/loader/xex.h"

// A line of a key file.
static bool parse_key(const char *p, uint8_t key[16]) {
  if (!wg_unhex(p, 16, key)) return false;
  p += 32;
  p += strspn(p, " \t\r");
  return *p == 0 || *p == '#';
}

// A key file holds one AES-128 key a line, 32 hexadecimal digits; '#' begins a comment. The development key is all
// zeros.
int wg_keys_read(struct wg_keys *keys, const char *path, struct wg_err *err) {
  struct wg_buf b = {0};
  *keys = (struct wg_keys){wg_xcalloc(1, 16), 1, path != NULL};
  if (path == NULL) return WG_OK;
  int code = wg_text_read(path, 1 << 20, &b, err);
  unsigned line = 0;
  for (char *p = b.data, *next; p && *p && code == WG_OK; p = next) {
    line++;
    next = strchr(p, '\n');
    if (next) *next++ = 0;
    p += strspn(p, " \t\r");
    if (*p == 0 || *p == '#') continue;
    WG_VEC_NEXT(keys->list, keys->n);
    if (!parse_key(p, keys->list[keys->n++]))
      code = wg_fail(err, WG_INPUT, "%s:%u: expected 32 hexadecimal digits or a comment", path, line);
  }
  wg_buf_release(&b);
  if (code != WG_OK) wg_keys_release(keys);
  return code;
}

void wg_keys_release(struct wg_keys *keys) {
  free(keys->list);
  *keys = (struct wg_keys){.list = NULL};
}

const struct wg_keys *wg_xex_keys(const struct wg_keys *keys) {
  static uint8_t development[1][16];
  static const struct wg_keys none = {development, 1, false};
  return keys ? keys : &none;
}

bool wg_xex_decrypt(const uint8_t key[16], const uint8_t *in, size_t n, uint8_t *out) {
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  int done = 0, ok = 1;
  static const uint8_t iv[16];
  ok &= EVP_DecryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv);
  ok &= EVP_CIPHER_CTX_set_padding(ctx, 0);
  ok &= EVP_DecryptUpdate(ctx, out, &done, in, (int)n);
  EVP_CIPHER_CTX_free(ctx);
  return ok && (size_t)done == n;
}

void wg_xex_encrypt(const uint8_t key[16], void *data, size_t n) {
  static const uint8_t iv[16];
  int done = 0;
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv);
  EVP_CIPHER_CTX_set_padding(ctx, 0);
  EVP_EncryptUpdate(ctx, data, &done, data, (int)n);
  EVP_CIPHER_CTX_free(ctx);
}
