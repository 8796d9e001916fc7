/// What an `m.room.third_party_invite` event offers: that whoever proves to have an address is invited.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroomthird_party_invite
package struct ThirdPartyOffer: Sendable {
    /// A key that may sign the proof.
    package struct Key: Hashable, Sendable {
        /// As it is written, which is how its validity is asked for.
        package let encoded: String
        /// Where to ask whether the key is still valid; without it the key always is.
        package let validityURL: String?
    }

    /// A name for whom it is about that does not give the address away.
    package let displayName: String?
    package let keys: [Key]

    /// - Parameter content: of the event, which anybody may have written.
    package init(content: JSONView) {
        displayName = content["display_name"]?.string
        var keys: [Key] = []
        func add(_ entry: JSONView) {
            guard let encoded = entry["public_key"]?.string, !keys.contains(where: { $0.encoded == encoded }) else {
                return
            }
            keys.append(Key(encoded: encoded, validityURL: entry["key_validity_url"]?.string))
        }
        add(content)
        if let more = content["public_keys"]?.array {
            for entry in more.prefix(ThirdPartyInviteRules<AuthStateMap>.maximumKeys) { add(entry) }
        }
        self.keys = keys
    }

    /// The keys that have signed a proof. Whether they are still valid is another question.
    package func keys(signing signed: JSONView) -> [Key] {
        keys.filter { key in
            Base64.decode(key.encoded).flatMap { Ed25519PublicKey(bytes: $0) }
                .map { ThirdPartyInviteRules<AuthStateMap>.isSigned(signed, byAnyOf: [$0]) } ?? false
        }
    }
}
