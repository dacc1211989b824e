#!/usr/bin/env python3
"""Whether a header says of each function what its name does not: a comment above it, up to the next empty line, or behind it.

`_create` and its kin need none: CONTRIBUTING.md says of all of them who owns what. An inline function speaks by its body.
"""
import re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("base", "nt", "trace", "emu", "jit", "checkpoint", "replay", "travel", "probe", "gdb", "diff", "export", "cli")
KIN = re.compile(r"_(create|new|open|init|free|close|release|state)$")
PROTOTYPE = re.compile(r"^(?!typedef|static|struct \w+ \{)[a-z][^=;{]*?\b(wg_\w+)\(")


def silent(text):
    """(line, name) of the functions of which it says nothing."""
    told, lines = False, iter(enumerate(text.split("\n"), 1))
    for n, line in lines:
        if not line.strip():
            told = False
        elif line.startswith("//"):
            told = True
        elif m := PROTOTYPE.match(line):
            whole = line
            while not re.search(r"[;{]\s*(//|$)", whole):
                whole += next(lines)[1]
            if not told and "//" not in whole and not KIN.search(m[1]):
                yield n, m[1]


def main():
    headers = [h for folder in FOLDERS for h in sorted((ROOT / folder).rglob("*.h"))]
    bad = [(h.relative_to(ROOT), *x) for h in headers for x in silent(h.read_text())]
    for path, n, name in bad:
        print(f"{path}:{n}: {name} has no word: say units, who owns what, errors, or where a fact is from")
    print(f"headers: {len(headers)} read, {len(bad)} functions without a word")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
