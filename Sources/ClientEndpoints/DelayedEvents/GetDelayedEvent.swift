package import HTTPAPI
package import MatrixCore
import Rooms
import Storage

/// One of the caller's delayed events, and what became of it.
///
/// - Spec: MSC4140
/// - Errors: 404 `M_NOT_FOUND`, also when it is another's.
package enum GetDelayedEvent: Endpoint {
    package static let route = Route(
        "getDelayedEvent", .get, "/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delayId}",
        rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let delayID: String

        package init(from input: borrowing RequestInput) throws(MatrixError) { delayID = try input.path("delayId") }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> DelayedEventResponse {
        DelayedEventResponse(event: try await services.delayed.event(request.delayID, of: caller.userNID))
    }
}

/// A delayed event as its sender is told of it.
package struct DelayedEventResponse: JSONResponse {
    let event: DelayedEventRecord

    package var expectedBytes: Int { event.content.count + 256 }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("delay_id", event.delayID)
            json.field("room_id", event.roomID)
            json.field("type", event.type)
            json.field(optional: "state_key", event.stateKey)
            json.field("delay_ms", event.delayMilliseconds)
            json.field("scheduled_at", event.scheduledAt)
            // As clients know them that were written before the names changed.
            json.field("delay", event.delayMilliseconds)
            json.field("running_since", event.scheduledAt)
            json.field("content", raw: event.content)
            guard let end = event.end else { return }
            json.field("finalised_ts", end.finalisedAt)
            switch end.outcome {
            case .sent(let eventID): json.field("event_id", eventID)
            case .failed(let error): json.field("error", raw: error)
            case .cancelled: break
            }
        }
    }
}
