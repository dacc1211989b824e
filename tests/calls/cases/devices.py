"""Video, audio, controllers: what titles ask of the devices."""
from .form import *

CASES = []
VIDEO = "xenia-canary kernel/xboxkrnl/xboxkrnl_video.cc: "
XMA = "xenia-canary kernel/xboxkrnl/xboxkrnl_audio_xma.cc, apu/xma_context.h: "
AUDIO = "xenia-canary kernel/xboxkrnl/xboxkrnl_audio.cc: "
INPUT = "XInput documentation: "
H = "00000000"


def c(name, source, *steps, **rest):
    case(CASES, name, source, *steps, **rest)


# --- video ----------------------------------------------------------------------------------------------------------------
MODE = "00000500 000002d0 00000000 00000001 00000001 42700000"
c("VdQueryVideoMode", VIDEO + "1280 x 720, progressive, wide, high definition, 60 Hz", call("VdQueryVideoMode", "&m"), mem={"m": "ff" * 48}, after={"m": MODE + " 00000001 0000004a 00000001 zero:12"})
c("XGetVideoMode", VIDEO + "as VdQueryVideoMode", call("XGetVideoMode", "&m"), mem={"m": "ff" * 48}, after={"m": MODE})
c("VdGetCurrentDisplayInformation", VIDEO + "X_DISPLAY_INFO: sizes of the front buffer", call("VdGetCurrentDisplayInformation", "&d"), mem={"d": "ff" * 96}, after={"d": "0500 02d0"})
c("VdGetCurrentDisplayGamma", VIDEO + "sRGB (2: BT.709), and a power", call("VdGetCurrentDisplayGamma", "&t", "&p"), mem={"t": "ffffffff", "p": "ffffffff"}, after={"t": "00000002"})
c("VdGetSystemCommandBuffer", VIDEO + "two tokens", call("VdGetSystemCommandBuffer", "&a", "&b"), mem={"a": "ff" * 160, "b": H}, after={"a": "beef0000 zero:144 ff", "b": "beef0001"})
c("VdPersistDisplay", VIDEO + "1, and a physical block", call("VdPersistDisplay", 0, "&p", is_=1), load("&p", not_=0), call("MmFreePhysicalMemory", 1, "*p"), mem={"p": H})
c("VdInitializeScalerCommandBuffer", VIDEO + "fills the buffer with no-operations, gives the count", call("VdInitializeScalerCommandBuffer", 0, "0x2d00500", 0, "0x2d00500", "0x2d00500", 7, 0, 7, 0, 0, "&d", 4, is_=4), mem={"d": "zero:24"}, after={"d": "80000000 80000000 80000000 80000000 zero:8"})
c("VdSetGraphicsInterruptCallback", VIDEO + "the callback gets 0 and its context at each vertical blank", call("VdSetGraphicsInterruptCallback", "@second", "script:blank"), call("KeDelayExecutionThread", 1, 0, "&ms40", is_=0), call("VdSetGraphicsInterruptCallback", 0, 0), call("KeDelayExecutionThread", 1, 0, "&ms40", is_=0),
  mem={"ms40": ms(40), "x": H}, threads={"blank": [store("&x", 1, times=2)]})
RING = [call("MmAllocatePhysicalMemoryEx", 0, "0x10000", "0x404", 0, "0xffffffff", 0, between=["0xe0000000", "0xffffffff"])]
c("VdInitializeRingBuffer", VIDEO + "packets in the ring are executed once the write pointer (register 1C5 at 7FC80714) says so; the read pointer is written back",
  call("MmAllocatePhysicalMemoryEx", 0, "0x1000", "0x404", 0, "0x1ffff", 0, is_=0xE001E000), call("VdInitializeRingBuffer", "0x1f000", 6), call("VdEnableRingBufferRPtrWriteBack", "0x1f800", 6), store("0xe001e004", "0x0001f902"), store("0xe001e008", "0x12345678"),
  store("0xe001e000", "0xc0013d00"), store("0x7fc80714", 3), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), load("0xe001e900", is_=0x12345678), load("0xe001e800", is_=3), mem={"ms1": ms(1)})
c("VdSwap", VIDEO + "zeroes 64 words, then a fetch constant and a swap packet", call("VdSwap", "&area", "&fetch", 0, 0, 0, "&front", "&format", "&space", "&w", "&h"), mem={"area": "ff" * 256, "fetch": "zero:24", "front": "00000000", "format": "00000006", "space": H, "w": "00000500", "h": "000002d0"},
  after={"area": "00054800"})

# --- audio -----------------------------------------------------------------------------------------------------------------
c("XAudioGetSpeakerConfig", AUDIO + "00010001", call("XAudioGetSpeakerConfig", "&v", is_=0), mem={"v": H}, after={"v": "00010001"})
c("XAudioGetVoiceCategoryVolume", AUDIO + "1.0; no volume changes", call("XAudioGetVoiceCategoryVolume", 0, "&v", is_=0), call("XAudioGetVoiceCategoryVolumeChangeMask", "0x41550000", "&m", is_=0), mem={"v": H, "m": "ffffffff"}, after={"v": "3f800000", "m": H})
c("XAudioRegisterRenderDriverClient", AUDIO + "driver 4155nnnn; the callback gets the address of its argument; 187.5 frames a second", store("&pair", "@behind"), call("XAudioRegisterRenderDriverClient", "&pair", "&driver", is_=0), call("KeDelayExecutionThread", 1, 0, "&ms20", is_=0), load("&ran", between=[1, 100]),
  call("XAudioUnregisterRenderDriverClient", "*driver", is_=0), store("&ran", 0), call("KeDelayExecutionThread", 1, 0, "&ms20", is_=0), load("&ran", is_=0), mem={"pair": "00000000 script:frame", "driver": H, "ms20": ms(20), "ran": H, "samples": "zero:6144"},
  threads={"frame": [store("&ran", 1, times=3), call("XAudioSubmitRenderDriverFrame", "*driver", "&samples", is_=0, times=3)]}, after={"driver": "41550000"})
for label, pair in (("no pair", 0), ("no function", "&pair")):
    c(f"XAudioRegisterRenderDriverClient {label}", AUDIO + "E_INVALIDARG", call("XAudioRegisterRenderDriverClient", pair, "&driver", is_=0x80070057), mem={"pair": "zero:8", "driver": H})

# --- XMA ---------------------------------------------------------------------------------------------------------------------
BUFFERS = [call("MmAllocatePhysicalMemoryEx", 0, "0x10000", 4, "0x100000", "0x10ffff", 0, is_=0xE00FF000), call("XMACreateContext", "&ctx", is_=0)]
INIT = "e00ff000 00000003 e0100000 00000002 00000020 e0101000 00000004 00000000 00000008 00000002 00000003 00000111 00000222 05 02 03 00"
WORDS = [h32(3 | 5 << 12 | 4 << 22), h32(2 | 2 << 14 | 3 << 17 | 8 << 20 | 3 << 27 | 1 << 29), h32(0x20), h32(0x111), h32(0x222), h32(0x100000), h32(0x101000), h32(0x102000)]
READY = [*BUFFERS, call("XMAInitializeContext", "*ctx", "&init", is_=0)]
XMEM = {"ctx": H, "init": INIT, "loop": "00000333 00000444 07 01 02 00"}
c("XMAInitializeContext", XMA + "the context's bit fields, addresses made physical", *READY, mem=XMEM, after={"*ctx": " ".join(WORDS)})
c("XMASetLoopData", XMA + "XMASetLoopData", *READY, call("XMASetLoopData", "*ctx", "&loop", is_=0), mem=XMEM, after={"*ctx": h32(3 | 7 << 12 | 4 << 22) + " " + h32(2 | 1 << 14 | 2 << 17 | 8 << 20 | 3 << 27 | 1 << 29) + " 00000020 00000333 00000444"})
for n, bit in ((0, 20), (1, 21)):
    base = 3 | 5 << 12 | 4 << 22
    c(f"XMASetInputBuffer{n}Valid", XMA + f"bit {bit} of word 0", *READY, call(f"XMAIsInputBuffer{n}Valid", "*ctx", is_=0), call(f"XMASetInputBuffer{n}Valid", "*ctx", is_=0), call(f"XMAIsInputBuffer{n}Valid", "*ctx", is_=1), mem=XMEM, after={"*ctx": h32(base | 1 << bit)})
c("XMASetInputBuffer0", XMA + "address and packets", *READY, call("XMASetInputBuffer0", "*ctx", "0xe0103000", 9, is_=0), mem=XMEM, after={"*ctx": h32(9 | 5 << 12 | 4 << 22), "*ctx+20": "00104000"})
c("XMASetInputBuffer1", XMA + "address and packets", *READY, call("XMASetInputBuffer1", "*ctx", "0xe0103000", 9, is_=0), mem=XMEM, after={"*ctx+4": h32(9 | 2 << 14 | 3 << 17 | 8 << 20 | 3 << 27 | 1 << 29), "*ctx+24": "00104000"})
c("XMASetInputBufferReadOffset", XMA + "26 bits of word 2", *READY, call("XMAGetInputBufferReadOffset", "*ctx", is_=0x20), call("XMASetInputBufferReadOffset", "*ctx", 77, is_=0), call("XMAGetInputBufferReadOffset", "*ctx", is_=77), mem=XMEM, after={"*ctx+8": h32(77)})
c("XMASetOutputBufferReadOffset", XMA + "5 bits of word 9", *READY, call("XMAGetOutputBufferReadOffset", "*ctx", is_=0), call("XMASetOutputBufferReadOffset", "*ctx", 3, is_=0), call("XMAGetOutputBufferReadOffset", "*ctx", is_=3), call("XMAGetOutputBufferWriteOffset", "*ctx", is_=0), mem=XMEM, after={"*ctx+36": "00000003"})
c("XMASetOutputBufferValid", XMA + "bit 31 of word 1", *READY, call("XMAIsOutputBufferValid", "*ctx", is_=0), call("XMASetOutputBufferValid", "*ctx", is_=0), call("XMAIsOutputBufferValid", "*ctx", is_=1), mem=XMEM, after={"*ctx+4": h32(2 | 2 << 14 | 3 << 17 | 8 << 20 | 3 << 27 | 1 << 29 | 1 << 31)})
c("XMAGetPacketMetadata", XMA + "5 bits of word 4, above the loop's end", *READY, call("XMAGetPacketMetadata", "*ctx", is_=0), mem=XMEM)
c("XMAEnableContext", XMA + "a decoder without sound takes the valid input", *READY, call("XMASetInputBuffer0Valid", "*ctx", is_=0), call("XMASetOutputBufferValid", "*ctx", is_=0), call("XMAEnableContext", "*ctx", is_=0), call("KeDelayExecutionThread", 1, 0, "&ms20", is_=0), call("XMAIsInputBuffer0Valid", "*ctx", is_=0), mem={**XMEM, "ms20": ms(20)})
c("XMAReleaseContext", XMA + "the context is free for the next", *READY, call("XMAReleaseContext", "*ctx", is_=0), call("XMACreateContext", "&next", is_=0), load("&next", is_="*ctx"), call("XMACreateContext", "&other", is_=0), load("&other", not_="*ctx"), mem={**XMEM, "next": H, "other": H})

# --- controllers -----------------------------------------------------------------------------------------------------------------
PAD = [{"at_ns": 0, "buttons": "0x1000", "left_trigger": 16, "right_trigger": 32, "lx": -300, "ly": 500, "rx": 7, "ry": -8}]
BUTTON = [{"at_ns": 0, "buttons": "0x1000"}]
GAMEPAD = "01 01 0000 f3ff ff ff ffff ffff ffff ffff ffff ffff"
STATE = "1000 10 20 fed4 01f4 0007 fff8"
c("XamInputGetState without a controller", INPUT + "ERROR_DEVICE_NOT_CONNECTED (1167)", call("XamInputGetState", 0, 1, "&s", is_=1167), call("XamInputGetState", 3, 1, "&s", is_=1167), mem={"s": "zero:16"})
c("XamInputGetState", INPUT + "XINPUT_STATE: packet number, buttons, triggers, thumbs", call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XamInputGetState", 0, 1, "&s", is_=0), mem={"s": "zero:16", "ms1": ms(1)}, after={"s+4": STATE}, inputs=PAD)
c("XamInputGetCapabilities", INPUT + "XINPUT_CAPABILITIES: type gamepad, subtype gamepad, no flags; set is what there is: each XINPUT_GAMEPAD_ bit of the buttons, all of triggers, thumbs and motors", call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XamInputGetCapabilities", 0, 1, "&s", is_=0), call("XamInputGetCapabilities", 1, 1, "&t", is_=1167), call("XamInputGetCapabilitiesEx", 1, 0, 1, "&u", is_=0), mem={"s": "zero:20", "t": "zero:20", "u": "zero:32", "ms1": ms(1)},
  after={"s": GAMEPAD, "u": GAMEPAD}, inputs=PAD)
c("XamInputSetState", INPUT + "vibration", call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XamInputSetState", 0, 0, "&v", is_=0), call("XamInputSetState", 2, 0, "&v", is_=1167), mem={"v": "ffff ffff", "ms1": ms(1)}, inputs=PAD)
c("XamInputGetKeystroke", INPUT + "XINPUT_KEYSTROKE: VK_PAD_A (5800), KEYDOWN; then ERROR_EMPTY (4306)", call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XamInputGetKeystroke", 0, 1, "&k", is_=0), mem={"k": "zero:8", "ms1": ms(1)}, after={"k": "5800 0000 0001 00"}, inputs=BUTTON)
c("XamInputGetKeystrokeEx", INPUT + "of any user (FF), who is told", store("&who", 0xFF), call("KeDelayExecutionThread", 1, 0, "&ms1", is_=0), call("XamInputGetKeystrokeEx", "&who", 1, "&k", is_=0), call("XamInputGetKeystrokeEx", "&who", 1, "&k", is_=4306), mem={"k": "zero:8", "who": H, "ms1": ms(1)}, after={"k": "5800 0000 0001 00"},
  inputs=BUTTON)
