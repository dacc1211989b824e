// wedge exports: what of the console's kernel is implemented, against the reference and against a title's imports.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "emu/machine.h"

static const char *const modules[] = {"xboxkrnl.exe", "xam.xex", "xbdm.xex"};
static const char *const statuses[] = {"implemented", "stub", "sketchy", "none"};

static void print_table(bool json) {
  struct wg_export_info x;
  unsigned have[3][4] = {{0}}, all[3][4] = {{0}};
  for (size_t i = 0; wg_export_info(i, &x); i++) {
    if (x.kind != 'F') continue;
    for (unsigned mod = 0; mod < 3; mod++)
      for (unsigned s = 0; s < 4; s++) {
        if (strcmp(x.module, modules[mod]) != 0 || strcmp(x.reference, statuses[s]) != 0) continue;
        all[mod][s]++;
        have[mod][s] += x.implemented;
      }
  }
  if (!json) printf("%-14s %20s %20s %20s %20s\n", "functions", "reference: has", "stub", "sketchy", "nothing");
  for (unsigned mod = 0; mod < 3; mod++) {
    if (!json) {
      printf("%-14s", modules[mod]);
      for (unsigned s = 0; s < 4; s++) printf("      %4u of %4u   ", have[mod][s], all[mod][s]);
      printf("\n");
      continue;
    }
    struct wg_buf b = {0};
    wg_buf_char(&b, '{');
    wg_json_str(&b, "module", modules[mod]);
    for (unsigned s = 0; s < 4; s++) {
      struct wg_buf key = {0};
      wg_buf_printf(&key, "%s_here", statuses[s]);
      wg_json_u64(&b, statuses[s], all[mod][s]);
      wg_json_u64(&b, key.data, have[mod][s]);
      wg_buf_release(&key);
    }
    wg_buf_str(&b, "}\n");
    wg_cli_print(&b);
    wg_buf_release(&b);
  }
}

static void print_export(const struct wg_export_info *x, bool json) {
  if (!json) {
    printf("%-14s %04x  %-44s %-12s reference: %s\n", x->module, x->ordinal, x->name,
           x->implemented   ? "implemented"
           : x->kind == 'V' ? "variable"
                            : "-",
           x->reference);
    return;
  }
  struct wg_buf b = {0};
  char kind[2] = {x->kind, 0};
  wg_buf_char(&b, '{');
  wg_json_str(&b, "module", x->module);
  wg_json_u64(&b, "ordinal", x->ordinal);
  wg_json_str(&b, "name", x->name);
  wg_json_str(&b, "kind", kind);
  wg_json_bool(&b, "implemented", x->implemented);
  wg_json_str(&b, "reference", x->reference);
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

// An export that is worse here than in the reference, or, of a title, one that is not implemented.
static bool lacking(const struct wg_export_info *x) {
  return x->kind == 'F' && !x->implemented && strcmp(x->reference, "none") != 0;
}

// What a title imports from a library of its own is that library's.
static bool from_library(const struct wg_import *im) {
  for (unsigned mod = 0; mod < 3; mod++)
    if (strcmp(im->library, modules[mod]) == 0) return false;
  return true;
}

static void print_library(const struct wg_import *im, bool json) {
  struct wg_buf b = {0};
  if (json) {
    wg_buf_char(&b, '{');
    wg_json_str(&b, "module", im->library);
    wg_json_u64(&b, "ordinal", im->ordinal);
    wg_json_str(&b, "kind", im->function ? "F" : "V");
    wg_json_bool(&b, "library", true);
    wg_buf_str(&b, "}\n");
  } else {
    wg_buf_printf(&b, "%-14s %04x  a library's %s\n", im->library, im->ordinal, im->function ? "function" : "variable");
  }
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static int list_title(const char *path, const char *patch, const char *keys, bool missing, bool json,
                      struct wg_err *err) {
  struct wg_image img;
  int code = wg_title_load(&img, path, patch, keys, NULL, err);
  unsigned here = 0, functions = 0, libraries = 0;
  for (size_t i = 0; code == WG_OK && i < img.nimports; i++) {
    const struct wg_import *im = &img.imports[i];
    struct wg_export_info x;
    if (from_library(im)) {
      libraries++;
      if (!missing) print_library(im, json);
      continue;
    }
    bool found = wg_export_info_of(im->library, im->ordinal, &x);
    if (!found)
      x = (struct wg_export_info){im->library, "(in no list)", im->ordinal, im->function ? 'F' : 'V', "none", false};
    if (im->function) {
      functions++;
      here += x.implemented;
    }
    if (!missing || (im->function && !x.implemented)) print_export(&x, json);
  }
  if (code == WG_OK && !json) printf("%u of %u imported functions are implemented\n", here, functions);
  if (code == WG_OK && !json && libraries) printf("%u imports come from libraries\n", libraries);
  wg_image_release(&img);
  return code;
}

int wg_cmd_exports(const struct wg_command *cmd, int argc, char **argv) {
  bool list = false, missing = false, json = false;
  const char *module = NULL, *patch = NULL, *keys = NULL;
  const struct wg_opt opts[] = {
      {"list", 'l', WG_OPT_FLAG, &list, NULL, "every export instead of the table"},
      {"missing", 0, WG_OPT_FLAG, &missing, NULL,
       "only what the reference has and Wedge lacks; of a title: what it imports and Wedge lacks"},
      {"module", 'm', WG_OPT_STR, &module, "NAME", "of this module only"},
      {"patch", 0, WG_OPT_STR, &patch, "FILE", "a title update to apply first"},
      {"keys", 0, WG_OPT_STR, &keys, "FILE", "further AES keys for the title"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "JSON lines"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n > 1) return wg_cli_usage(cmd, "expected at most one TITLE, got %d", args.n);
  struct wg_err err = {0};
  if (args.n == 1) return list_title(args.v[0], patch, keys, missing, json, &err) == WG_OK ? WG_OK : wg_cli_fail(&err);
  if (!list && !missing) {
    print_table(json);
    return WG_OK;
  }
  struct wg_export_info x;
  for (size_t i = 0; wg_export_info(i, &x); i++)
    if ((!module || strcmp(module, x.module) == 0) && (!missing || lacking(&x))) print_export(&x, json);
  return WG_OK;
}
