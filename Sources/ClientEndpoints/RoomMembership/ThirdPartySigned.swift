import Federation
import HTTPAPI
import MatrixCore
import Rooms

/// What a client has got of an identity server that proves an address, to be let in by an invite to that address.
struct ThirdPartySigned: Sendable {
    let sender: UserID
    let signed: JSONView

    /// - Returns: `nil` when absent.
    init?(_ fields: JSONFields) throws(MatrixError) {
        guard let proof = try fields.object("third_party_signed"),
            let signed: JSONView = try fields.optional("third_party_signed")
        else { return nil }
        sender = try proof.required("sender") { UserID($0) }
        let _: String = try proof.required("mxid")
        let _: String = try proof.required("token")
        let signatures: JSONView = try proof.required("signatures")
        guard signatures.isObject else { throw .badJSON("signatures must be an object") }
        self.signed = signed
    }
}

extension RoomEndpointServices {
    /// Exchanges a proof for an invite before somebody joins.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when it is not about the caller or the room offers nothing for it.
    func redeem(_ proof: ThirdPartySigned?, by caller: LocalUser, in roomID: RoomID) async throws {
        guard let proof else { return }
        guard
            let proof = ThirdPartyProof(
                roomID: roomID, sender: proof.sender, target: caller.userID, signed: proof.signed)
        else { throw MatrixError.forbidden("third_party_signed is about somebody else") }
        try await thirdParty.redeem(proof)
    }
}
