import Federation
package import HTTPAPI
import MatrixCore

/// The same as `SendJoinV2`, as older servers expect it. No longer specified.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#joining-rooms
package enum SendJoinV1: Endpoint {
    package static let route = Route(
        "sendJoinV1", .put, "/_matrix/federation/v1/send_join/{roomId}/{eventId}", rateLimit: .federation)

    package typealias Request = PlacedEvent

    package static func handle(
        _ request: PlacedEvent, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> ServerResponse {
        try await services.resident.join(request.request(.join), from: caller.serverName).withStatus().response()
    }
}
