import HTTPAPI
import MatrixCore
import Rooms

extension RoomEndpointServices {
    /// The room as the caller may read it.
    ///
    /// - Parameter error: what is thrown instead of 403 `M_FORBIDDEN`.
    func readableRoom(
        _ roomID: RoomID, by caller: LocalUser, otherwise error: MatrixError = .unknownRoom
    ) async throws -> ReadableRoom {
        let user = try await rooms.user(caller.userNID)
        do { return try await rooms.readableRoom(roomID, by: user) } catch let refusal as MatrixError {
            throw refusal == .unknownRoom ? error : refusal
        }
    }

    func render(_ events: [RoomEvent], in readable: ReadableRoom, for caller: LocalUser) async throws -> [[UInt8]] {
        try await rooms.render(events, in: readable, device: caller.deviceID)
    }

    /// The member events of the senders of some events, as clients that load members lazily need them.
    func members(ofSendersOf events: [RoomEvent], in snapshot: RoomSnapshot) async throws -> [RoomEvent] {
        let senders = Set(events.map { StateKey.member($0.event.sender) })
        return Array(try await snapshot.events(Array(senders)).values).sorted { $0.nid < $1.nid }
    }
}
