#include "export/export.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "export/formats.h"
#include "export/timeline.h"
#include "trace/reader.h"

#define LOOK 65536u // events, to see whether they have times
#define ASK 4096u   // so often

// Whether no event of the first ones has a time. What can be read once is not looked at.
static bool is_timeless(const char *trace) {
  struct stat st;
  struct wg_reader *r;
  struct wg_err unsaid = {0};
  struct wg_event e;
  bool timeless = true;
  if (strcmp(trace, "-") == 0 || stat(trace, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) return false;
  if (wg_reader_open(&r, trace, &unsaid) != WG_OK) return false;
  for (unsigned i = 0; i < LOOK && timeless && wg_reader_next(r, &e); i++) timeless = e.host_ns == 0;
  wg_reader_close(r);
  return timeless;
}

static bool goes_on(const struct wg_export_options *o, const struct wg_reader *r, uint64_t events) {
  uint64_t of = 0, at = wg_reader_at(r, &of);
  if (o->progress) o->progress(o->ctx, events, at, of);
  return o->go_on == NULL || o->go_on();
}

static int was_stopped(struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "stopped by a signal; nothing was written");
}

static int export_table(struct wg_reader *r, const struct wg_export_options *o, struct wg_output *out,
                        struct wg_export_report *rep, struct wg_err *err) {
  struct wg_event e;
  if (o->format == WG_EXPORT_CSV) wg_csv_begin(out);
  for (; wg_reader_next(r, &e); rep->events++) {
    uint64_t ns = rep->by_order ? rep->events * 1000 : e.host_ns;
    if (rep->events % ASK == 0 && !goes_on(o, r, rep->events)) return was_stopped(err);
    rep->has_thread |= e.tid == o->tid;
    if ((o->tid != UINT64_MAX && e.tid != o->tid) || ns < o->from_ns || ns > o->until_ns) continue;
    rep->shown++;
    if (o->format == WG_EXPORT_CSV)
      wg_csv_event(out, &e, rep->events);
    else
      wg_lnav_event(out, &e, ns);
  }
  if (wg_reader_stopped(r)) return was_stopped(err);
  return WG_OK;
}

static int export_picture(struct wg_reader *r, const struct wg_export_options *o, struct wg_timeline *t,
                          struct wg_export_report *rep, struct wg_err *err) {
  struct wg_event e;
  for (; wg_reader_next(r, &e); rep->events++) {
    if (rep->events % ASK == 0 && !goes_on(o, r, rep->events)) return was_stopped(err);
    rep->has_thread |= e.tid == o->tid;
    wg_timeline_event(t, &e, rep->events);
  }
  if (wg_reader_stopped(r)) return was_stopped(err);
  wg_timeline_end(t, wg_reader_damage(r));
  wg_timeline_report(t, rep);
  return WG_OK;
}

static int export_to(struct wg_reader *r, const char *trace, const struct wg_export_options *o, struct wg_output *out,
                     struct wg_export_report *rep, struct wg_err *err) {
  const char *slash = strrchr(trace, '/');
  bool log = strstr(wg_reader_format(r), " log") != NULL; // of calls, without times and most returns
  rep->by_order = o->by_order || log || is_timeless(trace);
  if (o->format == WG_EXPORT_CSV || o->format == WG_EXPORT_LNAV) return export_table(r, o, out, rep, err);
  struct wg_perfetto *perfetto = o->format == WG_EXPORT_PERFETTO ? wg_perfetto_create(out) : NULL;
  struct wg_chrome *chrome = perfetto ? NULL : wg_chrome_create(out);
  struct wg_picture p = perfetto ? wg_perfetto_picture(perfetto) : wg_chrome_picture(chrome);
  struct wg_timeline_of of = {slash && slash[1] ? slash + 1 : trace, rep->by_order, log};
  struct wg_timeline *t = wg_timeline_create(o, &p, &of);
  int code = export_picture(r, o, t, rep, err);
  if (chrome) wg_chrome_end(chrome);
  wg_timeline_free(t);
  wg_chrome_free(chrome);
  wg_perfetto_free(perfetto);
  return code;
}

int wg_export(const char *trace, const struct wg_export_options *o, struct wg_export_report *rep, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_output out;
  WG_TRY(wg_reader_open_as(&r, trace, &(struct wg_reading){.through = true, .go_on = o->go_on}, err));
  int code = wg_output_open(&out, o->to, err);
  if (code == WG_OK) {
    code = export_to(r, trace, o, &out, rep, err);
    if (code == WG_OK && o->tid != UINT64_MAX && !rep->has_thread)
      code = wg_fail(err, WG_INPUT, "--tid: there is no thread %llu", (unsigned long long)o->tid);
    code = wg_output_close(&out, code, err);
  }
  rep->footer = wg_reader_has_footer(r);
  if (wg_reader_damage(r)) wg_buf_str(&rep->damage, wg_reader_damage(r));
  wg_reader_close(r);
  return code;
}
