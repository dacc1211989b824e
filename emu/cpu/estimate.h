// The console's estimates, bit for bit: reciprocals, reciprocal square roots, 2^x and log2.
//
// Sources (facts, none of their text): what a console returned (xenia's branch gen_tests, 65 operands an instruction);
// the tables of the reciprocal square roots from disjtqz/ppc_approximations and xenia-canary, that of vrefp from
// Dolphin's for the same unit in an older part, read with one bit of position less, that of fres from RPCS3's for the
// same core. tests/vectors/README.md says what of each is confirmed by recorded values and what is not.
#ifndef WG_EMU_ESTIMATE_H
#define WG_EMU_ESTIMATE_H

#include <stdint.h>

// vrefp, vrsqrtefp, vexptefp, vlogefp: of one lane's bits, which are no NaN. A denormal counts as what it is; flushing
// operands and results is the caller's.
uint32_t wg_estimate_reciprocal(uint32_t w);
uint32_t wg_estimate_rsqrt(uint32_t w);
uint32_t wg_estimate_exp2(uint32_t w);
uint32_t wg_estimate_log2(uint32_t w);

// fres: the 23 bits after the leading one of the estimate of 2/(1 + i/128), 0 <= i < 128.
uint32_t wg_estimate_fres(unsigned i);
// frsqrte: the 8 bits after the leading one for a significand whose first three bits are i, of an even exponent; + 8:
// odd.
uint32_t wg_estimate_frsqrte(unsigned i);

#endif
