package import MatrixCore

/// The keys of a server as it publishes them: checked for form and for the server's own signature.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#publishing-keys
package struct ServerKeys: Sendable {
    package enum Failure: Error, Equatable, Sendable {
        case malformed
        /// The keys are another server's.
        case otherServer
        /// Not signed by the server's own current keys.
        case unsigned
    }

    /// A key that is not in use any more but has signed events before.
    package struct OldKey: Sendable, Equatable {
        package let key: Ed25519PublicKey
        package let expiredMilliseconds: Int64

        package init(key: Ed25519PublicKey, expiredMilliseconds: Int64) {
            self.key = key
            self.expiredMilliseconds = expiredMilliseconds
        }
    }

    /// Far more than any server has; each costs a check of a signature.
    package static let maximumKeys = 64
    package static let maximumBytes = 64 * 1024
    /// However long a server says, its keys are not believed for longer.
    package static let longestValidityMilliseconds: Int64 = 7 * 24 * 3600 * 1000

    package let serverName: ServerName
    package let verifyKeys: [SigningKeyID: Ed25519PublicKey]
    package let oldVerifyKeys: [SigningKeyID: OldKey]
    /// As claimed; `longestValidityMilliseconds` is for whoever knows when the keys were fetched.
    package let validUntilMilliseconds: Int64
    /// The object as it was published, to be handed on by a notary.
    package let object: JSONView

    /// Reads what a server, or a notary, says are the keys of `expected`.
    ///
    /// - Throws: when it is malformed, another server's, or not signed by every current key that claims to have signed,
    ///   of which there must be one.
    package init(_ object: JSONView, of expected: ServerName) throws(Failure) {
        guard let name = object["server_name"]?.string, let validUntil = object["valid_until_ts"]?.int,
            let current = object["verify_keys"]?.object, current.count <= Self.maximumKeys
        else { throw .malformed }
        guard ServerName(name) == expected else { throw .otherServer }
        serverName = expected
        validUntilMilliseconds = validUntil
        self.object = object
        var verifyKeys: [SigningKeyID: Ed25519PublicKey] = [:]
        for (id, entry) in current {
            // Algorithms that we do not know are other people's business.
            guard let id = SigningKeyID(id), id.isEd25519 else { continue }
            guard let key = entry["key"]?.string.flatMap(Ed25519PublicKey.init(base64:)) else { throw .malformed }
            verifyKeys[id] = key
        }
        self.verifyKeys = verifyKeys
        oldVerifyKeys = try Self.readOldKeys(object)
        let signers = JSONSigning.keyIDs(object, entity: expected.description).filter { verifyKeys[$0] != nil }
        guard !signers.isEmpty else { throw .unsigned }
        for id in signers {
            guard let key = verifyKeys[id],
                JSONSigning.verify(object, serverName: expected, keyID: id, publicKey: key)
            else { throw .unsigned }
        }
    }

    private static func readOldKeys(_ object: JSONView) throws(Failure) -> [SigningKeyID: OldKey] {
        guard let view = object["old_verify_keys"], !view.isNull else { return [:] }
        guard let old = view.object, old.count <= maximumKeys else { throw .malformed }
        var keys: [SigningKeyID: OldKey] = [:]
        for (id, entry) in old {
            guard let id = SigningKeyID(id), id.isEd25519,
                let key = entry["key"]?.string.flatMap(Ed25519PublicKey.init(base64:)),
                let expired = entry["expired_ts"]?.int
            else { continue }
            keys[id] = OldKey(key: key, expiredMilliseconds: expired)
        }
        return keys
    }

    /// Until when the keys are believed when they were fetched at `fetchedMilliseconds`.
    package func validUntil(fetchedMilliseconds: Int64) -> Int64 {
        let (longest, overflow) = fetchedMilliseconds.addingReportingOverflow(Self.longestValidityMilliseconds)
        return overflow ? validUntilMilliseconds : min(validUntilMilliseconds, longest)
    }

    /// Our own keys, signed with each of those in use.
    package static func publish(
        _ serverName: ServerName, keys: [SigningKey], old: [SigningKeyID: OldKey] = [:], validUntilMilliseconds: Int64
    ) throws(JSONError) -> JSONValue {
        var object: JSONValue = [
            "server_name": .string(serverName.description), "valid_until_ts": .integer(validUntilMilliseconds),
            "verify_keys": .object(
                Dictionary(
                    keys.map { ($0.id.description, ["key": .string($0.publicKey.base64)]) }, uniquingKeysWith: { $1 })),
            "old_verify_keys": .object(
                Dictionary(
                    uniqueKeysWithValues: old.map { id, old in
                        (
                            id.description,
                            ["key": .string(old.key.base64), "expired_ts": .integer(old.expiredMilliseconds)]
                        )
                    })),
        ]
        for key in keys { object = try JSONSigning.sign(object, serverName: serverName, key: key) }
        return object
    }
}

/// Knows the keys of other servers, from memory, the database, the servers themselves or notaries.
package protocol RemoteKeys: Sendable {
    /// A key of a server that was valid at a time: now for a request, its `origin_server_ts` for an event.
    ///
    /// - Returns: nil when the server has no such key, or it could not be found out.
    func key(_ id: SigningKeyID, of server: ServerName, validAtMilliseconds: Int64) async throws -> Ed25519PublicKey?
}
