import Cluster
package import MatrixCore
package import Storage
package import Telemetry

/// Whose keys somebody asks for.
package struct KeyQuery: Sendable {
    /// What a client gives other servers when it does not say.
    package static let usualTimeout = Duration.seconds(10)
    package static let maximumUsers = 10_000
    package static let maximumDevices = 50_000

    /// With the devices that are asked for; none: all.
    package let users: [UserID: Set<String>]
    package let timeout: Duration

    /// - Parameter deviceKeys: users with lists of devices, as clients and servers send them. What is no user is passed over, as
    ///   one who has no keys would be.
    /// - Throws: `M_BAD_JSON` for what is no list of devices, `M_INVALID_PARAM` when it asks for too much.
    package init(_ deviceKeys: JSONObjectView, timeout: Duration = usualTimeout) throws(MatrixError) {
        var users: [UserID: Set<String>] = [:]
        for (name, list) in deviceKeys {
            guard let devices = list.array, devices.allSatisfy(\.isString) else {
                throw .badJSON("device_keys must have lists of devices")
            }
            guard let user = UserID(name) else { continue }
            users[user] = Set(devices.compactMap(\.string))
        }
        try self.init(users: users, timeout: timeout)
    }

    /// - Throws: `M_INVALID_PARAM` when it asks for too much.
    package init(users: [UserID: Set<String>], timeout: Duration = usualTimeout) throws(MatrixError) {
        guard users.count <= Self.maximumUsers,
            users.values.reduce(0, { $0 + $1.count }) <= Self.maximumDevices
        else { throw .invalidParam("Too many users or devices at once") }
        self.users = users
        self.timeout = timeout
    }
}

/// What was found, and which servers did not answer.
package struct KeyQueryAnswer: Sendable {
    package var keys: [UserID: UserKeys] = [:]
    package var failures: [ServerName: MatrixError] = [:]

    package init() {}
}

/// Finds users' keys: ours in the database, those of others where they are followed, and at their servers otherwise.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery
package struct KeyQueries: Sendable {
    /// Users whose keys are read by one statement.
    private static let usersAtOnce = 500

    let serverName: ServerName
    let store: DeviceKeyStore
    let interning: Interning
    let remote: RemoteServers
    let followed: (any FollowedKeys)?

    /// - Parameter remote: `nil` where there is no federation.
    package init(
        serverName: ServerName, store: DeviceKeyStore, interning: Interning, remote: (any RemoteUserKeys)?,
        followed: (any FollowedKeys)?, clock: any Clock
    ) {
        self.serverName = serverName
        self.store = store
        self.interning = interning
        self.remote = RemoteServers(keys: remote, clock: clock)
        self.followed = followed
    }

    /// For a client: with what the viewer alone may see.
    ///
    /// - Cost: for users of this server one query for 500 of them; for others one more, and a request for each server of users
    ///   who are not followed.
    package func answer(_ query: KeyQuery, for viewer: UserNID) async throws -> KeyQueryAnswer {
        try await answer(query, for: try await interning.user(viewer))
    }

    func answer(_ query: KeyQuery, for viewer: UserRecord) async throws -> KeyQueryAnswer {
        let records = try await interning.knownUsers(Array(query.users.keys))
        let isLocal = { (user: UserID) in user.serverName == serverName }
        var answer = KeyQueryAnswer()
        answer.keys = try await local(
            query.users.filter { isLocal($0.key) }, records, viewer: viewer, namesDevices: true)
        let others = query.users.filter { !isLocal($0.key) }
        guard !others.isEmpty else { return answer }
        let told = try await self.told(of: others, within: query.timeout)
        answer.failures = told.failures
        let signatures = try await signatures(of: viewer, over: told.keys.keys.compactMap { records[$0]?.nid })
        for (user, keys) in told.keys {
            let signature = records[user].flatMap { signatures[$0.nid] }
            answer.keys[user] = UserKeys(told: keys, of: user, signature: signature, viewer: viewer.userID)
                .filtered(to: others[user] ?? [])
        }
        return answer
    }

    /// For another server, which is told of ours alone (CVE-2023-43796).
    ///
    /// - Parameter namesDevices: whether names that users gave their devices are told.
    /// - Throws: `M_INVALID_PARAM` when it asks for a user of another server.
    package func answerOfOurs(
        _ query: KeyQuery, namesDevices: Bool
    ) async throws -> [UserID: UserKeys] {
        guard query.users.keys.allSatisfy({ $0.serverName == serverName }) else {
            throw MatrixError.invalidParam("A user is not of this server")
        }
        let records = try await interning.knownUsers(Array(query.users.keys))
        return try await local(query.users, records, viewer: nil, namesDevices: namesDevices)
    }

    // MARK: Ours

    /// Users who are not there have no keys.
    private func local(
        _ users: [UserID: Set<String>], _ records: [UserID: UserRecord], viewer: UserRecord?, namesDevices: Bool
    ) async throws -> [UserID: UserKeys] {
        var answer = users.mapValues { _ in UserKeys() }
        var rest = users.keys.compactMap { records[$0] }[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.usersAtOnce)
            rest = rest.dropFirst(Self.usersAtOnce)
            var question = PublishedKeysQuestion(viewer: viewer?.nid)
            for user in some {
                let devices = users[user.userID] ?? []
                question.ask(for: devices.isEmpty ? nil : devices, of: user.nid)
            }
            question.crossSigning = some.map(\.nid)
            question.signatures = viewer == nil ? [] : some.map(\.nid)
            let published = try await store.published(question)
            for user in some {
                answer[user.userID] = UserKeys(
                    of: user, in: published, viewer: viewer?.userID, namesDevices: namesDevices)
            }
        }
        return answer
    }

    private func signatures(
        of viewer: UserRecord, over users: [UserNID]
    ) async throws -> [UserNID: PublishedKeys.ViewerSignature] {
        guard !users.isEmpty else { return [:] }
        var question = PublishedKeysQuestion(viewer: viewer.nid)
        question.signatures = users
        return try await store.published(question).viewerSignatures
    }

    // MARK: Others'

    private func told(
        of users: [UserID: Set<String>], within timeout: Duration
    ) async throws -> (keys: [UserID: ToldKeys], failures: [ServerName: MatrixError]) {
        var found = try await followed?.keys(of: Array(users.keys)) ?? [:]
        let unknown = Dictionary(grouping: users.filter { found[$0.key] == nil }, by: \.key.serverName)
        let (answers, failures) = await remote.ask(Array(unknown.keys), within: timeout) { keys, server in
            let wanted = Dictionary(
                (unknown[server] ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
            // It tells of whom it likes; only its own who were asked for are listened to.
            return try await keys.keys(of: wanted, at: server).filter { wanted[$0.key] != nil }
        }
        for answer in answers { found.merge(answer) { first, _ in first } }
        return (found, failures)
    }
}
