package import Encryption
package import FederationAPI
import HTTPAPI
package import MatrixCore
import Storage
package import Telemetry

/// Keys of users of other servers, which are asked for them.
package struct FederatedKeys: RemoteUserKeys {
    /// Servers that were found silent.
    private static let maximumServers = 5_000
    /// A server that does not answer is not asked again at once by the next client.
    private static let pause = Duration.seconds(30)

    private let client: FederationClient
    private let clock: any Clock
    private let silent = GenerationalCache<ServerName, Duration>(maxWeight: maximumServers)

    package init(client: FederationClient, clock: any Clock) {
        self.client = client
        self.clock = clock
    }

    /// - Throws: `FederationError`, `CancellationError`.
    package func keys(of users: [UserID: Set<String>], at server: ServerName) async throws -> [UserID: ToldKeys] {
        let answer = try await asking(server) { try await client.userKeys(of: users, at: server) }
        var told: [UserID: ToldKeys] = [:]
        for (user, devices) in answer.devices {
            told[user, default: ToldKeys()].devices = devices.map { device in
                (device.deviceID, device.keys, device.keys["unsigned"]?["device_display_name"]?.string)
            }
        }
        for (user, key) in answer.masterKeys { told[user, default: ToldKeys()].masterKey = key }
        for (user, key) in answer.selfSigningKeys { told[user, default: ToldKeys()].selfSigningKey = key }
        return told
    }

    /// - Throws: `FederationError`, `CancellationError`.
    package func claim(
        _ devices: [UserID: [String: String]], at server: ServerName
    ) async throws -> [UserID: [String: JSONObjectView]] {
        try await asking(server) { try await client.claimKeys(of: devices, at: server) }.keys
    }

    private func asking<Answer>(
        _ server: ServerName, _ question: () async throws -> Answer
    ) async throws -> Answer {
        if let until = silent[server], until > clock.monotonic { throw FederationError.unreachable(.timedOut) }
        do {
            return try await question()
        } catch let error as FederationError {
            if error.isServerDown { silent.keep(clock.monotonic + Self.pause, for: server) }
            throw error
        } catch is CancellationError {
            // Whoever asked had no more time; the next need not lose theirs.
            silent.keep(clock.monotonic + Self.pause, for: server)
            throw CancellationError()
        }
    }
}
