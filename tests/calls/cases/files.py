"""Files: opening, reading, writing, asking, listing; what each call says of what is not there."""
from .form import *

CASES = []
WDK = "WDK: "
IO = "xenia-canary kernel/xboxkrnl/xboxkrnl_io.cc: "
H = "00000000"
TEXT = b"The quick brown fox jumps over the lazy dog.\n"  # cache:\fox.txt, tests/calls/files/fox.txt
READ, WRITE, SYNC = "0x80100080", "0x40100080", 0x20
FILE = {"h": H, "io": "ffffffff ffffffff", **attributes("a", "cache:\\fox.txt")}
NEW = {"h": H, "io": "ffffffff ffffffff", **attributes("a", "cache:\\new.bin")}
NO_SUCH_FILE, NAME_NOT_FOUND, END_OF_FILE = 0xC000000F, 0xC0000034, 0xC0000011


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


def open_(access=READ, disposition=1, options=SYNC, a="&a", h="&h", **rest):
    """NtCreateFile: dispositions 0 supersede, 1 open, 2 create, 3 open or create, 4 overwrite, 5 overwrite or create."""
    return call("NtCreateFile", h, access, a, "&io", 0, 0x80, 3, disposition, options, **(rest or {"is_": 0}))


def read(n, at=0, to="&to", **rest):
    return call("NtReadFile", "*h", 0, 0, 0, "&io2", to, n, at, **rest)


def write(n, at=0, data="&data", **rest):
    return call("NtWriteFile", "*h", 0, 0, 0, "&io2", data, n, at, **rest)


IO2 = {"io2": "ffffffff ffffffff"}
c("NtCreateFile opens", WDK + "ZwCreateFile, FILE_OPEN: information FILE_OPENED (1)", open_(), call("NtClose", "*h", is_=0), mem=FILE, after={"io": "00000000 00000001"})
for disposition, there, info, status in ((0, True, 0, 0), (0, False, 2, 0), (1, False, None, None), (2, True, None, 0xC0000035), (2, False, 2, 0), (3, True, 1, 0), (3, False, 2, 0), (4, True, 3, 0), (4, False, None, None), (5, True, 3, 0), (5, False, 2, 0)):
    words = ("FILE_SUPERSEDE", "FILE_OPEN", "FILE_CREATE", "FILE_OPEN_IF", "FILE_OVERWRITE", "FILE_OVERWRITE_IF")[disposition]
    expect = {"between": [NO_SUCH_FILE, NAME_NOT_FOUND]} if status is None else {"is_": status}
    c(f"NtCreateFile {words} {'there' if there else 'not there'}", WDK + "ZwCreateFile: " + words + "; FILE_SUPERSEDED 0, FILE_OPENED 1, FILE_CREATED 2, FILE_OVERWRITTEN 3", open_("0xC0100080", disposition, **expect), mem=FILE if there else NEW,
      after={"io": f"00000000 {h32(info)}"} if info is not None else {})
c("NtOpenFile", WDK + "ZwOpenFile", call("NtOpenFile", "&h", READ, "&a", "&io", 3, SYNC, is_=0), call("NtClose", "*h", is_=0), call("NtOpenFile", "&h", READ, "&b", "&io", 3, SYNC, between=[NO_SUCH_FILE, NAME_NOT_FOUND]), mem={**FILE, **attributes("b", "cache:\\none.txt")})
c("NtOpenFile without a device", WDK + "STATUS_OBJECT_PATH_NOT_FOUND or _NAME_NOT_FOUND or NO_SUCH_FILE: nothing is there", call("NtOpenFile", "&h", READ, "&b", "&io", 3, SYNC, between=["0xc0000001", "0xc000ffff"]), mem={**FILE, **attributes("b", "nowhere:\\none.txt")})
c("NtReadFile in sequence", WDK + "ZwReadFile without an offset: at the current position", open_(), read(9, is_=0), load("&io2+4", is_=9), read(10, to="&to+16", is_=0), load("&io2", is_=0), mem={**FILE, **IO2, "to": "zero:40"}, after={"to": TEXT[:9].hex() + " zero:7 " + TEXT[9:19].hex(), "io2": "00000000 0000000a"})
c("NtReadFile at an offset", WDK + "ZwReadFile with an offset", open_(), read(5, "&at", is_=0), read(4, to="&to+8", is_=0), mem={**FILE, **IO2, "to": "zero:16", "at": h64(10)}, after={"to": TEXT[10:15].hex() + " zero:3 " + TEXT[15:19].hex(), "io2": "00000000 00000004"})
c("NtReadFile and NtWriteFile of nothing", WDK + "ZwReadFile, ZwWriteFile: a length of 0 needs no buffer", open_("0xC0100080", 1), read(0, "&zero", to=0, is_=0), load("&io2+4", is_=0), write(0, "&zero", data=0, is_=0), load("&io2+4", is_=0), mem={**FILE, **IO2, "zero": "zero:8"})
c("NtReadFile at the end", WDK + "ZwReadFile: what is left, then STATUS_END_OF_FILE", open_(), read(64, is_=0), load("&io2+4", is_=len(TEXT)), read(1, is_=END_OF_FILE), read(4, "&at", is_=END_OF_FILE), mem={**FILE, **IO2, "to": "zero:80", "at": h64(1000)}, after={"to": TEXT.hex() + " 00"})
c("NtReadFile sets its event", WDK + "ZwReadFile: the event is set once it is done", open_(), call("NtCreateEvent", "&e", 0, 0, 0, is_=0), call("NtReadFile", "*h", "*e", 0, 0, "&io2", "&to", 4, 0, is_=0), call("NtWaitForSingleObjectEx", "*e", 1, 0, "&now", is_=0),
  mem={**FILE, **IO2, "e": H, "to": "zero:8", "now": "zero:8"})
c("NtReadFile of what is no file", WDK + "STATUS_INVALID_HANDLE", call("NtReadFile", "0xf8000ffc", 0, 0, 0, "&io2", "&to", 4, 0, is_=0xC0000008), mem={**IO2, "to": "zero:8"})
c("NtReadFileScatter", IO + "NtReadFileScatter: pages of 4 KiB at the addresses given", open_(), call("NtReadFileScatter", "*h", 0, 0, 0, "&io2", "&segments", "0x1000", "&zero", is_=0), mem={**FILE, **IO2, "to": "zero:4096", "segments": "&to 00000000", "zero": "zero:8"}, after={"to": TEXT.hex()})
c("NtWriteFile, then NtReadFile", WDK + "ZwWriteFile", open_("0xC0100080", 2), write(6, is_=0), write(3, "&at", is_=0), read(20, "&zero", is_=0), mem={**NEW, **IO2, "data": "'abcdef'", "to": "ff" * 16, "at": h64(4), "zero": "zero:8"}, after={"to": "'abcdabc' ff", "io2": "00000000 00000007"})
c("NtWriteFile beyond the end", WDK + "ZwWriteFile: the gap reads as zeros", open_("0xC0100080", 2), write(2, "&at", is_=0), read(20, "&zero", is_=0), mem={**NEW, **IO2, "data": "'ab'", "to": "ff" * 16, "at": h64(6), "zero": "zero:8"}, after={"to": "zero:6 'ab' ff", "io2": "00000000 00000008"})
c("NtWriteFile at the end", WDK + "FILE_WRITE_TO_END_OF_FILE (an offset of -1)", open_("0xC0100080", 2), write(3, is_=0), write(3, "&end", is_=0), read(20, "&zero", is_=0), mem={**NEW, **IO2, "data": "'abc'", "to": "ff" * 16, "end": "ffffffff ffffffff", "zero": "zero:8"}, after={"to": "'abcabc' ff"})
c("NtWriteFileGather", IO + "NtWriteFileGather", open_("0xC0100080", 2), call("NtWriteFileGather", "*h", 0, 0, 0, "&io2", "&segments", "0x1000", "&zero", is_=0), read(8, "&zero", is_=0), mem={**NEW, **IO2, "data": "'12345678' zero:4088", "segments": "&data 00000000", "to": "zero:8", "zero": "zero:8"}, after={"to": "'12345678'"})
c("what is written is there when it is opened again", WDK + "ZwCreateFile", open_("0xC0100080", 2), write(6, is_=0), call("NtFlushBuffersFile", "*h", "&io2", is_=0), call("NtClose", "*h", is_=0), open_(), read(20, is_=0), call("NtClose", "*h", is_=0), open_(disposition=5, access="0xC0100080"), read(20, is_=END_OF_FILE),
  mem={**NEW, **IO2, "data": "'abcdef'", "to": "zero:24"}, after={"to": "'abcdef' 00"})
for path in ("cache:\\fox.txt", "CACHE:\\FOX.TXT", "cache:\\\\fox.txt", "\\??\\cache:\\fox.txt", "cache:/fox.txt"):
    c(f"NtQueryFullAttributesFile {path}", WDK + "FILE_NETWORK_OPEN_INFORMATION; paths ignore case; xenia-canary canonicalizes them", call("NtQueryFullAttributesFile", "&a", "&info", is_=0), mem={"info": "zero:56", **attributes("a", path)}, after={"info+40": h64(len(TEXT))})
for path in ("cache:\\none.txt", "cache:\\fox.txt\\x", "cache:\\none\\x.txt"):
    c(f"NtQueryFullAttributesFile {path}", WDK + "an error if nothing is there", call("NtQueryFullAttributesFile", "&a", "&info", between=["0xc0000001", "0xc000ffff"]), mem={"info": "zero:56", **attributes("a", path)})
c("NtQueryFullAttributesFile of a folder", WDK + "FILE_ATTRIBUTE_DIRECTORY", call("NtQueryFullAttributesFile", "&a", "&info", is_=0), load("&info+48", between=[0x10, 0x1F]), mem={"info": "zero:56", **attributes("a", "cache:\\sub")})


def info(kind, size, **rest):
    return call("NtQueryInformationFile", "*h", "&io2", "&info", size, kind, **(rest or {"is_": 0}))


INFO = {"info": "zero:128"}
c("NtQueryInformationFile standard", WDK + "FILE_STANDARD_INFORMATION (5): allocation, end, links, delete, directory", open_(), info(5, 24), mem={**FILE, **IO2, **INFO}, after={"info+8": h64(len(TEXT)), "info+20": "0000"})
c("NtQueryInformationFile internal", WDK + "FILE_INTERNAL_INFORMATION (6)", open_(), info(6, 8), mem={**FILE, **IO2, **INFO})
c("NtQueryInformationFile position", WDK + "FILE_POSITION_INFORMATION (14)", open_(), read(7, is_=0), info(14, 8), mem={**FILE, **IO2, **INFO, "to": "zero:8"}, after={"info": h64(7)})
c("NtQueryInformationFile network open", WDK + "FILE_NETWORK_OPEN_INFORMATION (34)", open_(), info(34, 56), mem={**FILE, **IO2, **INFO}, after={"info+40": h64(len(TEXT))})
c("NtQueryInformationFile too small", WDK + "STATUS_INFO_LENGTH_MISMATCH", open_(), info(5, 8, is_=0xC0000004), info(34, 8, is_=0xC0000004), info(0x99, 64, is_=0xC0000003), mem={**FILE, **IO2, **INFO})
c("NtSetInformationFile position", WDK + "FILE_POSITION_INFORMATION", open_(), call("NtSetInformationFile", "*h", "&io2", "&at", 8, 14, is_=0), read(5, is_=0), mem={**FILE, **IO2, "at": h64(4), "to": "zero:8"}, after={"to": TEXT[4:9].hex()})
c("NtSetInformationFile end of file", WDK + "FILE_END_OF_FILE_INFORMATION (20): cuts or lengthens", open_("0xC0100080", 2), write(6, is_=0), call("NtSetInformationFile", "*h", "&io2", "&three", 8, 20, is_=0), read(20, "&zero", is_=0), load("&io2+4", is_=3), call("NtSetInformationFile", "*h", "&io2", "&five", 8, 20, is_=0),
  read(20, "&zero", is_=0), mem={**NEW, **IO2, "data": "'abcdef'", "to": "ff" * 8, "three": h64(3), "five": h64(5), "zero": "zero:8"}, after={"to": "'abc' 0000 ff", "io2": "00000000 00000005"})
c("NtSetInformationFile allocation", WDK + "FILE_ALLOCATION_INFORMATION (19)", open_("0xC0100080", 2), call("NtSetInformationFile", "*h", "&io2", "&five", 8, 19, is_=0), mem={**NEW, **IO2, "five": h64(0)})
c("NtSetInformationFile deletes", WDK + "FILE_DISPOSITION_INFORMATION (13): gone with the last handle", open_("0xC0110080", 2), call("NtSetInformationFile", "*h", "&io2", "&yes", 1, 13, is_=0), call("NtClose", "*h", is_=0), call("NtQueryFullAttributesFile", "&a", "&info", not_=0), mem={**NEW, **IO2, **INFO, "yes": "01"})
c("NtSetInformationFile renames", WDK + "FILE_RENAME_INFORMATION (10): replace, root, name; here an ANSI_STRING (xenia-canary info/file.h)", open_("0xC0110080", 2), call("NtSetInformationFile", "*h", "&io2", "&rename", 16, 10, is_=0), call("NtClose", "*h", is_=0), call("NtQueryFullAttributesFile", "&a", "&info", not_=0),
  call("NtQueryFullAttributesFile", "&b", "&info", is_=0), mem={**NEW, **IO2, **INFO, "rename": "00000000 00000000 000e 000f &target", "target": "'cache:\\moved.b' 00", **attributes("b", "cache:\\moved.b")})
c("NtSetInformationFile too small", WDK + "STATUS_INFO_LENGTH_MISMATCH, STATUS_INVALID_INFO_CLASS", open_(), call("NtSetInformationFile", "*h", "&io2", "&at", 4, 14, is_=0xC0000004), call("NtSetInformationFile", "*h", "&io2", "&at", 8, 0x99, is_=0xC0000003), mem={**FILE, **IO2, "at": "zero:8"})


def listing(pattern="&pattern", restart=0, size=0x100, **rest):
    return call("NtQueryDirectoryFile", "*h", 0, 0, 0, "&io2", "&entry", size, pattern, restart, **rest)


FOLDER = {"h": H, "io": "ffffffff ffffffff", **IO2, "entry": "zero:256", **attributes("a", "cache:\\sub")}
c("NtQueryDirectoryFile", WDK + "one entry a call: index, times, size, attributes, name; then STATUS_NO_MORE_FILES", open_(options=SYNC | 1), listing(0, is_=0), load("&entry+60", is_=5), listing(0, is_=0), listing(0, is_=0x80000006), listing(0, 1, is_=0), mem=FOLDER, after={"entry+40": h64(6), "entry+64": "'a.bin'"})
c("NtQueryDirectoryFile of a pattern", WDK + "wildcards; STATUS_NO_SUCH_FILE if the first call finds none", open_(options=SYNC | 1), listing("&pattern", is_=0), listing("&pattern", is_=0x80000006), mem={**FOLDER, **ansi("pattern", "*.txt")}, after={"entry+64": "'b.txt'"})
c("NtQueryDirectoryFile of no match", WDK + "STATUS_NO_SUCH_FILE", open_(options=SYNC | 1), listing("&pattern", is_=NO_SUCH_FILE), mem={**FOLDER, **ansi("pattern", "*.zip")})
c("a folder is no file", WDK + "STATUS_FILE_IS_A_DIRECTORY with FILE_NON_DIRECTORY_FILE, STATUS_NOT_A_DIRECTORY with FILE_DIRECTORY_FILE", open_(options=SYNC | 0x40, is_=0xC00000BA), open_(options=SYNC | 1, a="&b", is_=0xC0000103), mem={**FOLDER, **attributes("b", "cache:\\fox.txt")})
c("a file relative to a folder", WDK + "OBJECT_ATTRIBUTES: a root handle", open_(options=SYNC | 1), store("&rel", "*h"), call("NtQueryFullAttributesFile", "&rel", "&info", is_=0), mem={**FOLDER, **INFO, **attributes("rel", "a.bin")}, after={"info+40": h64(6)})
c("NtCreateFile makes a folder", WDK + "FILE_CREATE with FILE_DIRECTORY_FILE", open_("0xC0100080", 2, SYNC | 1), call("NtQueryFullAttributesFile", "&a", "&info", is_=0), load("&info+48", between=[0x10, 0x1F]), mem={**INFO, "h": H, "io": "zero:8", **attributes("a", "cache:\\made")})
for kind, size, status in ((1, 24, 0), (3, 24, 0), (5, 64, 0), (4, 8, 0), (1, 4, None), (0x99, 64, 0xC0000003)):
    expect = {"is_": status} if status is not None else {"not_": 0}
    c(f"NtQueryVolumeInformationFile {kind} {size}", WDK + "FILE_FS_*_INFORMATION: volume 1, size 3, device 4, attributes 5", open_(), call("NtQueryVolumeInformationFile", "*h", "&io2", "&info", size, kind, **expect), mem={**FILE, **IO2, **INFO})
c("NtDeviceIoControlFile", IO + "IOCTL_DISK_GET_DRIVE_GEOMETRY (70000) gives sectors and 512, GET_PARTITION_INFO (74004) a length", call("NtOpenFile", "&h", READ, "&a", "&io", 3, SYNC, is_=0), call("NtDeviceIoControlFile", "*h", 0, 0, 0, "&io2", "0x70000", 0, 0, "&out", 8, is_=0),
  call("NtDeviceIoControlFile", "*h", 0, 0, 0, "&io2", "0x74004", 0, 0, "&part", 16, is_=0), mem={"h": H, "io": "zero:8", **IO2, "out": "zero:8", "part": "zero:16", **attributes("a", "\\Device\\Harddisk0\\Partition0")}, after={"out+4": "00000200", "part": "zero:8"})
c("NtReadFile of a folder", WDK + "STATUS_INVALID_DEVICE_REQUEST or the like: an error", open_(options=SYNC | 1), read(4, not_=0), mem={**FOLDER, "to": "zero:8"})
