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
static const unsigned char relations[] = {
#embed "migrations/0011_relations.sql"
};
static const unsigned char delayed_events[] = {
#embed "migrations/0017_delayed_events.sql"
};
static const unsigned char notifications[] = {
#embed "migrations/0013_notifications.sql"
};
static const unsigned char sliding_sync[] = {
#embed "migrations/0012_sliding_sync.sql"
};
static const unsigned char directory[] = {
#embed "migrations/0014_directory.sql"
};
static const unsigned char search[] = {
#embed "migrations/0015_search.sql"
};
static const unsigned char user_directory[] = {
#embed "migrations/0016_user_directory.sql"
};
static const unsigned char key_backups[] = {
#embed "migrations/0021_key_backups.sql"
};

static const unsigned char device_keys[] = {
#embed "migrations/0018_device_keys.sql"
};
static const unsigned char device_lists[] = {
#embed "migrations/0019_device_lists.sql"
};
static const unsigned char device_messages[] = {
#embed "migrations/0020_device_messages.sql"
};
static const unsigned char policies[] = {
#embed "migrations/0022_policies.sql"
};
static const unsigned char late_comers[] = {
#embed "migrations/0023_late_comers.sql"
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
    {"0011_relations", relations, sizeof relations},
    {"0012_sliding_sync", sliding_sync, sizeof sliding_sync},
    {"0013_notifications", notifications, sizeof notifications},
    {"0014_directory", directory, sizeof directory},
    {"0015_search", search, sizeof search},
    {"0016_user_directory", user_directory, sizeof user_directory},
    {"0017_delayed_events", delayed_events, sizeof delayed_events},
    {"0018_device_keys", device_keys, sizeof device_keys},
    {"0019_device_lists", device_lists, sizeof device_lists},
    {"0020_device_messages", device_messages, sizeof device_messages},
    {"0021_key_backups", key_backups, sizeof key_backups},
    {"0022_policies", policies, sizeof policies},
    {"0023_late_comers", late_comers, sizeof late_comers},
};
const size_t apus_migration_count = sizeof migrations / sizeof migrations[0];

struct apus_migration apus_migration_at(size_t index) {
    return migrations[index];
}
