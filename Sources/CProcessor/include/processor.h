#ifndef HAZECAST_PROCESSOR_H
#define HAZECAST_PROCESSOR_H

#include <stdbool.h>

/// Whether the processor and its operating system can run AVX2 and FMA instructions.
bool hazecast_processor_has_avx2_and_fma(void);

#endif
