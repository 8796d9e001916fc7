import HTTPAPI
package import MatrixCore

/// The room that the caller got into.
package struct JoinedRoom: JSONResponse {
    let roomID: RoomID

    package func write(to json: inout JSONWriter) {
        json.object { $0.field("room_id", roomID) }
    }
}
