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
static void print_table(const char *module, bool json) {
  unsigned n[3][REFERENCES][STATUSES] = {{{0}}};
  const struct wg_nt_export *x;
  for (size_t i = 0; (x = wg_nt_row(i)); i++)
    for (unsigned mod = 0; mod < 3; mod++)
      if (x->kind == 'F' && strcmp(x->module, modules[mod]) == 0) n[mod][x->reference][x->status]++;
  if (!json)
    wg_cli_printf("%-14s %-12s %9s %11s %11s %11s %11s\n", "module", "reference", "functions", "implemented", "partial",
                  "constant", "none");
  for (unsigned mod = 0; mod < 3; mod++)
    for (unsigned r = REFERENCES; r-- > 0 && (!module || strcmp(module, modules[mod]) == 0);)
      print_row(modules[mod], r, n[mod][r], json);
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

struct title {
  const char *path, *patch, *keys, *module;
  bool missing, json;
};

// A title may import from a library of its own.
static int check_imports(const struct title *t, const struct wg_image *img, struct wg_err *err) {
  struct wg_suggestion s = {.word = t->module};
  bool known = t->module == NULL;
  for (size_t i = 0; !known && i < img->nimports; i++) {
    known = strcmp(img->imports[i].library, t->module) == 0;
    wg_suggest(&s, img->imports[i].library);
  }
  for (size_t i = 0; !known && i < 3; i++) {
    known = strcmp(modules[i], t->module) == 0;
    wg_suggest(&s, modules[i]);
  }
  int code =
      known ? WG_OK
            : wg_fail(err, WG_INPUT, "--module: %s imports nothing from '%s'%s", t->path, t->module, wg_suggested(&s));
  wg_buf_release(&s.words);
  return code;
}

static int list_title(const struct title *t, struct wg_err *err) {
  struct wg_image img;
  struct wg_keys keys;
  bool missing = t->missing, json = t->json;
  WG_TRY(wg_keys_read(&keys, t->keys, err));
  int code = wg_title_load(&img, t->path, t->patch, &keys, NULL, NULL, err);
  wg_keys_release(&keys);
  if (code != WG_OK) return code;
  code = check_imports(t, &img, err);
  unsigned n[STATUSES] = {0}, libraries = 0;
  for (size_t i = 0; code == WG_OK && i < img.nimports; i++) {
    const struct wg_import *im = &img.imports[i];
    if (t->module && strcmp(t->module, im->library) != 0) continue;
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

static int check_module(const struct wg_command *cmd, const char *module) {
  struct wg_suggestion s = {.word = module};
  int code = module ? WG_INPUT : WG_OK;
  for (size_t i = 0; module && i < 3; i++) {
    wg_suggest(&s, modules[i]);
    if (strcmp(module, modules[i]) == 0) code = WG_OK;
  }
  if (code != WG_OK) wg_cli_usage(cmd, "--module: there is no module '%s'%s", module, wg_suggested(&s));
  wg_buf_release(&s.words);
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
  if (args.n == 1) {
    const struct title t = {args.v[0], patch, keys, module, missing, json};
    return list_title(&t, &err) == WG_OK ? WG_OK : wg_cli_fail(&err);
  }
  WG_TRY(check_module(cmd, module));
  if (!list && !missing) {
    print_table(module, json);
    return WG_OK;
  }
  const struct wg_nt_export *x;
  for (size_t i = 0; (x = wg_nt_row(i)); i++)
    if ((!module || strcmp(module, x->module) == 0) && (!missing || lacking(x))) print_export(x, json);
  return WG_OK;
}
