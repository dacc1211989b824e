// wedge exports: what of the console's kernel is there, against the reference and against a title's imports.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "emu/machine.h"
#include "nt/exports.h"

static const char *const modules[] = {"xboxkrnl.exe", "xam.xex", "xbdm.xex"};
#define STATUSES (WG_NT_IMPLEMENTED + 1)
#define REFERENCES (WG_NT_REF_IMPLEMENTED + 1)

static void print_row(const char *module, enum wg_nt_reference ref, const unsigned n[STATUSES], bool json) {
  unsigned all = 0;
  for (unsigned s = 0; s < STATUSES; s++) all += n[s];
  struct wg_buf b = {0};
  if (json) {
    wg_buf_char(&b, '{');
    wg_json_str(&b, "module", module);
    wg_json_str(&b, "reference", wg_nt_reference_word(ref));
    wg_json_u64(&b, "functions", all);
    for (unsigned s = STATUSES; s-- > 0;) wg_json_u64(&b, wg_nt_status_word(s), n[s]);
    wg_buf_str(&b, "}\n");
  } else {
    wg_buf_printf(&b, "%-14s %-12s %9u", module, wg_nt_reference_word(ref), all);
    for (unsigned s = STATUSES; s-- > 0;) wg_buf_printf(&b, " %11u", n[s]);
    wg_buf_char(&b, '\n');
  }
  wg_cli_print(&b);
  wg_buf_release(&b);
}

// A line for each module and what the reference has: how many functions, and what this kernel has of them.
static void print_table(bool json) {
  unsigned n[3][REFERENCES][STATUSES] = {{{0}}};
  const struct wg_nt_export *x;
  for (size_t i = 0; (x = wg_nt_row(i)); i++)
    for (unsigned mod = 0; mod < 3; mod++)
      if (x->kind == 'F' && strcmp(x->module, modules[mod]) == 0) n[mod][x->reference][x->status]++;
  if (!json)
    wg_cli_printf("%-14s %-12s %9s %11s %11s %11s %11s\n", "module", "reference", "functions", "implemented", "partial",
                  "constant", "none");
  for (unsigned mod = 0; mod < 3; mod++)
    for (unsigned r = REFERENCES; r-- > 0;) print_row(modules[mod], r, n[mod][r], json);
}

static void export_json(const struct wg_nt_export *x, struct wg_buf *b) {
  char kind[2] = {x->kind, 0}, ret[2] = {x->ret, 0};
  wg_buf_char(b, '{');
  wg_json_str(b, "module", x->module);
  wg_json_u64(b, "ordinal", x->ordinal);
  wg_json_str(b, "name", x->name);
  wg_json_str(b, "kind", kind);
  wg_json_str(b, "status", wg_nt_status_word(x->status));
  wg_json_str(b, "reference", wg_nt_reference_word(x->reference));
  if (x->kind == 'F') {
    wg_json_str(b, "params", x->params);
    wg_json_str(b, "ret", ret);
  }
  wg_buf_str(b, "}\n");
}

static void print_export(const struct wg_nt_export *x, bool json) {
  struct wg_buf b = {0};
  if (json)
    export_json(x, &b);
  else
    wg_buf_printf(&b, "%-14s %04x  %-44s %-8s %-12s reference: %s\n", x->module, x->ordinal, x->name,
                  x->kind == 'V' ? "variable" : "function", wg_nt_status_word(x->status),
                  wg_nt_reference_word(x->reference));
  wg_cli_print(&b);
  wg_buf_release(&b);
}

// An export that the reference has and this kernel lacks.
static bool lacking(const struct wg_nt_export *x) {
  return x->kind == 'F' && x->status == WG_NT_NONE && x->reference != WG_NT_REF_NONE;
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

static void print_sum(const unsigned n[STATUSES], unsigned libraries) {
  unsigned all = 0;
  for (unsigned s = 0; s < STATUSES; s++) all += n[s];
  wg_cli_printf("%u imported functions: %u implemented, %u partial, %u constant, %u none\n", all, n[WG_NT_IMPLEMENTED],
                n[WG_NT_PARTIAL], n[WG_NT_CONSTANT], n[WG_NT_NONE]);
  if (libraries) wg_cli_printf("%u imports come from libraries\n", libraries);
}

static int list_title(const char *path, const char *patch, const char *keys, bool missing, bool json,
                      struct wg_err *err) {
  struct wg_image img;
  int code = wg_title_load(&img, path, patch, keys, NULL, err);
  unsigned n[STATUSES] = {0}, libraries = 0;
  for (size_t i = 0; code == WG_OK && i < img.nimports; i++) {
    const struct wg_import *im = &img.imports[i];
    if (from_library(im)) {
      libraries++;
      if (!missing) print_library(im, json);
      continue;
    }
    const struct wg_nt_export unknown = {.module = im->library,
                                         .name = "(in no list)",
                                         .ordinal = im->ordinal,
                                         .kind = im->function ? 'F' : 'V',
                                         .params = "?",
                                         .ret = '?'};
    const struct wg_nt_export *x = wg_nt_at(im->library, im->ordinal);
    if (x == NULL) x = &unknown;
    if (im->function) n[x->status]++;
    if (!missing || (im->function && x->status == WG_NT_NONE)) print_export(x, json);
  }
  if (code == WG_OK && !json) print_sum(n, libraries);
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
  const struct wg_nt_export *x;
  for (size_t i = 0; (x = wg_nt_row(i)); i++)
    if ((!module || strcmp(module, x->module) == 0) && (!missing || lacking(x))) print_export(x, json);
  return WG_OK;
}
