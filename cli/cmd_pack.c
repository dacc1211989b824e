#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "emu/loader/pack.h"

#define MAX_TITLE (256u << 20)

// Turns the file in `xex` into the patch that makes it of `base`.
static int make_patch(const char *base, const char *out, struct wg_buf *xex, struct wg_err *err) {
  struct wg_buf file = {0}, patch = {0};
  struct wg_image old = {0}, new = {0};
  int code = wg_file_read(base, MAX_TITLE, &file, err);
  if (code == WG_OK) code = wg_image_load(&old, base, file.data, file.len, NULL, err);
  if (code == WG_OK && !old.xex) code = wg_fail(err, WG_INPUT, "%s: a patch's base is a XEX", base);
  if (code == WG_OK) code = wg_image_load(&new, out, xex->data, xex->len, NULL, err);
  if (code == WG_OK) code = wg_pack_patch(&old, &new, &patch, err);
  struct wg_buf swap = *xex;
  *xex = patch;
  wg_image_release(&old);
  wg_image_release(&new);
  wg_buf_release(&file);
  wg_buf_release(&swap);
  return code;
}

// NAME=FILE
static int read_resource(const char *text, char label[9], struct wg_pack_options *o, struct wg_err *err) {
  size_t n = strcspn(text, "=");
  if (n == 0 || n > 8 || text[n] != '=')
    return wg_fail(err, WG_INPUT, "--resource %s: expected NAME=FILE, the name of 1 to 8 characters", text);
  memcpy(label, text, n);
  o->resource = label;
  return wg_file_read(text + n + 1, MAX_TITLE, &o->resource_data, err);
}

int wg_cmd_pack(const struct wg_command *cmd, int argc, char **argv) {
  const char *out = NULL, *base = NULL, *resource = NULL;
  bool encrypt = false, compress = false, lzx = false, dll = false;
  uint64_t title_id = 0x57454447, stack = 0x40000; // "WEDG"
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &out, "XEX", "the file to write"},
      {"encrypt", 0, WG_OPT_FLAG, &encrypt, NULL, "with the all-zero development key"},
      {"compress", 0, WG_OPT_FLAG, &compress, NULL, "basic compression"},
      {"lzx", 0, WG_OPT_FLAG, &lzx, NULL, "normal (LZX) compression"},
      {"dll", 0, WG_OPT_FLAG, &dll, NULL, "a library: its entry point is its DllMain"},
      {"base", 0, WG_OPT_STR, &base, "XEX", "write a delta patch (.xexp) that turns XEX into this instead"},
      {"resource", 0, WG_OPT_STR, &resource, "NAME=FILE",
       "a resource: a name of at most 8 characters, and its content"},
      {"title-id", 0, WG_OPT_NUM, &title_id, "ID", "title id (0x57454447)"},
      {"stack", 0, WG_OPT_NUM, &stack, "BYTES", "default stack size (0x40000)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1 || out == NULL) return wg_cli_usage(cmd, "expected one ELF and -o XEX");
  const char *slash = strrchr(args.v[0], '/');
  struct wg_pack_options o = {.encrypt = encrypt,
                              .compress = lzx ? 2 : compress,
                              .dll = dll,
                              .title_id = (uint32_t)title_id,
                              .stack_size = (uint32_t)stack,
                              .pe_name = slash ? slash + 1 : args.v[0]};
  struct wg_err err = {0};
  struct wg_buf file = {0}, xex = {0};
  struct wg_image img = {0};
  char label[9] = "";
  int code = wg_cli_spare(out, args.v[0], &err);
  if (code == WG_OK && base) code = wg_cli_spare(out, base, &err);
  if (code == WG_OK && resource) code = read_resource(resource, label, &o, &err);
  if (code == WG_OK) code = wg_file_read(args.v[0], MAX_TITLE, &file, &err);
  if (code == WG_OK) code = wg_image_load(&img, args.v[0], file.data, file.len, NULL, &err);
  if (code == WG_OK && img.xex) code = wg_fail(&err, WG_INPUT, "%s: already a XEX; expected an ELF", args.v[0]);
  if (code == WG_OK) {
    code = wg_pack(&img, &o, &xex, &err);
    if (code != WG_OK) wg_err_prefix(&err, "%s", args.v[0]);
  }
  if (code == WG_OK && base) code = make_patch(base, out, &xex, &err);
  if (code == WG_OK) code = wg_file_write(out, xex.data, xex.len, &err);
  if (code != WG_OK) wg_cli_fail(&err);
  wg_image_release(&img);
  wg_buf_release(&o.resource_data);
  wg_buf_release(&file);
  wg_buf_release(&xex);
  return code;
}
