#define _DEFAULT_SOURCE // flock
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "emu/title.h"
#include "emu/vfs/image.h"
#include "replay/manifest.h"
#include "trace/reader.h"

static const char *text_of(const json_t *o, const char *key) {
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "?";
}

// Whoever records holds a lock on the trace.
static bool being_recorded(const char *dir) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/trace.jsonl.zst", dir);
  int fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool yes = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
  if (fd >= 0) close(fd);
  wg_buf_release(&path);
  return yes;
}

// What the trace alone tells of a run that has no result.
static int print_unfinished(const char *dir, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  uint64_t events = 0, last = 0;
  wg_cli_printf("%s\n",
                being_recorded(dir) ? "it is still being recorded" : "it was killed, or it could not be written");
  WG_TRY(wg_reader_open(&r, dir, err));
  while (wg_reader_next(r, &e)) {
    events++;
    if (e.host_ns > last) last = e.host_ns;
  }
  wg_cli_printf("%llu events up to %.6f s of virtual time; %s\n", (unsigned long long)events, (double)last / 1e9,
                wg_reader_damage(r) ? wg_reader_damage(r) : "the trace is whole");
  wg_reader_close(r);
  return WG_OK;
}

static int print_run(const struct wg_buf *file, const char *path, const char *dir, struct wg_err *err) {
  json_error_t je;
  json_t *root = json_loadb(file->data, file->len, 0, &je);
  if (root == NULL) return wg_fail(err, WG_INPUT, "%s:%d: %s", path, je.line, je.text);
  int code = wg_manifest_check_form(root, path, err);
  if (code != WG_OK) {
    json_decref(root);
    return code;
  }
  const json_t *r = json_object_get(root, "result"), *t = json_object_get(root, "title");
  wg_cli_printf("%s (sha256 %s)\n", text_of(t, "host"), text_of(t, "sha256"));
  if (!json_is_object(r)) {
    wg_cli_printf("recorded by wedge %s; no result: ", text_of(root, "version"));
    json_decref(root);
    return print_unfinished(dir, err);
  }
  const char *within = json_string_value(json_object_get(r, "within"));
  wg_cli_printf("recorded by wedge %s; end: %s%s%s\n", text_of(root, "version"), text_of(r, "end"),
                within ? " within " : "", within ? within : "");
  wg_cli_printf("%lld events, %lld instructions, %.6f s of virtual time, %lld frames\n",
                (long long)json_integer_value(json_object_get(r, "events")),
                (long long)json_integer_value(json_object_get(r, "instructions")),
                (double)json_integer_value(json_object_get(r, "virtual_ns")) / 1e9,
                (long long)json_integer_value(json_object_get(r, "frames")));
  wg_cli_printf("trace sha256 %s, state hash %s\n", text_of(r, "trace_sha256"), text_of(r, "state_hash"));
  const char *packet;
  json_t *count;
  json_t *packets = json_object_get(r, "gpu_packets");
  if (json_object_size(packets)) wg_cli_printf("GPU packets:");
  json_object_foreach(packets, packet, count) wg_cli_printf(" %s %lld", packet, (long long)json_integer_value(count));
  if (json_object_size(packets)) wg_cli_printf("\n");
  size_t i;
  json_t *f;
  json_array_foreach(json_object_get(root, "files"), i, f) wg_cli_printf(
      "read %s (%lld bytes)\n", text_of(f, "guest"), (long long)json_integer_value(json_object_get(f, "size")));
  wg_cli_printf("%s", text_of(r, "report"));
  json_decref(root);
  return WG_OK;
}

// As it is, but for what a terminal would take for its own.
static int print_manifest(const struct wg_buf *file, const char *path, struct wg_err *err) {
  json_error_t je;
  json_t *root = json_loadb(file->data, file->len, 0, &je);
  if (root == NULL) return wg_fail(err, WG_INPUT, "%s:%d: %s", path, je.line, je.text);
  char *text = json_dumps(root, JSON_INDENT(2) | JSON_ENSURE_ASCII);
  wg_cli_printf("%s\n", text);
  free(text);
  json_decref(root);
  return WG_OK;
}

static bool has_program(const char *folder) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/" WG_DEFAULT_XEX, folder);
  bool yes = wg_file_exists(path.data);
  wg_buf_release(&path);
  return yes;
}

int wg_cmd_info(const struct wg_command *cmd, int argc, char **argv) {
  bool json = false, files = false;
  const char *patch = NULL, *keys = NULL;
  const struct wg_opt opts[] = {
      {"files", 0, WG_OPT_FLAG, &files, NULL, "the files that the title sees as game:, with their digests"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "as JSON"},
      {"patch", 0, WG_OPT_STR, &patch, "FILE", "a title update to apply first"},
      {"keys", 0, WG_OPT_STR, &keys, "FILE", "further AES keys"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one TITLE or RUN, got %d", args.n);
  struct wg_err err = {0};
  struct wg_buf path = {0}, file = {0};
  struct stat st;
  if (files) {
    int listed = wg_cli_files(args.v[0], json, &err);
    if (listed != WG_OK) wg_cli_fail(&err);
    return listed;
  }
  // A folder is a run, or the one of a title.
  bool folder = stat(args.v[0], &st) == 0 && S_ISDIR(st.st_mode);
  wg_buf_printf(&path, "%s/manifest.json", args.v[0]);
  bool run = folder && (wg_file_exists(path.data) || !has_program(args.v[0]));
  int code = run ? wg_file_read(path.data, 256u << 20, &file, &err) : WG_OK;
  if (code == WG_OK && run && json) {
    code = print_manifest(&file, path.data, &err);
  } else if (code == WG_OK && run) {
    code = print_run(&file, path.data, args.v[0], &err);
  } else if (code == WG_OK) {
    struct wg_image img;
    code = wg_title_load(&img, args.v[0], patch, keys, NULL, &err);
    if (code == WG_OK) wg_cli_describe(&img, args.v[0], json);
    if (code == WG_OK) wg_image_release(&img);
  }
  if (code != WG_OK) wg_cli_fail(&err);
  wg_buf_release(&path);
  wg_buf_release(&file);
  return code;
}
