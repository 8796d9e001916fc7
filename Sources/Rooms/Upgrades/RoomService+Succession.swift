import MatrixCore
import Storage
import Telemetry

extension RoomService {
    /// Gives a room what the user has set for the room that it replaces, and that room's names here. That it cannot be done
    /// keeps nobody from anything.
    ///
    /// A room may say that it replaces any other; it is believed when the other one says so too.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
    func takeOverSettings(of user: UserRecord, in roomID: RoomID) async {
        guard let succession else { return }
        do {
            guard let new = try await reader.room(roomID), let old = try await predecessor(of: new) else { return }
            try await succession.carryOver(of: user, from: old, to: new)
        } catch {
            writing.telemetry.log.warning(
                "settings did not follow to a new room",
                [.roomID: "\(roomID)", .userID: "\(user.userID)", .cause: "\(error)"])
        }
    }

    private func predecessor(of room: RoomRecord) async throws -> RoomRecord? {
        let create = try await reader.current(room)?.content(EventType.create)
        guard let oldID = create?["predecessor"]?["room_id"]?.string.flatMap({ RoomID($0) }), oldID != room.roomID,
            let old = try await reader.room(oldID),
            let end = try await reader.current(old)?.content(EventType.tombstone),
            end["replacement_room"]?.stringEquals(room.roomID.description) == true
        else { return nil }
        return old
    }
}
