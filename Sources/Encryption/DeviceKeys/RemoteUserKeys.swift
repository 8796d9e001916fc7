package import MatrixCore

/// Asks other servers for their users' keys.
package protocol RemoteUserKeys: Sendable {
    /// What a server tells of its users' devices: of some, or with an empty set of all.
    ///
    /// - Throws: an error that says what callers may be told (`MatrixErrorRepresentable`), `CancellationError`.
    func keys(of users: [UserID: Set<String>], at server: ServerName) async throws -> [UserID: ToldKeys]

    /// Claims a key of each device: of an algorithm.
    ///
    /// - Returns: what the server has for each, by the key's name.
    func claim(
        _ devices: [UserID: [String: String]], at server: ServerName
    ) async throws -> [UserID: [String: JSONObjectView]]
}

/// What is kept here of other servers' users' keys: of those who are followed, because a room is shared with them.
package protocol FollowedKeys: Sendable {
    /// The keys of those of the users whose devices are all known and up to date. Others have to be asked for.
    func keys(of users: [UserID]) async throws -> [UserID: ToldKeys]
}

/// What another server has told of a user's keys, not looked at yet.
package struct ToldKeys: Sendable {
    package var devices: [(deviceID: String, json: JSONView, displayName: String?)] = []
    package var masterKey: JSONView?
    package var selfSigningKey: JSONView?

    package init() {}
}
