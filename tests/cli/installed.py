# installed.py CMAKE CC BUILD WORK: installs the build into WORK and uses what is there as somebody would who has nothing else; then
# removes it again.
import os, re, shutil, subprocess, sys

cmake, cc, build, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
stage = os.path.join(work, "usr")


def run(*args, code=0, **more):
    p = subprocess.run(args, capture_output=True, text=True, cwd=work, **more)
    assert p.returncode == code, (args, p.returncode, p.stdout[-2000:], p.stderr[-2000:])
    return p.stdout


manifest = os.path.join(build, "install_manifest.txt")
notes = [manifest, os.path.join(build, "install_folders.txt")]
kept = {path: open(path).read() if os.path.exists(path) else None for path in notes}
try:
    os.makedirs(os.path.join(stage, "share/man"))  # is not ours, and stays
    run(cmake, "--install", build, "--prefix", stage)
    there = {os.path.relpath(os.path.join(d, f), stage) for d, _, files in os.walk(stage) for f in files}
    for path in ("bin/wedge", "include/wedge_trace.h", "share/bash-completion/completions/wedge", "share/zsh/vendor-completions/_wedge",
                 "share/man/man1/wedge.1.gz", "share/wedge/schemas/trace.schema.json", "share/wedge/schemas/trace.sql",
                 "share/wedge/schemas/functions.sql", "share/wedge/lnav/wedge.json", "share/doc/wedge/docs/queries.sql",
                 "share/doc/wedge/copyright", "share/doc/wedge/changelog.gz", "share/doc/wedge/README.md",
                 "share/doc/wedge/docs/console.md", "share/doc/wedge/docs/design.md", "share/doc/wedge/examples/example.c"):
        assert path in there, (path, sorted(there))
    assert any(re.fullmatch("lib(/[^/]+)?/wedge/wedge_sql.so", path) for path in there), sorted(there)
    wedge = os.path.join(stage, "bin/wedge")
    for name in re.findall(r"^  ([a-z-]+) ", run(wedge, "help"), re.M):
        assert f"share/man/man1/wedge-{name}.1.gz" in there, name

    # The example against the header that was installed, in both languages that it is for.
    source = os.path.join(stage, "share/doc/wedge/examples/example.c")
    flags = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-I", os.path.join(stage, "include"), source, "-o", os.path.join(work, "example"), "-pthread"]
    run(cc, "-std=c11", *flags)
    run("./example", "trace.jsonl")
    assert run(wedge, "events", "trace.jsonl", "--kind", "kernel.call").count("Nt") == 2
    assert run(wedge, "query", "trace.jsonl", "SELECT tid, name FROM v_unreturned", "--csv").split() == ["tid,name", "1,NtWaitForSingleObjectEx"]
    cxx = shutil.which("g++")
    if cxx:
        run(cxx, "-x", "c++", "-std=c++17", *flags)

    # Gone again, with the folders that it made.
    run(cmake, "-D", f"MANIFEST={manifest}", "-P", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cmake/Uninstall.cmake"))
    left = sorted(os.path.relpath(os.path.join(d, f), stage) for d, _, files in os.walk(stage) for f in files)
    assert left == [], left
    left = sorted(os.path.relpath(os.path.join(d, f), stage) for d, folders, _ in os.walk(stage) for f in folders)
    assert left == ["share", "share/man"], left
finally:
    for path, text in kept.items():
        if text is not None:
            open(path, "w").write(text)
        elif os.path.exists(path):
            os.remove(path)
print("installed: used and removed")
