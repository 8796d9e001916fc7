package import HTTPAPI
package import MatrixCore
import Rooms

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

    package struct Response: JSONResponse {
        let event: DelayedEvent

        package var expectedBytes: Int { event.expectedBytes }

        package func write(to json: inout JSONWriter) { event.write(to: &json) }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        Response(event: try await services.delayed.event(request.delayID, of: caller.userNID))
    }
}
