import Federation
package import FederationAPI
package import HTTPAPI
import MatrixCore

/// Drafts the event by which a user of the calling server leaves a room, or takes an invite or a knock back.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_leaveroomiduserid
/// - Errors: 403 `M_FORBIDDEN` when the user has nothing to leave, 404 `M_NOT_FOUND` when we are not in the room.
package enum MakeLeave: Endpoint {
    package static let route = Route(
        "makeLeave", .get, "/_matrix/federation/v1/make_leave/{roomId}/{userId}", rateLimit: .federation)

    package typealias Request = MembershipDraftRequest

    package static func handle(
        _ request: MembershipDraftRequest, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> MembershipTemplate.Response {
        try await services.resident.draft(
            .leave, of: request.userID, in: request.roomID, versions: nil, for: caller.serverName)
    }
}
