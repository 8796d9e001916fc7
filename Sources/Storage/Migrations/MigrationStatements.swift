import Postgres

/// The SQL of the schema's own history.
enum MigrationStatements {
    static let all = [tableExists, applied, isApplied, record, lock, setInstallation]

    static let createTable = """
        create table if not exists schema_migrations (
            name text primary key,
            checksum bytea not null,
            applied_ms bigint not null
        )
        """
    /// One migrator at a time, whatever process it is in.
    static let lock = Statement("migrations.lock", "select pg_advisory_xact_lock(7002)")
    static let tableExists = Statement(
        "migrations.table", "select to_regclass('schema_migrations') is not null", mode: .read)
    static let applied = Statement("migrations.applied", "select name, checksum from schema_migrations", mode: .read)
    static let isApplied = Statement(
        "migrations.is_applied", "select 1 from schema_migrations where name = $1", mode: .read)
    static let record = Statement(
        "migrations.record", "insert into schema_migrations (name, checksum, applied_ms) values ($1, $2, $3)")
    static let setInstallation = Statement(
        "migrations.installation",
        "insert into installation (shard_count, server_name, created_ms) values ($1, $2, $3) on conflict do nothing")
}
