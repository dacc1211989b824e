// The form in which the runner hands a case to the guest that makes its calls, at CALLER_AREA, and what the guest
// leaves there. All of it big-endian in guest memory.
#ifndef WG_TESTS_CALLER_H
#define WG_TESTS_CALLER_H

#define CALLER_AREA 0x2F000000u
#define CALLER_LOG (CALLER_AREA + 0x1000u)      // of CALLER_ENTRIES
#define CALLER_SCRIPTS (CALLER_AREA + 0x40000u) // where the runner puts scripts
#define CALLER_DATA (CALLER_AREA + 0x100000u)   // and the variables
#define CALLER_SIZE 0x200000u
#define CALLER_ENTRIES 4000u
#define CALLER_ARGS 13u

enum caller_op { CALLER_CALL, CALLER_STORE, CALLER_LOAD, CALLER_SPIN };
enum caller_kind {
  CALLER_VALUE,    // itself
  CALLER_BEHIND,   // the word at its low half, plus its high half
  CALLER_EXPORT,   // the address of an exported function, by its row
  CALLER_VARIABLE, // of an exported variable
  CALLER_ROUTINE,  // of one of the guest's own, by enum caller_routine
};
#define CALLER_STACK 0x5354414Bu // as a first argument: r1
enum caller_routine { CALLER_RUN, CALLER_RUN_SECOND, CALLER_RUN_BEHIND, CALLER_NOTHING, CALLER_RUN_BEHIND_FOURTH };

#endif
