// Long output on a terminal goes through $PAGER, less if that is not set.
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

static void become(const char *command, int from) {
  dup2(from, STDIN_FILENO);
  setenv("LESS", "FRX", 0); // colours, and no page for what fits the screen
  signal(SIGPIPE, SIG_DFL);
  execl("/bin/sh", "sh", "-c", command, (char *)NULL);
  _exit(127);
}

void wg_cli_page_begin(struct wg_pager *p) {
  const char *command = getenv("PAGER");
  int ends[2];
  *p = (struct wg_pager){.out = -1};
  if (command == NULL) command = "less";
  if (!isatty(STDOUT_FILENO) || *command == 0 || strcmp(command, "cat") == 0) return;
  fflush(stdout);
  if (pipe(ends) != 0) return;
  p->child = fork();
  if (p->child == 0) {
    close(ends[1]);
    become(command, ends[0]);
  }
  close(ends[0]);
  if (p->child > 0) {
    p->out = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    signal(SIGPIPE, SIG_IGN); // whoever leaves the pager has seen enough
  }
  close(ends[1]);
}

bool wg_cli_page_left(const struct wg_pager *p) { return p->out >= 0 && ferror(stdout); }

void wg_cli_page_end(struct wg_pager *p) {
  int status;
  if (p->out < 0) return;
  fflush(stdout);
  dup2(p->out, STDOUT_FILENO);
  close(p->out);
  clearerr(stdout);
  while (waitpid((pid_t)p->child, &status, 0) < 0 && errno == EINTR) {
  }
  p->out = -1;
}

bool wg_cli_colours(void) {
  const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
  return isatty(STDOUT_FILENO) && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}
