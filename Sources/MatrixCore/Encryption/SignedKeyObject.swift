/// A JSON object that says something of a key, taken apart: what signatures are over, and the signatures.
///
/// - Spec: https://spec.matrix.org/v1.19/appendices/#signing-json
package struct SignedKeyObject: Sendable {
    /// How many signatures of one user are looked at. A user has three keys and some devices.
    private static let maximumSignatures = 100

    /// Canonical, without `signatures` and `unsigned`.
    package let body: [UInt8]
    private let signatures: JSONView?

    /// - Parameters:
    ///   - name: for error messages.
    ///   - maximumBytes: of the body, and of the signatures.
    /// - Throws: `M_BAD_JSON` when it is no object, or not one that can be signed; `M_TOO_LARGE`.
    package init(_ view: JSONView, named name: String, maximumBytes: Int) throws(MatrixError) {
        guard view.isObject else { throw .badJSON("\(name) must be an object") }
        guard view.rawBytes.count <= maximumBytes * 2 else { throw Self.tooLarge(name) }
        do { body = try JSONSigning.message(view, strict: true) } catch {
            throw .badJSON("\(name) is no canonical JSON")
        }
        guard body.count <= maximumBytes else { throw Self.tooLarge(name) }
        signatures = view["signatures"]
        if let signatures, !signatures.isObject { throw .badJSON("\(name).signatures must be an object") }
    }

    private static func tooLarge(_ name: String) -> MatrixError { MatrixError(.tooLarge, "\(name) is too large") }

    /// What a user's keys are said to have signed, by the key's id, as far as it looks like signatures.
    package func signatures(of user: UserID) -> [String: String] {
        guard let own = signatures?[user.description]?.object else { return [:] }
        var found: [String: String] = [:]
        for (keyID, value) in own.prefix(Self.maximumSignatures) {
            guard EncryptionKeyText.split(keyID)?.algorithm == EncryptionKeyText.ed25519, let text = value.string,
                EncryptionKeyText.isSignature(text)
            else { continue }
            found[keyID] = text
        }
        return found
    }

    /// The signature of a user's key, if there is one and it is good.
    ///
    /// Cost: about 40 us.
    package func signature(of user: UserID, by keyID: String, _ key: Ed25519PublicKey) -> String? {
        guard let text = signatures?[user.description]?[keyID]?.string, EncryptionKeyText.isSignature(text),
            key.isValid(base64Signature: text, for: body)
        else { return nil }
        return text
    }

    /// An object with other signatures and, when given, something unsigned. The parts must be JSON objects.
    package static func assemble(
        body: some Collection<UInt8>, signatures: some Collection<UInt8>, unsigned: [UInt8]? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + signatures.count + (unsigned?.count ?? 0) + 32)
        bytes.append(contentsOf: body.dropLast())
        // `{}` has nothing that a comma could follow.
        if body.count > 2 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: "\"signatures\":".utf8)
        bytes.append(contentsOf: signatures)
        if let unsigned {
            bytes.append(contentsOf: ",\"unsigned\":".utf8)
            bytes.append(contentsOf: unsigned)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Signatures of one user as JSON: by the key's id, the whole or the user's part of it.
    package static func json(_ signatures: [String: String]) -> [UInt8] {
        JSONValue.object(signatures.mapValues { .string($0) }).canonicalBytes
    }
}
