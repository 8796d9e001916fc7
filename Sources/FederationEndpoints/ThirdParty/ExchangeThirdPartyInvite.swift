import Federation
package import HTTPAPI
package import MatrixCore

/// Exchanges the proof that a user of the calling server has an address for an invite to the room.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1exchange_third_party_inviteroomid
/// - Errors: 403 `M_FORBIDDEN` when the proof is none, or the invite was offered by nobody of ours, 404 `M_NOT_FOUND` when we
///   are not in the room, 400 `M_INVALID_PARAM` or `M_BAD_JSON` for anything but such an invite.
package enum ExchangeThirdPartyInvite: Endpoint {
    package static let route = Route(
        "exchangeThirdPartyInvite", .put, "/_matrix/federation/v1/exchange_third_party_invite/{roomId}",
        rateLimit: .federation)

    package struct Request: RequestDecodable {
        let proof: ThirdPartyProof

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let roomID = try input.path("roomId", { RoomID($0) })
            let (type, named): (String, String) = (try input.body("type"), try input.body("room_id"))
            guard type == EventType.member, named == roomID.description else {
                throw .invalidParam("The event is no member event of the room")
            }
            let sender = try input.body("sender", { UserID($0) })
            let target = try input.body("state_key", { UserID($0) })
            let content: JSONView = try input.body("content")
            guard content["membership"]?.stringEquals(Membership.invite.rawValue) == true,
                let signed = content["third_party_invite"]?["signed"],
                let proof = ThirdPartyProof(roomID: roomID, sender: sender, target: target, signed: signed)
            else { throw .invalidParam("The event is no third-party invite of the user") }
            self.proof = proof
        }
    }

    package static func handle(
        _ request: Request, from caller: RemoteServer, with services: FederatedMembershipServices
    ) async throws -> EmptyObject {
        try await services.thirdParty.exchange(request.proof, from: caller.serverName)
        return EmptyObject()
    }
}
