package import Cluster
import MatrixCore
package import Storage
package import Telemetry

/// What goes over from a room to the one that replaces it when users come there: what they have set for it (tags, that it is a
/// direct chat, push rules), and the names that this server gave it, for a room that another server has replaced.
package struct RoomSuccession: Sendable {
    /// So often a change is tried again that met another.
    private static let maxAttempts = 4
    private static let tagType = "m.tag"
    private static let directType = "m.direct"

    private let accountData: AccountDataStore
    private let pushRules: PushRuleStore
    private let names: DirectoryStore
    private let feed: LogFeed
    private let clock: any Clock

    package init(
        accountData: AccountDataStore, pushRules: PushRuleStore, names: DirectoryStore, feed: LogFeed,
        telemetry: Telemetry
    ) {
        self.accountData = accountData
        self.pushRules = pushRules
        self.names = names
        self.feed = feed
        clock = telemetry.clock
    }

    /// Gives the new room what the user has set for the old one and not for the new one, and the old one's names.
    func carryOver(of user: UserRecord, from old: RoomRecord, to new: RoomRecord) async throws {
        try await names.move(from: old.nid, to: new.nid)
        try await carryTags(of: user, from: old, to: new)
        try await carryDirect(of: user, from: old, to: new)
        try await carryRules(of: user, from: old, to: new)
    }

    /// The tags, unless the new room has ever had some.
    private func carryTags(of user: UserRecord, from old: RoomRecord, to new: RoomRecord) async throws {
        guard let tags = try await accountData.data(Self.tagType, in: old.nid, of: user.nid)?.content,
            try await accountData.data(Self.tagType, in: new.nid, of: user.nid) == nil
        else { return }
        _ = try await set(Self.tagType, in: new.nid, of: user, to: tags, expected: 0)
    }

    /// The new room stands beside the old one in the list of direct chats.
    private func carryDirect(of user: UserRecord, from old: RoomRecord, to new: RoomRecord) async throws {
        let (oldID, newID) = (JSONValue.string(old.roomID.description), JSONValue.string(new.roomID.description))
        for _ in 0..<Self.maxAttempts {
            guard let (bytes, position) = try await accountData.data(Self.directType, in: nil, of: user.nid),
                let bytes, var direct = (try? JSONValue(parsing: bytes))?.object,
                !direct.values.contains(where: { $0.array?.contains(newID) == true }),
                let (other, list) = direct.first(where: { $0.value.array?.contains(oldID) == true })
            else { return }
            direct[other] = .array((list.array ?? []) + [newID])
            let content = JSONValue.object(direct).canonicalBytes
            if try await set(Self.directType, in: nil, of: user, to: content, expected: position) { return }
        }
    }

    private func carryRules(of user: UserRecord, from old: RoomRecord, to new: RoomRecord) async throws {
        for _ in 0..<Self.maxAttempts {
            guard let stored = try await pushRules.rules(of: [user.nid])[user.nid],
                let json = try? JSONValue(parsing: stored.json)
            else { return }
            let before = PushRuleChanges(json: json)
            var after = before
            after.copyRules(of: old.roomID, to: new.roomID)
            guard after != before else { return }
            let written = try await pushRules.set(
                after.json.canonicalBytes, of: user, expected: stored.revision, now: clock.nowMilliseconds)
            if let written { return feed.announce(.pushRules, at: written, user: user.nid) }
        }
    }

    /// - Returns: false when it was changed since it was read.
    private func set(
        _ type: String, in room: RoomNID?, of user: UserRecord, to content: [UInt8], expected: Int64
    ) async throws -> Bool {
        let outcome = try await accountData.set(
            type, in: room, of: user, to: content, expected: expected, now: clock.nowMilliseconds)
        switch outcome {
        case .written(let position):
            if let position { feed.announce(.accountData, at: position, room: room, user: user.nid) }
            return true
        case .hasChanged: return false
        // Whoever has as much as may be does without.
        case .tooMany: return true
        }
    }
}
