#include "CAllocations.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define COUNTS 0
#elif defined(__GLIBC__)
#define COUNTS 1
#else
#define COUNTS 0
#endif

#if COUNTS

#include <malloc.h>

// In the executable itself, so that reaching them allocates nothing.
static _Thread_local uint64_t count __attribute__((tls_model("initial-exec")));
static _Thread_local uint64_t bytes __attribute__((tls_model("initial-exec")));

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void note(size_t size) {
    count += 1;
    bytes += size;
}

// `free` stays glibc's: what these return is its own memory.

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    note(size);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    note(size);
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}

_Bool callocations_are_counted(void) { return 1; }
uint64_t callocations_count(void) { return count; }
uint64_t callocations_bytes(void) { return bytes; }
void callocations_give_back(void) { malloc_trim(0); }

#else

_Bool callocations_are_counted(void) { return 0; }
uint64_t callocations_count(void) { return 0; }
uint64_t callocations_bytes(void) { return 0; }
void callocations_give_back(void) {}

#endif
