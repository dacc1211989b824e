#include "trace/left_out.h"

#include <string.h>

#define LONGEST 80 // bytes of such a line

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

// The line's words in small letters, a blank between two; what else is in it goes into *dots and *marks.
static size_t words_of(const char *l, size_t n, char out[LONGEST + 1], size_t *dots, size_t *marks) {
  size_t len = 0;
  for (size_t i = 0; i < n; i++) {
    if (is_letter(l[i])) {
      if (len && i && !is_letter(l[i - 1])) out[len++] = ' ';
      out[len++] = (char)(l[i] | 32);
    } else if (n - i >= 3 && memcmp(l + i, "\xE2\x80\xA6", 3) == 0) { // an ellipsis
      *dots += 3;
      i += 2;
    } else if (l[i] == '.') {
      ++*dots;
    } else if (strchr("[]()<>{}-*=_~#", l[i])) {
      ++*marks;
    } else if (!strchr(" \t,:+0123456789", l[i])) {
      return LONGEST + 1; // something else
    }
  }
  out[len] = 0;
  return len;
}

bool wg_says_left_out(const char *l, size_t n) {
  static const char *const says[] = {
      "snip",          "snipped",        "cut",           "truncated",       "omitted",       "skipped",
      "lines omitted", "lines skipped",  "lines removed", "lines truncated", "lines cut",     "more lines",
      "log truncated", "output omitted", "log omitted",   "trimmed",         "lines trimmed",
  };
  char words[LONGEST + 1];
  size_t dots = 0, marks = 0;
  while (n && strchr(" \t", l[n - 1])) n--;
  while (n && strchr(" \t", *l)) l++, n--;
  if (n == 0 || n > LONGEST) return false;
  size_t len = words_of(l, n, words, &dots, &marks);
  if (len > LONGEST) return false;
  if (len == 0) return dots >= 3;
  if (dots < 3 && marks < 2) return false; // words alone are some message
  for (size_t i = 0; i < sizeof says / sizeof *says; i++)
    if (strcmp(words, says[i]) == 0) return true;
  return false;
}
