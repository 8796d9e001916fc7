#pragma once

#include <stddef.h>
#include <stdint.h>

// Blocking lookups with the system's resolver. Safe on any thread: each call has a resolver state of its own.

enum clinux_lookup {
    CLINUX_LOOKUP_FAILED = -1,   // no answer: a retry may help
    CLINUX_LOOKUP_BAD_NAME = -2, // the name cannot be asked for
};

// One address: length is 4 or 16.
struct clinux_address {
    uint8_t length;
    uint8_t bytes[16];
};

struct clinux_service {
    uint16_t priority;
    uint16_t weight;
    uint16_t port;
    uint32_t lifetime_seconds;
    char host[256];
};

// Both fill at most `capacity` entries and return how many, 0 when there is no such name or record, or a
// negative `clinux_lookup`.
int clinux_resolve_addresses(const char *host, struct clinux_address *addresses, int capacity);
int clinux_resolve_services(const char *name, struct clinux_service *services, int capacity);

// Reads the SRV records of an answer as it came over the wire; the result is as above.
int clinux_read_services(const uint8_t *answer, size_t length, struct clinux_service *services, int capacity);
