// XeCrypt* and the harmless part of XeKeys*: OpenSSL does the cryptography, guest structures hold its state in
// the console's layouts (docs/console.md#objects; sizes from the public headers of the reference).
#include <openssl/aes.h>
#include <openssl/des.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/rc4.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/kernel.h"

// [addr, addr + n) of guest memory or NULL; nothing is read through a NULL pointer. Most cryptography takes the host
// about two ns a byte, DES_NS more.
static uint8_t *at(struct wg_kcall *k, uint32_t addr, uint32_t n, bool write) {
  uint8_t *p = addr && n ? wg_kptr(k->m, addr, n, write) : NULL;
  if (p) wg_work(k->m, 2 * (uint64_t)n);
  return p;
}

#define DES_NS 40u

// Bulk work goes piece by piece, so that nobody waits for all of it. The size of the piece at `done`; 0: no more.
static uint32_t piece(struct wg_kcall *k, uint32_t done, uint32_t n) {
  if (done && done < n && !wg_look(k->m)) return 0;
  return n - done < WG_POLL_BYTES ? n - done : WG_POLL_BYTES;
}

// XECRYPT_SHA_STATE and XECRYPT_MD5_STATE: count, five (four) state words, a block of 64 bytes. We keep the bytes of
// the block and the count as the console does, and the chaining values as big-endian words.
struct hash {
  const char *name;
  unsigned words, block, digest;
  bool little;   // the digest's words are little-endian (MD5)
  unsigned size; // of the guest structure
};
static const struct hash sha1 = {"SHA1", 5, 64, 20, false, 0x58}, md5 = {"MD5", 4, 64, 16, true, 0x54},
                         sha256 = {"SHA256", 8, 64, 32, false, 0x64}, sha512 = {"SHA512", 16, 128, 64, false, 0xC8};

// The states of OpenSSL's streaming interface are plain structures; their words are what the guest's hold.
union context {
  SHA_CTX sha;
  MD5_CTX md;
  SHA256_CTX sha2;
  SHA512_CTX sha5;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void start(const struct hash *h, union context *c) {
  memset(c, 0, sizeof *c);
  if (h == &sha1) SHA1_Init(&c->sha);
  if (h == &md5) MD5_Init(&c->md);
  if (h == &sha256) SHA256_Init(&c->sha2);
  if (h == &sha512) SHA512_Init(&c->sha5);
}
static void hash_more(const struct hash *h, union context *c, const void *data, size_t n) {
  if (h == &sha1) SHA1_Update(&c->sha, data, n);
  if (h == &md5) MD5_Update(&c->md, data, n);
  if (h == &sha256) SHA256_Update(&c->sha2, data, n);
  if (h == &sha512) SHA512_Update(&c->sha5, data, n);
}
static void end(const struct hash *h, union context *c, uint8_t out[64]) {
  if (h == &sha1) SHA1_Final(out, &c->sha);
  if (h == &md5) MD5_Final(out, &c->md);
  if (h == &sha256) SHA256_Final(out, &c->sha2);
  if (h == &sha512) SHA512_Final(out, &c->sha5);
}

static uint32_t *words(const struct hash *h, union context *c) {
  if (h == &sha1) return &c->sha.h0;
  if (h == &md5) return &c->md.A;
  return c->sha2.h;
}

// Guest structure: u32 count of bytes, the chaining words, the partial block.
static void store(struct wg_kcall *k, const struct hash *h, uint32_t addr, union context *c, uint64_t count,
                  const uint8_t *partial) {
  uint8_t *p = at(k, addr, h->size, true);
  if (p == NULL) return;
  WG_STORE(p, SHA_STATE, COUNT, count);
  if (h == &sha512)
    for (unsigned i = 0; i < 8; i++) wg_store_be64(p + WG_AT_SHA512_STATE_WORDS + 8 * i, c->sha5.h[i]);
  else
    for (unsigned i = 0; i < h->words; i++) wg_store_be32(p + WG_AT_SHA_STATE_WORDS + 4 * i, words(h, c)[i]);
  memcpy(p + h->size - h->block, partial, h->block);
}

static uint64_t restore(struct wg_kcall *k, const struct hash *h, uint32_t addr, union context *c, uint8_t *partial) {
  start(h, c);
  const uint8_t *p = at(k, addr, h->size, false);
  if (p == NULL) return 0;
  uint64_t count = WG_LOAD(p, SHA_STATE, COUNT);
  uint64_t whole = count / h->block * h->block;
  memcpy(partial, p + h->size - h->block, h->block);
  if (h == &sha512) {
    for (unsigned i = 0; i < 8; i++) c->sha5.h[i] = wg_load_be64(p + WG_AT_SHA512_STATE_WORDS + 8 * i);
    c->sha5.Nl = whole * 8;
  } else {
    for (unsigned i = 0; i < h->words; i++) words(h, c)[i] = wg_load_be32(p + WG_AT_SHA_STATE_WORDS + 4 * i);
    uint32_t low = (uint32_t)(whole * 8), high = (uint32_t)(whole * 8 >> 32);
    if (h == &sha1) c->sha.Nl = low, c->sha.Nh = high;
    if (h == &md5) c->md.Nl = low, c->md.Nh = high;
    if (h == &sha256) c->sha2.Nl = low, c->sha2.Nh = high;
  }
  hash_more(h, c, partial, count % h->block);
  return count;
}

static uint64_t hash_init(struct wg_kcall *k, const struct hash *h) {
  union context c;
  static const uint8_t zeros[128];
  start(h, &c);
  store(k, h, A(0), &c, 0, zeros);
  return 0;
}

static uint64_t hash_update(struct wg_kcall *k, const struct hash *h) {
  union context c;
  uint8_t partial[128] = {0};
  uint32_t n = A(2);
  const uint8_t *data = at(k, A(1), n, false);
  if (data == NULL) return 0;
  uint64_t count = restore(k, h, A(0), &c, partial) + n;
  for (uint32_t i = 0, part; (part = piece(k, i, n)) != 0; i += part) hash_more(h, &c, data + i, part);
  // What the context has not hashed yet is the tail of old and new.
  uint32_t loose = (uint32_t)(count % h->block), had = (uint32_t)((count - n) % h->block);
  uint8_t tail[256];
  if (n >= loose) {
    memcpy(tail, data + n - loose, loose);
  } else {
    memcpy(tail, partial + (had - (loose - n)), loose - n);
    memcpy(tail + loose - n, data, n);
  }
  memcpy(partial, tail, loose);
  store(k, h, A(0), &c, count, partial);
  return 0;
}

static uint64_t hash_final(struct wg_kcall *k, const struct hash *h) {
  union context c;
  uint8_t partial[128] = {0}, digest[64];
  restore(k, h, A(0), &c, partial);
  end(h, &c, digest);
  uint32_t n = A(2) < h->digest ? A(2) : h->digest;
  uint8_t *out = at(k, A(1), n, true);
  if (out) memcpy(out, digest, n);
  return 0;
}
#pragma GCC diagnostic pop

#define HASH(Name, h)                                                                                                  \
  WG_CALL(XeCrypt##Name##Init, 1) { return hash_init(k, &(h)); }                                                       \
  WG_CALL(XeCrypt##Name##Update, 3) { return hash_update(k, &(h)); }                                                   \
  WG_CALL(XeCrypt##Name##Final, 3) { return hash_final(k, &(h)); }
HASH(Sha, sha1)
HASH(Md5, md5)
HASH(Sha256, sha256)
HASH(Sha512, sha512)

static void take_in(struct wg_kcall *k, EVP_MD_CTX *c, const uint8_t *p, uint32_t n) {
  for (uint32_t i = 0, part; (part = piece(k, i, n)) != 0; i += part) EVP_DigestUpdate(c, p + i, part);
}

// Up to three inputs, then the output and its room.
static uint64_t hash_three(struct wg_kcall *k, const EVP_MD *md) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  EVP_DigestInit_ex(c, md, NULL);
  for (int i = 0; i < 6; i += 2) {
    const uint8_t *p = at(k, A(i), A(i + 1), false);
    if (p) take_in(k, c, p, A(i + 1));
  }
  EVP_DigestFinal_ex(c, digest, &n);
  EVP_MD_CTX_free(c);
  if (A(7) < n) n = A(7);
  uint8_t *out = at(k, A(6), n, true);
  if (out) memcpy(out, digest, n);
  return 0;
}
WG_CALL(XeCryptSha, 8) { return hash_three(k, EVP_sha1()); }
WG_CALL(XeCryptMd5, 8) { return hash_three(k, EVP_md5()); }

// (key, key size, three inputs, output, its room)
static uint64_t hmac(struct wg_kcall *k, const uint8_t *key, uint32_t key_size, int first) {
  // RFC 2104, in pieces: the inputs need not be copied together.
  uint8_t digest[EVP_MAX_MD_SIZE], pad[64] = {0};
  unsigned n = 0;
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  if (key_size > sizeof pad)
    EVP_Digest(key, key_size, pad, &n, EVP_sha1(), NULL);
  else if (key_size)
    memcpy(pad, key, key_size);
  for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36;
  EVP_DigestInit_ex(c, EVP_sha1(), NULL);
  EVP_DigestUpdate(c, pad, sizeof pad);
  for (int i = first; i < first + 6; i += 2) {
    const uint8_t *p = at(k, A(i), A(i + 1), false);
    if (p) take_in(k, c, p, A(i + 1));
  }
  EVP_DigestFinal_ex(c, digest, &n);
  for (size_t i = 0; i < sizeof pad; i++) pad[i] ^= 0x36 ^ 0x5C;
  EVP_DigestInit_ex(c, EVP_sha1(), NULL);
  EVP_DigestUpdate(c, pad, sizeof pad);
  EVP_DigestUpdate(c, digest, n);
  EVP_DigestFinal_ex(c, digest, &n);
  EVP_MD_CTX_free(c);
  if (A(first + 7) < n) n = A(first + 7);
  uint8_t *out = at(k, A(first + 6), n, true);
  if (out) memcpy(out, digest, n);
  return 0;
}
WG_CALL(XeCryptHmacSha, 10) {
  const uint8_t *key = at(k, A(0), A(1), false);
  return key || A(1) == 0 ? hmac(k, key, A(1), 2) : 0; // a key of no bytes is one
}
// The console's own keys are not here: its fused key is all zeros, as a development kit's without one.
static const uint8_t no_key[16];
WG_CALL(XeKeysHmacSha, 9) {
  hmac(k, no_key, sizeof no_key, 1);
  return STATUS_SUCCESS;
}

// XECRYPT_RC4_STATE: 256 bytes of permutation, i, j.
WG_CALL(XeCryptRc4Key, 3) {
  uint8_t *s = at(k, A(0), 258, true);
  const uint8_t *key = at(k, A(1), A(2), false);
  if (s == NULL || key == NULL) return 0;
  for (unsigned i = 0; i < 256; i++) s[i] = (uint8_t)i;
  for (unsigned i = 0, j = 0; i < 256; i++) {
    j = (j + s[i] + key[i % A(2)]) & 255;
    uint8_t t = s[i];
    s[i] = s[j];
    s[j] = t;
  }
  s[256] = s[257] = 0;
  return 0;
}
static void rc4(uint8_t *s, uint8_t *data, uint32_t n) {
  uint8_t i = s[256], j = s[257];
  for (uint32_t x = 0; x < n; x++) {
    i++;
    j = (uint8_t)(j + s[i]);
    uint8_t t = s[i];
    s[i] = s[j];
    s[j] = t;
    data[x] ^= s[(uint8_t)(s[i] + s[j])];
  }
  s[256] = i;
  s[257] = j;
}
WG_CALL(XeCryptRc4Ecb, 3) {
  uint8_t *s = at(k, A(0), 258, true), *data = at(k, A(1), A(2), true);
  for (uint32_t i = 0, part; s && data && (part = piece(k, i, A(2))) != 0; i += part) rc4(s, data + i, part);
  return 0;
}
WG_CALL(XeCryptRc4, 4) {
  uint8_t s[258];
  const uint8_t *key = at(k, A(0), A(1), false);
  uint8_t *data = at(k, A(2), A(3), true);
  if (key == NULL || data == NULL) return 0;
  for (unsigned i = 0; i < 256; i++) s[i] = (uint8_t)i;
  for (unsigned i = 0, j = 0; i < 256; i++) {
    j = (j + s[i] + key[i % A(1)]) & 255;
    uint8_t t = s[i];
    s[i] = s[j];
    s[j] = t;
  }
  s[256] = s[257] = 0;
  for (uint32_t i = 0, part; (part = piece(k, i, A(3))) != 0; i += part) rc4(s, data + i, part);
  return 0;
}

static void cipher(struct wg_kcall *k, const EVP_CIPHER *type, const uint8_t *key, uint8_t *feed, const uint8_t *in,
                   uint8_t *out, uint32_t n, bool encrypt) {
  enum { PIECE = 1 << 16 };
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  EVP_CipherInit_ex(c, type, NULL, key, feed, encrypt);
  EVP_CIPHER_CTX_set_padding(c, 0);
  uint32_t block = (uint32_t)EVP_CIPHER_block_size(type);
  uint8_t *text = wg_xcalloc(PIECE + 32, 1), last[16] = {0};
  for (uint32_t at = 0; at < n; at += PIECE) {
    int done = 0;
    uint32_t part = n - at < PIECE ? n - at : PIECE;
    if (at && !wg_look(k->m)) break;
    EVP_CipherUpdate(c, text, &done, in + at, (int)part);
    if (part >= block) memcpy(last, (encrypt ? text : in + at) + part - block, block);
    memcpy(out + at, text, part);
  }
  if (feed && n >= block) memcpy(feed, last, block);
  free(text);
  EVP_CIPHER_CTX_free(c);
}

// XECRYPT_AES_STATE: 0x160 bytes of expanded keys; its first 16 are the key itself, which is all that we need.
WG_CALL(XeCryptAesKey, 2) {
  uint8_t *s = at(k, A(0), 0x160, true);
  const uint8_t *key = at(k, A(1), 16, false);
  if (s == NULL || key == NULL) return 0;
  uint8_t copy[16];
  memcpy(copy, key, 16);
  memset(s, 0, 0x160);
  memcpy(s, copy, 16);
  return 0;
}
WG_CALL(XeCryptAesEcb, 4) {
  const uint8_t *s = at(k, A(0), 0x160, false), *in = at(k, A(1), 16, false);
  uint8_t *out = at(k, A(2), 16, true);
  if (s && in && out) cipher(k, EVP_aes_128_ecb(), s, NULL, in, out, 16, A(3) != 0);
  return 0;
}
WG_CALL(XeCryptAesCbc, 6) {
  uint32_t n = A(2) & ~15u;
  const uint8_t *s = at(k, A(0), 0x160, false), *in = at(k, A(1), n, false);
  uint8_t *out = at(k, A(3), n, true), *feed = at(k, A(4), 16, true);
  if (s && in && out && feed) cipher(k, EVP_aes_128_cbc(), s, feed, in, out, n, A(5) != 0);
  return 0;
}
// A key that XeKeysObscureKey has given; false if there is none.
static bool clear_key(struct wg_kcall *k, uint32_t from, uint8_t key[16]) {
  const uint8_t *p = at(k, from, 16, false);
  if (p) cipher(k, EVP_aes_128_ecb(), no_key, NULL, p, key, 16, false);
  return p != NULL;
}
WG_CALL(XeKeysHmacShaUsingKey, 9) {
  uint8_t key[16];
  if (!clear_key(k, A(0), key)) return STATUS_INVALID_PARAMETER;
  hmac(k, key, sizeof key, 1);
  return STATUS_SUCCESS;
}
// (key, input, size, output, feed, encrypt)
WG_CALL(XeKeysAesCbcUsingKey, 6) {
  uint32_t n = A(2) & ~15u;
  uint8_t key[16];
  bool have = clear_key(k, A(0), key);
  const uint8_t *in = at(k, A(1), n, false);
  uint8_t *out = at(k, A(3), n, true), *feed = at(k, A(4), 16, true);
  if (!have || in == NULL || out == NULL || feed == NULL) return STATUS_INVALID_PARAMETER;
  cipher(k, EVP_aes_128_cbc(), key, feed, in, out, n, A(5) != 0);
  return STATUS_SUCCESS;
}
WG_CALL(XeKeysObscureKey, 2) {
  const uint8_t *in = at(k, A(0), 16, false);
  uint8_t *out = at(k, A(1), 16, true);
  if (in == NULL || out == NULL) return STATUS_INVALID_PARAMETER;
  cipher(k, EVP_aes_128_ecb(), no_key, NULL, in, out, 16, true);
  return STATUS_SUCCESS;
}
WG_CALL(XeKeysGetConsoleType, 1) {
  KW32(k, A(0), 2); // retail
  return STATUS_SUCCESS;
}

WG_CALL(XeCryptDesParity, 3) {
  const uint8_t *in = at(k, A(0), A(1), false);
  uint8_t *out = at(k, A(2), A(1), true);
  if (in == NULL || out == NULL) return 0;
  for (uint32_t i = 0; i < A(1) && (i == 0 || i % WG_POLL_BYTES || wg_look(k->m)); i++)
    out[i] = (uint8_t)((in[i] & 0xFE) | !(__builtin_popcount(in[i] & 0xFE) & 1));
  return 0;
}
// XECRYPT_DES3_STATE: 0x180 bytes of key schedules; we keep the three keys in its first 24.
WG_CALL(XeCryptDes3Key, 2) {
  uint8_t *s = at(k, A(0), 0x180, true);
  const uint8_t *key = at(k, A(1), 24, false);
  if (s == NULL || key == NULL) return 0;
  uint8_t copy[24];
  memcpy(copy, key, 24);
  memset(s, 0, 0x180);
  memcpy(s, copy, 24);
  return 0;
}
static void des3(struct wg_kcall *k, const uint8_t *key, uint8_t *feed, const uint8_t *in, uint8_t *out, uint32_t n,
                 bool encrypt) {
  wg_work(k->m, DES_NS * (uint64_t)n);
  cipher(k, feed ? EVP_des_ede3_cbc() : EVP_des_ede3_ecb(), key, feed, in, out, n, encrypt);
}
WG_CALL(XeCryptDes3Ecb, 4) {
  const uint8_t *s = at(k, A(0), 0x180, false), *in = at(k, A(1), 8, false);
  uint8_t *out = at(k, A(2), 8, true);
  if (s && in && out) des3(k, s, NULL, in, out, 8, A(3) != 0);
  return 0;
}
WG_CALL(XeCryptDes3Cbc, 6) {
  uint32_t n = A(2) & ~7u;
  const uint8_t *s = at(k, A(0), 0x180, false), *in = at(k, A(1), n, false);
  uint8_t *out = at(k, A(3), n, true), *feed = at(k, A(4), 8, true);
  if (s && in && out && feed) des3(k, s, feed, in, out, n, A(5) != 0);
  return 0;
}

void wg_random(struct wg_machine *m, uint64_t stream, uint8_t *p, uint32_t n) {
  uint64_t state = wg_hash_u64(wg_ordinal(m, stream), m->cfg.date);
  if (p) wg_work(m, n);
  for (uint32_t i = 0; p && i < n && (i == 0 || i % WG_POLL_BYTES || wg_look(m)); i++) {
    if (i % 8 == 0) state = wg_hash_u64(i, state);
    p[i] = (uint8_t)(state >> (8 * (i % 8)));
  }
}
WG_CALL(XeCryptRandom, 2) {
  wg_random(k->m, 0x52616E64, at(k, A(0), A(1), true), A(1));
  return 0;
}
WG_CALL(XeCryptBnQw_SwapDwQwLeBe, 3) {
  uint32_t n = A(2) & 0xFFFF;
  const uint8_t *in = at(k, A(0), n * 8, false);
  uint8_t *out = at(k, A(1), n * 8, true);
  for (uint32_t i = 0; in && out && i < n; i++) {
    uint64_t v = wg_load_be64(in + 8 * i);
    wg_store_be64(out + 8 * i, __builtin_bswap64(v));
  }
  return 0;
}
// Signatures are taken as valid, as the reference does: what they protect is not what is studied here.
WG_CONSTANT(XeCryptBnQwNeRsaPubCrypt, 3, 1)
WG_CONSTANT(XeCryptBnDwLePkcs1Verify, 3, 1)
