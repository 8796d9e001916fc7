package import HTTPAPI
package import MatrixCore
package import Rooms
import Storage
import Telemetry

extension RoomEndpointServices {
    /// The room as the caller may read it.
    ///
    /// - Parameter error: what is thrown instead of 403 `M_FORBIDDEN`.
    func readableRoom(
        _ roomID: RoomID, by caller: LocalUser, otherwise error: MatrixError = .unknownRoom
    ) async throws -> ReadableRoom {
        let user = try await rooms.reader.interning.user(caller.userNID)
        do { return try await rooms.readableRoom(roomID, by: user) } catch MatrixError.unknownRoom { throw error }
    }

    func render(_ events: [RoomEvent], in room: RoomRecord, for caller: LocalUser) async throws -> [[UInt8]] {
        let user = try await rooms.reader.interning.user(caller.userNID)
        let context = EventRenderer.Context(
            user: user, deviceID: caller.deviceID, now: clock.nowMilliseconds, includesRoomID: true)
        return try await renderer.render(events, in: room, for: context)
    }

    /// The member events of the senders of some events, as clients that load members lazily need them.
    func members(
        ofSendersOf events: [RoomEvent], in snapshot: RoomSnapshot
    ) async throws -> [RoomEvent] {
        let senders = Set(events.map { StateKey.member($0.event.sender) })
        return Array(try await snapshot.events(Array(senders)).values).sorted { $0.nid < $1.nid }
    }

    /// The place in a room's history that a client's token stands for: one of ours, or one of a sync.
    ///
    /// - Throws: 400 `M_INVALID_PARAM`.
    func point(_ token: String, in room: RoomRecord) async throws -> TimelinePoint {
        if let point = TimelinePoint(token: token) { return point }
        guard let position = syncPosition(token, room.shard) else {
            throw MatrixError(.invalidParam, "the token is not valid")
        }
        return try await rooms.point(at: position, in: room)
    }
}
