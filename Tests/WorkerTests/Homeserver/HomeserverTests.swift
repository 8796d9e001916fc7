import ApusTesting
import EndpointsTesting
import HTTPAPI
import HTTPTypes
import MatrixCore
import NIOCore
import Postgres
import Reactor
import ServerConfiguration
import Storage
import Telemetry
import Testing
import Worker

struct HomeserverTests {
    private static let telemetry = Telemetry.silent()

    private func open(
        _ configuration: ServerConfiguration, roles: Set<WorkerRole> = Set(WorkerRole.allCases), migrates: Bool = true,
        _ body: (Homeserver) async throws -> Void = { _ in }
    ) async throws {
        let homeserver = try await Homeserver.open(
            configuration, worker: "test", roles: roles, migrates: migrates, telemetry: Self.telemetry)
        do {
            try await body(homeserver)
            await homeserver.close()
        } catch {
            await homeserver.close()
            throw error
        }
    }

    private func operations(
        _ homeserver: Homeserver, of apis: Set<ServerConfiguration.Listener.API> = [.client, .federation, .media]
    ) -> Set<String> {
        Set(homeserver.endpoints(of: apis).map(\.route.operation))
    }

    /// What a process that cannot start tells its operator; `nil` when it starts.
    private func failure(_ configuration: ServerConfiguration, migrates: Bool) async throws -> String? {
        do {
            try await open(configuration, migrates: migrates)
            return nil
        } catch let failure as StartFailure {
            return failure.description
        }
    }

    // MARK: What is served

    @Test func aProcessWithEveryRoleServesWhatAListenerAsks() async throws {
        try await TestConfiguration.onDatabase { configuration in
            try await open(configuration) { homeserver in
                let client = operations(homeserver, of: [.client])
                #expect(client.isSuperset(of: ["health", "ready", "getVersions", "login", "createRoom", "sync"]))
                let media = operations(homeserver, of: [.media])
                #expect(media.isSuperset(of: ["health", "ready", "uploadContent"]))
                #expect(media.intersection(client) == ["health", "ready"])
                let federation = operations(homeserver, of: [.federation])
                #expect(federation.isSuperset(of: ["health", "ready", "sendTransaction"]))
                #expect(federation.isDisjoint(with: ["sync", "uploadContent"]))
                #expect(operations(homeserver) == client.union(media).union(federation))
            }
        }
    }

    @Test(arguments: WorkerRole.allCases)
    func aWorkerServesItsRoleAndNoOther(role: WorkerRole) async throws {
        try await TestConfiguration.onDatabase { configuration in
            try await open(configuration, roles: [role]) { homeserver in
                let served = operations(homeserver)
                #expect(served.isSuperset(of: ["health", "ready"]))
                #expect(served.contains("createRoom") == (role == .clientAPI))
                #expect(served.contains("sendTransaction") == (role == .federationReader))
                #expect(served.contains("uploadContent") == (role == .media))
                if role == .push || role == .federationSender { #expect(served == ["health", "ready"]) }
            }
        }
    }

    @Test func withoutFederationNothingOfItIsServed() async throws {
        try await TestConfiguration.onDatabase("federation: {enabled: false}") { configuration in
            try await open(configuration) { homeserver in
                #expect(operations(homeserver, of: [.federation]) == ["health", "ready"])
                #expect(operations(homeserver).contains("sync"))
            }
        }
    }

    // MARK: Readiness

    @Test func aProcessIsReadyWhileItsDatabaseIsTheOneThatItOpened() async throws {
        try await TestConfiguration.onDatabase { configuration in
            try await open(configuration) { homeserver in
                let router = try Router(homeserver.endpoints(of: []), telemetry: Self.telemetry)
                #expect(await answer(router, "/health").status == 200)
                #expect(await answer(router, "/ready") == Answer(status: 200, text: "OK\n"))
                // As after a restore from a backup.
                try await run("update installation set incarnation = gen_random_uuid()", on: configuration)
                #expect(
                    await answer(router, "/ready") == Answer(status: 503, text: "the database is another one\n"))
                try await run("delete from installation", on: configuration)
                #expect(await answer(router, "/ready") == Answer(status: 503, text: "the schema is missing\n"))
                #expect(await answer(router, "/health").status == 200)
            }
        }
    }

    private struct Answer: Equatable {
        let status: Int
        let text: String
    }

    private func answer(_ router: Router, _ path: String) async -> Answer {
        let answer = await router.ask(.get, path)
        return Answer(status: answer.status, text: answer.text)
    }

    private func run(_ sql: String, on configuration: ServerConfiguration) async throws {
        let reactor = try Reactor()
        let pool = PostgresPool(
            PostgresConfiguration(conninfo: configuration.database.url.text), reactor: reactor,
            logger: Self.telemetry.log.logger)
        try await pool.simple(sql)
        await pool.close()
        await reactor.shutdown()
    }

    // MARK: What stops a start

    @Test func aWorkerLeavesTheSchemaToTheMigration() async throws {
        try await TestConfiguration.onEmptyDatabase { configuration in
            let empty = try await failure(configuration, migrates: false)
            #expect(empty?.contains("is older than this release") == true)
            #expect(empty?.hasSuffix("run: apus migrate --config FILE") == true)
            #expect(try await failure(configuration, migrates: true) == nil)
            #expect(try await failure(configuration, migrates: false) == nil)
        }
    }

    @Test func aDatabaseOfAnotherServerIsRefused() async throws {
        let files = try TestConfiguration()
        defer { files.remove() }
        try await MigratedDatabase.with("example.org") { database in
            let other = try files.with(database: database.url, name: "other.example")
            for migrates in [true, false] {
                #expect(
                    try await failure(other, migrates: migrates) == "the database belongs to the server example.org")
            }
        }
    }

    @Test func aDatabaseOfALaterReleaseIsRefused() async throws {
        try await TestConfiguration.onEmptyDatabase { configuration in
            #expect(try await failure(configuration, migrates: true) == nil)
            try await run(
                "insert into schema_migrations select '9999_later', checksum, applied_ms from schema_migrations limit 1",
                on: configuration)
            for migrates in [true, false] {
                let refused = try await failure(configuration, migrates: migrates)
                #expect(refused?.contains("a migration that this release does not know") == true)
                #expect(refused?.contains("9999_later") == true)
            }
        }
    }
}
