#pragma once

#include <stddef.h>

/// One migration: its file's name without the extension (`0001_log_and_rooms`) and its text.
struct apus_migration {
    const char *name;
    const unsigned char *text;
    size_t length;
};

/// How many migrations there are.
extern const size_t apus_migration_count;

/// The migration at an index below the count, in the order in which they are applied.
struct apus_migration apus_migration_at(size_t index);
