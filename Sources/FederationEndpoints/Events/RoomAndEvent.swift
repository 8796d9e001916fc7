package import HTTPAPI
package import MatrixCore

/// A room of the path and an event of the query.
package struct RoomAndEvent: RequestDecodable {
    let roomID: RoomID
    let eventID: EventID

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        roomID = try input.path("roomId", { RoomID($0) })
        eventID = try input.query("event_id", { EventID($0) })
    }
}
