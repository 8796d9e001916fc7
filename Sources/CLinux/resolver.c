#include "resolver.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

int clinux_resolve_addresses(const char *host, struct clinux_address *addresses, int capacity) {
    // One entry an address, not one for each kind of socket; and no IPv6 on machines that have none.
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = nullptr;
    int status = getaddrinfo(host, nullptr, &hints, &list);
    if (status == EAI_NONAME || status == EAI_NODATA || status == EAI_ADDRFAMILY) return 0;
    if (status != 0) return status == EAI_OVERFLOW ? CLINUX_LOOKUP_BAD_NAME : CLINUX_LOOKUP_FAILED;
    int count = 0;
    for (struct addrinfo *entry = list; entry != nullptr && count < capacity; entry = entry->ai_next) {
        struct clinux_address *address = &addresses[count];
        if (entry->ai_family == AF_INET) {
            address->length = 4;
            memcpy(address->bytes, &((struct sockaddr_in *)entry->ai_addr)->sin_addr, 4);
        } else if (entry->ai_family == AF_INET6) {
            address->length = 16;
            memcpy(address->bytes, &((struct sockaddr_in6 *)entry->ai_addr)->sin6_addr, 16);
        } else {
            continue;
        }
        count++;
    }
    freeaddrinfo(list);
    return count;
}

// Reads the SRV record that `record` is. Returns false when it is malformed.
static bool read_service(const ns_msg *message, const ns_rr *record, struct clinux_service *service) {
    const uint8_t *data = ns_rr_rdata(*record);
    if (ns_rr_rdlen(*record) < 7) return false;
    service->priority = ns_get16(data);
    service->weight = ns_get16(data + 2);
    service->port = ns_get16(data + 4);
    service->lifetime_seconds = ns_rr_ttl(*record);
    int length = ns_name_uncompress(
        ns_msg_base(*message), ns_msg_end(*message), data + 6, service->host, sizeof service->host);
    return length >= 0;
}

int clinux_read_services(const uint8_t *answer, size_t length, struct clinux_service *services, int capacity) {
    ns_msg message;
    if (ns_initparse(answer, (int)length, &message) != 0) return CLINUX_LOOKUP_FAILED;
    int count = 0;
    for (int index = 0; index < ns_msg_count(message, ns_s_an) && count < capacity; index++) {
        ns_rr record;
        if (ns_parserr(&message, ns_s_an, index, &record) != 0) return CLINUX_LOOKUP_FAILED;
        if (ns_rr_type(record) != ns_t_srv) continue;
        if (read_service(&message, &record, &services[count])) count++;
    }
    return count;
}

int clinux_resolve_services(const char *name, struct clinux_service *services, int capacity) {
    struct __res_state state = {0};
    if (res_ninit(&state) != 0) return CLINUX_LOOKUP_FAILED;
    uint8_t answer[16384];
    // A fully qualified query: the machine's search domains are no business of a server name.
    int length = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, sizeof answer);
    int failure = state.res_h_errno;
    res_nclose(&state);
    if (length < 0) return failure == HOST_NOT_FOUND || failure == NO_DATA ? 0 : CLINUX_LOOKUP_FAILED;
    // The length may be that of an answer which did not fit.
    size_t received = (size_t)length < sizeof answer ? (size_t)length : sizeof answer;
    return clinux_read_services(answer, received, services, capacity);
}
