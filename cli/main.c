#define _POSIX_C_SOURCE 200809L // SIGXFSZ
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const struct wg_command wg_commands[] = {
#define WG_COMMAND(id, name, usage, summary, help) {name, usage, summary, help, wg_cmd_##id},
#include "cli/commands.def"
    {0},
};

static const struct wg_command *find_command(const char *name) {
  for (const struct wg_command *c = wg_commands; c->name; c++)
    if (strcmp(c->name, name) == 0) return c;
  return NULL;
}

static void overview(void) {
  puts("usage: wedge COMMAND [arguments]\n\nA deterministic trace-and-replay research emulator for Xbox 360 "
       "executables.\n");
  for (const struct wg_command *c = wg_commands; c->name; c++) printf("  %-9s %s\n", c->name, c->summary);
  puts("\n`wedge help COMMAND` or `wedge COMMAND --help` says more. `wedge --version` tells version, revision and "
       "features.");
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    overview();
    return WG_INPUT;
  }
  if (strcmp(argv[1], "--version") == 0) return wg_cli_version(argc - 2, argv + 2);
  bool help = strcmp(argv[1], "help") == 0;
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (help && argc == 2)) {
    overview();
    return 0;
  }
  const char *name = help ? argv[2] : argv[1];
  const struct wg_command *c = find_command(name);
  if (c == NULL) {
    struct wg_suggestion s = {.word = name};
    for (c = wg_commands; c->name; c++) wg_suggest(&s, c->name);
    wg_cli_note("'%s' is no command%s%s", name, wg_suggested(&s), s.best[0] ? "" : "; `wedge help` lists them");
    wg_buf_release(&s.words);
    return WG_INPUT;
  }
  char help_flag[] = "--help", *help_argv[] = {help_flag, NULL};
  return help ? c->run(c, 1, help_argv) : c->run(c, argc - 2, argv + 2);
}

// docs/design.md#commands
static int exit_status(enum wg_status status) {
  switch (status) {
  case WG_OK: return 0;
  case WG_DIFFERS: return 1;
  case WG_INPUT: return 2;
  case WG_INTERNAL: return WG_EXIT_BROKEN;
  }
  return WG_EXIT_BROKEN;
}

int main(int argc, char **argv) {
  signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error that is said, not a death
  int code = dispatch(argc, argv);
  // What could not be written is an error, whatever was written after it.
  if (ferror(stdout) || fflush(stdout) != 0) {
    wg_cli_note("cannot write to standard output");
    code = WG_INPUT;
  }
  return exit_status((enum wg_status)code);
}
