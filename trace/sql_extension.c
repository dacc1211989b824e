// The extension: .load wedge_sql in the shell of SQLite, or sqlite3_load_extension of any program.
#include "trace/functions.h"

SQLITE_EXTENSION_INIT1

int sqlite3_wedgesql_init(sqlite3 *db, char **error, const sqlite3_api_routines *api);

// Named after the file, without what is no letter.
int sqlite3_wedgesql_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  int rc = wg_sql_functions_add(db);
  if (rc != SQLITE_OK) *error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  return rc;
}
