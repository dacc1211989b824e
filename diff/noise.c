#include "diff/noise.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/words.h"

#define SEEN 32 // different values of a place that are remembered

struct wg_noise_site {
  uint64_t seen[SEEN]; // values, or hashes of texts
  size_t nseen;
  uint64_t least, most; // of what is a quantity
  bool numbers;
  struct wg_buf words; // the values, for people
};

// Which side has the additional calls is chance: paths are one kind.
static uint64_t kind_of(enum wg_class_id c) {
  switch (c) {
  case WG_D_CALL:
  case WG_D_MISSING:
  case WG_D_EXTRA:
  case WG_D_COUNT: return WG_D_CALL;
  default: return c;
  }
}

static const struct wg_content *content_of(const struct wg_pairing *p, const struct wg_finding *f, int side) {
  return f->step[side] == WG_NONE ? NULL : wg_content_at(p->s[side], wg_pair_thread(p, f->pair, side), f->step[side]);
}

static uint64_t site_of(const struct wg_pairing *p, const struct wg_finding *f) {
  int side = f->step[1] != WG_NONE;
  uint64_t h = wg_hash_u64(kind_of(f->cls), p->pairs[f->pair].t[1]);
  const struct wg_content *c = content_of(p, f, side);
  // By the reference's call site; what only the other side calls has none in common.
  if (c) h = wg_hash_u64(side ? c->lr : 0, wg_hash_u64(wg_known_of(p, side, c)->hash, h));
  h = wg_hash(f->field, strlen(f->field), h);
  return wg_hash_u64(f->arg, f->key.data ? wg_hash(f->key.data, f->key.len, h) : h);
}

// -- values --

struct seen {
  bool any, number; // number: that it is one, so that it can lie between two
  uint64_t v;       // or the hash of a text
  struct wg_buf words;
};

// A text: a path as it is, what is printed whatever the numbers in it.
static void text_value(const struct wg_pairing *p, const struct wg_finding *f, int side, struct seen *out) {
  uint32_t id = (uint32_t)f->value[side];
  const struct wg_content *c = content_of(p, f, side);
  const char *text = wg_str(p->s[side], id);
  out->v = wg_text_hash(text, wg_told_length(text, wg_strings_len(&p->s[side]->strings, id)),
                        c && wg_content_is(c, WG_NT_OPENS));
  wg_buf_char(&out->words, '"');
  wg_put_str(&out->words, p->s[side], id, 60);
  wg_buf_char(&out->words, '"');
}

static void member_value(const struct wg_pairing *p, const struct wg_finding *f, int side, struct seen *out) {
  const char *json = wg_str(p->s[side], (uint32_t)f->value[side]);
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f->value[side] && wg_json_walk(&it, json, strlen(json)))
    while (wg_json_next(&it, &m))
      if (f->key.data && wg_json_is(&m, f->key.data)) {
        struct wg_buf text = {0};
        wg_buf_add(&text, m.value, m.nvalue);
        out->number = wg_json_int(&m, &out->v);
        if (!out->number) out->v = wg_text_hash(m.value, m.nvalue, true);
        wg_put_text(&out->words, text.data, 60);
        wg_buf_release(&text);
        return;
      }
  out->v = 1; // it gives no such thing
  wg_buf_str(&out->words, "nothing");
}

static struct seen value_of(const struct wg_pairing *p, const struct wg_finding *f, int side) {
  struct seen s = {.any = true};
  const struct wg_content *c = content_of(p, f, side);
  if (f->cls == WG_D_ARGS && strcmp(f->field, "detail") == 0) {
    text_value(p, f, side, &s);
  } else if (f->cls == WG_D_OUT) {
    member_value(p, f, side, &s);
  } else if (f->cls == WG_D_COUNT) {
    s.number = true;
    s.v = f->count[side];
    wg_buf_printf(&s.words, "%llu", (unsigned long long)s.v);
  } else if (f->cls == WG_D_VALUE || f->cls == WG_D_ARGS || f->cls == WG_D_EFFECT || f->cls == WG_D_MADE) {
    s.number = f->cls == WG_D_VALUE || f->cls == WG_D_ARGS;
    s.v = f->value[side];
    if (f->cls == WG_D_VALUE && c && strcmp(f->field, "rv") == 0)
      wg_put_result(wg_nt_of(c), s.v, &s.words);
    else
      wg_buf_printf(&s.words, "0x%llx", (unsigned long long)s.v);
  } else {
    s.any = false; // which call, which object: the place says it all
  }
  return s;
}

static bool has_word(const char *name, const char *const *words, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (strstr(name, words[i])) return true;
  return false;
}

// Counts, sizes and times: what may be any number between two. A status, a flag, a slot or a handle is what it is.
static bool quantity(const struct wg_pairing *p, const struct wg_finding *f) {
  static const char *const names[] = {"Time", "Count", "Size", "Length", "Frequency", "Statistics"};
  static const char *const keys[] = {"size", "bytes", "count", "length", "offset", "time",
                                     "ns",   "ticks", "total", "packet", "pages",  "position"};
  const struct wg_content *c = content_of(p, f, f->step[1] != WG_NONE);
  const struct wg_nt_export *nt = c ? wg_nt_of(c) : NULL;
  switch (f->cls) {
  case WG_D_COUNT: return true;
  case WG_D_OUT: return f->key.data && has_word(f->key.data, keys, sizeof keys / sizeof *keys);
  case WG_D_ARGS:
    return strcmp(f->field, "arg") == 0 && nt && f->arg < wg_nt_nparams(nt) && strchr("qtT", nt->params[f->arg]);
  case WG_D_VALUE:
    // Beside clocks and sizes, what a semaphore held before.
    return nt && (nt->ret == 'd' || nt->ret == 'T') &&
           ((nt->flags & (WG_NT_TIME | WG_NT_SIGNALS)) || has_word(nt->name, names, sizeof names / sizeof *names));
  default: return false;
  }
}

// -- learning --

static void remember(struct wg_noise_site *site, const struct seen *s, bool in_range) {
  size_t i = 0;
  while (i < site->nseen && site->seen[i] != s->v) i++;
  if (s->number && in_range) {
    if (!site->numbers || s->v < site->least) site->least = s->v;
    if (!site->numbers || s->v > site->most) site->most = s->v;
    site->numbers = true;
  }
  if (i < site->nseen || site->nseen == SEEN) return;
  site->seen[site->nseen++] = s->v;
  if (site->words.len < 200) wg_buf_printf(&site->words, "%s%s", i ? ", " : "", s->words.data);
}

void wg_noise_learn(struct wg_noise *n, const struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    uint64_t at, key = site_of(p, f);
    if (!wg_map_get(&n->at, key, &at)) {
      WG_VEC_NEXT(n->sites, n->n);
      at = n->n++;
      n->sites[at] = (struct wg_noise_site){0};
      wg_map_put(&n->at, key, at);
    }
    for (int side = 0; side < 2; side++) {
      struct seen s = value_of(p, f, side);
      if (s.any) remember(&n->sites[at], &s, quantity(p, f));
      wg_buf_release(&s.words);
    }
  }
}

// -- masking --

static bool known(const struct wg_noise_site *site, const struct wg_pairing *p, struct wg_finding *f) {
  struct seen s = value_of(p, f, 0);
  bool seen = !s.any, between = false;
  for (size_t i = 0; i < site->nseen && !seen; i++) seen = site->seen[i] == s.v;
  // How often something is done is chance of many runs: twice as often as was seen is no more than that.
  uint64_t slack = f->cls == WG_D_COUNT ? site->most : 0;
  if (!seen && s.number && site->numbers && quantity(p, f))
    between = s.v >= site->least - (slack ? site->least / 2 : 0) && s.v <= site->most + slack;
  if (between)
    wg_buf_printf(&f->seen, "from %llu to %llu", (unsigned long long)site->least, (unsigned long long)site->most);
  else if (seen && s.any)
    wg_buf_add(&f->seen, site->words.data, site->words.len);
  wg_buf_release(&s.words);
  return seen || between;
}

void wg_noise_mask(const struct wg_noise *n, struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    uint64_t at;
    if (!wg_map_get(&n->at, site_of(p, f), &at) || !known(&n->sites[at], p, f)) continue;
    f->hidden = true;
    f->reason = "varies between runs of the reference";
  }
}

void wg_noise_release(struct wg_noise *n) {
  for (size_t i = 0; i < n->n; i++) wg_buf_release(&n->sites[i].words);
  free(n->sites);
  wg_map_release(&n->at);
  *n = (struct wg_noise){0};
}
