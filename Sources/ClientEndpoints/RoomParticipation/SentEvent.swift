import HTTPAPI
package import MatrixCore

/// What sending an event came to.
package enum SentEvent: JSONResponse {
    case sent(EventID)
    /// It is to be sent later, and has a delay id until then.
    case delayed(String)

    package func write(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .sent(let eventID): json.field("event_id", eventID)
            case .delayed(let delayID): json.field("delay_id", delayID)
            }
        }
    }
}
