package import HTTPAPI
package import MatrixCore

/// An invitation of a user of another server.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
package struct Invite: WireReadable {
    /// Enough for what an invitation shows; a room with more is not described by more (CVE-2023-32323, CVE-2024-52815).
    package static let maximumStateEvents = 100

    package let roomVersion: String
    package let event: JSONView
    package let strippedState: [JSONView]

    package init(_ fields: JSONFields) throws(MatrixError) {
        roomVersion = try fields.required("room_version")
        event = try fields.required("event")
        guard event.isObject else { throw .badJSON("event must be an object") }
        strippedState = try fields.events("invite_room_state", maximum: Self.maximumStateEvents)
    }

    /// Reads an invitation in the form that it had when there were room versions 1 and 2 only: the event is all there is.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1inviteroomideventid
    package init(versionless event: JSONView) throws(MatrixError) {
        roomVersion = RoomVersion.v2.identifier
        self.event = event
        guard let unsigned = event["unsigned"], unsigned.isObject else {
            strippedState = []
            return
        }
        strippedState = try JSONFields(of: unsigned, named: "unsigned")
            .events("invite_room_state", maximum: Self.maximumStateEvents)
    }

    /// - Parameters:
    ///   - event: the invitation as JSON, signed by us.
    ///   - strippedState: as JSON, at most `maximumStateEvents`.
    package static func body(roomVersion: String, event: [UInt8], strippedState: [[UInt8]]) -> [UInt8] {
        JSONWriter.write { json in
            json.object { json in
                json.field("room_version", roomVersion)
                json.field("event", raw: event)
                json.field("invite_room_state", events: strippedState.prefix(maximumStateEvents))
            }
        }
    }

    /// The invitation with the invited server's signature.
    package struct Answer: WireReadable {
        package let event: JSONView

        package init(_ fields: JSONFields) throws(MatrixError) {
            event = try fields.required("event")
            guard event.isObject else { throw .badJSON("event must be an object") }
        }
    }

    package struct Response: JSONResponse {
        private let event: [UInt8]
        package init(event: [UInt8]) { self.event = event }
        package func write(to json: inout JSONWriter) { json.object { $0.field("event", raw: event) } }
    }
}

/// What a server tells of a room to a server that knocked.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1send_knockroomideventid
package struct KnockAnswer: WireReadable {
    package let strippedState: [JSONView]

    package init(_ fields: JSONFields) throws(MatrixError) {
        strippedState = try fields.events("knock_room_state", maximum: Invite.maximumStateEvents)
    }

    package struct Response: JSONResponse {
        private let state: [[UInt8]]

        /// - Parameter state: whole events as JSON, the create event among them.
        package init(state: [[UInt8]]) { self.state = state }

        package var expectedBytes: Int { state.reduce(64) { $0 + $1.count + 1 } }
        package func write(to json: inout JSONWriter) {
            json.object { $0.field("knock_room_state", events: state.prefix(Invite.maximumStateEvents)) }
        }
    }
}
