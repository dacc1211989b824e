// Objects with names, shared by parts of a title that do not know each other; a mutant that is passed on; handles that
// are duplicated; signalling and waiting in one.
#include "stage.h"

static u32 opened, order;

static HANDLE named_event(const char *name) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE h = 0;
  name_object(&oa, &s, name);
  NTSTATUS status = NtCreateEvent(&h, &oa, 1, 0);
  if (status == 0x40000000u) opened++; // there already
  if (FAILED(status)) complain(name, status);
  return h;
}

static HANDLE named_mutant(const char *name) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE h = 0;
  name_object(&oa, &s, name);
  NTSTATUS status = NtCreateMutant(&h, &oa, 0);
  if (status == 0x40000000u) opened++;
  if (FAILED(status)) complain(name, status);
  return h;
}

static void server(void *ctx) {
  (void)ctx;
  HANDLE asked = named_event("\\BaseNamedObjects\\Asked"), answered = named_event("\\BaseNamedObjects\\Answered"),
         table = named_mutant("\\BaseNamedObjects\\Table");
  for (u32 i = 0; i < 6; i++) {
    wait_for(asked, 0);
    NTSTATUS s = wait_for(table, 0);
    if (s == 0x80) DbgPrint("server: the table was abandoned\n");
    order = order * 7 + 1;
    NtReleaseMutant(table, NULL);
    NtSetEvent(answered, NULL);
  }
  NtClose(asked), NtClose(answered), NtClose(table);
  ExTerminateThread(order);
}

static void client(void *ctx) {
  HANDLE asked = named_event("\\BaseNamedObjects\\Asked"), answered = named_event("\\BaseNamedObjects\\Answered"),
         table = named_mutant("\\BaseNamedObjects\\Table"), copy = 0;
  NTSTATUS s = NtDuplicateObject(asked, &copy, 0);
  if (FAILED(s)) complain("client: duplicate", s);
  for (u32 i = 0; i < 6; i++) {
    wait_for(table, 0);
    order = order * 7 + 2;
    NtReleaseMutant(table, NULL);
    s = NtSignalAndWaitForSingleObjectEx(copy, answered, 1, 0, NULL);
    if (s != STATUS_SUCCESS) complain("client: answer", s);
  }
  NtClose(copy), NtClose(asked), NtClose(answered), NtClose(table);
  ExTerminateThread((u32)(usize)ctx);
}

int main(void) {
  HANDLE asked = named_event("\\BaseNamedObjects\\Asked"), answered = named_event("\\BaseNamedObjects\\Answered"),
         table = named_mutant("\\BaseNamedObjects\\Table");
  HANDLE s = spawn(server, 0, ON(1)), c = spawn(client, 9, ON(2));
  join(c);
  join(s);
  DbgPrint("named: %d were there already\n", opened);
  if (opened != 6) DbgPrint("named: parts of the title did not meet\n");
  NtClose(asked), NtClose(answered), NtClose(table);
  return 0;
}
