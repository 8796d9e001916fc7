package import MatrixCore
package import Postgres

/// A user-interactive authentication under way.
package struct AuthSessionRecord: Sendable {
    /// What it allows once it is complete, with its target: nothing else.
    package let operation: String
    package let userNID: UserNID?
    package let deviceID: String?
    /// The flows that it offered, each the names of its stages with spaces between.
    package let flows: [String]
    /// The documents that it has shown, each its name and version with a space between.
    package let policies: [String]
    /// The stages that are complete, in their order.
    package let completed: [String]
    /// What the first request of a registration asked for, as JSON, without its password.
    package let parameters: [UInt8]?
    /// The hash of that request's password.
    package let passwordHash: String?
    package let spentMilliseconds: Int64?
    /// The account that was made with it, and its first device.
    package let accountNID: UserNID?
    package let accountDeviceID: String?
}

/// A session that is to begin.
package struct NewAuthSession: Sendable {
    package let hash: TokenHash
    package let operation: String
    package let userNID: UserNID?
    package let deviceID: String?
    package let flows: [String]
    package let policies: [String]
    package let parameters: [UInt8]?
    package let passwordHash: String?
    /// Who it counts for: see `AuthSessionStore.begin`.
    package let origin: String

    package init(
        hash: TokenHash, operation: String, userNID: UserNID?, deviceID: String?, flows: [String], policies: [String],
        parameters: [UInt8]?, passwordHash: String?, origin: String
    ) {
        self.hash = hash
        self.operation = operation
        self.userNID = userNID
        self.deviceID = deviceID
        self.flows = flows
        self.policies = policies
        self.parameters = parameters
        self.passwordHash = passwordHash
        self.origin = origin
    }
}

/// What became of a stage.
package enum StageCompletion: Sendable {
    /// All stages that are complete now.
    case accepted([String])
    /// The registration token is unknown, over, or used up.
    case tokenRefused
    /// The session is over.
    case gone
}

/// Sessions of user-interactive authentication, in the database so that any worker can continue them.
package struct AuthSessionStore: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// - Parameters:
    ///   - maxOfOrigin: of one origin's sessions that are under way the oldest end when there are more.
    ///   - oldest: sessions from before are over; a few of them are deleted on the way.
    package func begin(_ session: NewAuthSession, maxOfOrigin: Int64, oldest: Int64, now: Int64) async throws {
        try await pool.execute(
            AuthSessionStatements.begin, session.hash.bytes, session.operation, session.userNID?.rawValue,
            session.deviceID, session.flows, session.policies, session.parameters, session.passwordHash,
            session.origin, maxOfOrigin, oldest, now)
    }

    /// Notes that the session shows these documents now.
    package func show(_ policies: [String], in hash: TokenHash) async throws {
        try await pool.execute(AuthSessionStatements.show, hash.bytes, policies)
    }

    package func session(_ hash: TokenHash, oldest: Int64) async throws -> AuthSessionRecord? {
        guard var row = try await pool.query(AuthSessionStatements.one, hash.bytes, oldest).first else { return nil }
        return AuthSessionRecord(
            operation: try row.next(String.self), userNID: try row.next(Int64?.self).map { UserNID($0) },
            deviceID: try row.next(String?.self), flows: try row.next([String].self),
            policies: try row.next([String].self), completed: try row.next([String].self),
            parameters: try row.next([UInt8]?.self), passwordHash: try row.next(String?.self),
            spentMilliseconds: try row.next(Int64?.self), accountNID: try row.next(Int64?.self).map { UserNID($0) },
            accountDeviceID: try row.next(String?.self))
    }

    /// Notes that a stage is complete; noting it again changes nothing.
    ///
    /// - Parameter registrationToken: one of its uses is kept for the session while that lives.
    package func complete(
        _ stage: String, of hash: TokenHash, registrationToken: String? = nil, oldest: Int64, now: Int64
    ) async throws -> StageCompletion {
        let rows = try await pool.query(
            AuthSessionStatements.complete, hash.bytes, stage, registrationToken, oldest, now)
        guard var row = rows.first, let isAccepted = try row.next(Bool?.self) else { return .gone }
        return isAccepted ? .accepted(try row.next([String].self)) : .tokenRefused
    }

    /// Uses the session up.
    ///
    /// - Returns: false when another request was faster, or it is over: then it allows nothing.
    package func spend(_ hash: TokenHash, oldest: Int64) async throws -> Bool {
        try await pool.execute(AuthSessionStatements.spend, hash.bytes, oldest) > 0
    }

    // MARK: Registration tokens

    package func isUsable(registrationToken: String, oldestSession: Int64, now: Int64) async throws -> Bool {
        let rows = try await pool.query(AuthSessionStatements.tokenIsUsable, registrationToken, now, oldestSession)
        return try rows.first?.get(0, Bool.self) ?? false
    }

    /// - Returns: false when there is a token of that text.
    package func createRegistrationToken(
        _ token: String, usesAllowed: Int32?, expiresMilliseconds: Int64?
    ) async throws -> Bool {
        try await pool.execute(AuthSessionStatements.createToken, token, usesAllowed, expiresMilliseconds) > 0
    }

    /// - Returns: whether there was such a token.
    package func deleteRegistrationToken(_ token: String) async throws -> Bool {
        try await pool.execute(AuthSessionStatements.deleteToken, token) > 0
    }
}
