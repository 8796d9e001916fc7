import Federation
package import HTTPAPI
import MatrixCore

/// The same as `SendLeaveV2`, as older servers expect it. No longer specified.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#leaving-rooms-rejecting-invites
package enum SendLeaveV1: Endpoint {
    package static let route = Route(
        "sendLeaveV1", .put, "/_matrix/federation/v1/send_leave/{roomId}/{eventId}", rateLimit: .federation)

    package typealias Request = PlacedEvent

    package static func handle(
        _ request: PlacedEvent, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> RawJSON {
        try await services.resident.leave(request.request(.leave), from: caller.serverName)
        return RawJSON(Array("[200,{}]".utf8))
    }
}
