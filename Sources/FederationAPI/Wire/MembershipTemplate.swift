package import HTTPAPI
package import MatrixCore

/// What a resident server answers to `make_join`, `make_leave` and `make_knock`: the draft of an event.
///
/// Only the graph of the draft is of use to us (`prev_events`, `auth_events`, `depth`). Type, sender, state key, room and
/// content are set by who signs, never taken from it (CVE-2026-24471).
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_joinroomiduserid
package struct MembershipTemplate: WireReadable {
    /// Room version 1 when the other server does not say.
    package let roomVersion: String
    /// An object.
    package let event: JSONView

    package init(_ fields: JSONFields) throws(MatrixError) {
        roomVersion = try fields.optional("room_version") ?? "1"
        event = try fields.required("event")
        guard event.isObject else { throw .badJSON("event must be an object") }
    }

    /// Our draft for another server.
    package struct Response: JSONResponse {
        private let roomVersion: String
        private let event: JSONValue

        package init(roomVersion: String, event: JSONValue) {
            self.roomVersion = roomVersion
            self.event = event
        }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("room_version", roomVersion)
                json.field("event", event)
            }
        }
    }
}
