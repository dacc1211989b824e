# commands.py WEDGE SOURCE BUILD: what is made of the table of commands: help, man pages, completions of both shells.
import os, re, shutil, subprocess, sys

wedge, source, build = sys.argv[1:4]


def run(*args, **more):
    return subprocess.run(args, check=True, capture_output=True, text=True, **more).stdout


rows = re.findall(r'^WG_COMMAND\((\w+), "([a-z-]+)", "', open(os.path.join(source, "cli/commands.def")).read(), re.M)
names = [name for _, name in rows]
assert len(names) >= 14 and len(set(names)) == len(names), names
for name, other in rows:
    assert name == other.replace("-", "_"), (name, "a command's id is its name")
listed = run(os.path.join(source, "scripts/commands.sh"), wedge).split()
assert listed == names, (listed, names)


def complete(*words):
    script = f'. {build}/completions/wedge.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wedge; echo "${{COMPREPLY[*]}}"'
    return run("bash", "-c", script, "bash", "wedge", *words).split()


assert complete("") == names + ["help", "--help", "--version"]
assert complete("help", "ex") == [n for n in names if n.startswith("ex")]
zsh = open(os.path.join(build, "completions/_wedge")).read()
pages = sorted(os.listdir(os.path.join(build, "man")))
assert pages == sorted(["wedge.1"] + [f"wedge-{n}.1" for n in names]), pages
for name in names:
    text = run(wedge, "help", name)
    options = re.findall(r"^ +(?:-(.), )?--([a-z0-9-]+)", text.split("\nOptions:\n")[1], re.M)
    assert options[-1] == ("h", "help"), (name, options)
    page = open(os.path.join(build, f"man/wedge-{name}.1")).read().replace("\\-", "-")
    assert f"\n.SH NAME\nwedge-{name} - " in page and "\n.SH EXAMPLES\n" in page, name
    shown = complete(name, "-")
    case = re.search(rf"^  {name}\) (.*?) ;;$", zsh, re.M | re.S)[1]
    for letter, option in options:
        assert re.search(rf"^\.B {'-%s, ' % letter if letter else ''}--{option}( |$)", page, re.M), (name, option)
        assert f"--{option}" in shown and (not letter or f"-{letter}" in shown), (name, option, shown)
        assert re.search(rf"--{option}[\[}}]", case), (name, option)
    for option in re.findall(r"--([a-z0-9-]+) [A-Z]", text.split("\nOptions:\n")[1]):
        assert complete(name, "--" + option, "-") == [], (name, option, "its value is no option")
        # A value that is empty is none: a variable of a script that was never set, mostly.
        for words in ["--" + option, ""], [f"--{option}="]:
            if option != "args":
                p = subprocess.run([wedge, name, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
                assert p.returncode == 2 and f"wedge {name}: --{option}: " in p.stderr and "\nusage: " in p.stderr, (name, words, p)
for option, words in ("--jit", ["title.xex", "--jit="]), ("--frames", ["title.xex", "--frames", "0"]), ("--frames", ["--from", "run@end", "-o", "x", "--frames", "0"]):
    p = subprocess.run([wedge, "record", *words], capture_output=True, text=True)
    assert p.returncode == 2 and f"wedge record: {option}: " in p.stderr and "\nusage: " in p.stderr, (words, p)
if shutil.which("zsh"):
    run("zsh", "-n", os.path.join(build, "completions/_wedge"))

version = run(wedge, "--version")
assert re.match(r"wedge \d+\.\d+\.\d+\nrevision    ([0-9a-f]{12}|unknown)", version), version
for word in ("compiler", "jit         ", "landlock", "sanitizers", "libzstd"):
    assert word in version, word
import json

told = json.loads(run(wedge, "--version", "--json"))
assert f"wedge {told['version']}\nrevision    {told['revision']}" in version and str(told["jit"] or "LLVM").startswith("LLVM"), told
assert told["libraries"]["libzstd"] and isinstance(told["sanitizers"], list), told
assert subprocess.run([wedge, "--version", "--jsno"], capture_output=True).returncode == 2
print(f"commands: {len(names)} have help, pages and completions")
