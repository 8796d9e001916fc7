package import HTTPAPI
package import MatrixCore

/// An event by its room and id.
package struct RoomAndEvent: RequestDecodable {
    let roomID: RoomID
    let eventID: EventID

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        eventID = try input.path("eventId", { EventID($0) })
    }
}
