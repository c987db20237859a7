#ifndef HAZECAST_PROCESSOR_H
#define HAZECAST_PROCESSOR_H

/// The x86-64 level, of those that a kernel is built for, that the processor and its operating system can run: 4
/// (AVX-512), 3 (AVX2 and FMA) or 1; 0 on other architectures.
int hazecast_processor_level(void);

#endif
