#define _POSIX_C_SOURCE 200809L // SIGXFSZ
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

// A new subcommand is one row here and one file.
const struct wg_command wg_commands[] = {
    {"record", "TITLE [-o RUN] [options]", "Run a title deterministically and record it.",
     "TITLE is a .xex (or an ELF made with the guest SDK), a folder with a default.xex, a disc image or a package; "
     "its\n"
     "folder or disc becomes game:. The run's folder gets\n"
     "manifest.json, trace.jsonl.zst and branches.zst. Exit status 0 whatever the title did; the last lines say "
     "what.\nSIGINT, SIGTERM and SIGHUP end the run in order, with status 0; a second one ends at once.\n\n"
     "Examples:\n"
     "  wedge record title.xex -o run\n"
     "  wedge record title.xex -o run --cache cache-folder --seconds 20",
     wg_cmd_record},
    {"replay", "RUN", "Re-execute a run and prove every event identical.",
     "Exit status 0: identical; 1: the first mismatch is printed with both sides; 2: the title or an input\n"
     "has changed, or the trace is damaged. A run that was killed is compared as far as its record goes.\n\n"
     "What lies elsewhere now is named by --title and its kin; digests decide whether it is the same.\n\n"
     "Examples:\n"
     "  wedge replay run\n"
     "  wedge replay run --title moved/title.xex --cache moved/cache",
     wg_cmd_replay},
    {"verify", "RUN", "Check every digest of a run, without executing it.",
     "The SHA-256 of the trace against its footer and the manifest, of the record of branches and of the input script "
     "against\n"
     "the manifest, and of the title and of every file that the run read. Exit status 0: all are as recorded; 1: one "
     "differs,\n"
     "is missing or has none (a killed run); 2: there is no manifest that this version understands.\n\n"
     "Examples:\n"
     "  wedge verify run\n"
     "  wedge verify run --json",
     wg_cmd_verify},
    {"diff", "A B [B...]", "Align two traces or logs thread by thread and name the first cause.",
     "A and B are runs, traces (.jsonl, .jsonl.zst) or xenia-canary logs, in any combination; B is the reference. "
     "Further\n"
     "runs of the reference tell what varies by itself at a place: that is noise, never the cause; a hang is noise "
     "only\n"
     "where a reference hangs.\n\n"
     "The first line is the cause, with its thread on both sides (after a line for each side that is damaged). Below "
     "it:\n"
     "the way from there to what hangs, other candidates, what was masked, which thread is which, and how often the\n"
     "cause's thread calls what on either side. Exit status 0: no difference; 1: differences; 2: an input error, or\n"
     "nothing could be compared.\n\n"
     "Examples:\n"
     "  wedge diff run reference-run\n"
     "  wedge diff xenia.log canary.log canary-again.log --explain-noise\n"
     "  wedge diff run xenia.log --map 13=17 --thread 13 -v\n"
     "  wedge diff run xenia.log --rules ours.rules --json",
     wg_cmd_diff},
    {"hang", "TRACE", "Why nothing moves any more: a verdict for each stuck thread.",
     "TRACE is a run, a trace (.jsonl, .jsonl.zst) or a xenia-canary log; no reference is needed. The first line is "
     "the\n"
     "verdict of the thread that holds up the others: what it waits for, who made that, and who should have signalled "
     "or\n"
     "released it; then the threads that wait for it, then the evidence. Threads that idle as they are meant to get "
     "no\n"
     "verdict. Exit status 0: no thread is stuck; 1: verdicts; 2: an input error, or no calls to judge.\n\n"
     "Verdicts: circular-wait, abandoned-lock, never-resumed, lost-wakeup, timer-never, apc-never, dpc-never,\n"
     "wrong-status, spin, missing-signaler, waits-for-stuck.\n\n"
     "Examples:\n"
     "  wedge hang run\n"
     "  wedge hang xenia.log --json",
     wg_cmd_hang},
    {"audit", "new NAME RUN REF [REF...]",
     "Make a folder of an investigation: the answer, the evidence, digests, commands.",
     "Compares RUN with REF as `wedge diff` does and makes audit-runs/NAME, which must not exist yet: README.md (the\n"
     "one-line answer and how to get it again), report.md, findings.json, manifest.json (paths, sizes and SHA-256 of "
     "what\n"
     "was compared, the version, the commands). The traces are not copied. Exit status 0 whatever differs.\n\n"
     "Examples:\n"
     "  wedge audit new boot-hang run xenia.log\n"
     "  wedge audit new boot-hang run xenia.log xenia-again.log --dir investigations",
     wg_cmd_audit},
    {"query", "TRACE 'SELECT ...'", "Ask a trace or log questions in SQL.",
     "TRACE is a run, trace, log or .db. The database is made on first use beside the run (trace.db). Without SQL\n"
     "statements are read from standard input. Views: v_calls, v_unreturned, v_waits, v_objects, v_signalers,\n"
     "v_call_counts, v_threads.\n\n"
     "Examples:\n"
     "  wedge query run 'SELECT * FROM v_unreturned'\n"
     "  wedge query run 'SELECT name, count(*) FROM calls GROUP BY name' --csv",
     wg_cmd_query},
    {"import", "LOG -o trace.db", "Put a trace or log into SQLite.",
     "Any supported format: a run, schema 1 JSON Lines (plain or zstd), a xenia-canary log.\n\n"
     "Examples:\n"
     "  wedge import xenia.log -o xenia.db",
     wg_cmd_import},
    {"info", "TITLE|RUN", "Describe a title or a run.",
     "Examples:\n"
     "  wedge info title.xex\n"
     "  wedge info run",
     wg_cmd_info},
    {"events", "TRACE", "Print events, or branches.",
     "With --branches, TRACE is a run that recorded them: every branch and system call with its cycle (retired\n"
     "instructions of its thread), address, word, disassembly, and where it went.\n\n"
     "Examples:\n"
     "  wedge events run --kind kernel.call --limit 20\n"
     "  wedge events run --tid 3 --json\n"
     "  wedge events run --branches --tid 1 --limit 50\n"
     "  wedge events run --branches --tid 6 --before 120",
     wg_cmd_events},
    {"exports", "[TITLE]", "What of the console's kernel is implemented, against the reference or a title.",
     "Without a TITLE: a table by module and by what the reference emulator has, or with --list every export. With a\n"
     "TITLE: its imports.\n\n"
     "Each export is implemented (as far as a title can see), partial (some of its cases, or without its effect on "
     "the\n"
     "world), constant (it answers a fixed value), or none: recorded, warned of, and answered with\n"
     "STATUS_NOT_IMPLEMENTED (Nt*) or 0. A variable that is none is memory of zeros.\n\n"
     "Examples:\n"
     "  wedge exports\n"
     "  wedge exports --list --json\n"
     "  wedge exports --missing --module xam.xex\n"
     "  wedge exports title.xex --missing",
     wg_cmd_exports},
    {"cpu-test", "VECTORS...", "Run instruction test vectors.",
     "VECTORS are JSON Lines files (zstd too), one test an object (name, code, base, in, out). Prints each failure "
     "with\n"
     "expected and actual and a closing count; exit status 1 on any failure.\n\n"
     "Examples:\n"
     "  wedge cpu-test tests/vectors/basic.jsonl",
     wg_cmd_cpu_test},
    {"exec", "IMAGE", "Run a raw code image or ELF with given registers and print the result.",
     "Runs from --base (or the ELF's entry) until the blr to the harness.\n\n"
     "Examples:\n"
     "  wedge exec code.bin --base 0x82010000 --regs r3=0x1,r4=0x2",
     wg_cmd_exec},
    {"pack", "ELF -o TITLE.xex", "Turn a guest ELF into a XEX2.",
     "Examples:\n"
     "  wedge pack hello.elf -o hello.xex --encrypt --compress",
     wg_cmd_pack},
    {0},
};

static const struct wg_command *find(const char *name) {
  for (const struct wg_command *c = wg_commands; c->name; c++)
    if (strcmp(c->name, name) == 0) return c;
  return NULL;
}

static void overview(void) {
  puts("usage: wedge COMMAND [arguments]\n\nA deterministic trace-and-replay research emulator for Xbox 360 "
       "executables.\n");
  for (const struct wg_command *c = wg_commands; c->name; c++) printf("  %-9s %s\n", c->name, c->summary);
  puts("\n`wedge help COMMAND` or `wedge COMMAND --help` says more. `wedge --version` prints the version.");
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    overview();
    return WG_INPUT;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("wedge " WG_VERSION);
    return 0;
  }
  bool help = strcmp(argv[1], "help") == 0;
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (help && argc == 2)) {
    overview();
    return 0;
  }
  const char *name = help ? argv[2] : argv[1];
  const struct wg_command *c = find(name);
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

int main(int argc, char **argv) {
  signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error that is said, not a death
  int code = dispatch(argc, argv);
  // What could not be written is an error, whatever was written after it.
  if (ferror(stdout) || fflush(stdout) != 0) {
    wg_cli_note("cannot write to standard output");
    return WG_INPUT;
  }
  return code;
}
