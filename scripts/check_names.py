#!/usr/bin/env python3
"""Whether two files of a folder mean different things by one name.

A static function or variable is its file's, but a reader reads a folder: what a name means there is one thing. Files that do the same thing for another
command, format, target or caller call it the same: ROLES. LEFT counts what is still otherwise; it may only become less.
With --list, every such name and where it stands. Names of one meaning each in several folders are counted, too, and bounded by nothing.
"""
import argparse, collections, re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("base", "nt", "trace", "emu", "jit", "checkpoint", "replay", "travel", "probe", "gdb", "diff", "export", "cli")
ROLES = {
    # what a command does
    "run", "release", "confine", "print_json", "print_text", "put_json", "put_text",
    # an importer's functions, and what it keeps
    "probe", "speaks", "line", "state_open", "state_close",
    # a virtual table's, by SQLite's names
    "disconnect", "best_index", "open_cursor", "close_cursor", "filter", "next", "at_end", "column", "module",
    # a picture's or a table's format
    "put_mark", "put_track", "put_time", "put_value", "put_row", "put_counts", "put_stopped",
    # what is made of a table's rows
    "rows",
    # a disc's and a package's
    "add_entry", "place_file",
    # gdb's target
    "gave_up", "here_of", "machine_of", "resume", "seek",
    # what a caller is told of
    "go_on", "on_access", "on_break", "on_call", "on_dpc", "on_event", "on_exit", "on_object", "on_return", "on_wait_begin", "on_wait_end", "on_window",
}
LEFT = {"travel": 2}
STATIC = re.compile(r"^static\s+(?:inline\s+)?(?:__attribute__\(\([^)]*\)+\s+)?(?:(?:const|unsigned|struct|enum|union)\s+)*[\w\s*]*?\*?(\w+)\s*[(\[=;]")


def statics(path):
    """{name: line} of the static functions and variables of a file; formatting puts each at the line's beginning."""
    return {m[1]: n for n, text in reversed(list(enumerate(path.read_text().split("\n"), 1))) if (m := STATIC.match(text)) and m[1] != "__attribute__"}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--list", action="store_true")
    a = p.parse_args()
    folders, everywhere = collections.defaultdict(lambda: collections.defaultdict(list)), collections.defaultdict(list)
    for path in sorted(f for folder in FOLDERS for f in (ROOT / folder).rglob("*.c")):
        for name, line in statics(path).items():
            where = path.relative_to(ROOT)
            folders[str(where.parent)][name].append(f"{where}:{line}")
            everywhere[name].append(where)
    bad, total = 0, 0
    for folder, names in sorted(folders.items()):
        twice = {name: places for name, places in names.items() if len(places) > 1 and name not in ROLES}
        total += len(twice)
        if len(twice) > LEFT.get(folder, 0) or a.list:
            for name, places in sorted(twice.items()):
                print(f"{name}: {' '.join(places)}")
        if len(twice) > LEFT.get(folder, 0):
            bad = 1
            print(f"{folder}: {len(twice)} names mean several things, {LEFT.get(folder, 0)} did: give the new one a name of its own, or one of ROLES if it is such")
        elif len(twice) < LEFT.get(folder, 0):
            print(f"{folder}: {len(twice)} names mean several things, {LEFT[folder]} did: LEFT in scripts/check_names.py can say so")
    several = sum(len(set(places)) > 1 for places in everywhere.values())
    print(f"names: {len(everywhere)} static names, {total} with several meanings in one folder, {several} in several files of the program")
    return bad


if __name__ == "__main__":
    sys.exit(main())
