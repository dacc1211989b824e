// Threads that share work: what each of them does, in which order and how many they are is chance; what they do in all
// is not.
#include "tests/telling.h"

#define WORK 0xF8000100u
#define QUIT 0xF8000104u
#define GATE 0xF8000108u
#define TICK 0xF800010Cu

static void make(wedge_emit *w, const char *call, const char *type, uint32_t handle, uint32_t kind) {
  uint32_t args[4] = {0x70000000, 0, kind, 0};
  tell_args(w, 1, call, args, 4);
  wedge_emit_handle(w, 1, tell_now(w), 1, handle, type);
  tell_return(w, 1, call, 0);
}

static void wait(wedge_emit *w, uint32_t tid, uint32_t handle) {
  tell_wait(w, tid, handle, false);
  tell_wait_end(w, tid, false);
}

static uint32_t handle_of(uint32_t child) { return 0xF8000200 + 4 * child; }

static void create(wedge_emit *w, uint32_t child, bool closes) {
  uint32_t args[7] = {0x70000000, 0, 0x70000004, 0, 0x82002000, child, 0};
  tell(w, 1, "ExAllocatePool", 8, 0, 0x30001000);
  tell_args(w, 1, "ExCreateThread", args, 7);
  wedge_emit_handle(w, 1, tell_now(w), 1, handle_of(child), "Thread");
  wedge_emit_thread_create(w, 1, tell_now(w), child, 0x82002000, closes ? 0 : child, handle_of(child));
  tell_return(w, 1, "ExCreateThread", 0);
  if (closes) tell(w, 1, "NtClose", handle_of(child), 0, 0);
  wedge_emit_thread_start(w, child, tell_now(w), 0x82002000, 0);
}

static void end(wedge_emit *w, uint32_t tid, uint32_t code) {
  tell_args(w, tid, "ExTerminateThread", &code, 1);
  wedge_emit_thread_exit(w, tid, tell_now(w), code);
}

// A story is a row of words: a thread's number and what it does, a letter each. c: main creates it; C: and keeps its
// handle, z: which it closes; r: releases the
// semaphore of the work; w: waits for it; a, b: a task of this kind; p: waits for the gate; v: sets it; q: waits for
// the event to quit, k: for the timer; f: asks for more memory; and a digit: ends with that code.
static void act(wedge_emit *w, uint32_t tid, char what) {
  switch (what) {
  case 'c': create(w, tid, true); break;
  case 'C': create(w, tid, false); break;
  case 'z': tell(w, 1, "NtClose", handle_of(tid), 0, 0); break;
  case 'r': tell(w, tid, "NtReleaseSemaphore", WORK, 1, 0); break;
  case 'w': wait(w, tid, WORK); break;
  case 'a': tell(w, tid, "KeTlsSetValue", 1, 7, 1); break;
  case 'b': tell(w, tid, "KeTlsSetValue", 2, 8, 1); break;
  case 'p': wait(w, tid, GATE); break;
  case 'v': tell(w, tid, "NtSetEvent", GATE, 0, 0); break;
  case 'V': { // from elsewhere
    uint32_t args[2] = {GATE, 0};
    wedge_emit_call(w, tid, tell_now(w), "NtSetEvent", "xboxkrnl.exe", 1, 0x82000800, args, 2);
    tell_return(w, tid, "NtSetEvent", 0);
    break;
  }
  case 'q': wait(w, tid, QUIT); break;
  case 'k': wait(w, tid, TICK); break;
  case 'x':
    tell(w, tid, "NtSetEvent", QUIT, 0, 0xC0000008);
    tell(w, tid, "RtlNtStatusToDosError", 0xC0000008, 0, 6);
    break;
  case 'y': tell(w, tid, "NtSetEvent", QUIT, 0, 0); break;
  case 'f': tell(w, tid, "MmAllocatePhysicalMemoryEx", 0, 0x1000, 0xA0001000); break;
  default: end(w, tid, (uint32_t)(what - '0'));
  }
}

static wedge_emit *begin_story(const char *file) {
  wedge_emit *w = tell_begin(file, 1);
  make(w, "NtCreateSemaphore", "Semaphore", WORK, 0);
  make(w, "NtCreateEvent", "Event", QUIT, 0);
  make(w, "NtCreateEvent", "Event", GATE, 1);
  make(w, "NtCreateTimer", "Timer", TICK, 1);
  return w;
}

static void write_story(const char *file, const char *story) {
  wedge_emit *w = begin_story(file);
  for (const char *at = story; *at;) {
    uint32_t tid = (uint32_t)(*at++ - '0');
    while (*at && *at != ' ') act(w, tid, *at++);
    while (*at == ' ') at++;
  }
  CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
}

static int judged(const char *a, const char *b, struct wg_buf *out) {
  write_story("a", a);
  write_story("b", b);
  int code = compare("a", "b", out);
  if (code == WG_OK) CU_ASSERT_TRUE(is_quiet(out));
  return code;
}

#define TWO "2c 3c 1rrrr "

// They end with how much they did: the sum is the same, however it was shared.
static void shares_are_chance(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged(TWO "2wawawa 3wb 23 31", TWO "2wa 3wawawb 21 33", &out), WG_OK);
  CU_ASSERT_EQUAL(judged(TWO "2wawawa 3wb 23 31", TWO "2wa 3wawawb 21 34", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "ExTerminateThread is given 0x3 as its argument 1"));
  CU_ASSERT_EQUAL(judged(TWO "2wawawa 3wa 23 31", TWO "2wa 3wawawb 21 33", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "does not call KeTlsSetValue as the reference does"));
  wg_buf_release(&out);
}

// Who wait for more work when their trace ends may lack what they have not been given yet.
static void work_that_has_not_come_is_no_difference(void) {
  struct wg_buf out = {0};
  write_story("b", TWO "2wawf 3wbwa 22 32");
  wedge_emit *w = begin_story("a");
  create(w, 2, true);
  create(w, 3, true);
  for (uint32_t i = 0; i < 4; i++) act(w, 1, 'r');
  for (uint32_t i = 2; i < 4; i++) {
    act(w, i, 'w');
    act(w, i, i == 2 ? 'b' : 'a');
    tell_wait(w, i, WORK, false);
  }
  CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  wg_buf_release(&out);
}

// Who only waits for one event that stays signalled shares no work.
static void an_event_for_all_makes_no_pool(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged("2c 3c 2aqq2 3aabqq0", "2c 3c 2abqq2 3aabqq0", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 2"));
  wg_buf_release(&out);
}

// As work comes, more threads may be made of it; what else the parent does not do is no growth.
static void growth_is_chance(void) {
  struct wg_buf out = {0};
  static const char few[] = "2c 1rr 3c 1rr 2wawa 3wawa 22 32 1f0";
  CU_ASSERT_EQUAL(judged(few, "2c 1rr 3c 1r 4c 1r 2wawa 3wa 4wa 22 31 41 1f0", &out), WG_OK);
  CU_ASSERT_EQUAL(judged(few, "2c 1rr 3c 1r 4c 1pr 2wawa 3wa 4wa 22 31 41 1f0", &out), WG_DIFFERS);
  wg_buf_release(&out);
}

// Which of them is made when, and how many handles of theirs are closed, goes with that.
static void who_is_made_when_is_chance(void) {
  struct wg_buf out = {0};
  static const char more[] = "2C 1r 3C 1r 4C 1r 5C 2z 1r 3z 1rr 2wawa 3wawa 4wa 5wa 22 32 41 51 1f0",
                    few[] = "2C 1r 3C 1rrr 4C 2z 1rr 2wawa 3wawa 4wawa 22 32 42 1f0",
                    later[] = "2C 1rarbr 3C 1rfrr 4C 2wawa 3wawa 4wawa 22 32 42 10",
                    sooner[] = "2C 1rar 3C 1br 4C 1rfrr 5C 2wawa 3wawa 4wa 5wa 22 32 41 51 10";
  CU_ASSERT_EQUAL(judged(more, few, &out), WG_OK);
  CU_ASSERT_EQUAL(judged(few, more, &out), WG_OK);
  CU_ASSERT_EQUAL(judged(sooner, later, &out), WG_OK);
  wg_buf_release(&out);
}

// A lock of the title's own has an event that nobody needs while it is free.
static void a_gate_is_chance(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged(TWO "2wawawa 3wa 23 31", TWO "2wawawa 3w 2v 3pa 23 31", &out), WG_OK);
  CU_ASSERT_EQUAL(judged(TWO "2wawawa 3wa 23 31 1p", TWO "2wawawa 3w 2v 3pa 23 31 1p", &out), WG_DIFFERS);
  wg_buf_release(&out);
}

// One thread takes what several others give: in which order is chance, and how often it finds nothing.
static void a_queue_of_several_is_chance(void) {
  struct wg_buf out = {0};
  static const char two[] = "2c 3c 2rr 3rr 4c 20 30 ", one[] = "2c 3c 2rrrr 4c 20 30 ";
  char a[96], b[96];
  snprintf(a, sizeof a, "%s4wawbfwbbf 41", two);
  snprintf(b, sizeof b, "%s4wbfwbwfab 41", two);
  CU_ASSERT_EQUAL(judged(a, b, &out), WG_OK);
  snprintf(b, sizeof b, "%s4wbfwbwfa 41", two); // one b less
  CU_ASSERT_EQUAL(judged(a, b, &out), WG_DIFFERS);
  snprintf(b, sizeof b, "%s4wbfwbwfabw 41", two);
  CU_ASSERT_EQUAL(judged(a, b, &out), WG_OK);
  snprintf(a, sizeof a, "%s4wawbywxb 41", two);
  snprintf(b, sizeof b, "%s4wbwybywa 41", two);
  CU_ASSERT_EQUAL(judged(a, b, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "returned STATUS_INVALID_HANDLE (0xc0000008)"));
  snprintf(a, sizeof a, "%s4wawbfwbbf 41", one);
  snprintf(b, sizeof b, "%s4wbfwbwfab 41", one);
  CU_ASSERT_EQUAL(judged(a, b, &out), WG_DIFFERS);
  wg_buf_release(&out);
}

// An alertable wait for the gate that ends by an APC, which sets the event to quit, or else by the gate.
// Threads of one entry that change places, as at a barrier; what they do in all is the same. One alone changes nothing.
static void places_are_chance(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged("2c 3c 2aaq 3aaby 20 30", "2c 3c 2aaby 3aaq 20 30", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "no difference but for chance"));
  CU_ASSERT_EQUAL(judged("2c 3c 2aaq 3aaby 20 30", "2c 3c 2aay 3aaq 20 30", &out), WG_DIFFERS);  // no b
  CU_ASSERT_EQUAL(judged("2c 3c 2aaq 3aaby 20 31", "2c 3c 2aaby 3aaq 20 30", &out), WG_DIFFERS); // another end
  CU_ASSERT_EQUAL(judged("2c 3c 2abq 3aay 20 30", "2c 3c 2baq 3aay 20 30", &out), WG_DIFFERS);
  wg_buf_release(&out);
}

// Who gives only while another one waits gives as often as that one waits.
static void waits_in_pairs_are_chance(void) {
  struct wg_buf out = {0};
  static const char none[] = "2c 3c 2ab 3ab 20 31 10", one[] = "2c 3c 2arb 3awb 20 31 10";
  CU_ASSERT_EQUAL(judged(none, one, &out), WG_OK);
  CU_ASSERT_EQUAL(judged(one, none, &out), WG_OK);
  CU_ASSERT_EQUAL(judged("2c 3c 2arrb 3awb 20 31 10", none, &out), WG_DIFFERS);  // one that nobody gets
  CU_ASSERT_EQUAL(judged("2c 3c 2arbf 3awb 20 31 10", none, &out), WG_DIFFERS);  // and something else
  CU_ASSERT_EQUAL(judged("2c 2prprwpw0 10", "2c 2prpwp0 10", &out), WG_DIFFERS); // for nobody but itself
  wg_buf_release(&out);
}

static void apc(wedge_emit *w, bool by_apc, bool sets) {
  static const char name[] = "NtWaitForSingleObjectEx";
  uint32_t args[4] = {GATE, 1, 1, 0};
  tell_args(w, 2, name, args, 4);
  tell_event(w, "wait.begin", 2,
             ",\"handles\":[\"0xf8000108\"],\"wait_type\":\"any\",\"alertable\":true,\"timeout_ns\":-1");
  tell_event(w, "wait.end", 2, by_apc ? ",\"status\":\"0xc0\",\"satisfied_by\":\"apc\"" : ",\"status\":\"0x0\"");
  if (sets) tell(w, 2, "NtSetEvent", QUIT, 0, 0);
  tell_return(w, 2, name, by_apc ? 0xC0 : 0);
}

// A row of waits: A ended by an APC, o by the object; a: by the object, and an APC had run; l: by an APC that does
// nothing.
static void write_apcs(const char *file, const char *row, uint32_t read) {
  wedge_emit *w = tell_begin(file, 1);
  make(w, "NtCreateEvent", "Event", QUIT, 0);
  make(w, "NtCreateEvent", "Event", GATE, 1);
  create(w, 2, true);
  for (const char *at = row; *at; at++) {
    apc(w, *at == 'A' || *at == 'l', *at == 'A' || *at == 'a');
    tell(w, 2, "NtReadFile", 0xF8000300, 0, at[1] ? 0 : read);
  }
  end(w, 2, 0);
  CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
}

static void an_apc_or_the_object_is_chance(void) {
  struct wg_buf out = {0};
  write_apcs("b", "AoAooo", 0);
  write_apcs("a", "oAoaoo", 0);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  write_apcs("a", "oAoooo", 0); // one APC less
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  write_apcs("a", "oaoaoo", 0); // none ends a wait
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  write_apcs("a", "oAoAoo", 0xC000009C);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtReadFile on the object 0xf8000300 returned"));
  wg_buf_release(&out);
}

#define PORT 0xF8000110u

// Packets that two threads put and a third gets, in a row; the call that frees what it gets fails with this.
static void write_packets(const char *file, const char *row, uint32_t last) {
  wedge_emit *w = tell_begin(file, 1);
  uint32_t args[4] = {0x70000000, 0, 0, 0};
  tell_args(w, 1, "NtCreateIoCompletion", args, 4);
  wedge_emit_handle(w, 1, tell_now(w), 1, PORT, "IoCompletion");
  tell_return(w, 1, "NtCreateIoCompletion", 0);
  for (uint32_t child = 2; child <= 4; child++) create(w, child, true);
  for (uint32_t i = 0; i < 6; i++) {
    uint32_t put[5] = {PORT, 10 + i, 100 + i, 0, 0};
    tell_called(w, 2 + i % 2, "NtSetIoCompletion", put, 5, 0);
  }
  for (const char *at = row; *at; at++) {
    uint32_t get[5] = {PORT, 0x70000000, 0x70000004, 0x70000008, 0}, key = (uint32_t)(*at - '0');
    char out[192];
    tell_args(w, 4, "NtRemoveIoCompletion", get, 5);
    snprintf(out, sizeof out,
             ",\"name\":\"NtRemoveIoCompletion\",\"rv\":\"0x0\",\"out\":{\"key\":\"0x%x\",\"value\":\"0x%x\","
             "\"io_status\":\"0x0\",\"information\":0}",
             (unsigned)(10 + key), (unsigned)(100 + key));
    tell_event(w, "kernel.return", 4, out);
    tell(w, 4, "KeTlsSetValue", 1, 7, at[1] ? 1 : last);
  }
  for (uint32_t child = 2; child <= 4; child++) end(w, child, 0);
  CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
}

// Which packet comes first is chance, also where something else differs; that it is one that nobody put is not.
static void which_packet_comes_first_is_chance(void) {
  struct wg_buf out = {0};
  write_packets("b", "012345", 1);
  write_packets("a", "102354", 1);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  write_packets("a", "102354", 0);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeTlsSetValue returned"));
  write_packets("a", "017345", 1);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "NtRemoveIoCompletion on the IoCompletion that thread 1 made at 0x82000000 gave key"));
  wg_buf_release(&out);
}

// Whose way leads to a call is chance, where all of them together call so as often.
static void from_where_is_chance(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged(TWO "2wvwawa 3wb 20 30", TWO "2wVwawa 3wb 20 30", &out), WG_OK);
  CU_ASSERT_EQUAL(judged(TWO "2wvwawa 3wb 20 30", TWO "2wVVwawa 3wb 20 30", &out), WG_DIFFERS);
  wg_buf_release(&out);
}

// How often a loop that waits for a timer goes round is chance, by a little.
static void rounds_of_a_timer_are_chance(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged("2c 2kakakakaka0", "2c 2kakakaka0", &out), WG_OK);
  CU_ASSERT_EQUAL(judged("2c 2kakakakaka0 10", "2c 2kakakaka0 10", &out), WG_OK); // whole, and done once more
  CU_ASSERT_TRUE(first_says(&out, "undecided: thread 2"));
  CU_ASSERT_TRUE(first_says(&out, "5 times in a row; in the reference 4 times, which chance seldom explains"));
  CU_ASSERT_EQUAL(judged("2c 2kakakakaka0", "2c 2kakakakakakakakakakaka0", &out), WG_DIFFERS);
  CU_ASSERT_EQUAL(judged("2c 2pvpvpvpvpv0", "2c 2pvpvpvpv0", &out), WG_DIFFERS);
  wg_buf_release(&out);
}

WG_MAIN("diff: pools", {"shares are chance", shares_are_chance},
        {"work that has not come is no difference", work_that_has_not_come_is_no_difference},
        {"an event for all makes no pool", an_event_for_all_makes_no_pool}, {"growth is chance", growth_is_chance},
        {"who is made when is chance", who_is_made_when_is_chance}, {"a gate is chance", a_gate_is_chance},
        {"a queue of several is chance", a_queue_of_several_is_chance}, {"places are chance", places_are_chance},
        {"waits in pairs are chance", waits_in_pairs_are_chance},
        {"an APC or the object is chance", an_apc_or_the_object_is_chance},
        {"which packet comes first is chance", which_packet_comes_first_is_chance},
        {"from where is chance", from_where_is_chance}, {"rounds of a timer are chance", rounds_of_a_timer_are_chance})
