// Whether two ways lead to one file.
#ifndef WG_BASE_SAME_FILE_H
#define WG_BASE_SAME_FILE_H

#include <stdbool.h>

struct stat;
bool wg_file_same(const struct stat *a, const struct stat *b); // as fstat() has told of each
// Whether a folder (or AT_FDCWD) has what is open under that name, and no link to it.
bool wg_file_named(int folder, const char *name, int fd);

#endif
