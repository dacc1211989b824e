// Field numbers are those of Perfetto's public .proto files (protos/perfetto/trace); names are theirs.
//
// All packets are of one sequence. Its first one clears the incremental state, and what is interned after that stays
// for good: so many names are kept (wg_mark.name_id, LABELS), further ones are written out where they stand.
#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/printable.h"
#include "base/strings.h"
#include "base/vec.h"
#include "export/formats.h"
#include "export/proto.h"

enum { TRACE_PACKET = 1 };
enum {
  PACKET_TIMESTAMP = 8,
  PACKET_SEQUENCE = 10,
  PACKET_EVENT = 11,
  PACKET_INTERNED = 12,
  PACKET_FLAGS = 13,
  PACKET_DESCRIPTOR = 60,
  PACKET_FIRST = 87,
};
enum { FLAG_CLEARED = 1, FLAG_NEEDS_STATE = 2 };
enum {
  EVENT_CATEGORY_IIDS = 3,
  EVENT_ANNOTATIONS = 4,
  EVENT_TYPE = 9,
  EVENT_NAME_IID = 10,
  EVENT_TRACK = 11,
  EVENT_NAME = 23,
  EVENT_COUNTER = 30,
  EVENT_FLOWS = 47,
  EVENT_LAST_FLOWS = 48,
};
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum { COUNTER_UNIT = 3, UNIT_COUNT = 2 };
enum { INTERNED_CATEGORIES = 1, INTERNED_NAMES = 2, INTERNED_LABELS = 3, INTERNED_STRINGS = 29 };
enum { INTERNED_IID = 1, INTERNED_NAME = 2 };
enum {
  NOTE_NAME_IID = 1,
  NOTE_BOOL = 2,
  NOTE_UINT = 3,
  NOTE_INT = 4,
  NOTE_STRING = 6,
  NOTE_POINTER = 7,
  NOTE_NAME = 10,
  NOTE_DICT = 11,
  NOTE_ARRAY = 12,
  NOTE_STRING_IID = 17,
};

#define PID 1 // the title is the one process
#define SEQUENCE 1
#define CATEGORIES 32
#define LABELS 65536u
#define DEEP 16 // further nesting is text

struct wg_perfetto {
  struct wg_output *out;
  struct wg_buf *b;
  bool begun;
  const char *categories[CATEGORIES];
  size_t ncategories;
  unsigned char *told; // names by id
  size_t ntold;
  struct wg_strings labels, values;
  uint32_t key_labels[WG_K_OTHER]; // 0: not yet
  struct wg_buf fresh;             // what this packet interns
  struct wg_buf text;
};

// -- interning --

static void intern(struct wg_perfetto *p, unsigned list, uint64_t iid, const char *s, size_t n) {
  size_t at = wg_pb_begin(&p->fresh, list);
  wg_pb_u64(&p->fresh, INTERNED_IID, iid);
  wg_pb_bytes(&p->fresh, INTERNED_NAME, s, n);
  wg_pb_end(&p->fresh, at);
}

static uint64_t category(struct wg_perfetto *p, const char *name) {
  for (size_t i = 0; i < p->ncategories; i++)
    if (p->categories[i] == name || strcmp(p->categories[i], name) == 0) return i + 1;
  if (p->ncategories == CATEGORIES) return 0;
  p->categories[p->ncategories++] = name;
  intern(p, INTERNED_CATEGORIES, p->ncategories, name, strlen(name));
  return p->ncategories;
}

static bool is_plain(const char *s, size_t n) {
  unsigned char other = 0;
  for (size_t i = 0; i < n; i++) other |= (unsigned char)((unsigned char)s[i] - 0x20) >= 0x5F || s[i] == '\\';
  return !other;
}

// The number of an interned label, or 0: then it is written out where it stands.
static uint32_t label(struct wg_perfetto *p, const char *name, size_t n) {
  size_t before = p->labels.n;
  if (n == 0 || n > 256 || before >= LABELS || !is_plain(name, n)) return 0;
  uint32_t id = wg_strings_id(&p->labels, name, n);
  if (p->labels.n != before) intern(p, INTERNED_LABELS, id, name, n);
  return id;
}

// -- text, which is UTF-8 --

static void put_text(struct wg_perfetto *p, unsigned field, const char *s, size_t n) {
  if (is_plain(s, n)) {
    wg_pb_bytes(p->b, field, s, n);
    return;
  }
  struct wg_buf clean = {0};
  wg_buf_printable(&clean, s, n, SIZE_MAX);
  wg_pb_bytes(p->b, field, clean.len ? clean.data : "", clean.len);
  wg_buf_release(&clean);
}

// "0x...", as the schema writes addresses and statuses.
static bool hex_of(const char *s, size_t n, uint64_t *v) {
  if (n < 3 || n > 18 || s[0] != '0' || s[1] != 'x') return false;
  *v = 0;
  for (size_t i = 2; i < n; i++) {
    char c = s[i];
    unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
    if (d == 16) return false;
    *v = *v << 4 | d;
  }
  return true;
}

static void put_string(struct wg_perfetto *p, const char *s, size_t n) {
  uint64_t v;
  if (hex_of(s, n, &v))
    wg_pb_u64(p->b, NOTE_POINTER, v);
  else
    put_text(p, NOTE_STRING, s, n);
}

// -- annotations --

static void put_name(struct wg_perfetto *p, const char *name, size_t n) {
  uint32_t iid = label(p, name, n);
  if (iid)
    wg_pb_u64(p->b, NOTE_NAME_IID, iid);
  else
    put_text(p, NOTE_NAME, name, n);
}

static void put_json(struct wg_perfetto *p, const char *s, size_t n, unsigned depth);

static void put_scalar(struct wg_perfetto *p, const struct wg_json_member *m) {
  uint64_t v;
  if (m->value[0] == '"') {
    const char *s = m->value + 1;
    size_t n = m->nvalue >= 2 ? m->nvalue - 2 : 0;
    if (memchr(s, '\\', n)) {
      wg_buf_clear(&p->text);
      wg_json_text(m, &p->text);
      s = p->text.len ? p->text.data : "";
      n = p->text.len;
    }
    put_string(p, s, n);
  } else if (m->nvalue == 4 && memcmp(m->value, "true", 4) == 0) {
    wg_pb_u64(p->b, NOTE_BOOL, 1);
  } else if (m->nvalue == 5 && memcmp(m->value, "false", 5) == 0) {
    wg_pb_u64(p->b, NOTE_BOOL, 0);
  } else if (m->value[0] == '-' && wg_json_int(m, &v)) {
    wg_pb_u64(p->b, NOTE_INT, v);
  } else if (wg_json_int(m, &v)) {
    wg_pb_u64(p->b, NOTE_UINT, v);
  } else {
    put_text(p, NOTE_STRING, m->value, m->nvalue); // null, a fraction
  }
}

// The value of an annotation out of JSON text.
static void put_json(struct wg_perfetto *p, const char *s, size_t n, unsigned depth) {
  struct wg_json_iter it;
  struct wg_json_member m = {.value = s, .nvalue = n};
  if (n == 0 || depth == DEEP) {
    put_text(p, NOTE_STRING, s, n);
    return;
  }
  if (!wg_json_walk(&it, s, n)) {
    put_scalar(p, &m);
    return;
  }
  while (wg_json_next(&it, &m)) {
    size_t at = wg_pb_begin(p->b, it.object ? NOTE_DICT : NOTE_ARRAY);
    if (it.object) put_name(p, m.key, m.nkey);
    put_json(p, m.value, m.nvalue, depth + 1);
    wg_pb_end(p->b, at);
  }
}

static void put_value(struct wg_perfetto *p, const struct wg_field *f) {
  static const char digits[] = "0123456789abcdef";
  char id[16];
  switch (f->type) {
  case WG_F_DEC: wg_pb_u64(p->b, NOTE_UINT, f->u); break;
  case WG_F_SDEC: wg_pb_u64(p->b, NOTE_INT, f->u); break;
  case WG_F_HEX: wg_pb_u64(p->b, NOTE_POINTER, f->u); break;
  case WG_F_BOOL: wg_pb_u64(p->b, NOTE_BOOL, f->u != 0); break;
  case WG_F_STR: put_string(p, f->s, f->n); break;
  case WG_F_RAW: put_json(p, f->s, f->n, 0); break;
  case WG_F_ID:
    for (int i = 0; i < 16; i++) id[i] = digits[f->u >> (60 - 4 * i) & 15];
    wg_pb_bytes(p->b, NOTE_STRING, id, sizeof id);
    break;
  case WG_F_HEXES:
    for (size_t i = 0; i < f->n; i++) {
      size_t at = wg_pb_begin(p->b, NOTE_ARRAY);
      wg_pb_u64(p->b, NOTE_POINTER, f->v[i]);
      wg_pb_end(p->b, at);
    }
    break;
  }
}

static bool is_empty(const struct wg_field *f) { return f->type == WG_F_RAW && f->n == 2 && f->s[0] == '{'; }

static void put_field(struct wg_perfetto *p, const struct wg_field *f) {
  size_t at = wg_pb_begin(p->b, EVENT_ANNOTATIONS);
  if (f->key == WG_K_OTHER) {
    put_name(p, f->name, strlen(f->name));
  } else {
    uint32_t *iid = &p->key_labels[f->key];
    const char *name = wg_key_name(f);
    if (*iid == 0) *iid = label(p, name, strlen(name));
    wg_pb_u64(p->b, NOTE_NAME_IID, *iid);
  }
  put_value(p, f);
  wg_pb_end(p->b, at);
}

static void put_u64(struct wg_perfetto *p, const char *name, unsigned field, uint64_t v) {
  size_t at = wg_pb_begin(p->b, EVENT_ANNOTATIONS);
  put_name(p, name, strlen(name));
  wg_pb_u64(p->b, field, v);
  wg_pb_end(p->b, at);
}

static void put_status(struct wg_perfetto *p, const char *status) {
  size_t before = p->values.n;
  uint32_t iid = wg_strings_id(&p->values, status, strlen(status));
  if (p->values.n != before) intern(p, INTERNED_STRINGS, iid, status, strlen(status));
  size_t at = wg_pb_begin(p->b, EVENT_ANNOTATIONS);
  put_name(p, "status_name", 11);
  wg_pb_u64(p->b, NOTE_STRING_IID, iid);
  wg_pb_end(p->b, at);
}

// The slice or its beginning is named by the call, so that the call's name is not told again.
static bool names_slice(const struct wg_mark *m, const struct wg_field *f) {
  return f->key == WG_K_NAME && (m->phase == WG_PHASE_BEGIN || m->phase == WG_PHASE_END);
}

// Beginning and end of a slice share one set of annotations.
static void put_event(struct wg_perfetto *p, const struct wg_mark *m) {
  const struct wg_event *e = m->event;
  bool end = m->phase == WG_PHASE_END;
  put_u64(p, end ? "end_idx" : "idx", NOTE_UINT, e->idx);
  if (e->has_cycle) put_u64(p, end ? "end_cycle" : "cycle", NOTE_UINT, e->cycle);
  if (m->tell_tid) put_u64(p, "tid", NOTE_UINT, e->tid);
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if (!names_slice(m, f) && !is_empty(f)) put_field(p, f);
  }
}

// -- packets --

static size_t begin_packet(struct wg_perfetto *p) {
  size_t at = wg_pb_begin(p->b, TRACE_PACKET);
  wg_pb_u64(p->b, PACKET_SEQUENCE, SEQUENCE);
  wg_pb_u64(p->b, PACKET_FLAGS, p->begun ? FLAG_NEEDS_STATE : FLAG_CLEARED);
  if (!p->begun) wg_pb_u64(p->b, PACKET_FIRST, 1);
  p->begun = true;
  return at;
}

static void end_packet(struct wg_perfetto *p, size_t at) {
  if (p->fresh.len) {
    wg_pb_bytes(p->b, PACKET_INTERNED, p->fresh.data, p->fresh.len);
    wg_buf_clear(&p->fresh);
  }
  wg_pb_end(p->b, at);
  wg_output_more(p->out);
}

static void put_track(void *ctx, const struct wg_track *t) {
  struct wg_perfetto *p = ctx;
  size_t packet = begin_packet(p), n = strlen(t->name);
  size_t at = wg_pb_begin(p->b, PACKET_DESCRIPTOR), inner;
  wg_pb_u64(p->b, TRACK_UUID, wg_track_id(t->kind, t->number));
  if (t->kind == WG_TRACK_PROCESS) {
    inner = wg_pb_begin(p->b, TRACK_PROCESS);
    wg_pb_u64(p->b, PROCESS_PID, PID);
    put_text(p, PROCESS_NAME, t->name, n);
    wg_pb_end(p->b, inner);
  } else if (t->kind == WG_TRACK_THREAD) {
    inner = wg_pb_begin(p->b, TRACK_THREAD);
    wg_pb_u64(p->b, THREAD_PID, PID);
    wg_pb_u64(p->b, THREAD_TID, t->number);
    put_text(p, THREAD_NAME, t->name, n);
    wg_pb_end(p->b, inner);
  } else {
    wg_pb_u64(p->b, TRACK_PARENT, wg_track_id(WG_TRACK_PROCESS, 0));
    put_text(p, TRACK_NAME, t->name, n);
    if (t->kind >= WG_TRACK_HANDLES) {
      inner = wg_pb_begin(p->b, TRACK_COUNTER);
      wg_pb_u64(p->b, COUNTER_UNIT, UNIT_COUNT);
      wg_pb_end(p->b, inner);
    }
  }
  wg_pb_end(p->b, at);
  end_packet(p, packet);
}

static void put_slice_name(struct wg_perfetto *p, const struct wg_mark *m) {
  if (m->name_id & WG_NAME_UNKEPT) {
    put_text(p, EVENT_NAME, m->name, m->nname);
    return;
  }
  WG_VEC_ROOM_ZERO(p->told, p->ntold, m->name_id + (size_t)1);
  wg_pb_u64(p->b, EVENT_NAME_IID, m->name_id);
  if (p->told[m->name_id]) return;
  p->told[m->name_id] = 1;
  struct wg_buf clean = {0};
  wg_buf_printable(&clean, m->name, m->nname, SIZE_MAX);
  intern(p, INTERNED_NAMES, m->name_id, clean.data, clean.len);
  wg_buf_release(&clean);
}

static void put_mark(void *ctx, const struct wg_mark *m) {
  static const int types[] = {[WG_PHASE_BEGIN] = TYPE_BEGIN,
                              [WG_PHASE_END] = TYPE_END,
                              [WG_PHASE_POINT] = TYPE_INSTANT,
                              [WG_PHASE_COUNT] = TYPE_COUNTER};
  struct wg_perfetto *p = ctx;
  size_t packet = begin_packet(p);
  wg_pb_u64(p->b, PACKET_TIMESTAMP, m->ns);
  size_t at = wg_pb_begin(p->b, PACKET_EVENT);
  wg_pb_u64(p->b, EVENT_TYPE, (uint64_t)types[m->phase]);
  wg_pb_u64(p->b, EVENT_TRACK, wg_track_id(m->track.kind, m->track.number));
  if (m->phase == WG_PHASE_COUNT) {
    wg_pb_u64(p->b, EVENT_COUNTER, m->value);
  } else if (m->phase != WG_PHASE_END) {
    uint64_t iid = category(p, m->category);
    if (iid) wg_pb_u64(p->b, EVENT_CATEGORY_IIDS, iid);
    put_slice_name(p, m);
  }
  if (m->event) put_event(p, m);
  if (m->status) put_status(p, m->status);
  if (m->note) put_u64(p, m->note, NOTE_BOOL, 1);
  for (size_t i = 0; i < m->nsources; i++) wg_pb_fixed64(p->b, EVENT_FLOWS, m->sources[i]);
  if (m->target) wg_pb_fixed64(p->b, EVENT_LAST_FLOWS, m->target);
  wg_pb_end(p->b, at);
  end_packet(p, packet);
}

struct wg_perfetto *wg_perfetto_create(struct wg_output *out) {
  struct wg_perfetto *p = wg_xcalloc(1, sizeof *p);
  p->out = out;
  p->b = &out->b;
  return p;
}

struct wg_picture wg_perfetto_picture(struct wg_perfetto *p) {
  return (struct wg_picture){put_track, put_mark, p};
}

void wg_perfetto_free(struct wg_perfetto *p) {
  if (p == NULL) return;
  free(p->told);
  wg_strings_release(&p->labels);
  wg_strings_release(&p->values);
  wg_buf_release(&p->fresh);
  wg_buf_release(&p->text);
  free(p);
}
