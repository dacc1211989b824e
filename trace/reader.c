#include "trace/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "trace/importers.h"

#define CHUNK (1u << 17)
#define MAX_LINE (64u << 20)

struct wg_reader {
  FILE *file;
  char *path;
  ZSTD_DStream *zstd; // NULL for plain text
  uint8_t *in;
  ZSTD_inBuffer zin;
  uint64_t in_offset; // file offset just after the bytes in `in`
  bool frame_open;
  bool eof;
  struct wg_buf text; // decoded bytes not yet consumed
  size_t pos;
  uint64_t lineno;
  bool pending; // the current line holds further events
  const char *line;
  size_t line_len;
  bool saw_footer, is_trace;
  char damage[512];
  const struct wg_importer *importer;
  void *state;
};

static void damaged(struct wg_reader *r, const char *fmt, ...) WG_PRINTF(2, 3);
static void damaged(struct wg_reader *r, const char *fmt, ...) {
  r->eof = true;
  if (r->damage[0]) return;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(r->damage, sizeof r->damage, fmt, ap);
  va_end(ap);
}

static size_t fill_input(struct wg_reader *r) {
  size_t n = fread(r->in, 1, CHUNK, r->file);
  r->in_offset += n;
  if (ferror(r->file)) damaged(r, "read error at byte %llu", (unsigned long long)r->in_offset);
  return n;
}

static void decode_more(struct wg_reader *r) {
  if (r->zstd == NULL) {
    size_t n = fill_input(r);
    if (n == 0) r->eof = true;
    wg_buf_add(&r->text, r->in, n);
    return;
  }
  if (r->zin.pos == r->zin.size) {
    r->zin = (ZSTD_inBuffer){r->in, fill_input(r), 0};
    if (r->zin.size == 0) {
      if (r->frame_open)
        damaged(r, "truncated at byte %llu: the last zstd frame is incomplete", (unsigned long long)r->in_offset);
      r->eof = true;
      return;
    }
  }
  wg_buf_reserve(&r->text, CHUNK);
  ZSTD_outBuffer out = {r->text.data + r->text.len, CHUNK, 0};
  size_t rc = ZSTD_decompressStream(r->zstd, &out, &r->zin);
  if (ZSTD_isError(rc)) {
    damaged(r, "corrupt near byte %llu: %s", (unsigned long long)(r->in_offset - (r->zin.size - r->zin.pos)),
            ZSTD_getErrorName(rc));
    return;
  }
  r->frame_open = rc != 0;
  r->text.len += out.pos;
  r->text.data[r->text.len] = 0;
}

const char *wg_reader_line(struct wg_reader *r, size_t *n) {
  size_t scanned = r->pos;
  for (;;) {
    char *start = r->text.data + r->pos;
    char *nl = r->text.len > scanned ? memchr(r->text.data + scanned, '\n', r->text.len - scanned) : NULL;
    if (nl) {
      *nl = 0;
      *n = (size_t)(nl - start);
      r->pos = (size_t)(nl - r->text.data) + 1;
      r->lineno++;
      return start;
    }
    if (r->eof) break;
    if (r->pos) {
      memmove(r->text.data, r->text.data + r->pos, r->text.len - r->pos);
      r->text.len -= r->pos;
      r->pos = 0;
    }
    scanned = r->text.len;
    if (scanned > MAX_LINE) {
      damaged(r, "line %llu is longer than %u bytes", (unsigned long long)r->lineno + 1, MAX_LINE);
      return NULL;
    }
    decode_more(r);
  }
  if (r->pos == r->text.len) return NULL;
  if (r->is_trace) {
    // A trace line without its newline was cut off while being written.
    damaged(r, "truncated in line %llu", (unsigned long long)r->lineno + 1);
    r->pos = r->text.len;
    return NULL;
  }
  char *start = r->text.data + r->pos;
  *n = r->text.len - r->pos;
  r->pos = r->text.len;
  r->lineno++;
  return start;
}

int wg_reader_next(struct wg_reader *r, struct wg_event *e) {
  for (;;) {
    if (!r->pending) {
      r->line = wg_reader_line(r, &r->line_len);
      if (r->line == NULL) {
        if (r->is_trace && !r->saw_footer && r->damage[0] == 0)
          damaged(r, "no trace.footer: the run did not end cleanly");
        return 0;
      }
    }
    r->pending = false;
    struct wg_err err = {0};
    int rc = r->importer->line(r->state, r->line, r->line_len, e, &r->pending, &err);
    if (rc < 0) {
      damaged(r, "line %llu: %s", (unsigned long long)r->lineno, err.msg);
      r->pos = r->text.len;
      return 0;
    }
    if (rc == 0) continue;
    if (e->kind == WG_EV_TRACE_FOOTER) r->saw_footer = true;
    return 1;
  }
}

const char *wg_reader_damage(const struct wg_reader *r) { return r->damage[0] ? r->damage : NULL; }
uint64_t wg_reader_lineno(const struct wg_reader *r) { return r->lineno; }
const char *wg_reader_format(const struct wg_reader *r) { return r->importer->name; }

static int open_file(struct wg_reader *r, const char *path, struct wg_err *err) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
    struct wg_buf full = {0};
    wg_buf_printf(&full, "%s/trace.jsonl.zst", path);
    r->path = full.data;
  } else {
    r->path = wg_xstrdup(path);
  }
  r->file = fopen(r->path, "rb");
  if (r->file == NULL) return wg_fail(err, WG_INPUT, "%s: %s", r->path, strerror(errno));
  if (fstat(fileno(r->file), &st) == 0 && S_ISDIR(st.st_mode))
    return wg_fail(err, WG_INPUT, "%s: is a directory, not a trace or log", r->path);
  uint8_t magic[4] = {0};
  size_t n = fread(magic, 1, 4, r->file);
  rewind(r->file);
  if (n == 4 && memcmp(magic, "\x28\xB5\x2F\xFD", 4) == 0) {
    r->zstd = ZSTD_createDStream();
    ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, 31);
  }
  return WG_OK;
}

int wg_reader_open(struct wg_reader **out, const char *path, struct wg_err *err) {
  struct wg_reader *r = wg_xcalloc(1, sizeof *r);
  r->in = wg_xcalloc(1, CHUNK);
  int code = open_file(r, path, err);
  if (code == WG_OK) {
    wg_buf_reserve(&r->text, CHUNK);
    r->text.data[0] = 0;
    while (!r->eof && r->text.len < 4096) decode_more(r);
    r->importer = wg_importer_for(r->text.data, r->text.len);
    if (r->importer == NULL)
      code = wg_fail(err, WG_INPUT,
                     "%s: %s; expected a Wedge trace (JSON Lines, plain or zstd) or a "
                     "xenia-canary log",
                     r->path, r->damage[0] ? r->damage : "neither a trace nor a known log");
  }
  if (code != WG_OK) {
    wg_reader_close(r);
    return code;
  }
  static const char header[] = "{\"kind\":\"trace.header\"";
  r->is_trace = r->text.len >= sizeof header && memcmp(r->text.data, header, sizeof header - 1) == 0;
  r->state = r->importer->open(); // NOLINT(clang-analyzer-core.NullDereference): an error otherwise
  *out = r;
  return WG_OK;
}

void wg_reader_close(struct wg_reader *r) {
  if (r == NULL) return;
  if (r->importer && r->state) r->importer->close(r->state);
  if (r->file) fclose(r->file);
  if (r->zstd) ZSTD_freeDStream(r->zstd);
  wg_buf_release(&r->text);
  free(r->in);
  free(r->path);
  free(r);
}
