import ApusTesting
import EndpointsTesting
import FoundationEssentials
import HTTPAPI
import HTTPTypes
import MatrixCore
import Media
import MediaEndpoints
import Postgres
import Reactor
import Storage
import Telemetry

/// The endpoints of the content repository as clients meet them.
struct MediaAPI: Sendable {
    /// Everybody's access token is their name.
    private struct Names: UserAuthenticator {
        func user(presenting token: AccessToken, in request: CallerRequest) -> LocalUser? {
            guard let userID = UserID("@\(token.secret):example.org") else { return nil }
            return LocalUser(
                userID: userID, userNID: UserNID(token.secret.utf8.reduce(0) { $0 * 31 + Int64($1) }), deviceID: nil,
                tokenID: nil, isGuest: token.secret == "guest")
        }
    }

    let router: Router
    let folder: String

    static func with(
        maxBytes: Int = 1 << 20, requiresToken: Bool = true, _ body: (MediaAPI) async throws -> Void
    ) async throws {
        let reactor = try Reactor()
        let telemetry = Telemetry.silent()
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: telemetry.log.logger)
            guard let name = ServerName("example.org") else { throw TestingError("no server name") }
            _ = try await Migrator(pool: pool).migrate(serverName: name, now: 1)
            let threads = FileThreads()
            let thumbnailer = Thumbnailer()
            let path = FileManager.default.temporaryDirectory.path + "/apus-\(database.name)"
            let folder = try await MediaFolder.open(path, threads: threads, random: telemetry.random)
            let store = MediaStore(pool: pool)
            let downloads = MediaDownloads(serverName: name, store: store, folder: folder, telemetry: telemetry)
            let services = MediaEndpointServices(
                uploads: MediaUploads(
                    serverName: name, maxBytes: maxBytes, requiresToken: requiresToken, store: store, folder: folder,
                    telemetry: telemetry),
                downloads: downloads,
                thumbnails: Thumbnails(downloads: downloads, folder: folder, thumbnailer: thumbnailer))
            let environment = EndpointEnvironment(authenticators: Authenticators(users: Names()))
            let router = try Router(
                ServedEndpoint.all(MediaEndpoints.all, with: services, in: environment), telemetry: telemetry)
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(MediaAPI(router: router, folder: path)))
            } catch { outcome = .failure(error) }
            await thumbnailer.shutdown()
            await threads.shutdown()
            await pool.close()
            try FileManager.default.removeItem(atPath: path)
            try outcome.get()
        }
        await reactor.shutdown()
    }

    /// - Parameter path: below `/_matrix`.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil, as token: String? = "alice",
        _ headers: HTTPFields = [:]
    ) async throws -> EndpointAnswer {
        try await router.ask(method, "/_matrix" + path, bytes: body, token: token, headers: headers).whole()
    }

    /// Uploads, and returns server and id as they stand in paths.
    func upload(_ bytes: [UInt8], type: String, name: String? = nil) async throws -> String {
        let query = name.map { "?filename=\($0)" } ?? ""
        let answer = try await ask(.post, "/media/v3/upload\(query)", bytes, as: "alice", [.contentType: type])
        guard let uri = answer["content_uri"]?.string, uri.hasPrefix("mxc://") else {
            throw TestingError("an upload was answered with \(answer.status)")
        }
        return String(uri.dropFirst("mxc://".count))
    }
}
