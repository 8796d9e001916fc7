package import HTTPAPI
package import MatrixCore

/// A request about all keys of a backup.
package struct AllRoomKeys: RequestDecodable {
    let version: String

    package init(from input: borrowing RequestInput) throws(MatrixError) { version = try input.query("version") }
}

/// A request about the keys of a room in a backup.
package struct KeysOfRoom: RequestDecodable {
    let version: String
    let roomID: String

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        version = try input.query("version")
        roomID = try input.path("roomId")
    }
}

/// A request about the key of one session in a backup.
package struct KeyOfSession: RequestDecodable {
    let version: String
    let roomID: String
    let sessionID: String

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        version = try input.query("version")
        roomID = try input.path("roomId")
        sessionID = try input.path("sessionId")
    }
}
