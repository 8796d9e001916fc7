package import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// What became of a claim: for each device the name of a key and the key as JSON.
package struct KeyClaimAnswer: Sendable {
    package var keys: [UserID: [String: (name: String, json: [UInt8])]] = [:]
    package var failures: [ServerName: MatrixError] = [:]

    package init() {}

    /// Writes the member in which clients and servers get the keys.
    package func writeKeys(to json: inout JSONWriter) {
        json.object(key: "one_time_keys") { json in
            for (user, devices) in keys {
                json.object(key: user.description) { json in
                    for (deviceID, key) in devices {
                        json.object(key: deviceID) { $0.field(key.name, raw: key.json) }
                    }
                }
            }
        }
    }
}

/// Gives out one-time keys, each of them once.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim
package struct KeyClaims: Sendable {
    /// Devices in one request.
    package static let maximumDevices = 10_000
    /// Keys that are given out by one statement, which holds up those shards of the log whose users it tells.
    private static let wishesAtOnce = 200

    private let serverName: ServerName
    private let store: DeviceKeyStore
    private let interning: Interning
    private let feed: LogFeed
    private let remote: RemoteServers
    private let clock: any Clock

    /// - Parameter remote: `nil` where there is no federation.
    package init(
        serverName: ServerName, store: DeviceKeyStore, interning: Interning, feed: LogFeed,
        remote: (any RemoteUserKeys)?,
        clock: any Clock
    ) {
        self.serverName = serverName
        self.store = store
        self.interning = interning
        self.feed = feed
        self.remote = RemoteServers(keys: remote, clock: clock)
        self.clock = clock
    }

    /// For a client.
    ///
    /// - Parameter devices: the algorithm that is wanted of each device.
    /// - Throws: `M_INVALID_PARAM` when it wants too much.
    /// - Cost: one query for 200 devices of this server, and a request for each other server.
    package func claim(
        _ devices: [UserID: [String: String]], within timeout: Duration = KeyQuery.usualTimeout
    ) async throws -> KeyClaimAnswer {
        try Self.checkNumber(devices)
        let ours = devices.filter { $0.key.serverName == serverName }
        let others = Dictionary(
            grouping: devices.filter { $0.key.serverName != serverName }, by: \.key.serverName
        ).mapValues { Dictionary($0.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }) }
        async let told = remote.ask(Array(others.keys), within: timeout) { keys, server in
            let wanted = others[server] ?? [:]
            return Self.checked(try await keys.claim(wanted, at: server), wanted)
        }
        var answer = KeyClaimAnswer()
        answer.keys = try await claimOurs(ours)
        let (answers, failures) = await told
        for keys in answers { answer.keys.merge(keys) { first, _ in first } }
        answer.failures = failures
        return answer
    }

    /// For another server, of our users alone; others have no keys here.
    package func claimOfOurs(_ devices: [UserID: [String: String]]) async throws -> KeyClaimAnswer {
        try Self.checkNumber(devices)
        var answer = KeyClaimAnswer()
        answer.keys = try await claimOurs(devices.filter { $0.key.serverName == serverName })
        return answer
    }

    /// What is wanted of each device, as clients and servers send it. What is no user has no devices.
    ///
    /// - Throws: `M_BAD_JSON` for what names no algorithm of devices.
    package static func wishes(_ users: JSONObjectView) throws(MatrixError) -> [UserID: [String: String]] {
        var wishes: [UserID: [String: String]] = [:]
        for (name, view) in users {
            guard let devices = view.object else { throw .badJSON("one_time_keys must have objects of devices") }
            guard let user = UserID(name) else { continue }
            for (deviceID, algorithm) in devices {
                guard let algorithm = algorithm.string else {
                    throw .badJSON("one_time_keys must have an algorithm for each device")
                }
                wishes[user, default: [:]][deviceID] = algorithm
            }
        }
        return wishes
    }

    private static func checkNumber(_ devices: [UserID: [String: String]]) throws(MatrixError) {
        guard devices.values.reduce(0, { $0 + $1.count }) <= maximumDevices else {
            throw .invalidParam("Too many devices at once")
        }
    }

    // MARK: Ours

    private func claimOurs(
        _ devices: [UserID: [String: String]]
    ) async throws -> [UserID: [String: (name: String, json: [UInt8])]] {
        let records = try await interning.knownUsers(Array(devices.keys))
        // In one order for all, so that what is claimed together by two stays together.
        let wishes = records.values.sorted { $0.nid < $1.nid }.flatMap { user in
            (devices[user.userID] ?? [:]).sorted { $0.key < $1.key }.map { device in
                KeyWish(user: user, deviceID: device.key, algorithm: device.value)
            }
        }
        var found: [UserID: [String: (name: String, json: [UInt8])]] = [:]
        var rest = wishes[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.wishesAtOnce)
            rest = rest.dropFirst(Self.wishesAtOnce)
            let (keys, changes) = try await store.claim(Array(some), now: clock.nowMilliseconds)
            feed.announce(changes.map { (kind: .keyCounts, position: $0.position, user: $0.user) })
            for wish in some {
                guard let key = keys[wish] else { continue }
                found[wish.user.userID, default: [:]][wish.deviceID] = ("\(wish.algorithm):\(key.keyID)", key.body)
            }
        }
        return found
    }

    // MARK: Others'

    /// Of what another server says, one key for each device that was asked for, of the algorithm that was.
    private static func checked(
        _ told: [UserID: [String: JSONObjectView]], _ wanted: [UserID: [String: String]]
    ) -> [UserID: [String: (name: String, json: [UInt8])]] {
        var found: [UserID: [String: (name: String, json: [UInt8])]] = [:]
        for (user, devices) in wanted {
            for (deviceID, algorithm) in devices {
                guard let keys = told[user]?[deviceID] else { continue }
                let key = keys.lazy.first { name, view in
                    EncryptionKeyText.split(name)?.algorithm == algorithm && (view.isString || view.isObject)
                        && view.rawBytes.count <= OneTimeKey.maximumBytes * 2
                }
                if let key { found[user, default: [:]][deviceID] = (key.key, Array(key.value.rawBytes)) }
            }
        }
        return found
    }
}
