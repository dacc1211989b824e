// Importer: JSON Lines, schema 1 and its relatives. Addresses may be integers or "0x..." strings,
// unknown keys are kept, unknown kinds pass through, and the names that the reference's instrumented
// build uses are mapped to ours (new_tid -> child, handle -> raw, stack -> stack_size).
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "trace/importers.h"

struct state {
  json_t *root;
  struct wg_buf raw; // nested values of the current line as text
};

static bool probe(const char *head, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (head[i] != ' ' && head[i] != '\t' && head[i] != '\r' && head[i] != '\n')
      return head[i] == '{';
  return false;
}

static void *state_open(void) { return wg_xcalloc(1, sizeof(struct state)); }

static void state_close(void *p) {
  struct state *s = p;
  json_decref(s->root);
  wg_buf_release(&s->raw);
  free(s);
}

static int append_text(const char *data, size_t n, void *buf) {
  wg_buf_add(buf, data, n);
  return 0;
}

static enum wg_key map_key(enum wg_kind kind, enum wg_key key) {
  if (kind == WG_EV_THREAD_CREATE && key == WG_K_NEW_TID) return WG_K_CHILD;
  if (kind == WG_EV_THREAD_CREATE && key == WG_K_STACK) return WG_K_STACK_SIZE;
  if (kind == WG_EV_THREAD_CREATE && key == WG_K_HANDLE) return WG_K_RAW;
  return key;
}

static void add_field(struct state *s, struct wg_event *e, const char *key, const json_t *v) {
  if (e->nfields == WG_EVENT_FIELDS) return;
  struct wg_field *f = &e->fields[e->nfields++];
  *f = (struct wg_field){.key = map_key(e->kind, wg_key_of(key))};
  if (f->key == WG_K_OTHER) f->name = key;
  if (json_is_integer(v)) {
    f->type = WG_F_SDEC;
    f->i = json_integer_value(v);
  } else if (json_is_string(v)) {
    f->type = WG_F_STR;
    f->s = json_string_value(v);
    f->n = json_string_length(v);
  } else if (json_is_boolean(v)) {
    f->type = WG_F_BOOL;
    f->u = json_is_true(v);
  } else {
    f->type = WG_F_RAW;
    f->u = s->raw.len; // an offset until the buffer stops moving
    json_dump_callback(v, append_text, &s->raw, JSON_COMPACT | JSON_ENCODE_ANY);
    f->n = s->raw.len - (size_t)f->u;
    wg_buf_char(&s->raw, 0);
  }
}

static int line(void *p, const char *text, size_t n, struct wg_event *e, bool *more,
                struct wg_err *err) {
  struct state *s = p;
  (void)more;
  json_decref(s->root);
  json_error_t je;
  s->root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
  if (s->root == NULL) {
    wg_fail(err, WG_INPUT, "column %d: %s; expected one JSON object a line", je.column, je.text);
    return -1;
  }
  const char *kind = json_string_value(json_object_get(s->root, "kind"));
  if (kind == NULL) {
    wg_fail(err, WG_INPUT, "no \"kind\" string; expected a schema 1 event");
    return -1;
  }
  wg_ev_init(e, wg_kind_of(kind));
  if (e->kind == WG_EV_OTHER) e->kind_name = kind;
  e->has_cycle = false;
  wg_buf_clear(&s->raw);
  const char *key;
  json_t *v;
  json_object_foreach(s->root, key, v) {
    uint64_t num = json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
    if (strcmp(key, "kind") == 0) continue;
    if (strcmp(key, "tid") == 0) e->tid = (uint32_t)num;
    else if (strcmp(key, "idx") == 0) e->idx = num;
    else if (strcmp(key, "host_ns") == 0) e->host_ns = num;
    else if (strcmp(key, "cycle") == 0) {
      e->cycle = num;
      e->has_cycle = true;
    } else add_field(s, e, key, v);
  }
  for (size_t i = 0; i < e->nfields; i++)
    if (e->fields[i].type == WG_F_RAW) e->fields[i].s = s->raw.data + e->fields[i].u;
  return 1;
}

const struct wg_importer wg_import_jsonl = {"jsonl", probe, state_open, line, state_close};
