# rows.py CC SOURCE WORK: rows of nt/exports.def made wrong, one at a time, must end the build, and say why; and rows of diff/ that
# nothing speaks of, or instructions that nothing decodes.
import glob, os, re, shutil, subprocess, sys

cc, source, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(os.path.join(work, "nt"))
rows = open(os.path.join(source, "nt/exports.def")).read()


def run(*args):
    r = subprocess.run(args, capture_output=True, text=True, cwd=source)
    return r.returncode, r.stdout + r.stderr


def row(name, part, to):  # part of one row becomes another
    lines = rows.splitlines(keepends=True)
    (at,) = [i for i, line in enumerate(lines) if f", {name}, " in line]
    assert lines[at].count(part) == 1, lines[at]
    lines[at] = lines[at].replace(part, to)
    open(os.path.join(work, "nt/exports.def"), "w").write("".join(lines))


def checker():
    exe = os.path.join(work, "nt_index")
    code, text = run(cc, "-std=c17", "-I", work, "-I", source, "nt/index.c", "-o", exe)
    if code == 0:
        code, text = run(exe)
    return code, text


def compiled(file):
    return run(cc, "-std=c17", "-D_POSIX_C_SOURCE=200809L", "-fsyntax-only", "-I", work, "-I", source, file)


# A key out of its order would not be found.
os.makedirs(os.path.join(work, "trace"))
keys = open(os.path.join(source, "trace/keys.def")).read().splitlines(keepends=True)
for swap, words in (False, ""), (True, "must stand before"):
    if swap:
        keys[-2], keys[-3] = keys[-3], keys[-2]
    open(os.path.join(work, "trace/keys.def"), "w").write("".join(keys))
    exe = os.path.join(work, "trace_keys")
    code, text = run(cc, "-std=c17", "-I", work, "trace/keys_check.c", "-o", exe)
    assert code == 0, text
    code, text = run(exe)
    assert (code != 0) == swap and words in text, text

# A field that overlaps another, or leaves its structure, and a field read with another width.
os.makedirs(os.path.join(work, "emu/layout"))
table = open(os.path.join(source, "emu/layout/layouts.def")).read()
shutil.copy(os.path.join(source, "emu/layout/layout.h"), os.path.join(work, "emu/layout"))
use = os.path.join(work, "use.c")
for part, to, reads, words in [
    ("", "", "WG_LOAD(p, KAPC, MODE)", None),
    ("KAPC, THREAD, 0x4, 4", "KAPC, THREAD, 0x3, 4", "0", "KAPC: THREAD overlaps the field before it"),
    ("KAPC, ARGUMENT_2, 0x24, 4", "KAPC, ARGUMENT_2, 0x24, 8", "0", "KAPC is smaller than its fields"),
    ("", "", "WG_LOAD(p, KTHREAD, CREATE_TIME)", "negative"),
    ("", "", "WG_LOAD(p, KTHREAD, SUSPEND_APC)", "WG_WIDTH_KTHREAD_SUSPEND_APC"),
]:
    open(os.path.join(work, "emu/layout/layouts.def"), "w").write(table.replace(part, to) if part else table)
    open(use, "w").write(f'#include "emu/layout/layout.h"\nuint32_t f(const uint8_t *p);\nuint32_t f(const uint8_t *p) {{ (void)p; return {reads}; }}\n')
    code, text = compiled(use)
    assert (code == 0) == (words is None) and (words or "") in text, (part, text)
shutil.rmtree(os.path.join(work, "emu"))

# An offset without a name.
for code, bare in (("  WG_PUT(k->m, at, KAPC, MODE, 1);", False), ("  KW32(k, at + 0x20, 1);", True), ("  p = wg_kptr(k->m, a[4 * i + 1], 8, true);", False)):
    os.makedirs(os.path.join(work, "emu/kernel"))
    open(os.path.join(work, "emu/kernel/x.c"), "w").write(code + "\n")
    text = subprocess.run([sys.executable, "-B", "-c", "import sys, pathlib; sys.path.insert(0, 'scripts'); import layouts; print(layouts.bare_offsets(pathlib.Path(sys.argv[1])))",
                           work], capture_output=True, text=True, cwd=source, check=True).stdout
    assert ("x.c:1:" in text) == bare, text
    shutil.rmtree(os.path.join(work, "emu"))

row("NtSetEvent", "NtSetEvent", "NtSetEvent")
code, text = checker()
slots, _, modules = text.partition("#else\n")
assert code == 0 and slots.count(",") == 8192 and [line.split('"')[1] for line in modules.splitlines() if line != "#endif"] == ["xboxkrnl.exe", "xam.xex", "xbdm.xex"], text[:500]
code, text = compiled("emu/kernel/nt.c")
assert code == 0, text

for name, part, to, words in [
    ("NtSetEvent", '"hP"', '"hz"', "a parameter's letter is none of"),
    ("NtSetEvent", '"hP"', '"h?"', "a parameter's letter is none of"),
    ("NtSetEvent", "'S'", "'Q'", "its return letter is none of"),
    ("NtSetEvent", '"hP"', '"hPdddddddddddd"', "more parameters than"),
    ("NtSetEvent", '"hP"', '"?"', "its parameters and result are known"),
    ("NtSetEvent", "NtSetEvent", "NtClearEvent", "another row has its name"),
    ("NtSetEvent", "WG_NT_SIGNALS", "WG_NT_SIGNALS | WG_NT_QUERY", "a query with an effect"),
    ("NtCreateEvent", "WG_NT_CREATES", "0", "writes a handle, but creates none"),
    ("NtSetEvent", "0x00F6", "0x00F4", "its ordinal is not above"),
    ("NtSetEvent", "IMPLEMENTED, IMPLEMENTED", "DONE, IMPLEMENTED", "WG_NT_DONE"),
    ("NtSetEvent", "WG_NT_SIGNALS", "WG_NT_SIGNAL", "WG_NT_SIGNAL"),
]:
    row(name, part, to)
    code, text = checker()
    assert code != 0 and words in text and (name in text or "another row" in text), (name, to, text)

for name, part, to, words in [
    ("NtSetEvent", '"hP"', '"h"', "NtSetEvent with another number of parameters"),
    ("NtSetEvent", '"hP"', '"hPd"', "NtSetEvent with another number of parameters"),
    ("NtSetEvent", "IMPLEMENTED, IMPLEMENTED", "NONE, IMPLEMENTED", "wg_nparams_NtSetEvent"),
    ("NtSetEvent", "IMPLEMENTED, IMPLEMENTED", "CONSTANT, IMPLEMENTED", "NtSetEvent is CONSTANT"),
    ("NtSetEvent", "NtSetEvent", "NtSetEvnet", "wg_nparams_NtSetEvent"),
]:
    row(name, part, to)
    code, text = compiled("emu/kernel/nt.c")
    assert code != 0 and words in text, (name, to, text[:2000])

# A row with a body that nobody wrote: the table refers to it, so the program does not link.
row("NtQueryTimer", "NONE, NONE", "IMPLEMENTED, NONE")
obj = os.path.join(work, "call.o")
code, text = run(cc, "-std=c17", "-D_POSIX_C_SOURCE=200809L", "-c", "-I", work, "-I", source, "emu/kernel/call.c", "-o", obj)
assert code == 0, text
code, text = run("nm", "-u", obj)
assert "wg_k_NtQueryTimer" in text, text

# A body that reads what its row lacks.
body = os.path.join(work, "body.c")
open(body, "w").write("WG_CALL(Short, 2) {\n  if (A(0)) return A(2);\n  return 0;\n}\nstatic int f(void) { return A(9); }\n")
code, text = run("awk", "-f", os.path.join(source, "scripts/check_calls.awk"), body)
assert code == 1 and "Short has 2 parameters in nt/exports.def, but its body reads A(2)" in text and "A(9)" not in text, text
# A class or a law that no code finds would never be said.
code = "".join(open(f).read() for f in glob.glob(os.path.join(source, "diff/*.c")))
for table, macro, prefix in ("classes.def", "WG_CLASS", "WG_D_"), ("laws.def", "WG_LAW", "WG_LAW_"):
    ids = re.findall(rf"^{macro}\((\w+)", open(os.path.join(source, "diff", table)).read(), re.M)
    assert len(ids) > 15, (table, ids)
    for i in ids:
        assert re.search(rf"\b{prefix}{i}\b", code), f"diff/{table}: nothing in diff/ says {i}"
# An instruction behind one that takes all of its words would never be decoded.
words = [(m[1], int(m[2], 16), int(m[3], 16)) for m in
         re.finditer(r"^WG_PPC\((\w+),\s*\w+,\s*(0x\w+),\s*(0x\w+),", open(os.path.join(source, "emu/cpu/ppc.def")).read(), re.M)]
assert len(words) > 400, len(words)
for i, (name, mask, value) in enumerate(words):
    assert value & ~mask == 0, f"emu/cpu/ppc.def: {name}: its value has bits outside of its mask"
    for other, m, v in words[:i]:
        assert not (m & mask == m and value & m == v), f"emu/cpu/ppc.def: {name} is never decoded: {other} stands before it"
print("rows: what is wrong ends the build")
