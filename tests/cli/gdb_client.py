"""wedge gdb as tests drive it: a server, and clients that speak the remote protocol byte by byte."""
import re, shutil, socket, subprocess, sys


class Server:
    def __init__(self, wedge, *args):
        self.begin([wedge, "gdb", *args, "--port", "0", "--quiet"])

    def begin(self, command, **more):
        self.p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
        self.line = self.p.stdout.readline()
        found = re.fullmatch(r"gdb-multiarch -ex 'target remote :(\d+)'\n", self.line)
        assert found, self.line
        self.port = int(found.group(1))

    def connect(self):
        return Client(self.port)

    def stop(self):
        self.p.terminate()
        code = self.p.wait()
        self.p.stdout.close()
        assert code == 0, code

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if kind:
            self.p.kill()
            self.p.wait()
        else:
            self.stop()


class Live(Server):
    """wedge record --gdb; `done` is what it says in the end."""

    def __init__(self, wedge, *args):
        self.begin([wedge, "record", *args, "--gdb", "0"], stderr=subprocess.PIPE)

    def done(self, code=0):
        out, self.said = self.p.communicate(timeout=300)
        assert self.p.returncode == code, (self.p.returncode, out, self.said)
        return out

    def __exit__(self, kind, *rest):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()


def frame(payload):
    return b"$%s#%02x" % (payload, sum(payload) & 255)


def unescaped(payload):
    return re.sub(rb"\}(.)", lambda m: bytes([m.group(1)[0] ^ 0x20]), payload, flags=re.S)


class Client:
    """Acknowledges what it reads; `ask` gives the answer's payload."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.settimeout(300)
        self.got = b""
        self.acks = True
        self.console = b""

    def raw(self, data):
        self.s.sendall(data)

    def byte(self):
        if not self.got:
            self.got = self.s.recv(65536)
        if not self.got:
            raise EOFError
        first, self.got = self.got[:1], self.got[1:]
        return first

    def packet(self):
        """The next packet's payload; what stands before it must be acknowledgements."""
        b = self.byte()
        while b == b"+":
            b = self.byte()
        assert b == b"$", b
        payload = b""
        while (b := self.byte()) != b"#":
            payload += b
        told = int(self.byte() + self.byte(), 16)
        assert told == sum(payload) & 255, (payload, told)
        if self.acks:
            self.raw(b"+")
        return unescaped(payload)

    def send(self, text):
        self.raw(frame(text.encode() if isinstance(text, str) else text))

    def ask(self, text):
        self.send(text)
        return self.packet().decode("latin-1")

    def monitor(self, line):
        """What a monitor command prints."""
        self.send("qRcmd," + line.encode().hex())
        text = b""
        while (p := self.packet()) != b"OK":
            assert p[:1] == b"O", p
            text += bytes.fromhex(p[1:].decode())
        return text.decode()

    def object(self, name, annex=""):
        """A qXfer object, read in small parts."""
        text, at = "", 0
        while True:
            part = self.ask("qXfer:%s:read:%s:%x,%x" % (name, annex, at, 500))
            assert part[0] in "lm", part
            text += part[1:]
            at += len(part) - 1
            if part[0] == "l":
                return text

    def gone(self):
        """The server has closed the connection."""
        try:
            return self.got == b"" and self.s.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.s.close()


def batch(s, *commands):
    """What gdb-multiarch prints of each command."""
    args = ["gdb-multiarch", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "target remote :%d" % s.port]
    for i, c in enumerate(commands):
        args += ["-ex", "echo \\n<%d>\\n" % i, "-ex", c]
    p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert p.returncode == 0, p.stdout
    parts = re.split(r"\n<\d+>\n", re.sub(r"\[Inferior 1 .*detached\]\n$", "", p.stdout))
    assert len(parts) == len(commands) + 1, p.stdout
    assert "internal-error" not in p.stdout and "not compatible" not in parts[0] and "Could not load" not in parts[0], parts[0]
    return parts[1:]


def wanted():
    """Ends the test as skipped where there is no gdb."""
    if shutil.which("gdb-multiarch") is None:
        print("there is no gdb-multiarch here (Debian: gdb-multiarch)")
        sys.exit(77)


def names(guests, guest):
    """GUEST.nm, what `nm` tells of a guest, for --map; its text."""
    told = subprocess.run(["powerpc-linux-gnu-nm", f"{guests}/{guest}.elf"], stdout=subprocess.PIPE, text=True, check=True).stdout
    with open(guest + ".nm", "w") as f:
        f.write(told)
    return told
