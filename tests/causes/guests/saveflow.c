// A save as a state machine that is stepped once a frame: ask, choose, create, write, verify, close. Each step starts
// an overlapped call and looks at its block in the frames after; what the player answers decides where it goes on.
#include "runtime.h"

u32 XamShowMessageBoxUI(u32 user, const void *title, const void *text, u32 buttons, const void *list, u32 focus,
                        u32 flags, u32 *result, u32 *overlapped);
u32 XamShowDeviceSelectorUI(u32 user, u32 type, u32 flags, u32 total, u32 *device, u32 *overlapped);
u32 XamShowKeyboardUI(u32 user, u32 flags, const u16 *text, const void *title, const void *prompt, u16 *buffer,
                      u32 room, u32 *overlapped);
u32 XamContentCreate(u32 user, const char *root, const void *data, u32 flags, u32 *disposition, u32 *licence,
                     void *overlapped);
u32 XamContentClose(const char *, void *), XamGetOverlappedResult(u32 *, u32 *, u32), XamIsUIActive(void);
u32 XamUserGetSigninState(u32), XamUserGetXUID(u32, u32, u64 *);
u32 XNotifyGetNext(HANDLE, u32, u32 *, u32 *);
HANDLE XamNotifyCreateListener(u32 mask, u32 version);
u32 XamContentGetDeviceState(u32 device, void *);

enum { ASK, CHOOSE, NAME, CREATE, WRITE, VERIFY, CLOSE, DONE, GIVE_UP };

static u32 overlapped[7], state, started, button, device, disposition, notes, frames, icon_frames;
static u16 name[8];
static u8 content[0x134], image[1536], again[1536];
static HANDLE listener, written, job, written_thread;
static volatile u32 job_result;

static u32 *block(void) {
  for (u32 i = 0; i < 7; i++) overlapped[i] = 0;
  return overlapped;
}

// What the overlapped call of this step says: pending, or its end.
static u32 poll(void) {
  if (overlapped[0] == 997) return 997;
  return XamGetOverlappedResult(overlapped, NULL, 0);
}

static u32 disc_thread(u32 unused) {
  (void)unused;
  await(job, FOREVER);
  HANDLE f = open("save:\\slot.dat", 1);
  IO_STATUS_BLOCK io = {0, 0};
  u32 total = 0;
  for (u64 at = 0; f && at < sizeof image; at += 256) {
    NTSTATUS s = NtWriteFile(f, 0, NULL, NULL, &io, image + at, 256, &at);
    if (BAD(s)) break;
    total += io.information;
  }
  NtFlushBuffersFile(f, &io);
  u64 size = size_of(f);
  close(f);
  job_result = size == total ? total : 0;
  set(written);
  return total;
}

static u32 begin_step(void) {
  static const u32 id = 1;
  switch (state) {
  case ASK: return XamShowMessageBoxUI(0, NULL, NULL, 2, NULL, 0, 0, &button, block());
  case CHOOSE: return XamShowDeviceSelectorUI(0, 1, 0, id, &device, block());
  case NAME: return XamShowKeyboardUI(0, 0, NULL, NULL, NULL, name, 8, block());
  case CREATE: return XamContentCreate(0, "save", content, 4, &disposition, NULL, block());
  case WRITE: return set(job), 997;
  case CLOSE: return XamContentClose("save", block());
  default: return 0;
  }
}

static u32 next(u32 rv) {
  switch (state) {
  case ASK: return rv || button ? GIVE_UP : CHOOSE;
  case CHOOSE: return rv || XamContentGetDeviceState(device, NULL) ? ASK : NAME;
  case NAME:
    content[3] = (u8)device, content[7] = 1;
    for (u32 i = 0; i < 8; i++) content[0x108 + i] = (u8)name[i];
    return rv ? CHOOSE : CREATE;
  case CREATE: return rv ? GIVE_UP : disposition == 1 ? WRITE : VERIFY;
  case WRITE: return VERIFY;
  case VERIFY: {
    HANDLE f = open("save:\\slot.dat", 0);
    u32 n = read(f, again, job_result, 0);
    close(f);
    return n && mixin(0, again, n) == mixin(0, image, n) ? CLOSE : GIVE_UP;
  }
  case CLOSE: return rv ? GIVE_UP : DONE;
  }
  return state;
}

static void step(void) {
  u32 rv = 0;
  if (!started) {
    rv = begin_step();
    started = 1;
    if (rv == 997) return;
  } else if (state == WRITE) {
    rv = await(written, 0);
    if (rv == STATUS_TIMEOUT) return;
  } else {
    rv = poll();
    if (rv == 997) return;
  }
  started = 0;
  state = next(rv);
}

int main(void) {
  u64 xuid = 0;
  u32 id, value;
  for (u32 i = 0; i < sizeof image; i++) image[i] = (u8)(i * 7 ^ i >> 3);
  listener = XamNotifyCreateListener(1, 0);
  written = make_event(0, 0, NULL), job = make_event(0, 0, NULL);
  written_thread = begin(disc_thread, 0, CORE(4));
  u32 quiet = XamUserGetSigninState(0) == 0 || XamUserGetXUID(0, 1, &xuid);
  for (state = quiet ? GIVE_UP : ASK; state < DONE && frames < 200; frames++) {
    while (XNotifyGetNext(listener, 0, &id, &value)) notes += id == 9;
    if (!XamIsUIActive()) icon_frames++;
    step();
    nap(5);
  }
  if (state == GIVE_UP) set(job);
  finish(written_thread);
  close(listener);
  return state == DONE;
}
