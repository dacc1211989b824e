#!/usr/bin/env python3
"""Compiled code that is kept from one run to the next: a second run compiles nothing, whatever is not as it was written is refused and said in one
line, and no run is another one for it. Exits 77 where this wedge has no compiler.

usage: jit_cache.py WEDGE TITLE SCRATCH

TITLE is one of few regions, three at least: it is compiled a hundred times.
"""
import hashlib, hmac, json, os, re, shutil, struct, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import share

wedge, title, scratch = map(os.path.abspath, sys.argv[1:])
shutil.rmtree(scratch, ignore_errors=True)
os.makedirs(scratch)
os.chdir(scratch)
for name in ("HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
if json.loads(subprocess.run([wedge, "--version", "--json"], stdout=subprocess.PIPE, check=True).stdout)["jit"] is None:
    print("this wedge has no compiler")
    sys.exit(77)

KEPT = re.compile(r"wedge: (\S+)/code: (\d+) regions were kept, (\d+) of them taken, (\d+) compiled")
name = hashlib.sha256(open(title, "rb").read()).hexdigest()
runs = 0


def start(*options, **env):
    global runs
    runs += 1
    into = "run%d" % runs
    command = [wedge, "record", title, "-o", into, "--seconds", "0.05", *options]
    return into, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **env})


def finish(into, process):
    """What is recorded, how many regions were kept, taken and compiled, in which folder, and what else was said."""
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 0, said
    recorded = [subprocess.run(["zstd", "-dc", into + file], check=True, stdout=subprocess.PIPE).stdout for file in ("/trace.jsonl.zst", "/branches.zst")]
    with open(into + "/manifest.json") as f:
        result = json.load(f)["result"]
    recorded.append({k: v for k, v in result.items() if not k.endswith("sha256")})
    shutil.rmtree(into)
    lines, counts, folder = [], None, None
    for line in said.splitlines():
        told = KEPT.fullmatch(line)
        if told:
            counts, folder = tuple(map(int, told.groups()[1:])), told[1]
        elif "confined" not in line:
            lines.append(line)
    return recorded, counts, folder, lines


def record(*options, **env):
    return finish(*start(*options, **env))


def kept(root="cache", *options, how="--jit=now"):
    recorded, counts, folder, lines = record(how, "-v", "--jit-cache", root, *options)
    assert recorded == plain, root
    assert folder in (None, "%s/%s" % (root.rstrip("/"), name)), folder
    return counts, lines


plain = record()[0]
assert kept("none") == (None, [])
cold, lines = kept()
assert cold[:2] == (0, 0) and cold[2] >= 3 and lines == [], (cold, lines)
ALL = cold[2]
WARM = ((ALL, ALL, 0), [])
assert kept() == WARM
assert kept("cache", "--unconfined") == WARM
assert kept("cache/")[1] == []
counts, lines = kept(how="--jit=check")
assert counts[0] == ALL and len(lines) == 1 and "no difference" in lines[0], (counts, lines)
kept(how="--jit")
assert kept()[0][2] == 0  # what those two added does not matter
shutil.rmtree("cache")
kept()
file, secret = "cache/%s/code" % name, "cache/secret"
code, key = open(file, "rb").read(), open(secret, "rb").read()
assert oct(os.stat(file).st_mode) == oct(os.stat(secret).st_mode) == "0o100600" and len(key) == 32
assert {oct(os.stat(d).st_mode) for d in ("cache", "cache/" + name)} == {"0o40700"}

# Runs that are replayed and looked at use it, too.
into, process = start()
assert process.wait() == 0
for command in (["replay", into], ["replay", into, "--to", "time=0.01s"], ["at", into, "time=0.01s", "regs"], ["verify", into]):
    said = [subprocess.run([wedge, *command, *jit], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for jit in ([], ["--jit", "--jit-cache", "cache"])]
    assert said[0].stdout == said[1].stdout and said[0].returncode == said[1].returncode and said[1].stderr == said[0].stderr, (command, said)
shutil.rmtree(into)


def seal(body):
    return body + hmac.digest(hmac.digest(key, name.encode(), "sha256"), body, "sha256")


assert seal(code[:-32]) == code


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def afresh():
    """As it was behind the first run."""
    for path in (file, file + ".new"):
        remove(path)
    os.makedirs(os.path.dirname(file), 0o700, exist_ok=True)
    for path, content in ((file, code), (secret, key)):
        remove(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(content)


def put(content):
    with open(file, "wb") as f:
        f.write(content)


def refused(what, reason, again=True):
    """All is compiled, which one line says why; and there again for the next run, unless what is in the way stays."""
    if not share.chosen(what, 2):
        return afresh()
    counts, lines = kept()
    assert len(lines) == 1 and reason in lines[0] and "cache" in lines[0], (what, lines)
    if counts:
        assert counts == (0, 0, ALL), (what, counts)
    if again:
        assert kept() == WARM, what
    afresh()


afresh()
assert kept() == WARM
for at in (0, 15, 16, 50, 64, 127, len(code) // 2, len(code) - 33, len(code) - 32, len(code) - 1):
    put(code[:at] + bytes([code[at] ^ 0x40]) + code[at + 1:])
    refused("byte %d" % at, "not as it was written")
for n in (0, 31):
    put(code[:n])
    refused("%d bytes" % n, "expected 32 to")
put(code[:-1])
refused("cut short", "not as it was written")
with open(file, "r+b") as f:
    f.truncate((64 << 20) + 33)
refused("too large", "expected 32 to")
# Sealed as it should be, and yet not what this build has made.
put(seal(code[:16] + bytes(32) + code[48:-32]))
refused("another build's", "compiled by another build")
put(seal(b"wedge compiled 0" + code[16:-32]))
refused("another form", "in another form")
put(seal(b""))
assert kept() == ((0, 0, ALL), []) and kept() == WARM
for at, value in ((48, 0xFFFFFFFF), (48, 0), (52, 0x82000001), (56, 0), (56, 0xFFFFFFFF), (60, 0x7FFFFFFF)):
    put(seal(code[:at] + struct.pack("<I", value) + code[at + 4:-32]))
    refused("number %x at %d" % (value, at), "refused: ")

# What others may have had their hands on.
os.chmod(file, 0o644)
refused("mode", "its mode is 0644; expected 0600")
os.link(file, "elsewhere")
refused("two names", "it has 2 names")
remove(file)
os.symlink(os.path.abspath("elsewhere"), file)
refused("a link", "no link")
os.mkfifo("pipe", 0o600)
remove(file)
os.rename("pipe", file)
refused("a pipe", "is a pipe")
os.chmod(secret, 0o640)
refused("the secret's mode", "its mode is 0640")
os.chmod("cache", 0o777)
refused("the folder's mode", "others may write there", again=False)
os.chmod("cache", 0o700)
if os.geteuid() == 0:
    os.chown(file, 12345, 12345)
    refused("owner", "it is user 12345's")
    os.chown("cache/" + name, 12345, 12345)
    refused("the folder's owner", "it is user 12345's", again=False)
    os.chown("cache/" + name, 0, 0)
# What is in the way.
remove(file)
os.mkdir(file)
counts, lines = kept()
assert counts == (0, 0, ALL) and len(lines) == 2 and "is a folder" in lines[0] and "cannot write" in lines[1], lines
afresh()
remove("cache/" + name)
with open("cache/" + name, "w"):
    pass
counts, lines = kept()
assert counts is None and len(lines) == 1 and "compiled code is not kept" in lines[0], lines
remove("cache/" + name)
afresh()
for root in (title, title + "/below", "/proc/cache"):
    counts, lines = kept(root)
    assert counts is None and len(lines) == 1 and lines[0].startswith("wedge: compiled code is not kept: "), (root, lines)
os.symlink("cache", "link")
for root in ("link", "link/"):
    counts, lines = kept(root)
    assert counts is None and len(lines) == 1 and "no link" in lines[0], lines

# A disk that is full when it is written: that is said, and what was there stays.
full = subprocess.run(["unshare", "-rm", "sh", "-c", "mkdir full && mount -t tmpfs -o size=16k tmpfs full && exec \"$@\"", "sh", wedge, "record", title, "-o", "on-full",
                       "--seconds", "0.05", "--jit=now", "--jit-cache", "full/cache"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
if "unshare" in full.stderr or "mount" in full.stderr:
    print("a full disk is not tested: %s" % full.stderr.strip())
else:
    assert full.returncode == 0 and full.stderr.count("\n") == 1 and "No space left" in full.stderr, full

# Without /proc the compiler is found by what the program was started as; where that cannot be told either, it is said.
START = "import os, sys; os.execve(os.open(sys.argv[1], os.O_RDONLY), sys.argv[1:], os.environ)"
for how, found in ((["exec", '"$@"'], True), (["exec", sys.executable, "-c", "'" + START + "'", '"$@"'], False)):
    blind = subprocess.run(["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /proc && " + " ".join(how), "sh", wedge, "record", title, "--no-trace", "--seconds", "0.01", "--jit=now"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if any(word in blind.stderr for word in ("unshare", "mount:", "Sanitizer")):
        print("a host without /proc is not tested: %s" % blind.stderr.strip())
    elif found:
        assert blind.returncode == 0, blind
    else:
        assert blind.returncode == 2 and "/proc/self/exe: No such file" in blind.stderr and "LLVM" not in blind.stderr, blind

# Where it lies: XDG's rules.
where = os.path.abspath("xdg")
for env, expected in (({}, None), ({"HOME": "home"}, None), ({"HOME": where}, where + "/.cache"), ({"HOME": where + "/h", "XDG_CACHE_HOME": where + "/x"}, where + "/x"),
                      ({"HOME": where, "XDG_CACHE_HOME": "relative"}, where + "/.cache"), ({"HOME": where, "XDG_CACHE_HOME": ""}, where + "/.cache")):
    recorded, counts, folder, lines = record("--jit", "-v", **env)
    assert recorded == plain and lines == [], lines
    assert folder == (expected and "%s/wedge/jit/%s" % (expected, name)), (env, folder)
assert sorted(os.listdir(where)) == [".cache", "x"] and not os.path.exists("relative") and not os.path.exists("home")
assert record("--jit=now", "-v", HOME=where)[2] is None  # what tests compiling compiles

# Several at once: none is another one, and what is left is one of theirs, whole.
shutil.rmtree("cache")
several = [start("--jit=now", "-v", "--jit-cache", "cache") for _ in range(5)]
for one in several:
    recorded, counts, folder, lines = finish(*one)
    assert recorded == plain and lines == [] and counts[1] + counts[2] == ALL, (counts, lines)
assert kept() == WARM and os.listdir("cache/" + name) == ["code"]

bad = subprocess.run([wedge, "record", title, "-o", "bad", "--jit-cache", "cache"], stderr=subprocess.PIPE, text=True)
assert bad.returncode == 2 and "--jit-cache is for --jit" in bad.stderr and not os.path.exists("bad"), bad
print("%d runs, all the same" % runs)
