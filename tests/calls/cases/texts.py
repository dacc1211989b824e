"""The run-time library: memory, strings, times, formats, singly linked lists, cryptography."""
import datetime, hashlib, hmac, struct, zlib

from .form import *

CASES = []
WDK = "WDK: "
RTL = "xenia-canary kernel/xboxkrnl/xboxkrnl_rtl.cc: "
STRINGS = "C standard and Microsoft's CRT: "
H = "00000000"


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


# --- memory -------------------------------------------------------------------------------------------------------------
c("RtlCompareMemory", WDK + "RtlCompareMemory: how many bytes are equal", call("RtlCompareMemory", "&a", "&b", 8, is_=5), call("RtlCompareMemory", "&a", "&b", 5, is_=5),
  call("RtlCompareMemory", "&a", "&a", 8, is_=8), call("RtlCompareMemory", "&a", "&b", 0, is_=0), mem={"a": "0102030405060708", "b": "0102030405ff0708"})
c("RtlCompareMemoryUlong", WDK + "RtlCompareMemoryUlong: bytes that hold the pattern, in whole words", call("RtlCompareMemoryUlong", "&a", 16, "0xdeadbeef", is_=8),
  call("RtlCompareMemoryUlong", "&a", 4, "0xdeadbeef", is_=4), call("RtlCompareMemoryUlong", "&a", 16, 1, is_=0), mem={"a": "deadbeef deadbeef deadbeee deadbeef"})
c("RtlFillMemoryUlong", WDK + "RtlFillMemoryUlong", call("RtlFillMemoryUlong", "&a", 8, "0x01020304"), mem={"a": "zero:16"}, after={"a": "01020304 01020304 zero:8"})
c("RtlComputeCrc32", RTL + "RtlComputeCrc32 is zlib's crc32", call("RtlComputeCrc32", 0, "&a", 9, is_=0xCBF43926), call("RtlComputeCrc32", "0xcbf43926", "&b", 3, is_=zlib.crc32(b"123456789abc")),
  mem={"a": "'123456789'", "b": "'abc'"})

# --- characters and strings ------------------------------------------------------------------------------------------------
for name, cases in (("RtlUpperChar", ((0x61, 0x41), (0x7A, 0x5A), (0x41, 0x41), (0x30, 0x30), (0x60, 0x60), (0x7B, 0x7B), (0xE9, 0xC9), (0xF7, 0xF7))),
                    ("RtlLowerChar", ((0x41, 0x61), (0x5A, 0x7A), (0x61, 0x61), (0x40, 0x40), (0x5B, 0x5B), (0xC9, 0xE9), (0xD7, 0xD7))),
                    ("RtlUpcaseUnicodeChar", ((0x61, 0x41), (0x7A, 0x5A), (0x5A, 0x5A), (0x39, 0x39), (0xE9, 0xC9), (0xF7, 0xF7)))):
    c(name, WDK + name + ": ASCII, and Latin-1 as its code page has it", *[call(name, a, is_=b) for a, b in cases])
c("RtlInitAnsiString", WDK + "RtlInitAnsiString: length without, maximum with the NUL", call("RtlInitAnsiString", "&s", "&t"), call("RtlInitAnsiString", "&n", 0),
  mem={"s": "zero:8", "n": "ffffffff ffffffff", "t": "'hello' 00"}, after={"s": "0005 0006 &t", "n": "zero:8"})
c("RtlInitUnicodeString", WDK + "RtlInitUnicodeString", call("RtlInitUnicodeString", "&s", "&t"), call("RtlInitUnicodeString", "&n", 0), mem={"s": "zero:8", "n": "ffffffff ffffffff", "t": "u'hello' 0000"},
  after={"s": "000a 000c &t", "n": "zero:8"})
c("RtlCopyString", WDK + "RtlCopyString: as much as fits; none empties", call("RtlCopyString", "&d", "&s"), call("RtlCopyString", "&e", 0), mem={"d": "0000 0003 &d_text", "d_text": "'xxxxx'", "e": "0003 0005 &d_text", **ansi("s", "hello")},
  after={"d": "0003 0003 &d_text", "d_text": "'helxx'", "e": "0000 0005"})
c("RtlCopyUnicodeString", WDK + "RtlCopyUnicodeString", call("RtlCopyUnicodeString", "&d", "&s"), mem={"d": "0000 0006 &d_text", "d_text": "u'xxxxx'", **wide("s", "hello")}, after={"d": "0006 0006 &d_text", "d_text": "u'helxx'"})
for a, b, insensitive, sign in (("abc", "abc", 0, 0), ("abc", "abd", 0, -1), ("abd", "abc", 0, 1), ("ABC", "abc", 1, 0), ("ABC", "abc", 0, -1), ("ab", "abc", 0, -1), ("abc", "ab", 1, 1)):
    expect = {"is_": 0} if sign == 0 else {"between": [1, 0x7FFFFFFF]} if sign > 0 else {"between": ["0x80000000", "0xffffffff"]}
    c(f"RtlCompareString {a} {b} {insensitive}", WDK + "RtlCompareString: the sign", call("RtlCompareString", "&a", "&b", insensitive, **expect), mem={**ansi("a", a), **ansi("b", b)})
    c(f"RtlCompareStringN {a} {b} {insensitive}", RTL + "RtlCompareStringN: texts and lengths", call("RtlCompareStringN", "&a", len(a), "&b", len(b), insensitive, **expect), mem={"a": f"'{a}' 00", "b": f"'{b}' 00"})
c("RtlCompareStringN of nothing", RTL + "RtlCompareStringN: texts of no length are nowhere", call("RtlCompareStringN", 0, 0, 0, 0, 0, is_=0), call("RtlCompareStringN", 0, 0, "&b", 1, 0, between=["0x80000000", "0xffffffff"]), mem={"b": "'b' 00"})
c("RtlCompareStringN of -1", RTL + "RtlCompareStringN: a length of -1 is that of the text", call("RtlCompareStringN", "&a", -1, "&b", -1, 0, is_=0), mem={"a": "'same' 00", "b": "'same' 00"})
c("RtlUnicodeStringToAnsiString", WDK + "RtlUnicodeStringToAnsiString", call("RtlUnicodeStringToAnsiString", "&d", "&s", 0, is_=0), call("RtlUnicodeStringToAnsiString", "&small", "&s", 0, is_=0x80000005),
  call("RtlUnicodeStringToAnsiString", "&made", "&s", 1, is_=0), mem={"d": "0000 0010 &d_text", "d_text": "zero:16", "small": "0000 0003 &small_text", "small_text": "zero:4", "made": "zero:8", **wide("s", "hello")},
  after={"d": "0005 0010", "d_text": "'hello' 00", "made": "0005 0006", "*made[4]": "'hello' 00"})
c("RtlFreeAnsiString", WDK + "RtlFreeAnsiString: the string is empty then", call("RtlUnicodeStringToAnsiString", "&made", "&s", 1, is_=0), call("RtlFreeAnsiString", "&made"), mem={"made": "zero:8", **wide("s", "hi")}, after={"made": "zero:8"})
c("RtlFreeUnicodeString", WDK + "RtlFreeUnicodeString", call("ExAllocatePool", 32, not_=0), call("RtlFreeUnicodeString", "&s"), mem={"s": "0000 0000 00000000"}, after={"s": "zero:8"})
c("RtlMultiByteToUnicodeN", WDK + "RtlMultiByteToUnicodeN: bytes written", call("RtlMultiByteToUnicodeN", "&d", 6, "&n", "&s", 5, is_=0), call("RtlMultiByteToUnicodeN", "&e", 64, "&m", "&s", 5, is_=0),
  mem={"d": "zero:12", "e": "zero:16", "n": H, "m": H, "s": "'hello'"}, after={"d": "u'hel' zero:6", "e": "u'hello' zero:6", "n": "00000006", "m": "0000000a"})
c("RtlUnicodeToMultiByteN", WDK + "RtlUnicodeToMultiByteN", call("RtlUnicodeToMultiByteN", "&d", 3, "&n", "&s", 10, is_=0), call("RtlUnicodeToMultiByteN", "&e", 64, "&m", "&s", 10, is_=0),
  mem={"d": "zero:8", "e": "zero:8", "n": H, "m": H, "s": "u'hello'"}, after={"d": "'hel' zero:5", "e": "'hello' zero:3", "n": "00000003", "m": "00000005"})
c("lstrlenW", "Win32: lstrlenW", call("lstrlenW", "&s", is_=5), mem={"s": "u'hello' 0000"})

# --- formats -------------------------------------------------------------------------------------------------------------------
# S is what s is not; h and l say it themselves.
c("sprintf of strings", "Microsoft's CRT: s, S with h, l: h is narrow, l wide, S alone the other kind", call("sprintf", "&d", "&f", "&n", "&n", "&n", "&w", "&w", "&w", is_=17),
  mem={"d": "ff" * 24, "f": "'%s|%hs|%hS|%ls|%S|%lS' 00", "n": "'ab' 00", "w": "u'cd' 0000"}, after={"d": "'ab|ab|ab|cd|cd|cd' 00 ff"})
c("swprintf of strings", "Microsoft's CRT: s, S with h, l: h is narrow, l wide, S alone the other kind", call("swprintf", "&d", "&f", "&w", "&n", "&n", "&w", "&n", "&w", is_=17),
  mem={"d": "ff" * 48, "f": "u'%s|%hs|%hS|%ls|%S|%lS' 0000", "n": "'ab' 00", "w": "u'cd' 0000"}, after={"d": "u'cd|ab|ab|cd|ab|cd' 0000 ffff"})
FORMATS = (("%d|%5d|%-5d|%05d", [42, 7, 7, 42]), ("%x %X %o %u", [0xBEEF, 0xBEEF, 8, 7]), ("%c%%", [0x41]))
for i, (form, args) in enumerate(FORMATS):
    text = form % tuple(chr(a) if form.startswith("%c") else a for a in args) if "%u" not in form else form.replace("%u", "%d") % tuple(args)
    c(f"sprintf {i}", STRINGS + "sprintf", call("sprintf", "&d", "&f", *args, is_=len(text)), mem={"d": "ff" * 48, "f": f"'{form}' 00"}, after={"d": f"'{text}' 00 ff"})
    c(f"swprintf {i}", STRINGS + "swprintf", call("swprintf", "&d", "&f", *args, is_=len(text)), mem={"d": "ff" * 96, "f": f"u'{form}' 0000"}, after={"d": f"u'{text}' 0000 ffff"})
    va = " ".join(h64(a) for a in args)
    c(f"vsprintf {i}", STRINGS + "vsprintf; a va_list is a pointer to slots of eight bytes", call("vsprintf", "&d", "&f", "&va", is_=len(text)), mem={"d": "ff" * 48, "f": f"'{form}' 00", "va": va}, after={"d": f"'{text}' 00 ff"})
    c(f"vswprintf {i}", STRINGS + "vswprintf", call("vswprintf", "&d", "&f", "&va", is_=len(text)), mem={"d": "ff" * 96, "f": f"u'{form}' 0000", "va": va}, after={"d": f"u'{text}' 0000 ffff"})
    c(f"_vscwprintf {i}", STRINGS + "_vscwprintf: characters that would be written", call("_vscwprintf", "&f", "&va", is_=len(text)), mem={"f": f"u'{form}' 0000", "va": va})
for name, wide_ in (("_snprintf", False), ("_snwprintf", True)):
    u, z = ("u", "0000") if wide_ else ("", "00")
    fill = "ff" * (40 if wide_ else 20)
    c(f"{name} cuts", STRINGS + f"{name}: -1 if it does not fit, without a NUL", call(name, "&d", 4, "&f", "&s", is_=0xFFFFFFFF), mem={"d": fill, "f": f"{u}'%s' {z}", "s": f"{u}'0123456789' {z}"}, after={"d": f"{u}'0123' ff"})
    c(f"{name} fits", STRINGS + f"{name}: with its NUL, or exactly without", call(name, "&d", 11, "&f", "&s", is_=10), call(name, "&e", 10, "&f", "&s", is_=10),
      mem={"d": fill, "e": fill, "f": f"{u}'%s' {z}", "s": f"{u}'0123456789' {z}"}, after={"d": f"{u}'0123456789' {z}", "e": f"{u}'0123456789' ff"})
for name, wide_ in (("_vsnprintf", False), ("_vsnwprintf", True)):
    u, z = ("u", "0000") if wide_ else ("", "00")
    fill = "ff" * (40 if wide_ else 20)
    c(f"{name}", STRINGS + name, call(name, "&d", 4, "&f", "&va", is_=0xFFFFFFFF), call(name, "&e", 16, "&f", "&va", is_=7), mem={"d": fill, "e": fill, "f": f"{u}'n=%d' {z}", "va": h64(12345)},
      after={"d": f"{u}'n=12' ff", "e": f"{u}'n=12345' {z} ff"})
c("DbgPrint", WDK + "DbgPrint", call("DbgPrint", "&f", 7, "&s", is_=0), mem={"f": "'seven is %d, %s' 00", "s": "'indeed' 00"}, prints="seven is 7, indeed")
c("RtlRip", RTL + "RtlRip prints", call("RtlRip", "&f", 7), mem={"f": "'rip %d' 00"}, prints="rip 7")

# --- times -----------------------------------------------------------------------------------------------------------------------
for when in (datetime.datetime(1601, 1, 1), datetime.datetime(2000, 2, 29, 23, 59, 59, 999000), datetime.datetime(2005, 11, 22, 12, 34, 56, 789000), datetime.datetime(2100, 3, 1)):
    t = int((when - datetime.datetime(1601, 1, 1)) / datetime.timedelta(microseconds=1)) * 10
    fields = struct.pack(">8H", when.year, when.month, when.day, when.hour, when.minute, when.second, when.microsecond // 1000, (when.weekday() + 1) % 7).hex()
    c(f"RtlTimeToTimeFields {when.date()}", WDK + "TIME_FIELDS: year, month, day, hour, minute, second, milliseconds, weekday from Sunday", call("RtlTimeToTimeFields", "&t", "&f"), mem={"t": h64(t), "f": "zero:16"}, after={"f": fields})
    c(f"RtlTimeFieldsToTime {when.date()}", WDK + "RtlTimeFieldsToTime", call("RtlTimeFieldsToTime", "&f", "&t", is_=1), mem={"t": "zero:8", "f": fields}, after={"t": h64(t)})
for name, fields in (("month 13", (2005, 13, 1, 0, 0, 0, 0, 0)), ("day 0", (2005, 1, 0, 0, 0, 0, 0, 0)), ("February 29", (2005, 2, 29, 0, 0, 0, 0, 0)), ("hour 24", (2005, 1, 1, 24, 0, 0, 0, 0)),
                     ("minute 60", (2005, 1, 1, 0, 60, 0, 0, 0)), ("second 60", (2005, 1, 1, 0, 0, 60, 0, 0)), ("millisecond 1000", (2005, 1, 1, 0, 0, 0, 1000, 0)), ("year 1600", (1600, 1, 1, 0, 0, 0, 0, 0))):
    c(f"RtlTimeFieldsToTime {name}", WDK + "RtlTimeFieldsToTime: FALSE if a field is out of range", call("RtlTimeFieldsToTime", "&f", "&t", is_=0), mem={"t": "zero:8", "f": struct.pack(">8H", *fields).hex()})
for status, error in ((0, 0), (0xC0000008, 6), (0xC000000D, 87), (0xC0000022, 5), (0xC0000034, 2), (0xC000003A, 3), (0xC0000017, 8), (0xC000000F, 2), (0xC0000035, 183), (0x80000006, 18), (0xC0000011, 38), (0x103, 997),
                      (0xC0000002, 1), (0xC0000023, 122), (0xC000007F, 112), (0x80070005, 5), (0xC0000005, 998), (0xC0000024, 6), (0xC0000033, 123), (0xC0000046, 288), (0xC0000047, 298), (0xC0000001, 31), (0xC0000101, 145)):
    c(f"RtlNtStatusToDosError {status:x}", "ReactOS dll/ntdll error table, winerror.h", call("RtlNtStatusToDosError", hex(status), is_=error))
c("RtlSetLastNTError", "Win32: SetLastError of RtlNtStatusToDosError", call("RtlSetLastNTError", "0xc0000008"), call("RtlGetLastError", is_=6), call("GetLastError", is_=6))
c("RtlRandom", WDK + "RtlRandom: below MAXLONG; the seed changes", call("RtlRandom", "&seed", between=[0, 0x7FFFFFFE]), load("&seed", not_=1), mem={"seed": "00000001"})

# --- lists -----------------------------------------------------------------------------------------------------------------------
SLIST = WDK + "SLIST_HEADER: last in, first out; here next, u16 depth, u16 sequence (xenia-canary X_SLIST_HEADER)"
c("InterlockedPushEntrySList", SLIST, call("InterlockedPushEntrySList", "&l", "&a", is_=0), call("InterlockedPushEntrySList", "&l", "&b", is_="&a"), call("InterlockedPushEntrySList", "&l", "&d", is_="&b"),
  mem={"l": "zero:8", "a": "ffffffff", "b": "ffffffff", "d": "ffffffff"}, after={"l": "&d 0003 ????", "d": "&b", "b": "&a", "a": H})
c("InterlockedPopEntrySList", SLIST, call("InterlockedPushEntrySList", "&l", "&a"), call("InterlockedPushEntrySList", "&l", "&b"), call("InterlockedPopEntrySList", "&l", is_="&b"), call("InterlockedPopEntrySList", "&l", is_="&a"),
  call("InterlockedPopEntrySList", "&l", is_=0), mem={"l": "zero:8", "a": H, "b": H}, after={"l": "00000000 0000 ????"})
c("InterlockedFlushSList", SLIST, call("InterlockedPushEntrySList", "&l", "&a"), call("InterlockedPushEntrySList", "&l", "&b"), call("InterlockedFlushSList", "&l", is_="&b"), call("InterlockedFlushSList", "&l", is_=0),
  mem={"l": "zero:8", "a": H, "b": H}, after={"l": "00000000 0000 ????", "b": "&a"})

# --- cryptography -----------------------------------------------------------------------------------------------------------------
ABC, LONG = b"abc", bytes(range(200))
HASHES = (("Sha", hashlib.sha1, 0x58, 20, "FIPS 180-4"), ("Md5", hashlib.md5, 0x54, 16, "RFC 1321"), ("Sha256", hashlib.sha256, 0x64, 32, "FIPS 180-4"), ("Sha512", hashlib.sha512, 0xC8, 64, "FIPS 180-4"))
for name, fn, size, digest, source in HASHES:
    for label, data in (("abc", ABC), ("nothing", b""), ("200 bytes", LONG)):
        cuts = (0, len(data)) if len(data) < 10 else (0, 1, 64, 130, 200)
        updates = [call(f"XeCrypt{name}Update", "&state", f"&data+{a}", b - a) for a, b in zip(cuts, cuts[1:]) if b > a]
        c(f"XeCrypt{name} steps {label}", source, call(f"XeCrypt{name}Init", "&state"), *updates, call(f"XeCrypt{name}Final", "&state", "&out", digest), mem={"state": "ff" * size, "data": (data + b"\0").hex(), "out": "zero:72"},
          after={"out": fn(data).hexdigest() + " 0000"})
    if name in ("Sha", "Md5"):
        c(f"XeCrypt{name}", source + "; three inputs follow each other", call(f"XeCrypt{name}", "&a", 3, "&b", 200, 0, 0, "&out", digest), call(f"XeCrypt{name}", "&a", 1, "&a+1", 1, "&a+2", 1, "&short", 8),
          mem={"a": ABC.hex(), "b": LONG.hex(), "out": "zero:64", "short": "zero:16"}, after={"out": fn(ABC + LONG).hexdigest() + " 00", "short": fn(ABC).hexdigest()[:16] + " zero:8"})
KEY = bytes(range(16))
c("XeCryptHmacSha with a key of nothing", "RFC 2104: a key of no bytes is filled up with zeros", call("XeCryptHmacSha", 0, 0, "&a", 3, 0, 0, 0, 0, "&out", 20), mem={"a": ABC.hex(), "out": "zero:24"}, after={"out": hmac.new(b"", ABC, "sha1").hexdigest() + " 00000000"})
c("XeCryptHmacSha", "RFC 2104", call("XeCryptHmacSha", "&key", 16, "&a", 3, "&b", 200, 0, 0, "&out", 20), call("XeCryptHmacSha", "&b", 100, "&a", 3, 0, 0, 0, 0, "&long", 20), mem={"key": KEY.hex(), "a": ABC.hex(), "b": LONG.hex(), "out": "zero:24", "long": "zero:24"},
  after={"out": hmac.new(KEY, ABC + LONG, "sha1").hexdigest() + " zero:4", "long": hmac.new(LONG[:100], ABC, "sha1").hexdigest()})
KEYSTREAM = "9ac7cc9a609d1ef7b2932899cde41b97"
c("XeCryptRc4", "RFC 6229: a key of 128 bits", call("XeCryptRc4", "&key", 16, "&data", 16), mem={"key": bytes(range(1, 17)).hex(), "data": "zero:20"}, after={"data": KEYSTREAM + " zero:4"})
c("XeCryptRc4Key XeCryptRc4Ecb", "RFC 6229", call("XeCryptRc4Key", "&state", "&key", 16), call("XeCryptRc4Ecb", "&state", "&data", 5), call("XeCryptRc4Ecb", "&state", "&data+5", 11),
  mem={"state": "zero:258", "key": bytes(range(1, 17)).hex(), "data": "zero:16"}, after={"data": KEYSTREAM})
PLAIN, CIPHER = "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"
c("XeCryptAesEcb", "FIPS 197, appendix C.1", call("XeCryptAesKey", "&state", "&key"), call("XeCryptAesEcb", "&state", "&plain", "&out", 1), call("XeCryptAesEcb", "&state", "&out", "&back", 0),
  mem={"state": "zero:352", "key": KEY.hex(), "plain": PLAIN, "out": "zero:16", "back": "zero:16"}, after={"out": CIPHER, "back": PLAIN})
AES_KEY, IV = "2b7e151628aed2a6abf7158809cf4f3c", KEY.hex()
TWO, TWO_CBC = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
c("XeCryptAesCbc", "NIST SP 800-38A, F.2.1; the feed is the last block of ciphertext", call("XeCryptAesKey", "&state", "&key"), call("XeCryptAesCbc", "&state", "&plain", 32, "&out", "&iv", 1),
  call("XeCryptAesCbc", "&state", "&out", 32, "&back", "&iv2", 0), mem={"state": "zero:352", "key": AES_KEY, "plain": TWO, "out": "zero:32", "back": "zero:32", "iv": IV, "iv2": IV},
  after={"out": TWO_CBC, "back": TWO, "iv": TWO_CBC[32:], "iv2": TWO_CBC[32:]})
DES_KEY, DES_PLAIN = "0123456789abcdef23456789abcdef01456789abcdef0123", "5468652071756663"
c("XeCryptDes3Ecb", "NIST SP 800-67, appendix B.1", call("XeCryptDes3Key", "&state", "&key"), call("XeCryptDes3Ecb", "&state", "&plain", "&out", 1), call("XeCryptDes3Ecb", "&state", "&out", "&back", 0),
  mem={"state": "zero:384", "key": DES_KEY, "plain": DES_PLAIN, "out": "zero:8", "back": "zero:8"}, after={"out": "a826fd8ce53b855f", "back": DES_PLAIN})
c("XeCryptDes3Cbc", "NIST SP 800-67 and the definition of CBC: with a feed of zeros the first block is ECB's", call("XeCryptDes3Key", "&state", "&key"), call("XeCryptDes3Cbc", "&state", "&plain", 16, "&out", "&feed", 1),
  call("XeCryptDes3Cbc", "&state", "&out", 16, "&back", "&feed2", 0), mem={"state": "zero:384", "key": DES_KEY, "plain": DES_PLAIN + "6b2062726f776e20", "out": "zero:16", "back": "zero:16", "feed": "zero:8", "feed2": "zero:8"},
  after={"out": "a826fd8ce53b855f", "back": DES_PLAIN + "6b2062726f776e20"})
c("XeCryptDesParity", "FIPS 46-3: bit 0 makes the parity of each byte odd", call("XeCryptDesParity", "&in", 8, "&out"), mem={"in": "0001020304ff80fe", "out": "zero:8"}, after={"out": "0101020204fe80fe"})
c("XeCryptBnQw_SwapDwQwLeBe", "xenia-canary kernel/xboxkrnl/xboxkrnl_crypt.cc: reverses each 64-bit word", call("XeCryptBnQw_SwapDwQwLeBe", "&in", "&out", 2), mem={"in": "0102030405060708 1112131415161718", "out": "zero:24"},
  after={"out": "0807060504030201 1817161514131211 zero:8"})
c("XeCryptRandom", "docs: the title gets numbers, the same in each run", call("XeCryptRandom", "&a", 16), mem={"a": "zero:24"}, after={"a+16": "zero:8"})
c("XeKeysObscureKey", "xenia-canary xboxkrnl_crypt.cc: what it gives is a key for XeKeysAesCbcUsingKey and XeKeysHmacShaUsingKey", call("XeKeysObscureKey", "&key", "&hidden", is_=0),
  call("XeKeysAesCbcUsingKey", "&hidden", "&plain", 32, "&out", "&iv", 1, is_=0), call("XeKeysAesCbcUsingKey", "&hidden", "&out", 32, "&back", "&iv2", 0, is_=0),
  mem={"key": AES_KEY, "hidden": "zero:16", "plain": TWO, "out": "zero:32", "back": "zero:32", "iv": IV, "iv2": IV}, after={"out": TWO_CBC, "back": TWO})
c("XeKeysHmacShaUsingKey", "xenia-canary xboxkrnl_crypt.cc; RFC 2104", call("XeKeysObscureKey", "&key", "&hidden", is_=0), call("XeKeysHmacShaUsingKey", "&hidden", "&a", 3, 0, 0, 0, 0, "&out", 20, is_=0),
  mem={"key": KEY.hex(), "hidden": "zero:16", "a": ABC.hex(), "out": "zero:20"}, after={"out": hmac.new(KEY, ABC, "sha1").hexdigest()})
