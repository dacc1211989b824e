# options.py CMAKE SOURCE WORK: what the build's options leave out, what it says of what is missing, and where its revision is from.
import os, re, shutil, subprocess, sys

cmake, source, work = sys.argv[1:4]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
NONE = "/nowhere-at-all"


def configure(name, *options, **env):
    build = os.path.join(work, name)
    p = subprocess.run([cmake, "-G", "Ninja", "-S", source, "-B", build, *options], capture_output=True, text=True, env={**os.environ, **env})
    targets = ""
    if p.returncode == 0:
        targets = subprocess.run([cmake, "--build", build, "--target", "help"], check=True, capture_output=True, text=True).stdout
    return p.returncode, re.sub(r"\s+", " ", p.stdout + p.stderr), targets


code, text, targets = configure("bare", "-DBUILD_TESTING=OFF", "-DWG_GUESTS=OFF", f"-DPPC_GCC={NONE}-NOTFOUND")
assert code == 0 and "wedge:" in targets and "man:" in targets, text
assert not re.search(r"guest_|test_|bench_|faulty", targets), "neither guests nor tests nor benchmarks"

code, text, targets = configure("no-guests", "-DWG_GUESTS=OFF")
assert code == 0 and "test_diff:" in targets and not re.search(r"guest_|test_run:|faulty:", targets), text

# What is missing is named, all of it at once, with what to do.
tools = os.path.join(work, "tools")  # all that there is, but for that compiler
os.makedirs(tools)
for folder in ("/usr/bin", "/bin"):
    for tool in os.listdir(folder):
        if not tool.startswith("powerpc") and not os.path.lexists(os.path.join(tools, tool)):
            os.symlink(os.path.join(folder, tool), os.path.join(tools, tool))
code, text, _ = configure("no-compiler", "-DBUILD_TESTING=OFF", "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF", PATH=tools)
assert code != 0 and "powerpc-linux-gnu-gcc is missing" in text and "-DWG_GUESTS=OFF" in text, text
empty = os.path.join(work, "empty")
os.makedirs(empty)
code, text, _ = configure("no-libraries", PKG_CONFIG_LIBDIR=empty, PKG_CONFIG_PATH=empty)
assert code != 0 and "libraries are missing" in text and "libzstd, zlib, jansson, sqlite3, libcrypto" in text and "setup.sh --minimum" in text, text


# The revision of an archive of the sources.
def revision(name, archived):
    folder = os.path.join(work, name)
    os.makedirs(os.path.join(folder, "cmake"))
    open(os.path.join(folder, "cmake/archive.txt"), "w").write(archived + "\n")
    out = os.path.join(folder, "revision.h")
    subprocess.run([cmake, "-D", f"SOURCE={folder}", "-D", f"OUT={out}", "-P", os.path.join(source, "cmake/Revision.cmake")], check=True)
    return re.search(r'WG_REVISION "(.*)"', open(out).read())[1]


assert revision("archive", "0123456789abcdef0123456789abcdef01234567") == "0123456789ab"
assert revision("copy", "$Format:%H$") == "unknown"
print("options: as they say")
