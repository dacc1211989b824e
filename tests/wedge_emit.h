/* Tells a small trace of schema 1, a line a call and in the order of calls, for tests that need exactly those lines.
 * Engines use emit/wedge_trace.h.
 *
 *   #define WEDGE_EMIT_IMPLEMENTATION   // in one file
 */
#ifndef WEDGE_EMIT_H
#define WEDGE_EMIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wedge_emit wedge_emit;

/* NULL if the file cannot be created. */
wedge_emit *wedge_emit_open(const char *path, const char *engine, const char *version, const char *title);
/* Returns 0, or -1 if anything could not be written. */
int wedge_emit_close(wedge_emit *w);

void wedge_emit_call(wedge_emit *w, uint32_t tid, uint64_t ns, const char *name, const char *module, unsigned ordinal,
                     uint32_t lr, const uint32_t *args, size_t nargs);
void wedge_emit_return(wedge_emit *w, uint32_t tid, uint64_t ns, const char *name, uint32_t rv);
void wedge_emit_thread_create(wedge_emit *w, uint32_t tid, uint64_t ns, uint32_t child, uint32_t entry, uint32_t ctx,
                              uint32_t handle);
void wedge_emit_thread_start(wedge_emit *w, uint32_t tid, uint64_t ns, uint32_t entry, uint32_t ctx);
void wedge_emit_thread_exit(wedge_emit *w, uint32_t tid, uint64_t ns, uint32_t code);
void wedge_emit_handle(wedge_emit *w, uint32_t tid, uint64_t ns, int created, uint32_t handle, const char *object_type);

#ifdef __cplusplus
}
#endif
#endif

#ifdef WEDGE_EMIT_IMPLEMENTATION
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEDGE_EMIT_THREADS 4096

struct wedge_emit {
  FILE *file;
  uint64_t idx[WEDGE_EMIT_THREADS];
  uint64_t events;
};

static void wedge_emit_string(FILE *f, const char *s) {
  putc('"', f);
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
      fprintf(f, "\\%c", c);
    else if (c < 0x20 || c > 0x7E)
      fprintf(f, "\\u%04x", c);
    else
      putc(c, f);
  }
  putc('"', f);
}

static void wedge_emit_begin(wedge_emit *w, const char *kind, uint32_t tid, uint64_t ns) {
  uint64_t *idx = &w->idx[tid < WEDGE_EMIT_THREADS ? tid : 0];
  fprintf(w->file, "{\"kind\":\"%s\",\"tid\":%u,\"idx\":%" PRIu64 ",\"host_ns\":%" PRIu64, kind, (unsigned)tid,
          (*idx)++, ns);
  w->events++;
}

static void wedge_emit_name(wedge_emit *w, const char *key, const char *value) {
  fprintf(w->file, ",\"%s\":", key);
  wedge_emit_string(w->file, value);
}

wedge_emit *wedge_emit_open(const char *path, const char *engine, const char *version, const char *title) {
  wedge_emit *w = (wedge_emit *)calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->file = fopen(path, "wb");
  if (w->file == NULL) {
    free(w);
    return NULL;
  }
  wedge_emit_begin(w, "trace.header", 0, 0);
  fprintf(w->file, ",\"schema\":1");
  wedge_emit_name(w, "engine", engine);
  wedge_emit_name(w, "version", version);
  wedge_emit_name(w, "clock", "host");
  wedge_emit_name(w, "title", title);
  fprintf(w->file, "}\n");
  return w;
}

int wedge_emit_close(wedge_emit *w) {
  int bad;
  fprintf(w->file,
          "{\"kind\":\"trace.footer\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"events\":%" PRIu64 ",\"reason\":\"exit\"}\n",
          w->events);
  bad = ferror(w->file);
  if (fclose(w->file) != 0) bad = 1;
  free(w);
  return bad ? -1 : 0;
}

void wedge_emit_call(wedge_emit *w, uint32_t tid, uint64_t ns, const char *name, const char *module, unsigned ordinal,
                     uint32_t lr, const uint32_t *args, size_t nargs) {
  size_t i;
  wedge_emit_begin(w, "kernel.call", tid, ns);
  wedge_emit_name(w, "name", name);
  wedge_emit_name(w, "module", module);
  fprintf(w->file, ",\"ordinal\":%u,\"lr\":\"0x%" PRIx32 "\",\"args\":[", ordinal, lr);
  for (i = 0; i < nargs; i++) fprintf(w->file, "%s\"0x%" PRIx32 "\"", i ? "," : "", args[i]);
  fprintf(w->file, "]}\n");
}

void wedge_emit_return(wedge_emit *w, uint32_t tid, uint64_t ns, const char *name, uint32_t rv) {
  wedge_emit_begin(w, "kernel.return", tid, ns);
  wedge_emit_name(w, "name", name);
  fprintf(w->file, ",\"rv\":\"0x%" PRIx32 "\"}\n", rv);
}

void wedge_emit_thread_create(wedge_emit *w, uint32_t tid, uint64_t ns, uint32_t child, uint32_t entry, uint32_t ctx,
                              uint32_t handle) {
  wedge_emit_begin(w, "thread.create", tid, ns);
  fprintf(w->file, ",\"child\":%u,\"entry\":\"0x%" PRIx32 "\",\"ctx\":\"0x%" PRIx32 "\",\"raw\":\"0x%" PRIx32 "\"}\n",
          (unsigned)child, entry, ctx, handle);
}

void wedge_emit_thread_start(wedge_emit *w, uint32_t tid, uint64_t ns, uint32_t entry, uint32_t ctx) {
  wedge_emit_begin(w, "thread.start", tid, ns);
  fprintf(w->file, ",\"entry\":\"0x%" PRIx32 "\",\"ctx\":\"0x%" PRIx32 "\"}\n", entry, ctx);
}

void wedge_emit_thread_exit(wedge_emit *w, uint32_t tid, uint64_t ns, uint32_t code) {
  wedge_emit_begin(w, "thread.exit", tid, ns);
  fprintf(w->file, ",\"code\":\"0x%" PRIx32 "\"}\n", code);
}

void wedge_emit_handle(wedge_emit *w, uint32_t tid, uint64_t ns, int created, uint32_t handle,
                       const char *object_type) {
  wedge_emit_begin(w, created ? "handle.create" : "handle.destroy", tid, ns);
  fprintf(w->file, ",\"raw\":\"0x%" PRIx32 "\"", handle);
  wedge_emit_name(w, "object_type", object_type);
  fprintf(w->file, "}\n");
}
#endif
