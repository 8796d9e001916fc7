/// Signatures over JSON objects.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#signing-json
package enum JSONSigning {
    /// What a signature does not cover.
    package static let uncovered = ["signatures", "unsigned"]

    /// The object with a signature of `entity` (a server name or user id) added beside those that are there.
    ///
    /// - Parameter strict: refuse numbers that canonical JSON has no form for.
    /// - Throws: `JSONError` for such a number.
    package static func sign(
        _ object: JSONValue, entity: String, key: SigningKey, strict: Bool = true
    ) throws(JSONError) -> JSONValue {
        let message = try CanonicalJSON.encode(object, strict: strict, without: uncovered)
        var signed = object
        var signatures = object["signatures"] ?? [:]
        var own = signatures[entity] ?? [:]
        own[key.id.description] = .string(Base64.encode(key.privateKey.sign(message)))
        signatures[entity] = own
        signed["signatures"] = signatures
        return signed
    }

    package static func sign(
        _ object: JSONValue, serverName: ServerName, key: SigningKey, strict: Bool = true
    ) throws(JSONError) -> JSONValue {
        try sign(object, entity: serverName.description, key: key, strict: strict)
    }

    /// The bytes that signatures of the object are over.
    package static func message(_ object: JSONView, strict: Bool = false) throws(JSONError) -> [UInt8] {
        try CanonicalJSON.encode(object, strict: strict, without: uncovered)
    }

    /// Whether the object bears a good signature of `entity` with this key.
    ///
    /// - Parameter strict: `false` also checks signatures over numbers that canonical JSON has no form for, written as
    ///   Synapse writes them.
    package static func verify(
        _ object: JSONView, entity: String, keyID: SigningKeyID, publicKey: Ed25519PublicKey, strict: Bool = false
    ) -> Bool {
        guard let signature = object["signatures"]?[entity]?[keyID.description]?.string,
            let message = try? message(object, strict: strict)
        else { return false }
        return publicKey.isValid(base64Signature: signature, for: message)
    }

    package static func verify(
        _ object: JSONView, serverName: ServerName, keyID: SigningKeyID, publicKey: Ed25519PublicKey,
        strict: Bool = false
    ) -> Bool {
        verify(object, entity: serverName.description, keyID: keyID, publicKey: publicKey, strict: strict)
    }

    /// The Ed25519 keys with which `entity` claims to have signed, in the order of the source. Entries that are no
    /// signatures, and algorithms unknown to us, are passed over.
    package static func keyIDs(_ object: JSONView, entity: String) -> [SigningKeyID] {
        guard let entries = object["signatures"]?[entity]?.object else { return [] }
        return entries.compactMap { key, value in
            guard value.isString, let id = SigningKeyID(key), id.isEd25519 else { return nil }
            return id
        }
    }
}
