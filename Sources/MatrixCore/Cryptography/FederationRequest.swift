/// What a server signs when it makes a request of another one.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#request-authentication
package struct FederationRequest: Sendable {
    /// In capitals: `PUT`.
    package let method: String
    /// The path with the query, exactly as it goes over the wire.
    package let target: String
    package let origin: ServerName
    /// As the signer understood it: `nil` when its header named no destination.
    package let destination: ServerName?
    /// The body, when there is one.
    package let content: JSONView?

    package init(
        method: String, target: String, origin: ServerName, destination: ServerName?, content: JSONView? = nil
    ) {
        self.method = method
        self.target = target
        self.origin = origin
        self.destination = destination
        self.content = content
    }

    /// The bytes that the signature is over. The body is taken as leniently as Synapse takes it: it may carry events of
    /// old room versions, whose numbers canonical JSON has no form for.
    package func message() throws(JSONError) -> [UInt8] {
        let body: [UInt8]? = if let content { try CanonicalJSON.encode(content, strict: false) } else { nil }
        return JSONWriter.write(reservingCapacity: (body?.count ?? 0) + 512) { writer in
            writer.object {
                // The keys stand in canonical order.
                if let body { $0.field("content", raw: body) }
                if let destination { $0.field("destination", destination) }
                $0.field("method", method)
                $0.field("origin", origin)
                $0.field("uri", target)
            }
        }
    }

    /// The header that proves the request to be ours.
    package func authorization(key: SigningKey) throws(JSONError) -> XMatrixAuthorization {
        XMatrixAuthorization(
            origin: origin, destination: destination, keyID: key.id,
            signature: Base64.encode(key.privateKey.sign(try message())))
    }

    /// Whether the header's signature is over this request, with this key. That the header names this origin, key and
    /// destination is for the caller to see to.
    package func isSigned(by authorization: XMatrixAuthorization, publicKey: Ed25519PublicKey) -> Bool {
        guard let message = try? message() else { return false }
        return publicKey.isValid(base64Signature: authorization.signature, for: message)
    }
}
