import CSchema
package import MatrixCore
package import Postgres

/// Brings a database to the schema that this release needs, forward only.
///
/// Each migration is one transaction under an advisory lock, so any number of processes may migrate at once; what was
/// applied is kept with a checksum, because a migration that was edited afterwards would leave two installations different.
package struct Migrator: Sendable {
    package enum Failure: Error, Sendable {
        /// The database has a migration that this release does not know, or knows with another text.
        case foreign(name: String)
        /// The database belongs to another server name.
        case otherServer(String)
    }

    package struct Migration: Sendable {
        package let name: String
        package let sql: String
        var checksum: [UInt8] { SHA256.hash(Array(sql.utf8)) }
    }

    /// The schema's shards unless an installation has been made with another number.
    package static let defaultShardCount: Int16 = 16

    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package static let migrations: [Migration] = (0..<apus_migration_count).map { index in
        let migration = apus_migration_at(index)
        return Migration(
            name: String(cString: migration.name),
            sql: String(decoding: UnsafeBufferPointer(start: migration.text, count: migration.length), as: UTF8.self))
    }

    /// The migrations that are still to be applied.
    ///
    /// - Throws: `Failure.foreign` for a database of a newer release, or of none of ours.
    package func pending() async throws -> [Migration] {
        guard var row = try await pool.query(MigrationStatements.tableExists).first, try row.next(Bool.self) else {
            return Self.migrations
        }
        let known = Dictionary(uniqueKeysWithValues: Self.migrations.map { ($0.name, $0) })
        var applied: Set<String> = []
        for var row in try await pool.query(MigrationStatements.applied) {
            let name = try row.next(String.self)
            let checksum = try row.next([UInt8].self)
            guard known[name]?.checksum == checksum else { throw Failure.foreign(name: name) }
            applied.insert(name)
        }
        return Self.migrations.filter { !applied.contains($0.name) }
    }

    /// Applies what is pending, and records what installation this is.
    package func migrate(serverName: ServerName, now: Int64, shardCount: Int16 = Self.defaultShardCount) async throws
        -> [String]
    {
        try await pool.transaction { transaction in
            // `if not exists` alone does not keep two from making it at the same time.
            _ = try await transaction.query(MigrationStatements.lock)
            try await transaction.simple(MigrationStatements.createTable)
        }
        var applied: [String] = []
        for migration in try await pending() {
            let isNew = try await pool.transaction { transaction in
                _ = try await transaction.query(MigrationStatements.lock)
                let done = try await transaction.query(MigrationStatements.isApplied, migration.name)
                guard done.isEmpty else { return false }
                try await transaction.simple(migration.sql)
                _ = try await transaction.query(MigrationStatements.record, migration.name, migration.checksum, now)
                return true
            }
            if isNew { applied.append(migration.name) }
        }
        _ = try await pool.query(MigrationStatements.setInstallation, shardCount, serverName.description, now)
        if let installed = try await LogStore(pool: pool).installation(), installed.serverName != serverName {
            throw Failure.otherServer(installed.serverName.description)
        }
        return applied
    }
}
