// A thread that never makes the same call twice, the same on both sides: all that the differ keeps, it keeps for good.
#include "base/err.h"
#include "bench/diff/world.h"

static int side(const struct options *o, const char *name, uint64_t count) {
  struct wg_buf b = {0};
  wg_buf_printf(&b, "%s/%s", o->dir, name);
  FILE *f = fopen(b.data, "wb");
  bool ok = f != NULL;
  if (!ok) perror(b.data);
  for (uint64_t i = 0; ok && i < count; i++) {
    wg_buf_clear(&b);
    wg_buf_printf(
        &b,
        "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":%llu,\"host_ns\":%llu,\"name\":\"DbgPrint\","
        "\"args\":[\"0x82000020\"],\"args_resolved\":{\"string\":\"line number %llu of it\"}}\n"
        "{\"kind\":\"kernel.return\",\"tid\":1,\"idx\":%llu,\"host_ns\":%llu,\"name\":\"DbgPrint\",\"rv\":\"0x0\"}\n",
        (unsigned long long)(2 * i), (unsigned long long)(100 * i), (unsigned long long)i,
        (unsigned long long)(2 * i + 1), (unsigned long long)(100 * i + 50));
    ok = fwrite(b.data, 1, b.len, f) == b.len;
  }
  if (f && fclose(f) != 0) ok = false;
  wg_buf_release(&b);
  return ok ? WG_OK : WG_INTERNAL;
}

int distinct_calls(const struct options *o, uint64_t count) {
  int code = side(o, "ours.jsonl", count);
  return code == WG_OK ? side(o, "canary.jsonl", count) : code;
}
