package import HTTPAPI
package import MatrixCore
import Rooms

/// Has an event sent later.
///
/// - Spec: MSC4140
/// - Errors: 403 `M_FORBIDDEN` for a delay that is too long, or where nobody may delay events, 429 `M_LIMIT_EXCEEDED` when the
///   caller has too many waiting, 413 `M_TOO_LARGE`, 400 `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
package enum ScheduleDelayedEvent: Endpoint {
    package static let route = Route(
        "scheduleDelayedEvent", .put,
        "/_matrix/client/unstable/org.matrix.msc4140/rooms/{roomId}/delayed_event/{eventType}/{txnId}",
        rateLimit: .requests, guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let type: String
        let transactionID: String
        let delayMilliseconds: Int64
        let stateKey: String?
        let stickyMilliseconds: Int64?
        let content: JSONView

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            type = try input.path("eventType")
            transactionID = try input.path("txnId")
            delayMilliseconds = try input.body("delay_ms")
            stateKey = try input.body(optional: "state_key")
            stickyMilliseconds = try SendingOptions.stickiness(from: input)
            content = try input.body("content")
            guard content.isObject else { throw .badJSON("content must be an object") }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> SentEvent {
        .delayed(
            try await services.schedule(
                request.content, request.type, stateKey: request.stateKey, in: request.roomID,
                after: request.delayMilliseconds, stickyMilliseconds: request.stickyMilliseconds,
                transactionID: request.transactionID, by: caller))
    }
}
