import Federation
import FederationAPI
package import HTTPAPI
import MatrixCore

/// The same as `SendInviteV2` for rooms of versions 1 and 2, whose events have the same form.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1inviteroomideventid
/// - Errors: those of `SendInviteV2`.
package enum SendInviteV1: Endpoint {
    package static let route = Route(
        "sendInviteV1", .put, "/_matrix/federation/v1/invite/{roomId}/{eventId}", rateLimit: .federation)

    package typealias Request = PlacedEvent

    package static func handle(
        _ request: PlacedEvent, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> RawJSON {
        let event = try await services.invites.accept(
            try Invite(versionless: request.pdu), roomID: request.roomID, eventID: request.eventID,
            from: caller.serverName)
        return RawJSON(
            JSONWriter.write { json in
                json.array { json in
                    json.int(200)
                    json.object { $0.field("event", raw: event.bytes) }
                }
            })
    }
}
