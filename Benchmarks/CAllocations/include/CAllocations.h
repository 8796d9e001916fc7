#pragma once

#include <stdint.h>

/// Counts what a thread asks of the allocator, in every program that this library is linked into: the program's `malloc` is
/// then this one, which counts and hands on to glibc's.
///
/// Threads are counted apart, so that tests that run side by side do not see each other.

/// Whether anything is counted. Not with a sanitizer, which needs `malloc` for itself, nor with another C library.
_Bool callocations_are_counted(void);

/// How often the calling thread has asked for memory.
uint64_t callocations_count(void);

/// How many bytes the calling thread has asked for.
uint64_t callocations_bytes(void);

/// Gives back to the system what is free, so that what is resident is in use.
void callocations_give_back(void);
