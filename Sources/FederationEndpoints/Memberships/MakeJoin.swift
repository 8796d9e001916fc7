import Federation
package import FederationAPI
package import HTTPAPI
import MatrixCore

/// Drafts the event by which a user of the calling server joins a room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_joinroomiduserid
/// - Errors: 400 `M_INCOMPATIBLE_ROOM_VERSION`, `M_UNABLE_TO_AUTHORISE_JOIN` or `M_UNABLE_TO_GRANT_JOIN`, 403 `M_FORBIDDEN`,
///   404 `M_NOT_FOUND` when we are not in the room.
package enum MakeJoin: Endpoint {
    package static let route = Route(
        "makeJoin", .get, "/_matrix/federation/v1/make_join/{roomId}/{userId}", rateLimit: .federation)

    package typealias Request = MembershipDraftRequest

    package static func handle(
        _ request: MembershipDraftRequest, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> MembershipTemplate.Response {
        try await services.resident.draft(
            .join, of: request.userID, in: request.roomID, versions: request.versions, for: caller.serverName)
    }
}
