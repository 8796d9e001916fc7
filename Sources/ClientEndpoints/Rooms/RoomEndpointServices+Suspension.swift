import HTTPAPI
import MatrixCore
import Rooms

/// What suspended users may still write into rooms: that they go, and that what they said themselves is taken away.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#account-suspension
extension RoomEndpointServices {
    /// - Throws: 403 `M_USER_SUSPENDED` when a suspended user redacts anything but an own event.
    func permitRedaction(of eventID: EventID?, in roomID: RoomID, by caller: LocalUser) async throws {
        guard caller.isSuspended else { return }
        guard let eventID else { throw MatrixError.accountIsSuspended }
        let event = try await rooms.event(eventID, in: try await readableRoom(roomID, by: caller))
        guard event.event.sender == caller.userID else { throw MatrixError.accountIsSuspended }
    }

    /// - Throws: 403 `M_USER_SUSPENDED` when a suspended user sets any state but the own departure.
    func permitState(_ key: StateKey, _ content: JSONView, by caller: LocalUser) throws {
        guard caller.isSuspended else { return }
        guard key == .member(caller.userID), Membership(content: content) == .leave else {
            throw MatrixError.accountIsSuspended
        }
    }
}
