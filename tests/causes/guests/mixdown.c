// Audio with two buffers: the driver's callback takes a finished one and gives back the other, a mixer fills what is
// free from voices under a lock, a decoder refills voices from disc; volume comes from the system, once.
#include "runtime.h"

u32 XAudioRegisterRenderDriverClient(void *callback, u32 *driver), XAudioUnregisterRenderDriverClient(u32 driver);
u32 XAudioSubmitRenderDriverFrame(u32 driver, void *frame), XAudioGetVoiceCategoryVolume(u32, float *);
u32 XAudioGetSpeakerConfig(u32 *);

#define FRAMES 12
#define VOICES 3

static u32 driver, speakers, consumed, starved;
static KSEMAPHORE empty, full;
static HANDLE hungry, fed, enough, disc;
static CRITICAL_SECTION voices_lock;
static u8 buffers[2][512];
static struct {
  u8 data[256];
  u32 left, loops;
  u64 at;
} voices[VOICES];
static volatile u32 leaving;

static void callback(u32 ctx) {
  (void)ctx;
  if (await_here(&full, 0) == STATUS_SUCCESS) {
    XAudioSubmitRenderDriverFrame(driver, buffers[consumed & 1]);
    KeReleaseSemaphore(&empty, 1, 1, 0);
    if (++consumed == FRAMES) set(enough);
  } else if (++starved == 30) {
    set(enough);
  }
}

static u32 decoder(u32 unused) {
  u8 block[256];
  (void)unused;
  while (await(hungry, FOREVER) == STATUS_SUCCESS && !leaving) {
    for (u32 v = 0; v < VOICES; v++) {
      lock(&voices_lock);
      u32 wants = voices[v].left == 0;
      u64 at = voices[v].at;
      unlock(&voices_lock);
      if (!wants) continue;
      u32 n = read(disc, block, sizeof block, at);
      lock(&voices_lock);
      for (u32 i = 0; i < n; i++) voices[v].data[i] = block[i];
      voices[v].left = n;
      voices[v].at = n < sizeof block ? 0 : at + 3 * 256;
      unlock(&voices_lock);
    }
    set(fed);
  }
  return 0;
}

static void mix(u8 *to, u32 gain) {
  u32 dry = 0;
  lock(&voices_lock);
  for (u32 v = 0; v < VOICES; v++) {
    if (voices[v].left == 0) {
      dry++;
      continue;
    }
    for (u32 i = 0; i < 256; i++) to[i] = (u8)(to[i] + voices[v].data[i] * gain);
    voices[v].left -= voices[v].left < 128 ? voices[v].left : 128;
  }
  unlock(&voices_lock);
  if (dry) {
    set(hungry);
    await(fed, FOREVER);
  }
}

static u32 mixer(u32 gain) {
  for (u32 n = 0; n < FRAMES; n++) {
    await_here(&empty, FOREVER);
    mix(buffers[n & 1], gain);
    KeReleaseSemaphore(&full, 1, 1, 0);
  }
  return gain;
}

int main(void) {
  u32 client[2] = {(u32)(usize)callback, 5};
  union {
    float f;
    u32 w;
  } volume = {0};
  RtlInitializeCriticalSection(&voices_lock);
  KeInitializeSemaphore(&empty, 2, 2), KeInitializeSemaphore(&full, 0, 2);
  hungry = make_event(0, 0, NULL), fed = make_event(0, 0, NULL), enough = make_event(1, 0, NULL);
  disc = open("game:\\data\\movie.bin", 0);
  for (u32 v = 0; v < VOICES; v++) voices[v].at = v * 256;
  XAudioGetSpeakerConfig(&speakers);
  XAudioGetVoiceCategoryVolume(0, &volume.f);
  HANDLE d = begin(decoder, 0, CORE(4)), m = begin(mixer, volume.w >> 23 == 127 ? 1 : 2, CORE(5));
  if (speakers & 0x10000) nap(3);
  if (XAudioRegisterRenderDriverClient(client, &driver) == 0) {
    await(enough, 800);
    XAudioUnregisterRenderDriverClient(driver);
  }
  finish(m);
  leaving = 1;
  set(hungry);
  finish(d);
  close(disc);
  return consumed == FRAMES;
}
