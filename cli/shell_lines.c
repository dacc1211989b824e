// Lines of the shell: edited on a terminal, with a history and completion, if libedit was there for the build.
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include <wchar.h>

#include "base/file.h"
#include "cli/shell.h"

#ifndef WG_LIBEDIT
#define WG_LIBEDIT 0
#endif
#if WG_LIBEDIT
#include <histedit.h>
#else
typedef struct no_editor EditLine;
typedef struct no_history History;
#endif

struct wg_lines {
  struct wg_session *session;
  bool terminal;
  const char *prompt;
  struct wg_buf line, file; // the history's
  EditLine *editor;
  History *history;
  sigset_t outside; // signals blocked before a line was begun
};

bool wg_lines_edits(void) { return WG_LIBEDIT; }

// -- as they come --

// A byte of standard input, as read(2). While a line is read, Ctrl-C is heard here alone, where nothing is lost: one
// that came in between is found as the next byte is waited for. Then, and for other signals that are caught: -1, EINTR.
static ssize_t next_byte(const struct wg_lines *l, char *c) {
  fd_set in;
  while (wg_cli_go_on()) {
    FD_ZERO(&in);
    FD_SET(STDIN_FILENO, &in);
    if (pselect(STDIN_FILENO + 1, &in, NULL, NULL, NULL, &l->outside) > 0) return read(STDIN_FILENO, c, 1);
    if (errno != EINTR) return -1;
  }
  errno = EINTR;
  return -1;
}

static void hold_interrupts(struct wg_lines *l) {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &l->outside);
}

static const char *plain_line(struct wg_lines *l, bool *cancelled) {
  if (l->terminal) {
    fputs(l->prompt, stdout);
    fflush(stdout);
  }
  wg_buf_clear(&l->line);
  for (;;) {
    char c;
    ssize_t n = next_byte(l, &c); // no more than this line: whoever comes next has the rest
    if (n < 0 && errno == EINTR) {
      *cancelled = true;
      return NULL;
    }
    if (n <= 0) return l->line.len ? l->line.data : NULL;
    if (c == '\n') break;
    wg_buf_char(&l->line, c ? c : ' ');
  }
  wg_buf_reserve(&l->line, 1);
  return l->line.data;
}

// -- edited --

#if WG_LIBEDIT
static char *prompt_of(EditLine *e) {
  void *l = NULL;
  el_get(e, EL_CLIENTDATA, &l);
  return (char *)(uintptr_t)((struct wg_lines *)l)->prompt;
}

static bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static size_t shared(const struct wg_buf *words) {
  size_t n = strlen(words->data);
  for (const char *w = words->data; w < words->data + words->len; w += strlen(w) + 1)
    for (size_t i = 0; i < n; i++)
      if ((w[i] | 0x20) != (words->data[i] | 0x20)) n = i;
  return n;
}

static unsigned char offer(EditLine *e, const char *text, size_t n) {
  char *insert = wg_xstrndup(text, n);
  int rc = el_insertstr(e, insert);
  free(insert);
  return rc == 0 ? CC_REFRESH : CC_ERROR;
}

// What all candidates share is put in; where they share no more they are listed.
static unsigned char complete(EditLine *e, int key) {
  void *client = NULL;
  (void)key;
  el_get(e, EL_CLIENTDATA, &client);
  struct wg_lines *l = client;
  const LineInfo *info = el_line(e);
  const char *from = info->cursor;
  while (from > info->buffer && in_word(from[-1])) from--;
  size_t n = (size_t)(info->cursor - from);
  char *prefix = wg_xstrndup(from, n);
  struct wg_buf words = {0};
  unsigned char result = CC_ERROR;
  wg_shell_words(l->session, prefix, &words);
  size_t all = words.len ? shared(&words) : 0;
  if (words.len && strlen(words.data) + 1 == words.len) {
    wg_buf_clear(&l->line);
    wg_buf_printf(&l->line, "%s ", words.data + n);
    result = offer(e, l->line.data, l->line.len);
  } else if (all > n) {
    result = offer(e, words.data + n, all - n);
  } else if (words.len) {
    putchar('\n');
    for (const char *w = words.data; w < words.data + words.len; w += strlen(w) + 1) wg_cli_printf("%s  ", w);
    putchar('\n');
    fflush(stdout);
    result = CC_REDISPLAY;
  }
  wg_buf_release(&words);
  free(prefix);
  return result;
}

static bool history_file(struct wg_buf *path) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  struct wg_err unsaid = {0};
  if (state && state[0] == '/')
    wg_buf_printf(path, "%s/wedge", state);
  else if (home && home[0] == '/')
    wg_buf_printf(path, "%s/.local/state/wedge", home);
  if (path->len == 0 || wg_mkdir_p(path->data, &unsaid) != WG_OK) return false;
  wg_buf_str(path, "/history");
  return true;
}

// A character for libedit.
static int read_character(EditLine *e, wchar_t *out) {
  void *l = NULL;
  mbstate_t state = {0};
  char c;
  el_get(e, EL_CLIENTDATA, &l);
  for (;;) {
    ssize_t n = next_byte(l, &c);
    if (n <= 0) return (int)n;
    size_t took = mbrtowc(out, &c, 1, &state);
    if (took == (size_t)-2) continue;
    if (took == (size_t)-1) *out = (unsigned char)c; // no character of this locale
    return 1;
  }
}

static void edit(struct wg_lines *l) {
  HistEvent ev;
  setlocale(LC_CTYPE, "");
  l->editor = el_init("wedge", stdin, stdout, stderr);
  l->history = history_init();
  if (l->editor == NULL || l->history == NULL) return;
  el_set(l->editor, EL_CLIENTDATA, l);
  el_set(l->editor, EL_PROMPT, prompt_of);
  el_set(l->editor, EL_EDITOR, "emacs");
  el_set(l->editor, EL_SIGNAL, 0);
  el_set(l->editor, EL_GETCFN, read_character);
  history(l->history, &ev, H_SETSIZE, 1000);
  history(l->history, &ev, H_SETUNIQUE, 1);
  el_set(l->editor, EL_HIST, history, l->history);
  el_set(l->editor, EL_ADDFN, "wedge-complete", "Complete a word of SQL", complete);
  el_set(l->editor, EL_BIND, "^I", "wedge-complete", NULL);
  el_set(l->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(l->editor, NULL);
  if (history_file(&l->file))
    history(l->history, &ev, H_LOAD, l->file.data);
  else
    wg_buf_clear(&l->file);
}

static const char *edited_line(struct wg_lines *l, bool *cancelled) {
  int n = 0;
  errno = 0;
  const char *text = el_gets(l->editor, &n);
  if (!wg_cli_go_on() || (text == NULL && errno == EINTR)) {
    *cancelled = true;
    el_reset(l->editor);
    return NULL;
  }
  if (text == NULL || n <= 0) return NULL;
  wg_buf_clear(&l->line);
  wg_buf_add(&l->line, text, (size_t)n - (text[n - 1] == '\n'));
  return l->line.data;
}

void wg_lines_remember(struct wg_lines *l, const char *statement) {
  HistEvent ev;
  if (l->history == NULL) return;
  history(l->history, &ev, H_ENTER, statement);
  if (l->file.len) history(l->history, &ev, H_SAVE, l->file.data);
}

static void end_editing(struct wg_lines *l) {
  if (l->history) history_end(l->history);
  if (l->editor) el_end(l->editor);
}
#else
static void edit(struct wg_lines *l) { (void)l; }
static const char *edited_line(struct wg_lines *l, bool *cancelled) { return plain_line(l, cancelled); }
void wg_lines_remember(struct wg_lines *l, const char *statement) {
  (void)l;
  (void)statement;
}
static void end_editing(struct wg_lines *l) { (void)l; }
#endif

struct wg_lines *wg_lines_open(struct wg_session *s) {
  struct wg_lines *l = wg_xcalloc(1, sizeof *l);
  l->session = s;
  l->terminal = isatty(STDIN_FILENO) != 0;
  if (l->terminal && isatty(STDOUT_FILENO)) edit(l);
  return l;
}

void wg_lines_close(struct wg_lines *l) {
  end_editing(l);
  wg_buf_release(&l->line);
  wg_buf_release(&l->file);
  free(l);
}

const char *wg_lines_next(struct wg_lines *l, const char *prompt, bool *cancelled) {
  *cancelled = false;
  l->prompt = prompt;
  hold_interrupts(l);
  const char *line = l->editor ? edited_line(l, cancelled) : plain_line(l, cancelled);
  pthread_sigmask(SIG_SETMASK, &l->outside, NULL);
  return line;
}
