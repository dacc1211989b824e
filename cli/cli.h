// The command line: a table of subcommands, declared options, and what they share in printing.
#ifndef WG_CLI_H
#define WG_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/confine.h"
#include "base/buf.h"
#include "base/err.h"

enum wg_opt_type {
  WG_OPT_FLAG,
  WG_OPT_STR,
  WG_OPT_TEXT, // the same, perhaps empty
  WG_OPT_NUM,
  WG_OPT_SECONDS, // ns, given in seconds
  WG_OPT_LIST,    // may be given again: struct wg_opt_values
  WG_OPT_WORD,    // alone, which is "", or with =WORD
  WG_OPT_MAYBE,   // alone, or with a number: struct wg_opt_maybe
};

struct wg_opt_maybe {
  bool given;
  uint64_t n; // as it was, without a number
};

#define WG_OPT_VALUES 1024u
struct wg_opt_values {
  const char *v[WG_OPT_VALUES];
  int at[WG_OPT_VALUES]; // where each stands among the arguments
  size_t n;
};

struct wg_opt {
  const char *name; // without the dashes
  char letter;      // 0 = none
  enum wg_opt_type type;
  void *value;     // bool, const char *, uint64_t or struct wg_opt_values
  const char *arg; // name of the value in the help
  const char *help;
};

struct wg_args {
  char **v; // positional
  int n;
};

struct wg_command {
  const char *name, *usage, *summary, *help; // help: description and examples
  int (*run)(const struct wg_command *cmd, int argc, char **argv);
};

extern const struct wg_command wg_commands[]; // ends with a NULL name

// Parses argv (without the command's name). Returns WG_OK; WG_INPUT after a message; -1 after --help.
int wg_opt_parse(const struct wg_command *cmd, const struct wg_opt *opts, size_t nopts, int argc, char **argv,
                 struct wg_args *args);
int wg_cli_fail(const struct wg_err *err); // prints "wedge: ..." to stderr and returns err->code
int wg_cli_usage(const struct wg_command *cmd, const char *fmt, ...) WG_PRINTF(2, 3);
// From here on the first SIGINT, SIGTERM or SIGHUP asks for an end in order, a second one of its kind ends at once.
void wg_cli_catch_signals(void);
bool wg_cli_go_on(void);         // false once one has come
const char *wg_cli_signal(void); // its name, or NULL
// From here on SIGINT ends what goes on and not the process: wg_cli_go_on is false until wg_cli_interrupt_over.
void wg_cli_catch_interrupts(void);
void wg_cli_interrupt_over(void);

int wg_cli_version(int argc, char **argv); // wedge --version, with what follows it

struct wg_config;
struct wg_cli_rate;
struct wg_run_watch;
// How a command looks after a run that goes on: signals end it, and progress is shown on standard error if that is a
// terminal. wg_cli_progress_end clears the line.
struct wg_run_watch wg_cli_watch(struct wg_cli_rate *rate);
void wg_cli_progress_end(void);

// Progress on standard error, a few times a second: how far it is (`at` of `of`, which is 0 where nobody knows), at
// what rate, and when it will end at that.
struct wg_cli_rate {
  const char *what;      // or NULL
  double unit;           // of `at`, for the rate
  const char *unit_name; //
  uint64_t begun_ms, shown_ms;
};
bool wg_cli_shows_progress(void); // standard error is a terminal
uint64_t wg_cli_host_ms(void);    // for rates and forecasts
// At most a few times a second: `at` of `of` (0: nobody knows), and what the format says.
void wg_cli_show_progress(struct wg_cli_rate *r, uint64_t at, uint64_t of, const char *fmt, ...) WG_PRINTF(4, 5);

// To standard output. What controls a terminal, but for ends of lines and tabs, is printed as \x1b.
void wg_cli_print(const struct wg_buf *b);
void wg_cli_printf(const char *fmt, ...) WG_PRINTF(1, 2);
void wg_cli_note(const char *fmt, ...) WG_PRINTF(1, 2); // "wedge: ..." to standard error

// What is printed in between goes through the user's pager, if standard output is a terminal.
struct wg_pager {
  int out; // what standard output was; -1: no pager
  long child;
};
void wg_cli_page_begin(struct wg_pager *p);      // without a terminal, or a pager that runs: nothing
bool wg_cli_page_left(const struct wg_pager *p); // its user wants no more
void wg_cli_page_end(struct wg_pager *p);        // waits until its user has read
bool wg_cli_colours(void);                       // standard output is a terminal that has them, and NO_COLOR is not set

struct wg_config;
// Gives up what recording into `dir` does not need (base/confine.h); says how if `verbose`. `accepts`: somebody who
// listens still serves who comes.
// `kept`: the folder of compiled code, or NULL.
struct wg_confined wg_cli_confine(const struct wg_config *cfg, const char *dir, const char *kept, bool accepts,
                                  bool verbose);

// Compiled code from one run of a title to the next. It is opened when it is first asked for: where the process
// confines itself, before it does.
struct wg_jit_cache;
struct wg_cli_kept {
  const char *where; // of --jit-cache: a folder, "none", or NULL: the user's own
  bool verbose;      // says at the end what of it was of use
  bool asked;
  struct wg_cli_kept_open *open; // or NULL
};
#define WG_CLI_KEPT(k)                                                                                                 \
  {                                                                                                                    \
    "jit-cache", 0, WG_OPT_STR, &(k)->where, "DIR",                                                                    \
        "where --jit keeps compiled code for the next run; none: nowhere (~/.cache/wedge/jit)"                         \
  }
struct wg_jit_cache *wg_cli_kept_of(void *ctx, const char *title); // struct wg_jit_keeper's
const char *wg_cli_kept_folder(const struct wg_cli_kept *k);       // or NULL
void wg_cli_kept_close(struct wg_cli_kept *k);                     // saves it; no machine uses it any more

struct wg_record_options;
struct wg_run_result;
// wedge record --gdb.
struct wg_cli_live {
  uint16_t port;
  const char *listen, *map; // or NULL
  bool to_stderr;           // what says how to attach
};
// Records while gdb attaches and leaves; what it says of how to attach goes to standard output or error.
int wg_cli_record_live(const struct wg_config *cfg, const struct wg_record_options *o, const struct wg_cli_live *live,
                       struct wg_run_result *out, struct wg_err *err);

#define WG_OPTS(cmd, opts, argc, argv, args)                                                                           \
  do {                                                                                                                 \
    int wg_opt_code = wg_opt_parse(cmd, opts, sizeof opts / sizeof *opts, argc, argv, args);                           \
    if (wg_opt_code != WG_OK) return wg_opt_code < 0 ? WG_OK : wg_opt_code;                                            \
  } while (0)

// Where what a run depends on lies now (replay, verify).
struct wg_cli_overrides {
  const char *title, *patch, *content, *keys, *caches[3];
  bool jit;
  struct wg_cli_kept kept;
  struct wg_buf program;
};
#define WG_CLI_OVERRIDES(o)                                                                                            \
  {"title", 0, WG_OPT_STR, &(o)->title, "FILE", "where the title is now; what lay beside it lies there, too"},         \
      {"patch", 0, WG_OPT_STR, &(o)->patch, "FILE", "where its update is now"},                                        \
      {"content", 0, WG_OPT_STR, &(o)->content, "DIR", "where its packages are now"},                                  \
      {"keys", 0, WG_OPT_STR, &(o)->keys, "FILE", "where further AES keys are now"},                                   \
      {"cache", 0, WG_OPT_STR, &(o)->caches[0], "DIR", "where the initial content of cache: is now"},                  \
      {"cache0", 0, WG_OPT_STR, &(o)->caches[1], "DIR", "of cache0:"},                                                 \
      {"cache1", 0, WG_OPT_STR, &(o)->caches[2], "DIR", "of cache1:"}, WG_CLI_KEPT(&(o)->kept), {                      \
    "jit", 0, WG_OPT_FLAG, &(o)->jit, NULL, "compile what runs often: the same, sooner"                                \
  }
void wg_cli_override(struct wg_cli_overrides *o, struct wg_config *cfg); // what was given; `o` is borrowed by `cfg`
void wg_cli_overrides_release(struct wg_cli_overrides *o);
// A folder stands for the program in it.
void wg_cli_program(const char *title, struct wg_buf *out);

// What somebody may have meant by a word that is none: offer candidates, then ask. Release `words`.
struct wg_suggestion {
  const char *word;
  char best[80];
  size_t distance;
  struct wg_buf words;
};
void wg_suggest(struct wg_suggestion *s, const char *candidate); // copied
void wg_suggest_exports(struct wg_suggestion *s);                // of the console's kernel
const char *wg_suggested(struct wg_suggestion *s);               // "; did you mean 'x'?", or ""
// Of a list of exports, separated by commas, all must be some.
int wg_check_exports(const struct wg_command *cmd, const char *option, const char *list);

// An event as a line for people, without its end; with the escape sequences of colours if `colours`.
struct wg_event;
void wg_cli_event(const struct wg_event *e, bool colours, const char *grep, struct wg_buf *out);
// The last `most` events of the run in `dir` up to its `events`-th, and some that follow; of thread `tid` alone, or
// UINT64_MAX.
struct wg_events_around {
  const char *dir;
  uint64_t events, tid;
  size_t most;
  bool json;
  bool (*give_up)(void *ctx); // asked now and then; or NULL
  void *ctx;
};
// Appended as lines for people, or as JSON Lines. WG_INPUT, too, if it was given up.
int wg_cli_put_events_around(const struct wg_events_around *a, struct wg_buf *out, struct wg_err *err);

// wedge events --branches.
struct wg_branch_options {
  uint64_t tid, cycle, until, before, limit; // UINT64_MAX: not given
  bool json;
};
// Prints; an exit status.
int wg_cli_branches(const struct wg_command *cmd, const char *dir, const struct wg_branch_options *o);

// Makes a database of a trace, with progress; signals end it. `branches`: with those of the run.
struct wg_store_report;
struct wg_reading;
int wg_cli_import(const char *source, const char *db, const struct wg_reading *reading, bool branches,
                  struct wg_store_report *rep, struct wg_err *err);
struct wg_store_branches;
int wg_cli_branch_sums(const char *run, struct wg_store_branches *to, struct wg_buf *damage, struct wg_err *err);

struct wg_image;
void wg_cli_describe(const struct wg_image *img, const char *path, bool json); // wedge info
// Whether a command may write to `to`, which its user named, while it reads `from`: not if that is the same file, or
// one of a run's own. "-" is standard output. Of a database: nor if something is there that is none.
int wg_cli_spare(const char *to, const char *from, struct wg_err *err);
int wg_cli_spare_for_db(const char *to, const char *from, struct wg_err *err);
int wg_cli_files(const char *title, bool json, struct wg_err *err); // wedge info --files
bool wg_cli_is_trace(const char *path);                             // as a file, not as a run's folder
int wg_cli_trace(const char *path, const struct wg_reading *reading, bool json, struct wg_err *err); // wedge info

#define WG_COMMAND(id, name, usage, summary, help) int wg_cmd_##id(const struct wg_command *, int, char **);
#include "cli/commands.def"

#endif
