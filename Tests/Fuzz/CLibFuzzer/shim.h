#include <stddef.h>
#include <stdint.h>

// libFuzzer as a library, which has no header of its own for C.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
