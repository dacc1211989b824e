// Signals that ask for an end. What they set is the process's own: the one place for it.
#define _POSIX_C_SOURCE 200809L
#include <signal.h>

#include "cli/cli.h"

static volatile sig_atomic_t caught;

static const struct {
  int number;
  const char *name;
} signals[] = {{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}};

static void note(int number) { caught = number; }

void wg_cli_catch_signals(void) {
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction old, now = {.sa_handler = note, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&now.sa_mask);
    // What the caller had ignored (nohup) stays so.
    if (sigaction(signals[i].number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(signals[i].number, &now, NULL);
  }
}

void wg_cli_catch_interrupts(void) {
  struct sigaction now = {.sa_handler = note};
  sigemptyset(&now.sa_mask);
  sigaction(SIGINT, &now, NULL);
}

void wg_cli_interrupt_over(void) {
  if (caught == SIGINT) caught = 0;
}

bool wg_cli_go_on(void) { return caught == 0; }

const char *wg_cli_signal(void) {
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (signals[i].number == caught) return signals[i].name;
  return NULL;
}
