import Cluster
import MatrixCore
import Storage

/// What a user's account data says about rooms: which are for talking to somebody, and how they are tagged.
struct AccountFacts: Sendable, Hashable {
    /// The rooms of `m.direct`.
    var direct: Set<RoomNID> = []
    var tags: [RoomNID: Set<String>] = [:]
}

/// Keeps the facts of users for as long as the log shows no change of their account data.
struct AccountFactsReader: Sendable {
    private static let directType = "m.direct"
    private static let tagType = "m.tag"
    /// More rooms than this nobody has; the rest is not looked at.
    private static let maxDirectRooms = 20_000

    private let store: AccountDataStore
    private let rooms: RoomStore
    private let memory: AccountDataMemory<AccountFacts>

    init(store: AccountDataStore, rooms: RoomStore, feed: LogFeed) {
        self.store = store
        self.rooms = rooms
        memory = AccountDataMemory(feed: feed)
    }

    /// Cost: two queries after a change, otherwise none.
    func facts(of user: UserNID) async throws -> AccountFacts {
        try await memory.value(of: user) { try await read(of: user) }
    }

    private func read(of user: UserNID) async throws -> AccountFacts {
        var facts = AccountFacts()
        for record in try await store.all(of: user, types: [Self.directType, Self.tagType]) {
            guard let content = record.content, let json = try? JSONDocument(parsing: content) else { continue }
            switch (record.type, record.roomNID) {
            case (Self.directType, nil): facts.direct = try await directRooms(json.root)
            case (Self.tagType, let room?): facts.tags[room] = Self.tags(json.root)
            default: break
            }
        }
        return facts
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mdirect
    private func directRooms(_ content: JSONView) async throws -> Set<RoomNID> {
        var ids: Set<RoomID> = []
        guard let users = content.object else { return [] }
        for user in users {
            guard let rooms = user.value.array else { continue }
            for room in rooms where ids.count < Self.maxDirectRooms {
                if let id = room.string.flatMap({ RoomID($0) }) { ids.insert(id) }
            }
        }
        return Set(try await rooms.rooms(Array(ids)).values.map(\.nid))
    }

    private static func tags(_ content: JSONView) -> Set<String> {
        guard let tags = content["tags"]?.object else { return [] }
        return Set(tags.lazy.map { $0.key })
    }
}
