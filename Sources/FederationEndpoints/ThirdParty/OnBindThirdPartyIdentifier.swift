import Federation
package import HTTPAPI
package import MatrixCore

/// An identity server tells that an address was bound to a user of ours, and which invites wait for it.
///
/// Nobody proves who they are here: the proofs in it are what counts.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv13pidonbind
/// - Errors: 400 `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
package enum OnBindThirdPartyIdentifier: Endpoint {
    package static let route = Route(
        "onBindThirdPartyIdentifier", .put, "/_matrix/federation/v1/3pid/onbind", rateLimit: .federation)

    /// Of what is more than these nothing is read.
    private static let maxInvites = 100

    package struct Request: RequestDecodable {
        let proofs: [ThirdPartyProof]

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let _: String = try input.body("medium")
            let _: String = try input.body("address")
            let user = try input.body("mxid", { UserID($0) })
            let invites: JSONView = try input.body("invites")
            guard let entries = invites.array else { throw .badJSON("invites must be a list") }
            // One that makes no sense does not keep the others from being exchanged.
            proofs = entries.prefix(OnBindThirdPartyIdentifier.maxInvites).compactMap { entry in
                guard let roomID = entry["room_id"]?.string.flatMap({ RoomID($0) }),
                    let sender = entry["sender"]?.string.flatMap({ UserID($0) }), let signed = entry["signed"]
                else { return nil }
                return ThirdPartyProof(roomID: roomID, sender: sender, target: user, signed: signed)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: Anyone, with services: FederatedMembershipServices
    ) async throws -> EmptyObject {
        await services.thirdParty.redeem(request.proofs)
        return EmptyObject()
    }
}

/// The same as identity servers in the wild ask it, with another method than the specification's.
package enum OnBindThirdPartyIdentifierByPost: Endpoint {
    package static let route = Route(
        "onBindThirdPartyIdentifierByPost", .post, "/_matrix/federation/v1/3pid/onbind", rateLimit: .federation)

    package static func handle(
        _ request: OnBindThirdPartyIdentifier.Request, from caller: Anyone, with services: FederatedMembershipServices
    ) async throws -> EmptyObject {
        try await OnBindThirdPartyIdentifier.handle(request, from: caller, with: services)
    }
}
