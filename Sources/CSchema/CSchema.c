#include "CSchema.h"

// The SQL files, embedded by the compiler (C23): a worker needs no file beside it to migrate a database.
static const unsigned char log_and_rooms[] = {
#embed "migrations/0001_log_and_rooms.sql"
};
static const unsigned char append[] = {
#embed "migrations/0002_append.sql"
};
static const unsigned char accounts[] = {
#embed "migrations/0003_accounts.sql"
};
static const unsigned char cluster_and_federation[] = {
#embed "migrations/0004_cluster_and_federation.sql"
};
static const unsigned char duties[] = {
#embed "migrations/0005_duties.sql"
};
static const unsigned char receipts[] = {
#embed "migrations/0006_receipts.sql"
};
static const unsigned char push[] = {
#embed "migrations/0007_push.sql"
};
static const unsigned char server_key_documents[] = {
#embed "migrations/0008_server_key_documents.sql"
};
static const unsigned char media[] = {
#embed "migrations/0009_media.sql"
};
static const unsigned char destinations[] = {
#embed "migrations/0010_destinations.sql"
};

static const struct apus_migration migrations[] = {
    {"0001_log_and_rooms", log_and_rooms, sizeof log_and_rooms},
    {"0002_append", append, sizeof append},
    {"0003_accounts", accounts, sizeof accounts},
    {"0004_cluster_and_federation", cluster_and_federation, sizeof cluster_and_federation},
    {"0005_duties", duties, sizeof duties},
    {"0006_receipts", receipts, sizeof receipts},
    {"0007_push", push, sizeof push},
    {"0008_server_key_documents", server_key_documents, sizeof server_key_documents},
    {"0009_media", media, sizeof media},
    {"0010_destinations", destinations, sizeof destinations},
};
const size_t apus_migration_count = sizeof migrations / sizeof migrations[0];

struct apus_migration apus_migration_at(size_t index) {
    return migrations[index];
}
