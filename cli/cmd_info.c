#define _DEFAULT_SOURCE // flock
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_document.h"
#include "cli/cli.h"
#include "emu/title.h"
#include "emu/vfs/image.h"
#include "replay/manifest.h"
#include "trace/branches.h"
#include "trace/frames.h"
#include "trace/reader.h"

static const char *text_or_unknown(const json_t *o, const char *key) {
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

// What the manifest says of a trace that is no longer so. Nothing is read where its end says that it is all there.
static int print_damage(const char *dir, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/trace.jsonl.zst", dir);
  bool whole = wg_frames_counted(path.data);
  wg_buf_release(&path);
  if (whole) return WG_OK;
  WG_TRY(wg_reader_open(&r, dir, err));
  while (wg_reader_next(r, &e)) {
  }
  if (wg_reader_damage(r)) wg_cli_printf("the trace is damaged: %s\n", wg_reader_damage(r));
  wg_reader_close(r);
  return WG_OK;
}

static void print_branches(const char *dir) {
  struct wg_branches_reader *r;
  struct wg_branch_packet p;
  struct wg_err err = {0};
  struct wg_buf path = {0};
  uint64_t packets = 0, instructions = 0;
  wg_buf_printf(&path, "%s/branches.zst", dir);
  if (wg_branches_open(&r, path.data, &err) != WG_OK) {
    wg_cli_printf("%s\n", err.msg);
  } else {
    for (; wg_branches_next(r, &p); packets++) instructions += p.instructions;
    wg_cli_printf("%llu packets of branches, of %llu instructions; %s\n", (unsigned long long)packets,
                  (unsigned long long)instructions, wg_branches_damage(r) ? wg_branches_damage(r) : "they are whole");
    wg_branches_close_file(r);
  }
  wg_buf_release(&path);
}

static void print_confinement(const json_t *root) {
  const json_t *c = json_object_get(root, "confinement"), *abi = json_object_get(c, "landlock");
  bool calls = json_is_true(json_object_get(c, "seccomp"));
  if (c == NULL) return;
  wg_cli_printf("confined by: ");
  if (json_is_integer(abi)) wg_cli_printf("Landlock (ABI %lld)", (long long)json_integer_value(abi));
  wg_cli_printf("%s%s\n", json_is_integer(abi) && calls ? ", " : "",
                calls                  ? "seccomp"
                : json_is_integer(abi) ? ""
                                       : "nothing");
}

static void print_forced(const json_t *o) {
  wg_cli_printf(", where thread %lld's event %lld returns %s instead,",
                (long long)json_integer_value(json_object_get(o, "tid")),
                (long long)json_integer_value(json_object_get(o, "idx")), text_or_unknown(o, "rv"));
  if (json_object_get(o, "each"))
    wg_cli_printf(" as does each %s that would return %s,", text_or_unknown(o, "each"),
                  text_or_unknown(o, "instead_of"));
}

static void print_besides(const json_t *o) {
  const json_t *args = json_object_get(o, "args"), *arg;
  size_t i;
  wg_cli_printf(", where thread %lld calls %s(", (long long)json_integer_value(json_object_get(o, "tid")),
                text_or_unknown(o, "name"));
  json_array_foreach(args, i, arg) wg_cli_printf("%s%s", i ? ", " : "", json_string_value(arg));
  wg_cli_printf(") besides, %s its event %lld,", json_is_true(json_object_get(o, "behind")) ? "behind" : "before",
                (long long)json_integer_value(json_object_get(o, "idx")));
}

static void print_forks(const json_t *root) {
  size_t i;
  json_t *o;
  json_array_foreach(json_object_get(root, "forks"), i, o) {
    wg_cli_printf("goes on from %s at %s", text_or_unknown(o, "run"), text_or_unknown(o, "position"));
    if (json_object_get(o, "events"))
      wg_cli_printf(" (behind %lld events and %lld instructions, at %.6f s)",
                    (long long)json_integer_value(json_object_get(o, "events")),
                    (long long)json_integer_value(json_object_get(o, "instructions")),
                    (double)json_integer_value(json_object_get(o, "virtual_ns")) / 1e9);
    if (json_object_get(o, "return")) print_forced(json_object_get(o, "return"));
    if (json_object_get(o, "call")) print_besides(json_object_get(o, "call"));
    wg_cli_printf(" with --seconds %.9g --frames %lld --sched-seed %lld%s%s\n",
                  (double)json_integer_value(json_object_get(o, "max_ns")) / 1e9,
                  (long long)json_integer_value(json_object_get(o, "max_frames")),
                  (long long)json_integer_value(json_object_get(o, "sched_seed")),
                  json_is_true(json_object_get(o, "strict")) ? " --strict" : "",
                  json_object_get(o, "inputs_sha256") ? " and an input script of its own" : "");
  }
}

static int print_run(const struct wg_buf *file, const char *path, const char *dir, struct wg_err *err) {
  json_t *root = wg_json_document(path, 0, file->data, file->len, "a manifest", err);
  if (root == NULL) return WG_INPUT;
  int code = wg_manifest_check_form(root, path, err);
  if (code == WG_OK) code = wg_reader_check_schema(dir, err);
  if (code != WG_OK) {
    json_decref(root);
    return code;
  }
  const json_t *r = json_object_get(root, "result"), *t = json_object_get(root, "title");
  wg_cli_printf("%s (sha256 %s)\n", text_or_unknown(t, "host"), text_or_unknown(t, "sha256"));
  print_forks(root);
  if (!json_is_object(r)) {
    wg_cli_printf("recorded by wedge %s; no result: ", text_or_unknown(root, "version"));
    bool branches = !json_is_false(json_object_get(json_object_get(root, "options"), "branches"));
    int printed = print_unfinished(dir, err);
    if (branches) print_branches(dir);
    print_confinement(root);
    json_decref(root);
    return printed;
  }
  const char *within = json_string_value(json_object_get(r, "within"));
  wg_cli_printf("recorded by wedge %s; end: %s%s%s\n", text_or_unknown(root, "version"), text_or_unknown(r, "end"),
                within ? " within " : "", within ? within : "");
  wg_cli_printf("%lld events, %lld instructions, %.6f s of virtual time, %lld frames\n",
                (long long)json_integer_value(json_object_get(r, "events")),
                (long long)json_integer_value(json_object_get(r, "instructions")),
                (double)json_integer_value(json_object_get(r, "virtual_ns")) / 1e9,
                (long long)json_integer_value(json_object_get(r, "frames")));
  wg_cli_printf("trace sha256 %s, state hash %s\n", text_or_unknown(r, "trace_sha256"),
                text_or_unknown(r, "state_hash"));
  print_confinement(root);
  const json_t *overlay = json_object_get(r, "overlay");
  if (json_integer_value(json_object_get(overlay, "count")))
    wg_cli_printf("%lld files written, sha256 of all %s\n",
                  (long long)json_integer_value(json_object_get(overlay, "count")), text_or_unknown(overlay, "sha256"));
  const char *packet;
  json_t *count;
  json_t *packets = json_object_get(r, "gpu_packets");
  if (json_object_size(packets)) wg_cli_printf("GPU packets:");
  json_object_foreach(packets, packet, count) wg_cli_printf(" %s %lld", packet, (long long)json_integer_value(count));
  if (json_object_size(packets)) wg_cli_printf("\n");
  size_t i;
  json_t *f;
  json_array_foreach(json_object_get(root, "files"), i, f) wg_cli_printf(
      "read %s (%lld bytes)\n", text_or_unknown(f, "guest"), (long long)json_integer_value(json_object_get(f, "size")));
  wg_cli_printf("%s", text_or_unknown(r, "report"));
  json_decref(root);
  return print_damage(dir, err);
}

// As it is, but for what a terminal would take for its own.
static int print_manifest(const struct wg_buf *file, const char *path, struct wg_err *err) {
  json_t *root = wg_json_document(path, 0, file->data, file->len, "a manifest", err);
  if (root == NULL) return WG_INPUT;
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
  struct wg_reading reading = {0};
  const struct wg_opt opts[] = {
      {"files", 0, WG_OPT_FLAG, &files, NULL, "the files that the title sees as game:, with their digests"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "as JSON"},
      {"mapping", 0, WG_OPT_STR, &reading.mapping, "FILE", "what a trace calls kinds and keys of ours (docs/guide.md)"},
      {"patch", 0, WG_OPT_STR, &patch, "FILE", "a title update to apply first"},
      {"keys", 0, WG_OPT_STR, &keys, "FILE", "further AES keys"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one TITLE, RUN or TRACE, got %d", args.n);
  struct wg_err err = {0};
  struct wg_buf path = {0}, file = {0};
  struct stat st;
  if (files) {
    int listed = wg_cli_files(args.v[0], json, &err);
    if (listed != WG_OK) wg_cli_fail(&err);
    return listed;
  }
  if (!patch && !keys && (reading.mapping || wg_cli_is_trace(args.v[0]))) {
    int told = wg_cli_trace(args.v[0], &reading, json, &err);
    return told == WG_OK ? WG_OK : wg_cli_fail(&err);
  }
  // A folder is a run, or the one of a title.
  bool folder = stat(args.v[0], &st) == 0 && S_ISDIR(st.st_mode);
  wg_buf_printf(&path, "%s/manifest.json", args.v[0]);
  bool run = folder && (wg_file_exists(path.data) || !has_program(args.v[0]));
  int code = run ? wg_manifest_text(args.v[0], &file, &err) : WG_OK;
  if (code == WG_OK && run && json) {
    code = print_manifest(&file, path.data, &err);
  } else if (code == WG_OK && run) {
    code = print_run(&file, path.data, args.v[0], &err);
  } else if (code == WG_OK) {
    struct wg_image img;
    struct wg_keys known;
    code = wg_keys_read(&known, keys, &err);
    if (code == WG_OK) code = wg_title_load(&img, args.v[0], patch, &known, NULL, NULL, &err);
    wg_keys_release(&known);
    if (code == WG_OK) wg_cli_describe(&img, args.v[0], json);
    if (code == WG_OK) wg_image_release(&img);
  }
  if (code != WG_OK) wg_cli_fail(&err);
  wg_buf_release(&path);
  wg_buf_release(&file);
  return code;
}
