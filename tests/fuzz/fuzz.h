/* What a fuzz target defines: takes any bytes, returns 0, neither keeps nor changes them. libFuzzer calls it in `make fuzz`, replay.c in
 * `make test`. A target must not depend on what an earlier call has left behind, nor touch files outside a folder of its own. */
#ifndef SPANHOOK_TESTS_FUZZ_FUZZ_H
#define SPANHOOK_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
