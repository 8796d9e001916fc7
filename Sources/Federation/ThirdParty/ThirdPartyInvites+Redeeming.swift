import FederationAPI
package import MatrixCore
import Rooms
import Storage
import Telemetry

/// A proof, signed by an identity server's key, that a user has the address to which an invite was offered.
package struct ThirdPartyProof: Sendable {
    package let roomID: RoomID
    /// Who made the offer.
    package let sender: UserID
    /// Who has proven to have the address.
    package let target: UserID
    /// With `mxid`, `token` and `signatures`.
    let signed: JSONView
    let token: String

    /// - Parameter signed: `nil` comes back when it is no proof about the user.
    package init?(roomID: RoomID, sender: UserID, target: UserID, signed: JSONView) {
        guard signed["mxid"]?.stringEquals(target.description) == true, let token = signed["token"]?.string,
            signed["signatures"]?.isObject == true
        else { return nil }
        self.roomID = roomID
        self.sender = sender
        self.target = target
        self.token = token
        self.signed = signed
    }

    /// What of it goes into an event: nothing that somebody added.
    private var signedValue: JSONValue {
        var value: [String: JSONValue] = ["mxid": .string(target.description), "token": .string(token)]
        value["signatures"] = signed["signatures"]?.value()
        return .object(value)
    }

    /// The content of the invite that it is exchanged for.
    func content(displayName: String?) -> JSONValue {
        var invite: [String: JSONValue] = ["signed": signedValue]
        if let displayName { invite["display_name"] = .string(displayName) }
        return ["membership": "invite", "third_party_invite": .object(invite)]
    }
}

extension ThirdPartyInvites {
    /// Proofs of one binding that are looked at: each may cost requests to other servers.
    private static var maxProofs: Int { 20 }

    /// Exchanges a proof for an invite: here, when the offer is one of ours, else through the server of whoever made it.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when there is no such offer, or the proof is none.
    package func redeem(_ proof: ThirdPartyProof) async throws {
        if rooms.server.owns(proof.sender) { return try await grant(proof) }
        guard let client else { throw MatrixError.forbidden("This server does not federate") }
        var names = [proof.sender.serverName]
        if let other = proof.roomID.serverName, other != proof.sender.serverName, other != rooms.server.name {
            names.append(other)
        }
        let body: JSONValue = [
            "type": .string(EventType.member), "room_id": .string(proof.roomID.description),
            "sender": .string(proof.sender.description), "state_key": .string(proof.target.description),
            "content": proof.content(displayName: ""),
        ]
        _ = try await ServerTrials(clock: rooms.writing.telemetry.clock).first(of: names) { server in
            try await client.exchangeThirdPartyInvite(body.canonicalBytes, roomID: proof.roomID, at: server)
        }
    }

    /// Users of ours whose address was bound: what waits for them is exchanged. What fails fails alone.
    package func redeem(_ proofs: [ThirdPartyProof]) async {
        for proof in proofs.prefix(Self.maxProofs) where rooms.server.owns(proof.target) {
            do { try await redeem(proof) } catch {
                log.info(
                    "an invite was not exchanged",
                    [.roomID: "\(proof.roomID)", .userID: "\(proof.target)", .cause: "\(error)"])
            }
        }
    }

    /// Invites, in the name of one of us who offered it, whoever has proven to have the address.
    ///
    /// - Parameter server: who asks for it: the server of whoever is to be invited.
    /// - Throws: 404 `M_NOT_FOUND` when we are not in the room, 403 `M_FORBIDDEN` otherwise.
    package func exchange(_ proof: ThirdPartyProof, from server: ServerName) async throws {
        guard proof.target.serverName == server else {
            throw MatrixError.forbidden("The invited user belongs to another server")
        }
        guard rooms.server.owns(proof.sender) else {
            throw MatrixError.forbidden("The invite was offered by nobody of this server")
        }
        _ = try await RoomDoor(rooms: rooms).resident(proof.roomID, for: server)
        try await grant(proof)
    }

    private func grant(_ proof: ThirdPartyProof) async throws {
        guard let room = try await rooms.reader.room(proof.roomID), let now = try await rooms.reader.current(room),
            let event = try await now.event(EventType.thirdPartyInvite, proof.token), event.event.sender == proof.sender
        else { throw MatrixError.forbidden("The room has no such third-party invite") }
        let offer = ThirdPartyOffer(content: event.event.content)
        guard try await isGood(proof, offer) else {
            throw MatrixError.forbidden("No valid key of the third-party invite has signed it")
        }
        let sender = try await rooms.reader.interning.user(proof.sender)
        let draft = try EventDraft(
            sender: sender, type: EventType.member, stateKey: proof.target.description,
            content: proof.content(displayName: offer.displayName))
        _ = try await rooms.invite(draft, of: proof.target, in: room)
    }

    private func isGood(_ proof: ThirdPartyProof, _ offer: ThirdPartyOffer) async throws -> Bool {
        for key in offer.keys(signing: proof.signed) where try await identity.isValid(key) { return true }
        return false
    }
}
