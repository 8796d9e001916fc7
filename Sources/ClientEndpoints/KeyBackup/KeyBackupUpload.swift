import Encryption
import HTTPAPI
import MatrixCore

extension KeyBackupBatch {
    /// Adds what a `KeyBackupData` says of a session.
    mutating func add(room: String, session: String, from fields: JSONFields) throws(MatrixError) {
        let facts = Facts(
            isVerified: try fields.required("is_verified"),
            firstMessageIndex: try fields.required("first_message_index"),
            forwardedCount: try fields.required("forwarded_count"))
        try add(room: room, session: session, facts, sessionData: try fields.required("session_data"))
    }

    /// Adds the sessions of a `RoomKeyBackup`.
    mutating func add(room: String, from fields: JSONFields) throws(MatrixError) {
        let sessions: JSONObjectView = try fields.required("sessions")
        for (session, data) in sessions {
            try add(room: room, session: session, from: JSONFields(of: data, named: "a session"))
        }
    }
}
