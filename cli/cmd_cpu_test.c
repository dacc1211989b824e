// Instruction vectors (docs/design.md#vectors) and `wedge exec`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_document.h"
#include "cli/cli.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/harness.h"
#include "emu/loader/loader.h"
#include "trace/frames.h"

#define LIMIT 10000000u

// A register by its name in the vectors. Scalars of up to 64 bits; vectors are handled apart.
static bool scalar_get(struct wg_cpu *c, const char *name, uint64_t *v) {
  uint64_t n;
  if (name[0] == 'r' && wg_parse_u64(name + 1, 31, &n))
    *v = c->gpr[n];
  else if (name[0] == 'f' && wg_parse_u64(name + 1, 31, &n))
    *v = c->fpr[n];
  else if (strcmp(name, "cr") == 0)
    *v = wg_cpu_cr(c);
  else if (strcmp(name, "xer") == 0)
    *v = wg_cpu_xer(c);
  else if (strcmp(name, "lr") == 0)
    *v = c->lr;
  else if (strcmp(name, "ctr") == 0)
    *v = c->ctr;
  else if (strcmp(name, "fpscr") == 0)
    *v = wg_cpu_fpscr(c);
  else if (strcmp(name, "vscr") == 0)
    *v = c->vscr;
  else
    return false;
  return true;
}

static bool scalar_set(struct wg_cpu *c, const char *name, uint64_t v) {
  uint64_t n;
  if (name[0] == 'r' && wg_parse_u64(name + 1, 31, &n))
    c->gpr[n] = v;
  else if (name[0] == 'f' && wg_parse_u64(name + 1, 31, &n))
    c->fpr[n] = v;
  else if (strcmp(name, "cr") == 0)
    wg_cpu_set_cr(c, (uint32_t)v);
  else if (strcmp(name, "xer") == 0)
    wg_cpu_set_xer(c, (uint32_t)v);
  else if (strcmp(name, "lr") == 0)
    c->lr = v;
  else if (strcmp(name, "ctr") == 0)
    c->ctr = v;
  else if (strcmp(name, "fpscr") == 0)
    wg_cpu_set_fpscr(c, (uint32_t)v);
  else if (strcmp(name, "vscr") == 0)
    c->vscr = (uint32_t)v;
  else
    return false;
  return true;
}

static bool vector_index(const char *name, uint64_t *n) { return name[0] == 'v' && wg_parse_u64(name + 1, 127, n); }

static const char *past_blanks(const char *s) { return s + strspn(s, " \t,"); }

// The next word of up to eight hexadecimal digits; NULL if there is none.
static const char *next_word(const char *s, uint32_t *w) {
  const char *from = s = past_blanks(s);
  for (*w = 0; s - from < 8 && wg_hex_digit(*s) >= 0; s++) *w = *w << 4 | (uint32_t)wg_hex_digit(*s);
  return s == from ? NULL : s;
}

static bool parse_vector(const char *s, union wg_vec *v) {
  for (int i = 0; i < 4 && s; i++) s = next_word(s, &v->w[i]);
  return s != NULL;
}

static bool json_number(const json_t *j, uint64_t *v) {
  if (json_is_integer(j)) {
    *v = (uint64_t)json_integer_value(j);
    return true;
  }
  return json_is_string(j) && wg_parse_u64(json_string_value(j), UINT64_MAX, v);
}

static bool parse_hex(const char *s, struct wg_buf *out) {
  for (char byte; *(s = past_blanks(s)); s += 2) {
    if (!wg_unhex(s, 1, &byte)) return false;
    wg_buf_char(out, byte);
  }
  return true;
}

static bool load_memory(struct wg_harness *h, const json_t *mem, struct wg_buf *why) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)mem, key, v) {
    uint64_t addr;
    struct wg_buf bytes = {0};
    bool ok = wg_parse_u64(key, UINT32_MAX, &addr) && json_is_string(v) && parse_hex(json_string_value(v), &bytes) &&
              wg_harness_map(h, (uint32_t)addr, bytes.data, (uint32_t)bytes.len);
    wg_buf_release(&bytes);
    if (!ok) {
      wg_buf_printf(why, "in.mem: bad entry \"%s\"", key);
      return false;
    }
  }
  return true;
}

static bool set_state(struct wg_harness *h, const json_t *in, struct wg_buf *why) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)in, key, v) {
    uint64_t n;
    if (strcmp(key, "mem") == 0) {
      if (!load_memory(h, v, why)) return false;
    } else if (vector_index(key, &n) && json_is_string(v) && parse_vector(json_string_value(v), &h->cpu.vr[n])) {
    } else if (!json_number(v, &n) || !scalar_set(&h->cpu, key, n)) {
      wg_buf_printf(why, "in.%s: no such register, or no value for it", key);
      return false;
    }
  }
  return true;
}

static void check_memory(struct wg_harness *h, const json_t *mem, struct wg_buf *why) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)mem, key, v) {
    uint64_t addr;
    struct wg_buf want = {0};
    if (!wg_parse_u64(key, UINT32_MAX, &addr) || !json_is_string(v) || !parse_hex(json_string_value(v), &want)) {
      wg_buf_printf(why, "  out.mem: bad entry \"%s\"\n", key);
    } else if (want.len) {
      const uint8_t *p = wg_mem_ptr(h->mem, (uint32_t)addr, (uint32_t)want.len, false);
      if (p == NULL || memcmp(p, want.data, want.len) != 0) {
        wg_buf_printf(why, "  mem %s: expected %s, actual ", key, json_string_value(v));
        for (size_t i = 0; p && i < want.len; i++) wg_buf_printf(why, "%02x", p[i]);
        wg_buf_str(why, p ? "\n" : "(not mapped)\n");
      }
    }
    wg_buf_release(&want);
  }
}

static void check_state(struct wg_harness *h, const json_t *out, struct wg_buf *why) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)out, key, v) {
    uint64_t n, want, have;
    union wg_vec vec;
    if (strcmp(key, "mem") == 0) {
      check_memory(h, v, why);
    } else if (vector_index(key, &n) && json_is_string(v) && parse_vector(json_string_value(v), &vec)) {
      const union wg_vec *a = &h->cpu.vr[n];
      if (memcmp(a, &vec, sizeof vec) != 0)
        wg_buf_printf(why, "  %s: expected %08x %08x %08x %08x, actual %08x %08x %08x %08x\n", key, vec.w[0], vec.w[1],
                      vec.w[2], vec.w[3], a->w[0], a->w[1], a->w[2], a->w[3]);
    } else if (!json_number(v, &want) || !scalar_get(&h->cpu, key, &have)) {
      wg_buf_printf(why, "  out.%s: no such register, or no value for it\n", key);
    } else if (want != have) {
      wg_buf_printf(why, "  %s: expected 0x%llx, actual 0x%llx\n", key, (unsigned long long)want,
                    (unsigned long long)have);
    }
  }
}

// Runs one vector; what failed goes into `why`. False if the vector itself is malformed.
static bool run_vector(struct wg_harness *h, const json_t *t, struct wg_buf *why) {
  const char *code = json_string_value(json_object_get(t, "code"));
  uint64_t base = 0x82010000;
  const json_t *b = json_object_get(t, "base");
  struct wg_buf bytes = {0};
  wg_harness_reset(h);
  bool ok = code && (b == NULL || json_number(b, &base)) && base <= UINT32_MAX && parse_hex(code, &bytes) &&
            bytes.len && wg_harness_map(h, (uint32_t)base, bytes.data, (uint32_t)bytes.len);
  wg_buf_release(&bytes);
  if (!ok) {
    wg_buf_str(why, "expected \"code\": hexadecimal words and \"base\": an address");
    return false;
  }
  if (!set_state(h, json_object_get(t, "in"), why)) return false;
  struct wg_buf detail = {0};
  const char *bad = wg_harness_run(h, (uint32_t)base, LIMIT, &detail);
  if (bad)
    wg_buf_printf(why, "  %s\n", bad);
  else
    check_state(h, json_object_get(t, "out"), why);
  wg_buf_release(&detail);
  return true;
}

// Prints the words of a vector's code with their text.
static void disassemble(const json_t *t) {
  const char *code = json_string_value(json_object_get(t, "code"));
  uint64_t base = 0x82010000;
  const json_t *b = json_object_get(t, "base");
  if (b) json_number(b, &base);
  uint32_t w;
  for (; code && (code = next_word(code, &w)) != NULL; base += 4) {
    char text[96];
    wg_disasm(w, (uint32_t)base, text, sizeof text);
    wg_cli_printf("%08x  %08x  %s\n", (uint32_t)base, w, text);
  }
}

static int run_file(struct wg_harness *h, const char *path, bool listing, uint64_t *passed, uint64_t *failed,
                    struct wg_err *err) {
  struct wg_buf text = {0}, why = {0};
  int code = wg_frames_read(path, 1u << 30, &text, err);
  if (code == WG_OK) code = wg_text_check(path, &text, err);
  unsigned line = 0, vectors = 0;
  for (char *p = text.data, *next; code == WG_OK && p && *p; p = next) {
    line++;
    next = strchr(p, '\n');
    if (next) *next++ = 0;
    if (p[strspn(p, " \t\r")] == 0) continue;
    vectors++;
    json_t *t = wg_json_document(path, line, p, strlen(p), "a vector", err);
    wg_buf_clear(&why);
    if (t == NULL)
      code = WG_INPUT;
    else if (listing)
      disassemble(t);
    else if (!run_vector(h, t, &why))
      code = wg_fail(err, WG_INPUT, "%s:%u: %s", path, line, why.data);
    else if (why.len) {
      const char *name = json_string_value(json_object_get(t, "name"));
      wg_cli_printf("FAIL %s (line %u)\n%s", name ? name : "?", line, why.data);
      ++*failed;
    } else {
      ++*passed;
    }
    json_decref(t);
  }
  if (code == WG_OK && vectors == 0) code = wg_fail(err, WG_INPUT, "%s: holds no vector; expected one a line", path);
  wg_buf_release(&text);
  wg_buf_release(&why);
  return code;
}

int wg_cmd_cpu_test(const struct wg_command *cmd, int argc, char **argv) {
  struct wg_args args;
  bool listing = false;
  const struct wg_opt opts[] = {
      {"disassemble", 'd', WG_OPT_FLAG, &listing, NULL, "print the code of the vectors instead of running it"}};
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 1) return wg_cli_usage(cmd, "expected a VECTORS file");
  struct wg_err err = {0};
  struct wg_harness *h;
  int code = wg_harness_create(&h, &err);
  if (code != WG_OK) return wg_cli_fail(&err);
  uint64_t passed = 0, failed = 0;
  for (int i = 0; i < args.n && code == WG_OK; i++) code = run_file(h, args.v[i], listing, &passed, &failed, &err);
  wg_harness_free(h);
  if (code != WG_OK) return wg_cli_fail(&err);
  if (!listing) wg_cli_printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
  return failed ? WG_DIFFERS : WG_OK;
}

static int apply_registers(struct wg_harness *h, const char *list, struct wg_err *err) {
  for (const char *p = list; p && *p;) {
    size_t n = strcspn(p, ","), eq = strcspn(p, "=");
    struct wg_buf name = {0}, value = {0};
    uint64_t v;
    wg_buf_add(&name, p, eq < n ? eq : n);
    if (eq < n) wg_buf_add(&value, p + eq + 1, n - eq - 1);
    bool ok = value.len && wg_parse_u64(value.data, UINT64_MAX, &v) && scalar_set(&h->cpu, name.data, v);
    int code = ok ? WG_OK : wg_fail(err, WG_INPUT, "--regs: '%.*s': expected REGISTER=NUMBER", (int)n, p);
    wg_buf_release(&name);
    wg_buf_release(&value);
    if (code != WG_OK) return code;
    p += n + (p[n] == ',');
  }
  return WG_OK;
}

static void print_registers(const struct wg_cpu *c, bool json) {
  struct wg_buf b = {0};
  if (json) wg_buf_char(&b, '{');
  for (int i = 0; i < 32; i++) {
    char name[8];
    snprintf(name, sizeof name, "r%d", i);
    if (json)
      wg_json_hex(&b, name, c->gpr[i]);
    else
      wg_buf_printf(&b, "%-4s%016llx%s", name, (unsigned long long)c->gpr[i], i % 4 == 3 ? "\n" : "  ");
  }
  if (json) {
    wg_json_hex(&b, "cr", wg_cpu_cr(c));
    wg_json_hex(&b, "xer", wg_cpu_xer(c));
    wg_json_hex(&b, "ctr", c->ctr);
    wg_json_u64(&b, "instructions", c->cycle);
    wg_buf_str(&b, "}\n");
  } else {
    wg_buf_printf(&b, "cr  %08x  xer %08x  ctr %016llx\n%llu instructions\n", wg_cpu_cr(c), wg_cpu_xer(c),
                  (unsigned long long)c->ctr, (unsigned long long)c->cycle);
  }
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static int load_code(struct wg_harness *h, const char *path, uint64_t *base, struct wg_err *err) {
  struct wg_buf file = {0};
  int code = wg_file_read(path, 256u << 20, &file, err);
  struct wg_image img = {0};
  if (code == WG_OK && file.len >= 4 &&
      memcmp(file.data,
             "\x7F"
             "ELF",
             4) == 0) {
    code = wg_image_load(&img, path, file.data, file.len, NULL, err);
    if (code == WG_OK && !wg_harness_map(h, img.base, img.data, img.size))
      code = wg_fail(err, WG_INPUT, "%s: does not fit", path);
    *base = img.entry;
    wg_image_release(&img);
  } else if (code == WG_OK && !wg_harness_map(h, (uint32_t)*base, file.data, (uint32_t)file.len)) {
    code = wg_fail(err, WG_INPUT, "%s: does not fit at 0x%llx", path, (unsigned long long)*base);
  }
  wg_buf_release(&file);
  return code;
}

int wg_cmd_exec(const struct wg_command *cmd, int argc, char **argv) {
  uint64_t base = 0x82010000, limit = 1000000000;
  const char *regs = NULL;
  bool json = false;
  const struct wg_opt opts[] = {
      {"base", 0, WG_OPT_NUM, &base, "ADDR", "where a raw image lies and starts (0x82010000)"},
      {"regs", 0, WG_OPT_STR, &regs, "LIST", "registers, e.g. r3=0x1,r4=0x2"},
      {"limit", 0, WG_OPT_NUM, &limit, "N", "at most N instructions (1000000000)"},
      {"json", 0, WG_OPT_FLAG, &json, NULL, "print the registers as JSON"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1 || base > UINT32_MAX) return wg_cli_usage(cmd, "expected one IMAGE");
  struct wg_err err = {0};
  struct wg_harness *h;
  int code = wg_harness_create(&h, &err);
  if (code != WG_OK) return wg_cli_fail(&err);
  struct wg_buf detail = {0};
  code = load_code(h, args.v[0], &base, &err);
  if (code == WG_OK) code = apply_registers(h, regs, &err);
  if (code == WG_OK) {
    const char *bad = wg_harness_run(h, (uint32_t)base, limit, &detail);
    print_registers(&h->cpu, json);
    if (bad) code = wg_fail(&err, WG_DIFFERS, "%s", bad);
  }
  if (code != WG_OK) wg_cli_fail(&err);
  wg_buf_release(&detail);
  wg_harness_free(h);
  return code;
}
