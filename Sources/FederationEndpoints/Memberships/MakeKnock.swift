import Federation
package import FederationAPI
package import HTTPAPI
import MatrixCore

/// Drafts the event by which a user of the calling server knocks at a room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_knockroomiduserid
/// - Errors: 400 `M_INCOMPATIBLE_ROOM_VERSION`, 403 `M_FORBIDDEN` when the room does not let the user knock, 404 `M_NOT_FOUND`
///   when we are not in the room.
package enum MakeKnock: Endpoint {
    package static let route = Route(
        "makeKnock", .get, "/_matrix/federation/v1/make_knock/{roomId}/{userId}", rateLimit: .federation)

    package typealias Request = MembershipDraftRequest

    package static func handle(
        _ request: MembershipDraftRequest, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> MembershipTemplate.Response {
        try await services.resident.draft(
            .knock, of: request.userID, in: request.roomID, versions: request.versions, for: caller.serverName)
    }
}
