package import Cluster
package import MatrixCore
package import Storage

/// From whom users take invites, kept in memory for as long as the log shows no change of it.
package final class InvitePermissions: Sendable {
    private let store: AccountDataStore
    private let memory: AccountDataMemory<InvitePermission>

    package init(store: AccountDataStore, feed: LogFeed) {
        self.store = store
        memory = AccountDataMemory(feed: feed)
    }

    package func permission(of user: UserNID) async throws -> InvitePermission {
        try await memory.value(of: user) { try await read(of: user) }
    }

    private func read(of user: UserNID) async throws -> InvitePermission {
        let records = try await store.all(of: user, types: InvitePermission.types)
        let contents = InvitePermission.types.compactMap { type in
            records.first { $0.type == type && $0.roomNID == nil }?.content
        }
        return contents.isEmpty ? .everybody : InvitePermission(contents: contents)
    }

    /// Asked of the database: whoever has just blocked invites through another worker gets none.
    ///
    /// - Throws: 403 `M_INVITE_BLOCKED`.
    package func permit(_ inviter: UserID, toInvite target: UserID, _ interning: Interning) async throws {
        guard let user = try await interning.knownUser(target),
            try await read(of: user.nid).decision(on: inviter) == .block
        else { return }
        throw MatrixError(.inviteBlocked, "\(target) does not take invites")
    }
}
