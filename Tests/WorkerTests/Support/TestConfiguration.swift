import ApusTesting
import FoundationEssentials
import ServerConfiguration

/// A configuration on a database, with a folder of its own for what a server writes.
struct TestConfiguration {
    let directory: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-worker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        directory = folder.path()
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    func with(database url: String, name: String = "example.org", _ more: String = "") throws -> ServerConfiguration {
        let text = """
            server_name: \(name)
            public_base_url: https://matrix.example.org/
            database: {url: "\(url)", pool_size: 2}
            passwords: {cost: minimum}
            log: {level: critical}
            \(more)
            """
        switch ServerConfiguration.parse(
            Array(text.utf8), file: "apus.yaml", directory: directory, environment: [:])
        {
        case .success(let configuration): return configuration
        case .failure(let mistakes): throw TestingError("\(mistakes)")
        }
    }

    /// Runs `body` with a configuration on a database that has the schema.
    static func onDatabase(_ more: String = "", _ body: (ServerConfiguration) async throws -> Void) async throws {
        let files = try TestConfiguration()
        defer { files.remove() }
        try await MigratedDatabase.with { database in try await body(try files.with(database: database.url, more)) }
    }

    /// Runs `body` with a configuration on an empty database.
    static func onEmptyDatabase(
        _ more: String = "", _ body: (ServerConfiguration) async throws -> Void
    ) async throws {
        let files = try TestConfiguration()
        defer { files.remove() }
        try await TestDatabase.with { database in try await body(try files.with(database: database.url, more)) }
    }
}
