#define _GNU_SOURCE // pipe2
#include "trace/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/buf.h"
#include "base/endian.h"
#include "base/file.h"

#define BLOCK (256u << 10) // of text: a block being parsed and one being filled stay in the cache
#define INPUT (128u << 10) // of compressed bytes
#define QUEUE 4
// The history that a zstd frame may ask its reader to keep: what zstd itself reads unless it is told otherwise.
#define WINDOW_LOG 27
// No trace packs better than this. What does was made to fill memories or to never end; small files may do as they
// like.
#define MOST_RATIO 1000u
#define FREE_TEXT (1ull << 30)
#define MOST_HOLES 1000u // corrupt places that are passed over

struct block {
  char *data;
  size_t n;
  bool full;
};

struct wg_source {
  char *path;
  int fd;
  bool run;     // given as its directory
  bool regular; // a file: reading never waits
  bool (*go_on)(void);
  _Atomic bool stopped; // it was not to go on
  enum form { PLAIN, ZSTD, GZIP } form;
  uint8_t *in; // bytes read and not yet decoded: in[in_pos..in_len)
  size_t in_pos, in_len;
  _Atomic uint64_t offset; // file offset of in[in_len]
  uint64_t text;           // bytes decoded so far
  uint64_t size;           // 0: not known
  bool open;               // within a frame or member
  bool at_end;             // of the file, or of what can be read of it
  ZSTD_DCtx *zstd;         // NULL until one is needed
  z_stream gzip;
  bool has_gzip;
  bool through, skipping; // passes over what is corrupt; is doing so
  unsigned holes;
  _Atomic uint64_t hole; // of the text: where the first is
  bool owes_newline;     // the line that was cut has no end yet
  char last;             // byte of the text
  size_t said;           // of `damage`, about the first hole
  char damage[480];

  struct block blocks[QUEUE];
  size_t tail;   // block that the caller has or gets next
  bool held;     // by the caller
  bool threaded; // the rest is shared, under lock
  bool closing;
  int wake[2]; // of a decoder that waits for a pipe: its other end is closed when nobody wants more; else -1
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
};

static void damaged(struct wg_source *s, const char *fmt, ...) WG_PRINTF(2, 3);
static void damaged(struct wg_source *s, const char *fmt, ...) {
  size_t said = s->holes ? strlen(s->damage) : 0; // and behind what was passed over this
  s->at_end = true;
  if (s->damage[0] && s->holes == 0) return;
  if (said) said += (size_t)snprintf(s->damage + said, sizeof s->damage - said, "; ");
  va_list ap;
  va_start(ap, fmt);
  if (said < sizeof s->damage) vsnprintf(s->damage + said, sizeof s->damage - said, fmt, ap);
  va_end(ap);
}

// False if the reader of a pipe is gone, or is not to go on, before anything came.
static bool wait_for_input(struct wg_source *s) {
  struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->wake[0], .events = POLLIN}};
  for (int n = 0; n <= 0;) {
    if (s->go_on && !s->go_on()) {
      s->stopped = true;
      damaged(s, "interrupted at byte %llu", (unsigned long long)s->offset);
      return false;
    }
    n = poll(fds, 2, s->go_on ? WG_ASK_MS : -1);
    if (n < 0 && errno != EINTR) break;
  }
  return fds[1].revents == 0;
}

// 0 at the end or after an error.
static size_t read_some(struct wg_source *s, void *to, size_t n) {
  ssize_t got;
  bool waits = !s->regular && s->go_on;
  if ((waits || s->wake[0] >= 0) && !wait_for_input(s)) return 0;
  do got = read(s->fd, to, n);
  while (got < 0 && errno == EINTR);
  if (got < 0) damaged(s, "read error at byte %llu: %s", (unsigned long long)s->offset, strerror(errno));
  if (got <= 0) return 0;
  s->offset += (uint64_t)got;
  return (size_t)got;
}

static bool refill(struct wg_source *s) {
  s->in_pos = 0;
  s->in_len = read_some(s, s->in, INPUT);
  return s->in_len != 0;
}

static unsigned long long decoded(const struct wg_source *s) { return s->offset - (s->in_len - s->in_pos); }

static size_t fill_plain(struct wg_source *s, char *to) {
  size_t n = s->in_len - s->in_pos;
  if (n == 0) return read_some(s, to, BLOCK);
  memcpy(to, s->in + s->in_pos, n); // what was read to see the form
  s->in_pos = s->in_len;
  return n;
}

// What is corrupt here ends its line, and is passed over up to the next frame.
static void begin_hole(struct wg_source *s, uint64_t at, const char *why) {
  if (s->holes == 0) s->hole = at;
  if (s->damage[0] == 0) {
    int n = snprintf(s->damage, sizeof s->damage, "corrupt near byte %llu: %s", decoded(s), why);
    s->said = n < (int)sizeof s->damage ? (size_t)n : sizeof s->damage - 1;
  }
  s->holes++;
  s->skipping = true;
  s->open = false;
  s->owes_newline = true;
  s->in_pos += s->in_pos < s->in_len; // behind the beginning of this frame
  ZSTD_DCtx_reset(s->zstd, ZSTD_reset_session_only);
}

// To where a frame begins; false if none does.
static bool find_frame(struct wg_source *s) {
  for (;;) {
    for (size_t i = s->in_pos; i + 4 <= s->in_len; i++) {
      if (wg_load_le32(s->in + i) != ZSTD_MAGICNUMBER) continue;
      s->in_pos = i;
      s->skipping = false;
      if (s->holes == 1)
        snprintf(s->damage + s->said, sizeof s->damage - s->said, "; read on from byte %llu", decoded(s));
      else
        snprintf(s->damage + s->said, sizeof s->damage - s->said, "; read on behind it and %u further such places",
                 s->holes - 1);
      return true;
    }
    size_t kept = s->in_len - s->in_pos < 3 ? s->in_len - s->in_pos : 3;
    memmove(s->in, s->in + s->in_len - kept, kept);
    size_t got = read_some(s, s->in + kept, INPUT - kept);
    s->in_pos = 0;
    s->in_len = kept + got;
    if (got) continue;
    s->at_end = true;
    return false;
  }
}

// One step of a decoder: some of the input into to[*n..BLOCK).
static void step_zstd(struct wg_source *s, char *to, size_t *n) {
  ZSTD_inBuffer in = {s->in, s->in_len, s->in_pos};
  ZSTD_outBuffer out = {to, BLOCK, *n};
  size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);
  s->in_pos = in.pos;
  *n = out.pos;
  if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge)
    damaged(s, "byte %llu: a zstd frame that needs more than %u MiB of memory; pack it anew without --long", decoded(s),
            1u << (WINDOW_LOG - 20));
  else if (ZSTD_isError(rc) && s->through && s->holes < MOST_HOLES)
    begin_hole(s, s->text + *n, ZSTD_getErrorName(rc));
  else if (ZSTD_isError(rc))
    damaged(s, "corrupt near byte %llu: %s", decoded(s), ZSTD_getErrorName(rc));
  else
    s->open = rc != 0;
}

static void step_gzip(struct wg_source *s, char *to, size_t *n) {
  z_stream *z = &s->gzip;
  if (!s->open) inflateReset(z); // the next member
  s->open = true;
  z->next_in = s->in + s->in_pos;
  z->avail_in = (uInt)(s->in_len - s->in_pos);
  z->next_out = (Bytef *)to + *n;
  z->avail_out = (uInt)(BLOCK - *n);
  int rc = inflate(z, Z_NO_FLUSH);
  s->in_pos = s->in_len - z->avail_in;
  *n = BLOCK - z->avail_out;
  if (rc == Z_STREAM_END)
    s->open = false;
  else if (rc != Z_OK && rc != Z_BUF_ERROR)
    damaged(s, "corrupt near byte %llu: %s", decoded(s), z->msg ? z->msg : "not gzip");
}

// The form of what begins with these four bytes; as it was if they begin nothing that is packed.
static void choose_form(struct wg_source *s, uint32_t magic) {
  if (magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START) {
    if (s->zstd == NULL) {
      s->zstd = ZSTD_createDCtx();
      ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG);
    }
    s->form = ZSTD;
  } else if ((magic & 0xFFFFFF) == 0x088B1F) {
    if (!s->has_gzip) s->has_gzip = inflateInit2(&s->gzip, 15 + 16) == Z_OK;
    if (s->has_gzip) s->form = GZIP;
  }
}

// Where a frame or member may begin: who joins files joins both kinds, and the last block of a tape is filled with
// NULs. False if there is nothing yet.
static bool begin_part(struct wg_source *s) {
  while (s->in_pos < s->in_len && s->in[s->in_pos] == 0) s->in_pos++;
  size_t left = s->in_len - s->in_pos;
  if (left == 0) return false;
  if (left < 4) {
    memmove(s->in, s->in + s->in_pos, left);
    s->in_pos = 0;
    s->in_len = left;
    for (size_t n = 1; n && s->in_len < 4; s->in_len += n) n = read_some(s, s->in + s->in_len, INPUT - s->in_len);
  }
  if (s->in_len - s->in_pos >= 4) choose_form(s, wg_load_le32(s->in + s->in_pos));
  return true;
}

static size_t fill_decoded(struct wg_source *s, char *to) {
  size_t n = 0;
  while (n < BLOCK && !s->at_end) {
    if (s->skipping && !find_frame(s)) break;
    if (s->owes_newline) {
      s->owes_newline = false;
      if ((n ? to[n - 1] : s->last) != '\n') to[n++] = '\n';
      continue;
    }
    if (s->in_pos == s->in_len) {
      if (n && !s->regular) break;
      refill(s);
    }
    bool file_ended = s->in_len == 0;
    size_t before = n;
    if (file_ended && !s->open) break;
    if (!s->open && !begin_part(s)) continue;
    if (s->form == ZSTD)
      step_zstd(s, to, &n);
    else
      step_gzip(s, to, &n);
    // A decoder may hold text that did not fit the last block: the end is where nothing more comes.
    if (file_ended && n == before && s->open && !s->at_end)
      damaged(s, "truncated at byte %llu: the last %s is incomplete", (unsigned long long)s->offset,
              s->form == ZSTD ? "zstd frame" : "gzip member");
  }
  if (n) s->last = to[n - 1];
  s->text += n;
  if (s->text > FREE_TEXT && s->text / MOST_RATIO > s->offset && n)
    damaged(s, "byte %llu: unpacks to more than %u times its size, which no trace does: the rest is not read",
            decoded(s), MOST_RATIO);
  return n;
}

static size_t fill(struct wg_source *s, char *to) { return s->form == PLAIN ? fill_plain(s, to) : fill_decoded(s, to); }

static void *decoder(void *arg) {
  struct wg_source *s = arg;
  size_t head = 0, n = 1;
  pthread_mutex_lock(&s->lock);
  while (n && !s->closing) {
    struct block *b = &s->blocks[head];
    if (b->full) {
      pthread_cond_wait(&s->changed, &s->lock);
      continue;
    }
    pthread_mutex_unlock(&s->lock);
    n = fill(s, b->data);
    pthread_mutex_lock(&s->lock);
    b->n = n;
    b->full = true;
    head = (head + 1) % QUEUE;
    pthread_cond_broadcast(&s->changed);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

static size_t wait_for_block(struct wg_source *s) {
  pthread_mutex_lock(&s->lock);
  if (s->held) {
    s->blocks[s->tail].full = false;
    s->tail = (s->tail + 1) % QUEUE;
    pthread_cond_broadcast(&s->changed);
  }
  while (!s->blocks[s->tail].full) pthread_cond_wait(&s->changed, &s->lock);
  size_t n = s->blocks[s->tail].n;
  pthread_mutex_unlock(&s->lock);
  s->held = n != 0; // the end stays where it is
  return n;
}

char *wg_source_next(struct wg_source *s, size_t *n) {
  *n = s->threaded ? wait_for_block(s) : fill(s, s->blocks[0].data);
  return *n ? s->blocks[s->tail].data : NULL;
}

uint64_t wg_source_hole(const struct wg_source *s) { return s->hole; }
bool wg_source_stopped(const struct wg_source *s) { return s->stopped; }
const char *wg_source_damage(const struct wg_source *s) { return s->damage[0] ? s->damage : NULL; }
uint64_t wg_source_at(const struct wg_source *s, uint64_t *of) {
  *of = s->size;
  return s->offset;
}
const char *wg_source_path(const struct wg_source *s) { return s->path; }
bool wg_source_is_run(const struct wg_source *s) { return s->run; }

// What holds no text that could be read; NULL: it may.
static const char *unreadable(const struct stat *st) { return S_ISFIFO(st->st_mode) ? NULL : wg_file_is(st); }

static int open_run(struct wg_source *s, const char *dir, struct wg_err *err) {
  struct wg_buf full = {0};
  wg_buf_printf(&full, "%s/trace.jsonl.zst", dir);
  s->path = full.data;
  s->run = true;
  if (!wg_file_exists(s->path))
    return wg_fail(err, WG_INPUT,
                   "%s: is a folder without trace.jsonl.zst, so no run; expected a run, a trace or a log", dir);
  return wg_file_open(s->path, &s->fd, err);
}

static int open_file(struct wg_source *s, const char *path, struct wg_err *err) {
  struct stat st;
  bool known = stat(path, &st) == 0, input = strcmp(path, "-") == 0;
  if (input) {
    s->path = wg_xstrdup("standard input");
    s->fd = dup(STDIN_FILENO);
  } else if (known && S_ISDIR(st.st_mode)) {
    WG_TRY(open_run(s, path, err));
  } else {
    s->path = wg_xstrdup(path);
    if (known && unreadable(&st))
      return wg_fail(err, WG_INPUT, "%s: %s; expected a run, a trace or a log", path, unreadable(&st));
    s->fd = s->go_on ? wg_pipe_open(path) : open(path, O_RDONLY | O_CLOEXEC);
  }
  if (s->fd < 0) return wg_fail_open(err, s->path, errno);
  if (fstat(s->fd, &st) == 0 && unreadable(&st) && !(input && S_ISCHR(st.st_mode)))
    return wg_fail(err, WG_INPUT, "%s: %s; expected a trace or a log", s->path, unreadable(&st));
  s->regular = S_ISREG(st.st_mode);
  s->size = s->regular ? (uint64_t)st.st_size : 0;
  return WG_OK;
}

// Reads the first bytes, which a pipe may give one at a time.
static void see_form(struct wg_source *s) {
  for (size_t n = 1; n && s->in_len < 4; s->in_len += n) n = read_some(s, s->in + s->in_len, INPUT - s->in_len);
  if (s->in_len >= 4) choose_form(s, wg_load_le32(s->in));
}

// A file is read, and whatever is packed decoded, ahead of whoever parses, on a second thread. Text from a pipe is not:
// it is handed on as it comes.
static void start(struct wg_source *s) {
  bool want = s->regular ? s->size > BLOCK || s->form != PLAIN : s->form != PLAIN;
  if (want && !s->regular) want = pipe2(s->wake, O_CLOEXEC) == 0;
  for (size_t i = 0; i < (want ? QUEUE : 1); i++) s->blocks[i].data = wg_xcalloc(1, BLOCK + WG_SOURCE_SLACK);
  if (!want) return;
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, NULL);
  s->threaded = pthread_create(&s->thread, NULL, decoder, s) == 0;
}

static int open_source(struct wg_source **out, const char *path, bool through, bool (*go_on)(void),
                       struct wg_err *err) {
  struct wg_source *s = wg_xcalloc(1, sizeof *s);
  s->in = wg_xcalloc(1, INPUT);
  s->wake[0] = s->wake[1] = -1;
  s->last = '\n';
  s->hole = UINT64_MAX;
  s->through = through;
  s->go_on = go_on;
  int code = open_file(s, path, err);
  if (code == WG_OK) {
    see_form(s);
    start(s);
    *out = s;
  } else {
    wg_source_close(s);
  }
  return code;
}

int wg_source_open(struct wg_source **out, const char *path, struct wg_err *err) {
  return open_source(out, path, false, NULL, err);
}

int wg_source_open_through(struct wg_source **out, const char *path, bool (*go_on)(void), struct wg_err *err) {
  return open_source(out, path, true, go_on, err);
}

void wg_source_close(struct wg_source *s) {
  if (s == NULL) return;
  if (s->threaded) {
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->wake[1] >= 0) close(s->wake[1]);
    s->wake[1] = -1;
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
  }
  ZSTD_freeDCtx(s->zstd);
  if (s->has_gzip) inflateEnd(&s->gzip);
  if (s->fd >= 0) close(s->fd);
  for (int i = 0; i < 2; i++)
    if (s->wake[i] >= 0) close(s->wake[i]);
  for (size_t i = 0; i < QUEUE; i++) free(s->blocks[i].data);
  free(s->in);
  free(s->path);
  free(s);
}
