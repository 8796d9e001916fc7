import Accounts
package import FederationAPI
import HTTPAPI
package import MatrixCore
import Storage
package import Telemetry

/// Profiles of users of other servers, which are asked for them.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryprofile
package struct FederatedProfiles: RemoteProfiles {
    /// Of all profiles that are remembered, in bytes.
    private static let maximumBytes = 16 << 20
    /// Servers that were found silent.
    private static let maximumServers = 5_000
    /// A client that shows a room asks for many users, and for the same ones again.
    private static let lifetime = Duration.seconds(60)
    /// A server that does not answer is not asked again at once for its next user.
    private static let pause = Duration.seconds(30)
    /// For finding the server and asking it.
    private static let patience = Duration.seconds(15)
    /// A profile is as much as this beside its values.
    private static let overheadBytes = 200

    private struct Memory: Sendable {
        /// Nil: there is no such user.
        let fields: [(field: String, value: [UInt8])]?
        let expires: Duration

        var bytes: Int {
            overheadBytes + (fields ?? []).reduce(0) { $0 + $1.field.utf8.count + $1.value.count + 64 }
        }
    }

    private let client: FederationClient
    private let clock: any Clock
    private let profiles = GenerationalCache<UserID, Memory>(maxWeight: maximumBytes, weight: \.bytes)
    private let silent = GenerationalCache<ServerName, Duration>(maxWeight: maximumServers)

    package init(client: FederationClient, clock: any Clock) {
        self.client = client
        self.clock = clock
    }

    /// - Throws: `FederationError`, `CancellationError`.
    package func profile(of userID: UserID, field: String?) async throws -> [(field: String, value: [UInt8])]? {
        let fields = try await fields(of: userID)
        guard let field else { return fields }
        return fields?.filter { $0.field == field }
    }

    /// All fields: whoever asks for the name asks for the picture next.
    private func fields(of userID: UserID) async throws -> [(field: String, value: [UInt8])]? {
        if let known = profiles[userID], known.expires > clock.monotonic { return known.fields }
        let server = userID.serverName
        if let until = silent[server], until > clock.monotonic { throw FederationError.unreachable(.timedOut) }
        var fields: [(field: String, value: [UInt8])]?
        do {
            let answer = try await ask(server, for: userID)
            fields = answer.values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.canonicalBytes) }
        } catch FederationError.refused(status: 404, errcode: _, message: _, roomVersion: _, retryAfter: _) {
            fields = nil
        } catch let error as FederationError {
            if error.isServerDown { silent.keep(clock.monotonic + Self.pause, for: server) }
            throw error
        }
        profiles.keep(Memory(fields: fields, expires: clock.monotonic + Self.lifetime), for: userID)
        return fields
    }

    private func ask(_ server: ServerName, for userID: UserID) async throws -> ProfileAnswer {
        do {
            return try await clock.withDeadline(Self.patience) { [client] in
                try await client.profile(of: userID, at: server)
            }
        } catch is DeadlineExceeded {
            throw FederationError.unreachable(.timedOut)
        }
    }
}
