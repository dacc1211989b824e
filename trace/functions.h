// Functions of SQL over the database of a trace (schemas/functions.sql): of wedge query, and of the extension wedge_sql
// that any SQLite loads.
#ifndef WG_TRACE_FUNCTIONS_H
#define WG_TRACE_FUNCTIONS_H

#ifdef WG_SQL_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif

// Gives a connection all of them; an SQLite code. The tables need not be there before one is asked.
int wg_sql_functions_add(sqlite3 *db);
// What schemas/functions.sql says of them: of each a line of comment, "-- NAME(PARAMETERS) rows: ...", and its
// statement.
const char *wg_sql_functions_text(void);

// -- its parts --

#define WG_SQL_PARAMETERS 6

struct wg_sql_function {
  char *name, *sql;
  char *parameter[WG_SQL_PARAMETERS];
  int n;
  int other; // the parameter that names an attached database; -1: none
};

// Its statement, with the attached database that it names (NULL: main); NULL with a message in *error.
sqlite3_stmt *wg_sql_prepare(sqlite3 *db, const struct wg_sql_function *f, const char *other, char **error);
int wg_sql_add_rows(sqlite3 *db, struct wg_sql_function *f); // f becomes the connection's
int wg_sql_add_order(sqlite3 *db);                           // happens_before
int wg_sql_add_format(sqlite3 *db);                          // printf and format
void wg_sql_function_free(void *f);

#endif
