"""How cases are written: the words of README.md as functions."""


def call(name, *args, **rest):
    """A call; is_ (32 bits), is64, not_, between, took, never, mark, times."""
    step = {"call": name, "args": list(args)}
    return _rest(step, rest)


def load(where, size=4, **rest):
    return _rest({"load": where, "size": size}, rest)


def store(where, value, size=4, **rest):
    return _rest({"store": where, "value": value, "size": size}, rest)


def spin(ns, **rest):
    return _rest({"spin": ns}, rest)


def _rest(step, rest):
    for key, value in rest.items():
        step[key.rstrip("_")] = hex(value) if key == "is_" and isinstance(value, int) and value > 0xFFFF else value
    return step


def case(cases, name, source, *calls, mem=None, threads=None, after=None, order=None, end=None, **rest):
    c = {"name": name, "source": source}
    if mem:
        c["mem"] = mem
    if threads:
        c["threads"] = {"main": list(calls), **threads}
    else:
        c["calls"] = list(calls)
    if after:
        c["after"] = after
    if order is not None:
        c["order"] = order
    if end:
        c["end"] = end
    c.update(rest)
    cases.append(c)


def h8(n):
    return f"{n & 0xFF:02x}"


def h16(n):
    return f"{n & 0xFFFF:04x}"


def h32(n):
    return f"{n & 0xFFFFFFFF:08x}"


def h64(n):
    return f"{n & 0xFFFFFFFFFFFFFFFF:016x}"


def ms(n):
    """A relative time of so many milliseconds, in units of 100 ns."""
    return h64(-n * 10000)


def double(x):
    import struct
    return "0x" + struct.pack(">d", x).hex()


def ansi(name, text):
    """The variables of an ANSI_STRING: the counted string under `name`, its text beside it."""
    return {name: f"{h16(len(text))} {h16(len(text) + 1)} &{name}_text", f"{name}_text": f"'{text}' 00"}


def wide(name, text):
    return {name: f"{h16(2 * len(text))} {h16(2 * len(text) + 2)} &{name}_text", f"{name}_text": f"u'{text}' 0000"}


def attributes(name, text):
    """An OBJECT_ATTRIBUTES that names something in the DOS devices, case-insensitively."""
    return {name: f"fffffffd &{name}_name 00000040", **ansi(name + "_name", text)}


# Statuses that cases need (ntstatus.h) and errors (winerror.h).
SUCCESS, ABANDONED, USER_APC, ALERTED, TIMEOUT, PENDING, NAME_EXISTS = 0, 0x80, 0xC0, 0x101, 0x102, 0x103, 0x40000000
INVALID_HANDLE, INVALID_PARAMETER, TYPE_MISMATCH = 0xC0000008, 0xC000000D, 0xC0000024
MUTANT_NOT_OWNED, SEMAPHORE_LIMIT, SUSPEND_COUNT_EXCEEDED = 0xC0000046, 0xC0000047, 0xC000004A
CURRENT_THREAD = "0xfffffffe"
# ExCreateThread flags: a hardware thread each.
CPU = [hex(1 << (24 + n)) for n in range(6)]


def thread(handle, script, cpu=0, flags=0, **rest):
    """Starts a thread that runs a script."""
    return call("ExCreateThread", "&" + handle, "0x4000", 0, 0, "@run", "script:" + script, hex(int(CPU[cpu], 16) | flags), is_=0, **rest)


def join(handle, **rest):
    return call("NtWaitForSingleObjectEx", "*" + handle, 1, 0, 0, is_=0, **rest)
H = "00000000"
