// wedge audit new: an investigation as a folder that can be committed: the answer, the evidence, digests of what was
// compared, and the commands that make it again. The traces themselves stay where they are.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/printable.h"
#include "base/temporary.h"
#include "cli/cli.h"
#include "diff/diff.h"

struct input {
  const char *role, *path;
  struct wg_buf file; // the trace, where `path` is a run's folder
  char sha256[65];
  uint64_t bytes;
};

struct audit {
  const char *name, *version;
  struct wg_diff_options options;
  struct input *inputs;
  size_t n;
  struct wg_buf folder, command;  // command: `wedge diff` with its options and inputs
  struct wg_temporary unfinished; // the folder until it is whole: one that is killed takes nobody's name
  struct wg_diff_reports reports;
  int result; // of the comparison
};

static void release(struct audit *a) {
  for (size_t i = 0; i < a->n; i++) wg_buf_release(&a->inputs[i].file);
  free(a->inputs);
  wg_buf_release(&a->folder);
  wg_buf_release(&a->command);
  wg_diff_reports_release(&a->reports);
}

// -- what is compared --

static int digest(struct input *in, struct wg_err *err) {
  struct stat st;
  wg_buf_str(&in->file, in->path);
  if (stat(in->path, &st) == 0 && S_ISDIR(st.st_mode)) wg_buf_str(&in->file, "/trace.jsonl.zst");
  if (stat(in->file.data, &st) != 0) return wg_fail(err, WG_INPUT, "%s: %s", in->file.data, strerror(errno));
  if (!S_ISREG(st.st_mode))
    return wg_fail(err, WG_INPUT, "%s: not a regular file: nobody could compare it again", in->file.data);
  in->bytes = (uint64_t)st.st_size;
  return wg_file_sha256(in->file.data, in->sha256, err);
}

static int set_inputs(struct audit *a, char **paths, size_t n, struct wg_err *err) {
  a->inputs = wg_xcalloc(n, sizeof *a->inputs);
  a->n = n;
  for (size_t i = 0; i < n; i++) {
    struct input *in = &a->inputs[i];
    in->role = i == 0 ? "here" : i == 1 ? "reference" : "further reference";
    in->path = paths[i];
    WG_TRY(digest(in, err));
  }
  return WG_OK;
}

static bool plain(const char *s) {
  return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/=,:+@%")] == 0;
}

// As a shell reads it, and as can be printed.
static void put_word(struct wg_buf *b, const char *s) {
  struct wg_buf shown = {0};
  wg_buf_char(b, ' ');
  wg_buf_printable(&shown, s, strlen(s), SIZE_MAX);
  bool odd = shown.len != strlen(s);
  wg_buf_release(&shown);
  if (plain(s)) {
    wg_buf_str(b, s);
    return;
  }
  if (odd) {
    wg_buf_str(b, "$'");
    for (; *s; s++)
      if (*s >= 0x20 && *s < 0x7F && *s != '\'' && *s != '\\')
        wg_buf_char(b, *s);
      else
        wg_buf_printf(b, "\\x%02x", (unsigned char)*s);
    wg_buf_char(b, '\'');
    return;
  }
  wg_buf_char(b, '\'');
  for (; *s; s++)
    if (*s == '\'')
      wg_buf_str(b, "'\\''");
    else
      wg_buf_char(b, *s);
  wg_buf_char(b, '\'');
}

static void put_option(struct wg_buf *b, const char *name, const char *value) {
  if (value == NULL) return;
  put_word(b, name);
  put_word(b, value);
}

static void set_command(struct audit *a) {
  wg_buf_str(&a->command, "wedge diff");
  put_option(&a->command, "--map", a->options.map);
  put_option(&a->command, "--ignore", a->options.ignore);
  put_option(&a->command, "--rules", a->options.rules);
  for (size_t i = 0; i < a->n; i++) put_word(&a->command, a->inputs[i].path);
}

// -- the comparison --

static int run(struct audit *a, struct wg_err *err) {
  const char **more = wg_xcalloc(a->n, sizeof *more);
  for (size_t i = 2; i < a->n; i++) more[i - 2] = a->inputs[i].path;
  a->result = wg_diff_all(a->inputs[0].path, a->inputs[1].path, more, a->n - 2, &a->options, &a->reports, err);
  free(more);
  wg_cli_progress_end();
  return a->result == WG_DIFFERS ? WG_OK : a->result;
}

// -- the folder --

struct file {
  const char *name;
  const struct wg_buf *text;
};

static int put_file(const struct audit *a, const struct file *f, struct wg_err *err) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/%s", a->unfinished.path.data, f->name);
  int code = wg_file_write(path.data, f->text->data, f->text->len, err);
  wg_buf_release(&path);
  return code;
}

static void put_input_row(const struct input *in, struct wg_buf *b) {
  wg_buf_printf(b, "| %s | `", in->role);
  wg_buf_printable(b, in->file.data, in->file.len, SIZE_MAX);
  wg_buf_printf(b, "` | %llu | `%s` |\n", (unsigned long long)in->bytes, in->sha256);
}

// What could not be read comes before what was found.
static void put_damage(const struct audit *a, const char *before, const char *after, struct wg_buf *b) {
  for (int i = 0; i < 2; i++)
    if (a->reports.damage[i].len) wg_buf_printf(b, "%s%s%s", before, a->reports.damage[i].data, after);
}

static void put_readme(const struct audit *a, struct wg_buf *b) {
  wg_buf_printf(b, "# %s\n\n", a->name);
  put_damage(a, "    ", "\n", b);
  wg_buf_printf(b, "    %s\n", a->reports.answer.data);
  wg_buf_str(b, "\nThe evidence is in `report.md`, everything in `findings.json` (`schemas/diff.schema.json`). To make "
                "them again, "
                "where the command was given:\n\n");
  wg_buf_printf(b, "    %s --markdown >report.md\n    %s --json >findings.json\n\n", a->command.data, a->command.data);
  wg_buf_str(b, "What was compared (`manifest.json`); the traces are not kept here, `raw/` is a place for them that "
                "git ignores:\n\n"
                "| side | file | bytes | SHA-256 |\n|---|---|---:|---|\n");
  for (size_t i = 0; i < a->n; i++) put_input_row(&a->inputs[i], b);
}

static void put_input(const struct input *in, struct wg_buf *b) {
  if (b->data[b->len - 1] != '[') wg_buf_char(b, ',');
  wg_buf_char(b, '{');
  wg_json_str(b, "role", in->role);
  wg_json_utf8(b, "path", in->path, strlen(in->path));
  wg_json_utf8(b, "file", in->file.data, in->file.len);
  wg_json_u64(b, "bytes", in->bytes);
  wg_json_str(b, "sha256", in->sha256);
  wg_buf_char(b, '}');
}

static void put_digest(const char *name, const struct wg_buf *text, struct wg_buf *b) {
  char sha256[65];
  wg_sha256_hex(text->data, text->len, sha256);
  wg_json_str(b, name, sha256);
}

static void put_command(const struct audit *a, const char *format, struct wg_buf *b) {
  struct wg_buf line = {0};
  wg_buf_printf(&line, "%s %s", a->command.data, format);
  if (b->data[b->len - 1] != '[') wg_buf_char(b, ',');
  wg_buf_json_utf8(b, line.data, line.len);
  wg_buf_release(&line);
}

static void put_manifest(const struct audit *a, struct wg_buf *b) {
  wg_buf_char(b, '{');
  wg_json_u64(b, "schema", 1);
  wg_json_str(b, "engine", "wedge");
  wg_json_str(b, "version", a->version);
  wg_json_str(b, "name", a->name);
  wg_json_utf8(b, "answer", a->reports.answer.data, a->reports.answer.len);
  wg_json_bool(b, "equal", a->result == WG_OK);
  if (a->reports.damage[0].len + a->reports.damage[1].len) {
    wg_json_key(b, "damage");
    wg_buf_char(b, '[');
    for (int i = 0; i < 2; i++) {
      const struct wg_buf *d = &a->reports.damage[i];
      if (d->len == 0) continue;
      if (b->data[b->len - 1] != '[') wg_buf_char(b, ',');
      wg_buf_json_utf8(b, d->data, d->len);
    }
    wg_buf_char(b, ']');
  }
  wg_json_key(b, "inputs");
  wg_buf_char(b, '[');
  for (size_t i = 0; i < a->n; i++) put_input(&a->inputs[i], b);
  wg_buf_char(b, ']');
  wg_json_key(b, "commands");
  wg_buf_char(b, '[');
  put_command(a, "--markdown", b);
  put_command(a, "--json", b);
  wg_buf_char(b, ']');
  wg_json_key(b, "files");
  wg_buf_char(b, '{');
  put_digest("report.md", &a->reports.markdown, b);
  put_digest("findings.json", &a->reports.json, b);
  wg_buf_str(b, "}}\n");
}

static int write_files(const struct audit *a, struct wg_err *err) {
  struct wg_buf readme = {0}, manifest = {0}, ignore = {0};
  put_readme(a, &readme);
  put_manifest(a, &manifest);
  wg_buf_str(&ignore, "raw/\n");
  const struct file files[] = {{"report.md", &a->reports.markdown},
                               {"findings.json", &a->reports.json},
                               {"README.md", &readme},
                               {".gitignore", &ignore},
                               {"manifest.json", &manifest}};
  int code = WG_OK;
  for (size_t n = 0; n < sizeof files / sizeof *files && code == WG_OK; n++) code = put_file(a, &files[n], err);
  wg_buf_release(&readme);
  wg_buf_release(&manifest);
  wg_buf_release(&ignore);
  return code;
}

static int make_folder(struct audit *a, const char *parent, struct wg_err *err) {
  struct wg_buf prefix = {0};
  wg_buf_printf(&prefix, ".%s.unfinished-", a->name);
  int code = wg_mkdir_p(parent, err);
  if (code == WG_OK) code = wg_temporary_make(&a->unfinished, parent, prefix.data, err);
  if (code == WG_OK) code = write_files(a, err);
  if (code == WG_OK) code = wg_temporary_keep(&a->unfinished, a->folder.data, err);
  wg_temporary_remove(&a->unfinished);
  wg_buf_release(&prefix);
  return code;
}

static int make_audit(struct audit *a, const char *parent, char **paths, size_t n, struct wg_err *err) {
  wg_buf_printf(&a->folder, "%s/%s", parent, a->name);
  if (wg_file_exists(a->folder.data))
    return wg_fail(err, WG_INPUT, "%s: exists already; an audit is never overwritten: give another name, or remove it",
                   a->folder.data);
  WG_TRY(set_inputs(a, paths, n, err));
  set_command(a);
  WG_TRY(run(a, err));
  return make_folder(a, parent, err);
}

int wg_cmd_audit(const struct wg_command *cmd, int argc, char **argv) {
  struct audit a = {.version = WG_VERSION, .options = {.thread = -1}};
  const char *parent = "audit-runs";
  const struct wg_opt opts[] = {
      {"dir", 0, WG_OPT_STR, &parent, "DIR", "make the folder in DIR (audit-runs)"},
      {"map", 0, WG_OPT_STR, &a.options.map, "A=B,...", "as for wedge diff"},
      {"ignore", 0, WG_OPT_STR, &a.options.ignore, "NAMES", "as for wedge diff"},
      {"rules", 0, WG_OPT_STR, &a.options.rules, "FILE", "as for wedge diff"},
      {"mapping", 0, WG_OPT_STR, &a.options.reading.mapping, "FILE", "as for wedge diff"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 1 || strcmp(args.v[0], "new") != 0)
    return wg_cli_usage(cmd, "expected 'new', got '%s'", args.n ? args.v[0] : "nothing");
  if (args.n < 4) return wg_cli_usage(cmd, "expected a name, a run and its reference, got %d", args.n - 1);
  WG_TRY(wg_check_exports(cmd, "--ignore", a.options.ignore));
  a.name = args.v[1];
  if (!plain(a.name) || strpbrk(a.name, "/=,:+@%") || *a.name == '.' || *a.name == '-')
    return wg_cli_usage(cmd, "'%s' is no name for a folder: letters, digits, '.', '_' and '-', a letter or digit first",
                        a.name);
  struct wg_err err = {0};
  int code = make_audit(&a, parent, args.v + 2, (size_t)args.n - 2, &err);
  if (code == WG_OK) {
    struct wg_buf out = {0};
    put_damage(&a, "", "\n", &out);
    wg_buf_printf(&out, "%s\n%s/README.md\n", a.reports.answer.data, a.folder.data);
    wg_cli_print(&out);
    wg_buf_release(&out);
  }
  release(&a);
  return code == WG_OK ? WG_OK : wg_cli_fail(&err);
}
