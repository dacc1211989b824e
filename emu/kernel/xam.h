// What the parts of xam.xex share. Private to emu/kernel.
#ifndef WG_EMU_XAM_H
#define WG_EMU_XAM_H

#include "emu/kernel/kernel.h"

#define ERROR_SUCCESS 0u
#define ERROR_FILE_NOT_FOUND 2u
#define ERROR_PATH_NOT_FOUND 3u
#define ERROR_ACCESS_DENIED 5u
#define ERROR_INVALID_HANDLE 6u
#define ERROR_NO_MORE_FILES 18u
#define ERROR_INVALID_PARAMETER 87u
#define ERROR_INSUFFICIENT_BUFFER 122u
#define ERROR_ALREADY_EXISTS 183u
#define ERROR_IO_INCOMPLETE 996u
#define ERROR_IO_PENDING 997u
#define ERROR_DEVICE_NOT_CONNECTED 1167u
#define ERROR_NOT_FOUND 1168u
#define ERROR_NO_SYSTEM_RESOURCES 1450u
#define ERROR_CANCELLED 1223u
#define ERROR_NO_SUCH_USER 1317u
#define ERROR_FUNCTION_FAILED 1627u
#define E_INVALIDARG 0x80070057u
#define E_NO_SUCH_USER 0x80070525u
#define NO_USER 0xFEu
#define ANY_USER 0xFFu

#define XN_SYS_UI 0x9u
#define XN_SYS_SIGNINCHANGED 0xAu

struct wg_setting { // of a profile, written by the title
  uint32_t user, id;
  uint64_t value;
  uint8_t *data; // of a string or binary one
  uint32_t size;
};

// A package that the title can enumerate and open: one of the user's, or what the title itself has created.
struct wg_content {
  char file[43];
  uint8_t display[0x100]; // as the guest has it: 128 units of 16 bits
  uint32_t type;
  char *host; // NULL: created by the title
  bool gone;
};

struct wg_dialog;
struct wg_xam {
  struct {
    enum wg_signed_in signed_in;
    char name[16];
  } users[4];
  struct wg_setting *settings;
  size_t nsettings;
  struct wg_content *contents;
  size_t ncontents;
  struct wg_dialog *dialogs;      // open ones
  size_t next_answer[WG_DIALOGS]; // where to look for the next in the input script
};

// Ends an asynchronous request, whose XAM_OVERLAPPED may be NULL: then `result` is the call's own.
uint64_t wg_xam_complete(struct wg_kcall *k, uint32_t overlapped, uint32_t result, uint32_t length);
// The same, of what the console does later: that it failed is ERROR_FUNCTION_FAILED then, and why the extended error.
uint64_t wg_xam_complete_later(struct wg_kcall *k, uint32_t overlapped, uint32_t result, uint32_t length);
// The same later, for the thread that asked.
void wg_xam_finish(struct wg_machine *m, struct wg_thread *t, uint32_t overlapped, uint32_t result, uint32_t length);
// Every listener of its area hears of it.
void wg_xam_notify(struct wg_machine *m, uint32_t id, uint32_t param);
bool wg_xam_nobody(const struct wg_machine *m, uint32_t user);
void wg_xam_sign(struct wg_machine *m, uint32_t user, enum wg_signed_in how, const char *name);
void wg_dialogs_init(struct wg_machine *m);
void wg_dialogs_free(struct wg_xam *x);

#endif
