package import MatrixCore
import Rooms
import Storage

/// One entry of the public list.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms
package struct PublicRoom: Sendable {
    package let roomID: RoomID
    package let members: Int
    package var name: String?
    package var topic: String?
    package var avatarURL: String?
    package var canonicalAlias: String?
    package var type: String?
    package var joinRule: String?
    package var isWorldReadable = false
    package var allowsGuests = false

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field(optional: "avatar_url", avatarURL)
            $0.field(optional: "canonical_alias", canonicalAlias)
            $0.field("guest_can_join", allowsGuests)
            $0.field(optional: "join_rule", joinRule)
            $0.field(optional: "name", name)
            $0.field("num_joined_members", members)
            $0.field("room_id", roomID)
            $0.field(optional: "room_type", type)
            $0.field(optional: "topic", topic)
            $0.field("world_readable", isWorldReadable)
        }
    }
}

/// Which public rooms are asked for.
package struct PublicRoomQuery: Sendable {
    package var limit: Int?
    package var since: String?
    package var searchTerm: String?
    /// `nil` in the list stands for rooms without a type; no list is all rooms.
    package var types: [String?]?

    package init(limit: Int? = nil, since: String? = nil, searchTerm: String? = nil, types: [String?]? = nil) {
        self.limit = limit
        self.since = since
        self.searchTerm = searchTerm
        self.types = types
    }
}

/// A page of the public list.
package struct PublicRoomPage: Sendable {
    package let rooms: [PublicRoom]
    package let nextBatch: String?
    package let previousBatch: String?
    package let total: Int

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("chunk")
            json.array { for room in rooms { room.write(to: &$0) } }
            json.field(optional: "next_batch", nextBatch)
            json.field(optional: "prev_batch", previousBatch)
            json.field("total_room_count_estimate", total)
        }
    }
}

extension RoomDirectory {
    private static var maxPage: Int { 500 }
    private static var defaultPage: Int { 100 }

    /// A page of the public rooms of a server; this one's when none is named.
    ///
    /// - Throws: 400 `M_INVALID_PARAM`, 404 `M_NOT_FOUND` for another server's, which cannot be asked from here.
    package func publicRooms(_ query: PublicRoomQuery, of server: ServerName?) async throws -> PublicRoomPage {
        guard server == nil || server == rooms.server.name else {
            throw MatrixError(.notFound, "the public rooms of other servers are not served yet")
        }
        return try await publicRooms(query)
    }

    /// A page of this server's public rooms, those with most members first.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for a batch of nobody's.
    package func publicRooms(_ query: PublicRoomQuery) async throws -> PublicRoomPage {
        let offset: Int
        if let since = query.since {
            guard since.hasPrefix("p"), let number = Int(since.dropFirst()), number >= 0 else {
                throw MatrixError(.invalidParam, "since is not valid")
            }
            offset = number
        } else {
            offset = 0
        }
        let limit = min(max(query.limit ?? Self.defaultPage, 0), Self.maxPage)
        var matching: [PublicRoom] = []
        let published = try await store.published()
        let records = try await rooms.reader.store.rooms(published.map(\.room))
        // Without conditions only the page itself is read.
        let isFiltered = query.searchTerm?.isEmpty == false || query.types != nil
        let candidates = isFiltered ? published[...] : published.dropFirst(offset).prefix(limit)
        for (nid, members) in candidates {
            guard let record = records[nid], let now = try await rooms.reader.current(record) else { continue }
            let room = try await summary(of: now, members: members)
            if query.matches(room) { matching.append(room) }
        }
        let total = isFiltered ? matching.count : published.count
        let page = isFiltered ? Array(matching.dropFirst(offset).prefix(limit)) : matching
        return PublicRoomPage(
            rooms: page, nextBatch: offset + limit < total ? "p\(offset + limit)" : nil,
            previousBatch: offset > 0 ? "p\(max(0, offset - limit))" : nil, total: total)
    }

    private func summary(of now: RoomSnapshot, members: Int) async throws -> PublicRoom {
        let types = [
            EventType.name, EventType.topic, EventType.avatar, EventType.canonicalAlias, EventType.joinRules,
            EventType.historyVisibility, EventType.guestAccess, EventType.create,
        ]
        let state = try await now.events(types.map { StateKey($0) })
        func text(_ type: String, _ member: String) -> String? { state[StateKey(type)]?.event.content[member]?.string }
        var room = PublicRoom(roomID: now.room.roomID, members: members)
        room.name = text(EventType.name, "name")
        room.topic = text(EventType.topic, "topic")
        room.avatarURL = text(EventType.avatar, "url")
        room.canonicalAlias = text(EventType.canonicalAlias, "alias")
        room.type = text(EventType.create, "type")
        room.joinRule = text(EventType.joinRules, "join_rule")
        room.isWorldReadable = text(EventType.historyVisibility, "history_visibility") == "world_readable"
        room.allowsGuests = text(EventType.guestAccess, "guest_access") == "can_join"
        return room
    }
}

extension PublicRoomQuery {
    /// The search looks into name, topic and canonical alias, without regard to case.
    fileprivate func matches(_ room: PublicRoom) -> Bool {
        if let types, !types.contains(room.type) { return false }
        guard let term = searchTerm?.lowercased(), !term.isEmpty else { return true }
        return [room.name, room.topic, room.canonicalAlias].contains { text in
            text.map { Self.contains(Array($0.lowercased().utf8), Array(term.utf8)) } ?? false
        }
    }

    private static func contains(_ text: [UInt8], _ term: [UInt8]) -> Bool {
        guard text.count >= term.count else { return false }
        return (0...(text.count - term.count)).contains { text[$0..<$0 + term.count].elementsEqual(term) }
    }
}
