package import HTTPAPI
package import MatrixCore

/// Which event a server has nearest to a time.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1timestamp_to_eventroomid
package struct EventAtTime: WireReadable, JSONResponse {
    package let eventID: EventID
    package let originServerTS: Int64

    package init(eventID: EventID, originServerTS: Int64) {
        self.eventID = eventID
        self.originServerTS = originServerTS
    }

    package init(_ fields: JSONFields) throws(MatrixError) {
        eventID = try fields.required("event_id", { EventID($0) })
        originServerTS = try fields.required("origin_server_ts")
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.field("event_id", eventID)
            $0.field("origin_server_ts", originServerTS)
        }
    }
}
