#include "trace/unread.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/json_text.h"
#include "nt/exports.h"

#define WIDE 32u   // bytes by which text of wide characters is told
#define LOOK 4096u // bytes among which lines behind other text are looked for

const char *wg_wide_text(const char *p, size_t n) {
  static const struct {
    const char *name;
    size_t of, at; // bytes a character, and of them the one that is not 0 in ASCII
  } forms[] = {{"UTF-32LE", 4, 0}, {"UTF-32BE", 4, 3}, {"UTF-16LE", 2, 0}, {"UTF-16BE", 2, 1}};
  if (n >= 4 && (memcmp(p, "\xFF\xFE\0", 4) == 0 || memcmp(p, "\0\0\xFE\xFF", 4) == 0)) return "UTF-32";
  if (n >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 || memcmp(p, "\xFE\xFF", 2) == 0)) return "UTF-16";
  for (size_t f = 0; n >= WIDE && f < sizeof forms / sizeof *forms; f++) {
    size_t i = 0;
    while (i < WIDE && (p[i] != 0) == (i % forms[f].of == forms[f].at)) i++;
    if (i == WIDE) return forms[f].name;
  }
  return NULL;
}

// Lines that end as those of old Macintoshes did.
static bool has_returns_alone(const char *p, size_t n) {
  const char *end = p + n;
  if (memchr(p, '\n', n) != NULL) return false;
  for (; (p = memchr(p, '\r', (size_t)(end - p))) != NULL; p++)
    if (end - p > 12 && (p[1] == '{' || (p[2] == '>' && p[3] == ' ' && p[12] == ' '))) return true;
  return false;
}

static bool is_packed(const char *p, size_t n) {
  uint32_t magic = n >= 4 ? wg_load_le32(p) : 0;
  return magic == 0xFD2FB528u || (magic & 0xFFFFFF) == 0x088B1F;
}

const char *wg_other_packing(const char *p, size_t n) {
  static const struct {
    const char *magic, *words;
    size_t n, at;
  } forms[] = {
      {"\xFD"
       "7zXZ\0",
       "is packed with xz (xz -dc takes the packing away)", 6, 0},
      {"BZh", "is packed with bzip2 (bzip2 -dc takes the packing away)", 3, 0},
      {"\x04\x22\x4D\x18", "is packed with lz4 (lz4 -dc takes the packing away)", 4, 0},
      {"\x02\x21\x4C\x18", "is packed with lz4 (lz4 -dc takes the packing away)", 4, 0},
      {"LZIP\1", "is packed with lzip (lzip -dc takes the packing away)", 5, 0},
      {"\x5D\0\0", "is packed with lzma (xz -dc --format=lzma takes the packing away)", 3, 0},
      {"PK\x03\x04", "is a zip archive (unzip -p takes the packing away)", 4, 0},
      {"7z\xBC\xAF\x27\x1C", "is a 7-Zip archive (7z x -so takes the packing away)", 6, 0},
      {"Rar!\x1A\x07", "is a RAR archive (unrar p -inul takes the packing away)", 6, 0},
      {"ustar", "is a tar archive (tar -xO takes out what is in it)", 5, 257},
      {"\x1F\x9D", "is packed with compress (gzip -dc takes the packing away)", 2, 0},
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (n > forms[i].at + forms[i].n && memcmp(p + forms[i].at, forms[i].magic, forms[i].n) == 0) return forms[i].words;
  return NULL;
}

const char *wg_no_text(const char *p, size_t n) {
  static const struct {
    const char *magic, *words;
    size_t n;
  } forms[] = {
      {"SQLite format 3", "is an SQLite database (wedge query asks one that wedge import or query has made)", 16},
      {"wedge.branches ", "is a run's record of branches (wedge events --branches prints them, given the run)", 15},
      {"WGCR", "is a run's checkpoints, which have no events (the run has them)", 4},
      {"XEX1", "is a title (wedge record runs it, and the run can be looked at)", 4},
      {"XEX2", "is a title (wedge record runs it, and the run can be looked at)", 4},
      {"\x7F"
       "ELF",
       "is a program (wedge record runs one that is a guest's, and the run can be looked at)", 4},
      {"PAR1", "is a Parquet file (DuckDB and pandas make a table with commas of it, which is read)", 4},
  };
  const char *packing = wg_other_packing(p, n);
  for (size_t i = 0; packing == NULL && i < sizeof forms / sizeof *forms; i++)
    if (n >= forms[i].n && memcmp(p, forms[i].magic, forms[i].n) == 0) return forms[i].words;
  return packing;
}

const char *wg_no_lines(const char *p, size_t n, char words[WG_UNREAD_WORDS]) {
  const char *wide = wg_wide_text(p, n), *other = wg_no_text(p, n);
  if (other) return other;
  if (is_packed(p, n)) return "is packed twice (zstd -dc or gzip -dc takes the outer packing away)";
  if (has_returns_alone(p, n)) return "has lines that end in carriage returns alone (tr '\\r' '\\n' makes it readable)";
  if (wide == NULL) return NULL;
  snprintf(words, WG_UNREAD_WORDS, "is %s (iconv -f %s -t UTF-8 makes it readable)", wide, wide);
  return words;
}

static size_t blanks(const char *p, size_t n) {
  size_t i = 0;
  while (i < n && p[i] && strchr(" \t\r\n", p[i])) i++;
  return i;
}

static bool is_array(const char *p, size_t n) {
  size_t first = blanks(p, n);
  if (first == n || p[first] != '[') return false;
  size_t second = first + 1 + blanks(p + first + 1, n - first - 1);
  return second < n && p[second] == '{';
}

// Where a line of a log begins behind something; NULL if nowhere.
static const char *find_log_line(const char *p, size_t n) {
  for (size_t i = 0; i + 12 <= n && i < LOOK; i++, p++) {
    if (p[1] != '>' || p[2] != ' ' || p[11] != ' ' || p[0] == 0 || strchr("!wiKCFdGAx", p[0]) == NULL) continue;
    if (strspn(p + 3, "0123456789ABCDEF") == 8) return p;
  }
  return NULL;
}

// A line of a log as HTML has it: d&gt; F8000008 ...
static bool has_log_as_html(const char *p, size_t n) {
  const char *end = p + (n < LOOK ? n : LOOK);
  for (; (p = memchr(p, '&', (size_t)(end - p))) != NULL; p++)
    if (end - p > 14 && memcmp(p, "&gt; ", 5) == 0 && p[13] == ' ' && strspn(p + 5, "0123456789ABCDEF") == 8)
      return true;
  return false;
}

static bool holds(const char *p, size_t n, const char *word) {
  size_t len = strlen(word);
  for (const char *end = p + n; (p = memchr(p, word[0], (size_t)(end - p))) != NULL; p++)
    if ((size_t)(end - p) >= len && memcmp(p, word, len) == 0) return true;
  return false;
}

// Where a string begins that is a line of JSON itself: "{\"kind\":...
static const char *json_line(const char *p, size_t n) {
  static const char begins[] = "\"{\\\"";
  for (const char *end = p + (n < LOOK ? n : LOOK); (p = memchr(p, '"', (size_t)(end - p))) != NULL; p++)
    if ((size_t)(end - p) >= sizeof begins && memcmp(p, begins, sizeof begins - 1) == 0) return p + 1;
  return NULL;
}

// {"log":"d> F8000008 ...","stream":"stdout"}: the member is named by what stands before its quote and colon.
const char *wg_log_in_json(const char *p, size_t n, char words[WG_UNREAD_WORDS]) {
  const char *log = find_log_line(p, n), *at = log ? log : json_line(p, n);
  if (p[0] != '{' || at == NULL || at[-1] != '"' || holds(p, n < LOOK ? n : LOOK, "\"kind\"")) return NULL;
  const char *end = at - 1;
  while (end > p && strchr(" :", end[-1])) end--;
  const char *name = end - 1;
  while (name > p && name[-1] != '"') name--;
  if (end == at - 1 || name == p || end[-1] != '"' || end - name > 40) return NULL;
  snprintf(words, WG_UNREAD_WORDS, "holds lines of %s in JSON (jq -r .%.*s takes them out)",
           log ? "a xenia log" : "JSON as strings", (int)(end - 1 - name), name);
  return words;
}

// A list that is an object's first member: its name and length; NULL if it is something else.
static const char *list_name(const char *p, const char *end, int *len) {
  p += blanks(p, (size_t)(end - p));
  const char *name = p + 1, *quote = p < end && *p == '"' ? memchr(name, '"', (size_t)(end - name)) : NULL;
  if (quote == NULL || quote - name > 40) return NULL;
  for (const char *c = name; c < quote; c++)
    if (*c != '_' && !(*c >= '0' && *c <= '9') && !((*c | 32) >= 'a' && (*c | 32) <= 'z')) return NULL;
  *len = (int)(quote - name);
  for (p = quote + 1; p < end && (*p == ':' || blanks(p, 1)); p++) {
  }
  return p < end && *p == '[' ? name : NULL;
}

// {...}{...}: a file of one line that has no end so far.
static bool is_glued(const char *p, size_t n) {
  const char *at, *expected, *after = p[0] == '{' ? wg_json_past_container(p, p + n, &at, &expected) : NULL;
  return after && after < p + n && *after == '{';
}

const char *wg_spread_json(const char *p, size_t n, char words[WG_UNREAD_WORDS]) {
  const char *newline = memchr(p, '\n', n);
  int len = 0;
  if (p[0] == '{' && holds(p, n < LOOK ? n : LOOK, "\"traceEvents\""))
    return "is a picture in the Trace Event Format (jq -c '.traceEvents[]' makes lines of it, which --mapping FILE "
           "makes "
           "events of)";
  if (newline == NULL && is_glued(p, n))
    return "is JSON with objects one behind the other; a trace has one a line (jq -c . makes such lines)";
  if (newline == NULL || p[0] != '{' || blanks(p + 1, (size_t)(newline - p)) != (size_t)(newline - p)) return NULL;
  size_t left = n - (size_t)(newline - p), gap = blanks(newline, left);
  if (gap == left || newline[gap] != '"') return NULL; // a line that was torn, say
  if (left - gap > 10 && memcmp(newline + gap, "\"schema\": ", 10) == 0 &&
      holds(p, n < 128 ? n : 128, "\"engine\": \"wedge\""))
    return "is a run's manifest (the run is its folder)";
  const char *list = list_name(newline, p + n, &len);
  snprintf(
      words, WG_UNREAD_WORDS,
      "is JSON with an object spread over several lines; a trace has one a line (jq -c '.%.*s%s' makes such lines)",
      len, list ? list : "", list ? "[]" : "");
  return words;
}

static bool is_name(char c) { return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'); }

// A call of the console's as strace prints them: its name, what it is given, and behind = or -> what it returned.
static bool has_printed_calls(const char *p, size_t n) {
  const char *end = p + (n < LOOK ? n : LOOK), *begin = p;
  for (; (p = memchr(p, '(', (size_t)(end - p))) != NULL; p++) {
    const char *name = p, *newline = memchr(p, '\n', (size_t)(end - p)), *over = newline ? newline : end;
    while (name > begin && is_name(name[-1])) name--;
    if (wg_nt_find(name, (size_t)(p - name)) == NULL) continue;
    for (const char *c = p; (c = memchr(c, ')', (size_t)(over - c))) != NULL; c++) {
      size_t gap = 1;
      while (c + gap < over && c[gap] == ' ') gap++;
      if (c + gap + 1 < over && (c[gap] == '=' || (c[gap] == '-' && c[gap + 1] == '>'))) return true;
    }
  }
  return false;
}

// Of the first line: [12:00:01] INFO kernel: {"event": ...}
static bool has_json_behind_text(const char *p, size_t n) {
  const char *newline = memchr(p, '\n', n), *end = newline ? newline : p + n;
  const char *object = memchr(p, '{', (size_t)(end - p));
  while (end > p && blanks(end - 1, 1)) end--;
  return object && object > p && end - object > 2 && object[1] == '"' && end[-1] == '}';
}

static size_t times(const char *p, const char *end, char c) {
  size_t n = 0;
  while (p < end) n += *p++ == c;
  return n;
}

// Names with commas or their like between them, and a second line with as many of those.
static bool is_table(const char *p, size_t n) {
  static const char of_names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.- ()/\"\r,;\t";
  const char *newline = memchr(p, '\n', n), *end = p + n;
  if (newline == NULL) return false;
  char by = times(p, newline, '\t') ? '\t' : times(p, newline, ',') ? ',' : ';';
  for (const char *c = p; c < newline; c++)
    if (*c == 0 || strchr(of_names, *c) == NULL) return false;
  const char *second = newline + 1, *over = memchr(second, '\n', (size_t)(end - second));
  size_t between = times(p, newline, by);
  return between && times(p, newline, '"') % 2 == 0 && times(second, over ? over : end, by) == between;
}

const char *wg_unknown_text(const char *p, size_t n) {
  if (n == 0) return "is empty";
  if (is_array(p, n)) return "is one JSON array; a trace has an object a line (jq -c '.[]' makes such lines)";
  if (find_log_line(p, n)) // behind what another program puts before it: times, colours, its own name
    return "holds lines of a xenia log behind other text (sed -E 's/\\x1b\\[[0-9;]*m//g; s/[!wiKCFdGAx]> "
           "[0-9A-F]{8} /\\n&/; s/^[^\\n]*\\n//' "
           "takes it away)";
  if (has_log_as_html(p, n))
    return "holds lines of a xenia log as HTML (sed -E 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; "
           "s/&#(0*39|x27);|&apos;/\\x27/g; s/&amp;/\\&/g' "
           "makes text of it)";
  if (has_json_behind_text(p, n)) return "holds lines of JSON behind other text (sed 's/^[^{]*//' takes it away)";
  if (has_printed_calls(p, n)) // the thread is the last number before the call
    return "holds a call a line, as strace prints them (sed -nE 's/\\\\/\\\\\\\\/g; s/0x[0-9A-Fa-f]+/\"&\"/g; "
           "s/^[^(]*\\b([0-9]+)\\b[^(]*\\b([A-Za-z]\\w*)\\((.*)\\) *(=|->) *(\"?[^ ]+).*/"
           "{\"event\":\"call\",\"thread\":\\1,\"name\":\"\\2\",\"args\":[\\3],\"result\":\\5}/p' makes lines of it "
           "that are read, "
           "where the last number before a call is its thread's)";
  if (is_table(p, n))
    return "is a table without a column that is known for kinds or names of calls (--mapping FILE says what columns "
           "are)";
  return blanks(p, n) == n ? "holds nothing but blank lines" : NULL;
}
