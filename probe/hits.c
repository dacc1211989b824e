#include "probe/hits.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/map.h"
#include "emu/cpu/regs.h"
#include "trace/reader.h"
#include "trace/writer.h"

struct wg_hits {
  struct wg_writer *w;
  char *path;
  struct wg_map idx; // by thread
  const unsigned *regs;
  size_t nregs;
  struct wg_buf text;
};

static int put_header(const struct wg_hits *h, const char *dir, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  WG_TRY(wg_reader_open(&r, dir, err));
  if (wg_reader_next(r, &e) && e.kind == WG_EV_TRACE_HEADER) wg_writer_event(h->w, &e);
  wg_reader_close(r);
  return WG_OK;
}

int wg_hits_create(struct wg_hits **out, const char *path, const char *dir, const unsigned *regs, size_t nregs,
                   struct wg_err *err) {
  struct wg_hits *h = wg_xcalloc(1, sizeof *h);
  int code = wg_writer_create(&h->w, path, err);
  if (code != WG_OK) {
    free(h);
    *out = NULL;
    return code;
  }
  h->path = wg_xstrdup(path);
  h->regs = regs;
  h->nregs = nregs;
  wg_map_put(&h->idx, 0, 1); // the header's
  *out = h;
  return put_header(h, dir, err);
}

int wg_hits_finish(struct wg_hits *h, const char *reason, uint64_t now_ns, bool keep, struct wg_err *err) {
  struct wg_err unsaid = {0};
  if (h == NULL) return WG_OK;
  wg_writer_ends(h->w, now_ns);
  int code = wg_writer_finish(h->w, reason, NULL, NULL, keep ? err : &unsaid);
  if (!keep) {
    unlink(h->path);
    code = WG_OK;
  }
  wg_map_release(&h->idx);
  wg_buf_release(&h->text);
  free(h->path);
  free(h);
  return code;
}

void wg_hits_begin(struct wg_event *e, enum wg_kind kind, size_t number, const struct wg_machine_where *at) {
  wg_ev_init(e, kind);
  e->tid = at->tid;
  e->host_ns = at->now_ns;
  e->cycle = at->cycle;
  wg_ev_dec(e, WG_K_PROBE, number);
  wg_ev_dec(e, WG_K_NEXT_IDX, at->idx);
  if (at->in_turn && at->tid == 0) wg_ev_dec(e, WG_K_HW, at->hw);
}

static void put_regs(struct wg_hits *h, struct wg_event *e, const struct wg_cpu *c) {
  struct wg_reg reg;
  wg_buf_clear(&h->text);
  wg_buf_char(&h->text, '{');
  for (size_t i = 0; i < h->nregs; i++) {
    wg_cpu_reg(c, h->regs[i], &reg);
    if (reg.bytes < 16) {
      wg_json_hex(&h->text, reg.name, reg.value);
      continue;
    }
    wg_json_key(&h->text, reg.name);
    wg_buf_printf(&h->text, "\"0x%08x%08x%08x%08x\"", reg.word[0], reg.word[1], reg.word[2], reg.word[3]);
  }
  wg_buf_char(&h->text, '}');
  wg_ev_raw(e, WG_K_REGS, h->text.data, h->text.len);
}

void wg_hits_end(struct wg_hits *h, struct wg_event *e, const struct wg_cpu *c) {
  uint64_t idx = 0;
  wg_map_get(&h->idx, e->tid, &idx);
  wg_map_put(&h->idx, e->tid, idx + 1);
  e->idx = idx;
  if (c && h->nregs) put_regs(h, e, c);
  wg_writer_event(h->w, e);
}

struct wg_place_range wg_hits_shown(const struct wg_hit *h, const struct wg_place_range *place) {
  if (place->len <= WG_HITS_BYTES) return *place;
  return wg_place_part(place, h->addr, h->len);
}

void wg_hits_bytes(struct wg_event *e, enum wg_key key, const uint8_t *bytes, uint32_t n, struct wg_buf *text) {
  char hex[2 * WG_HITS_BYTES + 1];
  wg_hex(bytes, n < WG_HITS_BYTES ? n : WG_HITS_BYTES, hex);
  wg_buf_clear(text);
  wg_buf_printf(text, "0x%s", hex);
  wg_ev_strn(e, key, text->data, text->len);
}
