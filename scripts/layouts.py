#!/usr/bin/env python3
"""layouts.py: writes docs/layouts.md, the guest's structures, from emu/layout/layouts.def. --check: whether it is that already,
and whether code reaches into guest structures by bare offsets; then WG_GET and its kin are what to use (emu/layout/layout.h)."""
import re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE, PAGE = ROOT / "emu/layout/layouts.def", ROOT / "docs/layouts.md"
HEAD = """# The guest's structures

Made from `emu/layout/layouts.def` by `scripts/layouts.py`: what Wedge reads or writes of the guest's structures, and what else is known
of them. Offsets and sizes are hexadecimal, fields big-endian unless the source says LE; the marks of the sources are those of
[console.md](console.md).
"""


def number(text, sizes):
    m = re.fullmatch(r"WG_SIZEOF_(\w+)", text)
    return sizes[m[1]] if m else int(text, 0)


def rows():
    """(macro, line, arguments) of each row; texts keep their quotes."""
    text = TABLE.read_text()
    text = re.sub(r"^//.*$", lambda m: m[0] if m[0].startswith("// ---") else "", text, flags=re.M)
    for m in re.finditer(r'^// --- (?P<part>.*)$|^WG_(?P<kind>LAYOUT|FIELD|ARRAY|PART|LAYOUT_END)\((?P<args>(?:[^"()]|"[^"]*")*)\)', text, re.M):
        if m["part"]:
            yield "section", [m["part"]]
        else:
            yield m["kind"], [a.strip() for a in re.findall(r'"[^"]*"|[^,"]+', m["args"]) if a.strip()]


def cell(text):
    return text.strip('"').replace("\\\\", "\\").replace("|", "\\|")


def page():
    out, sizes, structures = [HEAD], {}, []
    for kind, a in rows():
        if kind == "section":
            out.append(f"\n## {a[0][0].upper()}{a[0][1:]}\n")
        elif kind == "LAYOUT":
            name, size = a[0], int(a[2], 0)
            sizes[name] = size
            structures.append(name)
            out.append(f"\n### {cell(a[1])}\n\nSize {size:X}; `{name}` in the code. [{cell(a[3])}]\n\n| offset | size | field | what |\n|---|---|---|---|\n")
        elif kind == "FIELD":
            out.append(f"| {int(a[2], 0):X} | {number(a[3], sizes):X} | {a[1]} | {cell(a[4])} |\n")
        elif kind == "ARRAY":
            out.append(f"| {int(a[2], 0):X} | {number(a[4], sizes)} × {number(a[3], sizes):X} | {a[1]} | {cell(a[5])} |\n")
        elif kind == "PART":
            note = cell(a[4])
            out.append(f"| {int(a[2], 0):X} | {sizes[a[3]]:X} | {a[1]} | a {a[3]}{': ' + note if note else ''} |\n")
    if len(structures) < 60:
        sys.exit(f"layouts: only {len(structures)} structures: does this script still see them?")
    return "".join(out)


# --- bare offsets ----------------------------------------------------------------------------------------------------

CALLS = re.compile(r"\b(KR32|KW32|wg_k[rw]|wg_mem_[rw]\d+|wg_mem_ptr|wg_(?:store|load)_(?:be|le)\d+|wg_store_8|wg_kptr|wg_kansi|wg_kw?str|wg_out_\w+|"
                   r"put_\w+|mem(?:cpy|cmp|set)|sha1|wg_xex_decrypt|EVP_Digest)\(")
BARE = re.compile(r"[\w\])] [+-] (?:0x[0-9A-Fa-f]+|\d+)u?(?:$| \+)")


def arguments(text, at):
    out, depth, begin = [], 0, at
    for i in range(at, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            if depth == 0:
                return out + [text[begin:i].strip()]
            depth -= 1
        elif text[i] == "," and depth == 0:
            out.append(text[begin:i].strip())
            begin = i + 1
    return out


def bare_offsets(root=ROOT):
    bad = []
    for path in sorted(p for part in ("kernel", "loader", "gpu", "apu", "vfs", "look") for p in (root / "emu" / part).glob("*.[ch]")):
        name = path.relative_to(root).as_posix()
        text = path.read_text()
        for m in CALLS.finditer(text):
            if any(BARE.search(a) for a in arguments(text, m.end())[:2]):
                line = text.count("\n", 0, m.start()) + 1
                bad.append(f"{name}:{line}: {text.splitlines()[line - 1].strip()}: an offset without a name; "
                           "its row belongs into emu/layout/layouts.def")
    return bad


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    text = page()
    if not sys.argv[1:]:
        PAGE.write_text(text)
        return 0
    bad = bare_offsets()
    if not PAGE.exists() or PAGE.read_text() != text:
        bad.append("docs/layouts.md is not what scripts/layouts.py makes of emu/layout/layouts.def")
    print("\n".join(bad) or "layouts: the page follows the table, and no offset is bare")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
