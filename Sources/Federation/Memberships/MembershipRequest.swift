package import MatrixCore
import Rooms

/// An event by which a user of another server joins, leaves or knocks, as that server sent it, and what it says it is.
package struct MembershipRequest: Sendable {
    package let roomID: RoomID
    /// `nil` when the request names none that could be one.
    package let eventID: EventID?
    package let membership: Membership
    /// The event, of which nothing was checked.
    package let pdu: JSONView

    package init(roomID: RoomID, eventID: EventID?, membership: Membership, pdu: JSONView) {
        self.roomID = roomID
        self.eventID = eventID
        self.membership = membership
        self.pdu = pdu
    }

    /// The event, if it is what was asked for and is about a user of the server that sent it. Signatures are not looked at.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` or `M_BAD_JSON`, 403 `M_FORBIDDEN` for the user of another server.
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
    func event(in version: RoomVersion, from server: ServerName) throws(MatrixError) -> Event {
        let event = try PDUForm.event(pdu, roomID, eventID, in: version)
        guard event.type == EventType.member, event.isState else {
            throw .invalidParam("The event is no m.room.member")
        }
        guard event.membership == membership else {
            throw .invalidParam("The membership is not \(membership.rawValue)")
        }
        guard event.sender.serverName == server else { throw .forbidden("The sender belongs to another server") }
        guard event.memberUserID == event.sender else { throw .invalidParam("The state key is not the sender") }
        return event
    }
}

/// The form of an event that a request is about.
enum PDUForm {
    /// The event, if it is the one that the path of the request names, and whole.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` or `M_BAD_JSON`, 413 `M_TOO_LARGE`.
    static func event(
        _ pdu: JSONView, _ roomID: RoomID, _ eventID: EventID?, in version: RoomVersion
    ) throws(MatrixError) -> Event {
        let received: ReceivedEvent
        do { received = try Event.receive(pdu, in: version) } catch { throw MatrixError(error) }
        guard received.isContentIntact else { throw .invalidParam("The content hash is wrong") }
        let event = received.event
        guard event.roomID == roomID else { throw .invalidParam("The event is of another room than the request") }
        guard event.eventID == eventID else { throw .invalidParam("The event has another id than the request") }
        return event
    }
}
