import Federation
package import HTTPAPI
package import MatrixCore

/// A room and a user of the path, and the room versions that the calling server has.
package struct MembershipDraftRequest: RequestDecodable {
    /// More than there are room versions.
    private static let maxVersions = 200

    let roomID: RoomID
    let userID: UserID
    /// Version 1 when the server does not say.
    let versions: [String]

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        userID = try input.path("userId", { UserID($0) })
        let named = input.query(all: "ver")
        guard named.count <= Self.maxVersions else { throw .invalidParam("ver is there too often") }
        versions = named.isEmpty ? ["1"] : named
    }
}

/// An event in the body that the path names.
package struct PlacedEvent: RequestDecodable {
    let roomID: RoomID
    /// `nil` for what is no event's id, which the body's event cannot have: what is wrong with that one is told first.
    let eventID: EventID?
    /// Nothing of it was checked.
    let pdu: JSONView

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        eventID = EventID(try input.path("eventId"))
        pdu = try input.body().root
    }

    func request(_ membership: Membership) -> MembershipRequest {
        MembershipRequest(roomID: roomID, eventID: eventID, membership: membership, pdu: pdu)
    }
}
