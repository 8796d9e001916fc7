import MatrixCore
import Storage

/// One request's attempt to get on with an authentication.
struct AuthAttempt {
    let operation: AuthOperation
    let flows: [AuthFlow]
    let submission: AuthSubmission?
    let memory: AuthMemory
    let origin: SessionOrigin
}

/// What a session remembers of the request that began it.
struct AuthMemory {
    /// Called when a session begins, and then only: hashing the password is not for free.
    let compute: () async throws -> (parameters: [UInt8]?, passwordHash: String?)

    static var nothing: AuthMemory { AuthMemory { (nil, nil) } }
}

/// How far a session is.
struct AuthProgress {
    /// The session as the client knows it; `nil` when it named none.
    let session: String?
    let hash: TokenHash?
    /// `nil` when it has just begun, or there is no such session.
    let record: AuthSessionRecord?

    /// Whether the client named a session that is over or never was.
    var isUnknown: Bool { session != nil && record == nil }
}

/// That a flow is complete.
struct AuthGrant {
    /// The session that is to be spent; `nil` when one request was enough.
    let session: TokenHash?
}

/// The session was spent, or its time was over, since it was looked at.
struct AuthSessionIsOver: Error {}
