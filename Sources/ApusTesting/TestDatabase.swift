internal import CPostgres
internal import Glibc
internal import Synchronization

/// A database for one suite or one test, on the server that all tests share.
///
/// ```swift
/// try await TestDatabase.with(template: template) { database in
///     let pool = PostgresPool(PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: logger)
///     ...
/// }
/// ```
package struct TestDatabase: Sendable {
    package let name: String
    /// To connect to it.
    package let url: String
    private let serverURL: String

    private static let counter = Atomic<Int>(0)

    /// Makes a database.
    ///
    /// - Parameter template: the database that it starts as a copy of, or nil for an empty one.
    package static func create(template: String? = nil) async throws -> TestDatabase {
        let server = try await TestServers.shared.postgresURL()
        let number = counter.add(1, ordering: .relaxed).newValue
        let name = "apus_test_\(getpid())_\(number)"
        let admin = try await AdminSession.open(server)
        // Left behind by a process of the same number that was killed.
        try await admin.run("DROP DATABASE IF EXISTS \(quoted(name)) WITH (FORCE)")
        try await admin.run("CREATE DATABASE \(quoted(name)) TEMPLATE \(quoted(template ?? "template0"))")
        return TestDatabase(name: name, url: try url(server, database: name), serverURL: server)
    }

    /// Makes a database for the time of `body`.
    package static func with<Value: Sendable>(
        template: String? = nil, isolation: isolated (any Actor)? = #isolation,
        _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        await TestServers.shared.takePlace()
        do {
            let value = try await whileItIsThere(template, isolation: isolation, body)
            await TestServers.shared.givePlaceBack()
            return value
        } catch {
            await TestServers.shared.givePlaceBack()
            throw error
        }
    }

    private static func whileItIsThere<Value: Sendable>(
        _ template: String?, isolation: isolated (any Actor)?, _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        let database = try await create(template: template)
        do {
            let value = try await body(database)
            try await database.drop()
            return value
        } catch {
            try? await database.drop()
            throw error
        }
    }

    /// Removes it, whoever is still connected.
    package func drop() async throws {
        let admin = try await AdminSession.open(serverURL)
        try await admin.run("DROP DATABASE IF EXISTS \(Self.quoted(name)) WITH (FORCE)")
    }

    /// Makes a database to copy from, once for all processes that use the server.
    ///
    /// - Parameters:
    ///   - name: says what is in it, for instance by a checksum of the migrations: one that exists is taken as it is.
    ///   - build: fills the database of that URL, and closes its connections.
    package static func prepareTemplate(
        _ name: String, isolation: isolated (any Actor)? = #isolation, _ build: (String) async throws -> Void
    ) async throws {
        let server = try await TestServers.shared.postgresURL()
        let admin = try await AdminSession.open(server)
        try await admin.run("SELECT pg_advisory_lock(hashtext('\(escaped(name))'))")
        let exists = try await admin.run("SELECT 1 FROM pg_database WHERE datname = '\(escaped(name))'")
        if exists == 0 {
            // Under another name until it is whole, so that one which failed half-way is never taken.
            let draft = "\(name)_draft"
            try await admin.run("DROP DATABASE IF EXISTS \(quoted(draft)) WITH (FORCE)")
            try await admin.run("CREATE DATABASE \(quoted(draft)) TEMPLATE template0")
            try await build(try url(server, database: draft))
            try await admin.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(escaped(draft))'")
            try await admin.run("ALTER DATABASE \(quoted(draft)) RENAME TO \(quoted(name))")
        }
        try await admin.run("SELECT pg_advisory_unlock(hashtext('\(escaped(name))'))")
    }

    private static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    private static func escaped(_ text: String) -> String { text.replacing("'", with: "''") }

    /// The same server, another database. As keywords, because these take any form of the given string apart.
    private static func url(_ server: String, database: String) throws -> String {
        guard let options = PQconninfoParse(server, nil) else {
            throw TestingError("APUS_TEST_DATABASE_URL is neither a URL nor libpq keywords")
        }
        defer { PQconninfoFree(options) }
        var words = ["dbname='\(database)'"]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, String(cString: keyword) != "dbname" {
                let escaped = String(cString: value).replacing("\\", with: "\\\\").replacing("'", with: "\\'")
                words.append("\(String(cString: keyword))='\(escaped)'")
            }
            option += 1
        }
        return words.joined(separator: " ")
    }
}
