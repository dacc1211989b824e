// `wedge --version`: what this program is, was built from and can do. None of it but the version itself is in a trace.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/confine.h"
#include "cli/cli.h"
#include "emu/jit/jit.h"
#include "cli/revision.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct library {
  const char *name, *version;
};
static const struct library libraries[] = {WG_LIBRARIES};

// What the compiler stands on, or NULL: there is none.
static const char *jit(void) {
  const struct wg_jit_library *library;
  struct wg_err unsaid;
  return wg_jit_open(&library, &unsaid) == WG_OK ? wg_jit_name(library) : NULL;
}

static void put_text(struct wg_buf *b, long landlock) {
  wg_buf_printf(b, "wedge %s\nrevision    %s%s\ncompiler    %s, %s\njit         %s\nlandlock    ", WG_VERSION,
                WG_REVISION, WG_REVISION_CHANGED ? ", changed" : "", COMPILER, WG_BUILD_TYPE, jit() ? jit() : "none");
  if (landlock < 0)
    wg_buf_str(b, "not in this build");
  else if (landlock == 0)
    wg_buf_str(b, "not in this system's kernel");
  else
    wg_buf_printf(b, "version %ld", landlock);
  wg_buf_printf(b, "\nsanitizers  %s\nlibraries   ", WG_SANITIZERS[0] ? WG_SANITIZERS : "none");
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    wg_buf_printf(b, "%s%s %s", i ? ", " : "", libraries[i].name, libraries[i].version);
  wg_buf_char(b, '\n');
}

static void put_json(struct wg_buf *b, long landlock) {
  wg_buf_char(b, '{');
  wg_json_str(b, "version", WG_VERSION);
  wg_json_str(b, "revision", WG_REVISION);
  wg_json_bool(b, "changed", WG_REVISION_CHANGED);
  wg_json_str(b, "compiler", COMPILER);
  wg_json_str(b, "build_type", WG_BUILD_TYPE);
  wg_json_key(b, "jit");
  if (jit())
    wg_buf_printf(b, "\"%s\"", jit());
  else
    wg_buf_str(b, "null");
  wg_json_bool(b, "landlock_built", landlock >= 0);
  wg_json_u64(b, "landlock", landlock > 0 ? (uint64_t)landlock : 0);
  wg_json_key(b, "sanitizers");
  wg_buf_char(b, '[');
  const char *names = WG_SANITIZERS, *comma = "";
  while (*names) {
    size_t n = strcspn(names, ",");
    wg_buf_printf(b, "%s\"%.*s\"", comma, (int)n, names);
    names += n + (names[n] == ',');
    comma = ",";
  }
  wg_buf_char(b, ']');
  wg_json_key(b, "libraries");
  wg_buf_char(b, '{');
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    wg_json_str(b, libraries[i].name, libraries[i].version);
  wg_buf_str(b, "}}\n");
}

int wg_cli_version(int argc, char **argv) {
  bool json = argc == 1 && strcmp(argv[0], "--json") == 0;
  if (argc > 0 && !json) {
    wg_cli_note("--version: expected nothing or --json after it, got '%s'", argv[argc - 1]);
    return WG_INPUT;
  }
  struct wg_buf b = {0};
  (json ? put_json : put_text)(&b, wg_landlock_version());
  wg_cli_print(&b);
  wg_buf_release(&b);
  return WG_OK;
}
