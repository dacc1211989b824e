// Errors: every fallible function takes a `struct wg_err *` last and returns a status.
#ifndef WG_BASE_ERR_H
#define WG_BASE_ERR_H

// What came of it. Exit statuses are the command line's, which makes them of these (cli/main.c).
enum wg_status {
  WG_OK = 0,
  WG_DIFFERS = 1,  // a difference or mismatch was found
  WG_INPUT = 2,    // usage or input error
  WG_INTERNAL = 3, // an internal failure
};

// With which a process ends that cannot go on: it is out of memory, or an assertion does not hold.
#define WG_EXIT_BROKEN 3

struct wg_err {
  int code;
  char msg[768];
};

#define WG_PRINTF(fmt_index, arg_index) __attribute__((format(printf, fmt_index, arg_index)))

// Records the message (the first one wins, since it is the cause) and returns `code`.
int wg_fail(struct wg_err *err, int code, const char *fmt, ...) WG_PRINTF(3, 4);

// Puts "prefix: " before the recorded message.
void wg_err_prefix(struct wg_err *err, const char *fmt, ...) WG_PRINTF(2, 3);
void wg_err_suffix(struct wg_err *err, const char *text); // and "; text" behind it

#define WG_TRY(expr)                                                                                                   \
  do {                                                                                                                 \
    int wg_try_code = (expr);                                                                                          \
    if (wg_try_code != WG_OK) return wg_try_code;                                                                      \
  } while (0)

#endif
