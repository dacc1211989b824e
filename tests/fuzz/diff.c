// libFuzzer's entry for the differ: the input is two or three files with a NUL between them, each a trace or log; the
// third is a further run of the reference. Whatever they hold, the report is lines of printable text, the JSON is JSON,
// and a file differs in nothing from itself.
#define _GNU_SOURCE // memfd_create
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diff/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

#define FILES 3

struct files {
  int fd[FILES];
  char path[FILES][32];
  const char *name[FILES];
  size_t n;
};

static void open_files(struct files *f, const uint8_t *data, size_t n) {
  for (f->n = 0; f->n < FILES; f->n++) {
    const uint8_t *nul = memchr(data, 0, n);
    size_t len = nul ? (size_t)(nul - data) : n;
    f->fd[f->n] = memfd_create("fuzz", 0);
    if (f->fd[f->n] < 0 || write(f->fd[f->n], data, len) != (ssize_t)len) abort();
    snprintf(f->path[f->n], sizeof f->path[0], "/proc/self/fd/%d", f->fd[f->n]);
    f->name[f->n] = f->path[f->n];
    if (nul == NULL) {
      f->n++;
      return;
    }
    data += len + 1;
    n -= len + 1;
  }
}

// How many bytes of a character follow the one that begins it.
static size_t further_bytes(unsigned char c) { return c < 0x80 ? 0 : c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1; }

static void check_text(const struct wg_buf *b) {
  for (size_t i = 0; i < b->len; i++) {
    unsigned char c = (unsigned char)b->data[i];
    size_t more = further_bytes(c);
    bool whole = more < b->len - i && (more == 0 || c >= 0xC2);
    bool control = (c != '\n' && c < 0x20) || c == 0x7F || (c == 0xC2 && whole && (unsigned char)b->data[i + 1] < 0xA0);
    for (size_t k = 1; k <= more && whole; k++) whole = ((unsigned char)b->data[i + k] & 0xC0) == 0x80;
    if (control || !whole) {
      fprintf(stderr, "a control character, or no UTF-8, at byte %zu of\n%.2000s\n", i, b->data);
      abort();
    }
    i += more;
  }
}

static void check_json(const struct wg_buf *b) {
  json_error_t error;
  json_t *v = json_loadb(b->data, b->len, JSON_ALLOW_NUL, &error);
  if (v == NULL) {
    fprintf(stderr, "%s\n%.2000s\n", error.text, b->data);
    abort();
  }
  json_decref(v);
}

static int compare(const struct files *f, size_t a, size_t b, enum wg_diff_format format) {
  struct wg_diff_options o = {.thread = -1, .format = format, .verbose = format != WG_DIFF_TEXT, .explain_noise = true};
  struct wg_buf out = {0};
  struct wg_err err = {0};
  int code = wg_diff(f->name[a], f->name[b], f->name + 2, f->n > 2, &o, &out, &err);
  if (code == WG_INTERNAL) abort();
  if (code == WG_OK || code == WG_DIFFERS) {
    if (format == WG_DIFF_JSON)
      check_json(&out);
    else
      check_text(&out);
  }
  if (a == b && code == WG_DIFFERS) {
    fprintf(stderr, "a file differs from itself:\n%.2000s\n", out.data);
    abort();
  }
  wg_buf_release(&out);
  return code;
}

// Opening a file costs most: one comparison an input, which one the input decides.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  struct files f;
  unsigned sum = 0;
  for (size_t i = 0; i < n; i++) sum = sum * 31 + data[i];
  open_files(&f, data, n);
  if (f.n == 1 || sum % 4 == 0)
    compare(&f, 0, 0, WG_DIFF_TEXT);
  else if (sum % 4 == 1)
    compare(&f, 0, 1, WG_DIFF_JSON);
  else
    compare(&f, sum % 2, !(sum % 2), WG_DIFF_MARKDOWN);
  for (size_t i = 0; i < f.n; i++) close(f.fd[i]);
  return 0;
}

// -- mutation: lines come, go and change places; numbers are taken from elsewhere --

static uint32_t next(unsigned *state, size_t n) {
  *state = *state * 1664525u + 1013904223u;
  return n ? (*state >> 8) % (uint32_t)n : 0;
}

// A piece from a random place up to and with the next of `stops`.
static const uint8_t *piece(const uint8_t *data, size_t n, unsigned *rng, const char *stops, size_t *len) {
  size_t from = next(rng, n), to;
  while (from > 0 && strchr(stops, data[from - 1]) == NULL) from--;
  for (to = from; to < n && (data[to] == 0 || strchr(stops, data[to]) == NULL); to++) continue;
  if (to < n) to++;
  *len = to - from;
  return data + from;
}

static size_t replace(uint8_t *data, size_t size, size_t max, size_t at, size_t old, const uint8_t *with, size_t n) {
  if (size - old + n > max) return size;
  memmove(data + at + n, data + at + old, size - at - old);
  memcpy(data + at, with, n);
  return size - old + n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
  unsigned rng = seed;
  size_t from, to, what = next(&rng, 8);
  if (size < 2 || what < 2) return LLVMFuzzerMutate(data, size, max);
  bool lines = what < 6;
  const uint8_t *a = piece(data, size, &rng, lines ? "\n" : "\",:(){}[]", &from);
  const uint8_t *b = piece(data, size, &rng, lines ? "\n" : "\",:(){}[]", &to);
  uint8_t *copy = malloc(from + 1);
  memcpy(copy, a, from);
  size_t n = from, at = (size_t)(b - data), old = to;
  if (what == 2) n = 0;   // the other one goes
  if (what == 3) old = 0; // a copy
  size = replace(data, size, max, at, old, copy, n);
  free(copy);
  return size;
}
