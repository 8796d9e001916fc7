/// Rule 5.4.1 (v8-v12; 5.3.1 in v1-v5, 4.3.1 in v6-v7): an invitation that came about through a third-party identifier.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#third-party-invites
struct ThirdPartyInviteRules<State: AuthState> {
    /// Keys beyond these are not tried, so that one event costs no more than a bounded number of verifications.
    static var maximumKeys: Int { 20 }
    static var maximumSignatures: Int { 20 }

    let event: Event
    let state: State

    func check(_ invite: JSONView, of target: UserID, membership: Membership?) -> AuthVerdict {
        // Rule 5.4.1.1.
        guard membership != .ban else { return .refused("5.4.1.1", "the user is banned") }
        // Rule 5.4.1.2.
        guard let signed = invite["signed"], signed.isObject else {
            return .refused("5.4.1.2", "a third-party invitation that is not signed")
        }
        // Rule 5.4.1.3.
        guard let user = signed["mxid"], let token = signed["token"]?.string else {
            return .refused("5.4.1.3", "a third-party invitation without a user or a token")
        }
        // Rule 5.4.1.4.
        guard user.stringEquals(target.description) else {
            return .refused("5.4.1.4", "a third-party invitation of another user")
        }
        // Rule 5.4.1.5.
        guard let offer = state.event(StateKey(EventType.thirdPartyInvite, token)) else {
            return .refused("5.4.1.5", "the room has no such third-party invitation")
        }
        // Rule 5.4.1.6.
        guard offer.sender == event.sender else {
            return .refused("5.4.1.6", "a third-party invitation by another user")
        }
        // Rules 5.4.1.7 and 5.4.1.8.
        guard Self.isSigned(signed, byAnyOf: Self.publicKeys(of: offer.content)) else {
            return .refused("5.4.1.8", "no key of the third-party invitation has signed it")
        }
        return .allowed
    }

    static func publicKeys(of content: JSONView) -> [Ed25519PublicKey] {
        var encoded: [String] = []
        if let key = content["public_key"]?.string { encoded.append(key) }
        if let keys = content["public_keys"]?.array {
            for key in keys.prefix(maximumKeys) {
                if let key = key["public_key"]?.string, !encoded.contains(key) { encoded.append(key) }
            }
        }
        return encoded.compactMap { Base64.decode($0) }.compactMap { Ed25519PublicKey(bytes: $0) }
    }

    static func isSigned(_ signed: JSONView, byAnyOf keys: [Ed25519PublicKey]) -> Bool {
        guard let servers = signed["signatures"]?.object,
            let message = try? CanonicalJSON.encode(signed, strict: false, without: ["signatures", "unsigned"])
        else { return false }
        var tried = 0
        for (_, signatures) in servers {
            guard let signatures = signatures.object else { continue }
            for (keyID, encoded) in signatures {
                guard SigningKeyID(keyID)?.isEd25519 == true, let signature = encoded.string.flatMap(Base64.decode)
                else {
                    continue
                }
                tried += 1
                if tried > maximumSignatures { return false }
                if keys.contains(where: { $0.isValid(signature: signature, for: message) }) { return true }
            }
        }
        return false
    }
}
