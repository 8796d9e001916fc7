import Cluster
package import MatrixCore
import Rooms
import Storage

/// What a client is told at the start: a room, or all of them, with the newest events and the state as it is.
extension EventStream {
    /// Events of a room, as many as a client gets that does not say.
    package static let usualMessages = 10

    /// A room at the start.
    package struct RoomStart: Sendable {
        package let roomID: RoomID
        let membership: Membership?
        /// What invited the user: a stripped state event.
        var invite: [UInt8]?
        /// Oldest first.
        var messages: [[UInt8]]?
        var start: String?
        var end = ""
        var state: [[UInt8]]?
        var accountData: [[UInt8]] = []
        /// Whether everybody finds it in the list of public rooms; who shows it has to say.
        package var isPublished = false

        init(_ roomID: RoomID, _ membership: Membership?) {
            self.roomID = roomID
            self.membership = membership
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("room_id", roomID)
                json.field(optional: "membership", membership?.rawValue)
                if let invite { json.field("invite", raw: invite) }
                if let messages {
                    json.object(key: "messages") { json in
                        json.field(optional: "start", start)
                        json.field("end", end)
                        Self.write(messages, as: "chunk", to: &json)
                    }
                }
                if let state { Self.write(state, as: "state", to: &json) }
                json.field("visibility", isPublished ? "public" : "private")
                Self.write(accountData, as: "account_data", to: &json)
            }
        }

        static func write(_ events: [[UInt8]], as key: String, to json: inout JSONWriter) {
            json.array(key: key) { json in for event in events { json.raw(event) } }
        }
    }

    /// All rooms at the start.
    package struct Start: Sendable {
        package var rooms: [RoomStart]
        let end: String
        let presence: [[UInt8]]
        let accountData: [[UInt8]]

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("end", end)
                RoomStart.write(presence, as: "presence", to: &json)
                RoomStart.write(accountData, as: "account_data", to: &json)
                json.array(key: "rooms") { json in for room in rooms { room.write(to: &json) } }
            }
        }
    }

    /// - Parameters:
    ///   - limit: the newest events of each room.
    ///   - withLeft: whether rooms are told, too, that the user has left.
    package func start(for reader: Reader, limit: Int, withLeft: Bool) async throws -> Start {
        var request = SyncRequest(user: reader.user, deviceID: reader.deviceID)
        request.takesMessages = false
        request.usesStateAfter = true
        request.filter =
            #"{"room":{"include_leave":\#(withLeft),"timeline":{"limit":\#(min(max(limit, 0), Self.maxEvents))}}}"#
        let answer = try await sync.sync(request)
        var rooms: [RoomStart] = []
        for room in answer.joined { rooms.append(Self.start(of: room, .join, end: answer.nextBatch)) }
        for room in answer.left {
            let membership = try await membership(of: reader, in: room.roomID)
            rooms.append(Self.start(of: room, membership ?? .leave, end: answer.nextBatch))
        }
        let user = try await self.rooms.user(reader.user).userID
        for room in answer.invited {
            var start = RoomStart(room.roomID, .invite)
            start.invite = room.events.last { StrippedRoomReader.isMember($0, user) }
                .map { Self.event($0, in: room.roomID) }
            rooms.append(start)
        }
        return Start(
            rooms: rooms, end: answer.nextBatch, presence: answer.presence, accountData: answer.accountData)
    }

    private static func start(of room: RoomUpdate, _ membership: Membership, end: String) -> RoomStart {
        var start = RoomStart(room.roomID, membership)
        start.messages = room.timeline.map { event($0, in: room.roomID) }
        start.start = room.prevBatch
        start.end = end
        start.state = room.state.map { event($0, in: room.roomID) }
        start.accountData = room.accountData
        return start
    }

    private func membership(of reader: Reader, in roomID: RoomID) async throws -> Membership? {
        guard let room = try await rooms.reader.room(roomID) else { return nil }
        return try await rooms.reader.memberships.membership(of: reader.user, in: room.nid)?.record.membership
    }

    /// One room that the user may read: as it is, or as they left it.
    ///
    /// - Parameter limit: its newest events.
    /// - Throws: 403 `M_FORBIDDEN`.
    package func start(of roomID: RoomID, for reader: Reader, limit: Int) async throws -> RoomStart {
        // Before the room is read: what happens meanwhile comes after the token as well.
        let end = try await present()
        let readable = try await rooms.readableRoom(roomID, by: try await rooms.user(reader.user))
        let page = try await rooms.page(
            of: readable, from: TimelinePoint?.none, to: nil, direction: .backwards,
            limit: min(max(limit, 1), Self.maxEvents), matching: { _ in true })
        var start = RoomStart(roomID, readable.viewer.membership?.membership)
        let messages = limit > 0 ? Array(page.events.reversed()) : []
        start.messages = try await rooms.render(messages, in: readable, device: reader.deviceID)
        start.start = limit > 0 ? page.endToken : page.startToken
        start.end = end
        let state = try await readable.snapshot.allEvents().sorted { $0.nid < $1.nid }
        start.state = try await rooms.render(state, in: readable, device: reader.deviceID)
        start.accountData = try await accountData.all(of: reader.user)
            .filter { $0.roomNID == readable.room.nid }
            .map { SyncAccountData.event($0.type, content: $0.content ?? Array("{}".utf8)) }
        return start
    }
}
