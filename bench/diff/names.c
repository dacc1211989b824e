// Reads a trace or a stock log on standard input and prints the name of each call, a line each: what `diff` is given.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(const char *name, size_t n) {
  fwrite(name, 1, n, stdout);
  putchar('\n');
}

static void json_line(const char *line) {
  static const char kind[] = "\"kind\":\"kernel.call\"", key[] = "\"name\":\"";
  const char *at = strstr(line, kind);
  at = at ? strstr(at, key) : NULL;
  if (at == NULL) return;
  at += sizeof key - 1;
  print(at, strcspn(at, "\""));
}

static void log_line(const char *line, size_t n) {
  if (n < 13 || line[1] != '>') return;
  const char *name = line + 12;
  size_t len = strcspn(name, "( :");
  if (name[len] == '(' && len > 1) print(name, len);
}

int main(void) {
  char *line = NULL;
  size_t cap = 0;
  ssize_t n;
  static char in[1 << 20], out[1 << 20];
  setvbuf(stdin, in, _IOFBF, sizeof in);
  setvbuf(stdout, out, _IOFBF, sizeof out);
  while ((n = getline(&line, &cap, stdin)) > 0) {
    if (line[0] == '{')
      json_line(line);
    else
      log_line(line, (size_t)n);
  }
  free(line);
  return ferror(stdout) ? 1 : 0;
}
