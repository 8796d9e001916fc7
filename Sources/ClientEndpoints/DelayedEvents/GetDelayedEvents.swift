package import HTTPAPI
package import MatrixCore
import Rooms

/// The caller's events that wait, in the order in which they are due.
///
/// - Spec: MSC4140
package enum GetDelayedEvents: Endpoint {
    package static let route = Route(
        "getDelayedEvents", .get, "/_matrix/client/unstable/org.matrix.msc4140/delayed_events", rateLimit: .requests,
        guests: true)

    package struct Response: JSONResponse {
        let events: [DelayedEvent]

        package var expectedBytes: Int { events.reduce(64) { $0 + $1.expectedBytes } }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.array(key: "delayed_events") { json in
                    for event in events { event.write(to: &json) }
                }
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        Response(events: try await services.delayed.scheduled(by: caller.userNID))
    }
}
