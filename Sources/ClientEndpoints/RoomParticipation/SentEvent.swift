import HTTPAPI
package import MatrixCore

/// The id of the event that was sent.
package struct SentEvent: JSONResponse {
    let eventID: EventID

    package func write(to json: inout JSONWriter) {
        json.object { $0.field("event_id", eventID) }
    }
}
