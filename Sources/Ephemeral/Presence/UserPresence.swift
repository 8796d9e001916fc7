package import MatrixCore
package import Storage

/// Presence as clients ask for it and set it. With `presence` turned off in the configuration nobody is ever there.
package struct UserPresence: Sendable {
    private let presence: Presence?
    private let memberships: MembershipStore
    private let interning: Interning

    package init(presence: Presence?, memberships: MembershipStore, interning: Interning) {
        self.presence = presence
        self.memberships = memberships
        self.interning = interning
    }

    /// Somebody's presence as somebody else sees it.
    ///
    /// - Throws: 403 `M_FORBIDDEN` unless they share a room; the same when there is no such user.
    package func status(of userID: UserID, seenBy viewer: UserNID) async throws -> PresenceStatus {
        guard let user = try await interning.knownUser(userID), try await shares(user.nid, with: viewer) else {
            throw MatrixError.forbidden("You are not allowed to see their presence")
        }
        return presence?.status(of: user.nid) ?? PresenceStatus(userID: userID)
    }

    private func shares(_ user: UserNID, with viewer: UserNID) async throws -> Bool {
        if user == viewer { return true }
        return try await !memberships.sharedRooms(of: user, and: viewer).isEmpty
    }

    /// Says what the user of a device is.
    ///
    /// - Parameter message: what the user says of it; `nil` for nothing.
    /// - Throws: 400 `M_INVALID_PARAM` for a message that is too long.
    package func set(
        _ userID: UserID, _ user: UserNID, device: String?, to state: PresenceState, message: String?
    ) async throws {
        guard message?.utf8.count ?? 0 <= Presence.maxMessageBytes else {
            throw MatrixError.invalidParam("status_msg is too long")
        }
        await presence?.set(userID, user, device: device, to: state, message: message)
    }
}
