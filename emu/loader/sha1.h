// The digest that everything in a title has. Private to emu/loader.
#ifndef WG_EMU_LOADER_SHA1_H
#define WG_EMU_LOADER_SHA1_H

#include <openssl/evp.h>
#include <stdint.h>

#include "base/assert.h"

// Of n bytes. Errors: none; a library without SHA-1 ends the process, as no title can be had without it.
static inline void wg_sha1(const void *p, size_t n, uint8_t out[20]) {
  int good = EVP_Digest(p, n, out, NULL, EVP_sha1(), NULL);
  WG_ASSERT(good == 1, "libcrypto has SHA-1");
}

#endif
