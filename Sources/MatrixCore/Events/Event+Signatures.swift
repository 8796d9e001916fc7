extension Event {
    /// The servers that must have signed the event, each once: the sender's; in versions that let servers choose event
    /// ids, the one that the id names; for a join that rests on a user's authorisation, that user's.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
    package var requiredSigners: [ServerName] {
        var signers: [ServerName] = []
        // An invitation through a third-party identifier may be sent by another server; the rules check it instead.
        if !isThirdPartyInvitation { signers.append(sender.serverName) }
        if version.eventIDFormat == .chosen, let server = eventID.serverName, !signers.contains(server) {
            signers.append(server)
        }
        if let server = authorisingServer, !signers.contains(server) { signers.append(server) }
        return signers
    }

    /// The server whose user authorised this join, in versions that have such joins.
    package var authorisingServer: ServerName? {
        guard version.authorization.allowsRestrictedJoins, membership == .join else { return nil }
        return content["join_authorised_via_users_server"]?.string.flatMap(UserID.init)?.serverName
    }

    private var isThirdPartyInvitation: Bool {
        membership == .invite && content["third_party_invite"] != nil
    }

    /// The bytes that signatures of the event are over.
    package var signedBytes: [UInt8] { EventHashes.referenceBytes(of: json, version: version) }

    /// What names the event since room version 3, and stood beside its id in references before.
    package var referenceHash: [UInt8] { EventHashes.reference(of: json, version: version) }

    /// The keys with which a server claims to have signed.
    package func signatureKeyIDs(of server: ServerName) -> [SigningKeyID] {
        JSONSigning.keyIDs(json, entity: server.description)
    }

    /// Whether there is any signature of a server, good or not.
    package func hasSignature(of server: ServerName) -> Bool {
        !signatureKeyIDs(of: server).isEmpty
    }

    /// Whether a server has signed the event with keys that are known and were valid at ``originServerTS``.
    ///
    /// - Parameter keys: those keys. Signatures with others are passed over; those with them must all be good, and at
    ///   least one must be there.
    package func isSigned(by server: ServerName, keys: [SigningKeyID: Ed25519PublicKey]) -> Bool {
        let message = signedBytes
        var isSigned = false
        for keyID in signatureKeyIDs(of: server) {
            guard let key = keys[keyID] else { continue }
            guard let signature = json["signatures"]?[server.description]?[keyID.description]?.string,
                key.isValid(base64Signature: signature, for: message)
            else { return false }
            isSigned = true
        }
        return isSigned
    }

    /// The event with one more signature, for invitations and restricted joins that two servers sign.
    package func signed(by server: ServerName, with key: SigningKey) throws(PDUError) -> Event {
        var signatures = json["signatures"]?.value() ?? [:]
        var own = signatures[server.description] ?? [:]
        own[key.id.description] = .string(Base64.encode(key.privateKey.sign(signedBytes)))
        signatures[server.description] = own
        var writer = JSONWriter(reservingCapacity: bytes.count + 160)
        writer.object {
            guard let members = json.object else { return }
            for (member, value) in members {
                if member == "signatures" { $0.field(member, signatures) } else { $0.field(member, value) }
            }
        }
        guard writer.bytes.count <= EventLimits.eventBytes else { throw .tooLarge(byteCount: writer.bytes.count) }
        return try Event(stored: writer.bytes, eventID: eventID, version: version)
    }
}
