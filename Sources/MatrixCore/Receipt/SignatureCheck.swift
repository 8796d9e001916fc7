/// The second check on receipt: whether those have signed an event that must have. Finding the keys is the caller's task,
/// who is told which ones.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
package enum SignatureCheck {
    /// Keys of one server that are looked for because of one event. Honest events have one signature of a server.
    package static let maximumSignatures = 4

    /// A key as signatures name it.
    package struct KeyName: Hashable, Sendable {
        package let server: ServerName
        package let id: SigningKeyID

        package init(server: ServerName, id: SigningKeyID) {
            self.server = server
            self.id = id
        }
    }

    /// The keys that may tell whether an event is signed.
    package static func keys(neededFor event: Event) -> [KeyName] {
        event.requiredSigners.flatMap { keys(of: $0, on: event) }
    }

    private static func keys(of server: ServerName, on event: Event) -> [KeyName] {
        event.signatureKeyIDs(of: server).prefix(maximumSignatures).map { KeyName(server: server, id: $0) }
    }

    /// When a key must have been valid for an event.
    package static func time(of event: Event) -> Int64 {
        event.version.enforcesKeyValidity ? event.originServerTS : .min
    }

    /// What is wrong with the signatures of an event.
    ///
    /// - Parameter keys: those of ``keys(neededFor:)`` that are known and were valid at ``time(of:)``.
    /// - Cost: about 40 us a signature.
    package static func failure(of event: Event, keys: [KeyName: Ed25519PublicKey]) -> PDUFailure? {
        for server in event.requiredSigners {
            let names = Self.keys(of: server, on: event)
            guard !names.isEmpty else { return .unsigned(by: server) }
            var known: [SigningKeyID: Ed25519PublicKey] = [:]
            for name in names { known[name.id] = keys[name] }
            guard !known.isEmpty else { return .keysUnknown(of: server) }
            guard event.isSigned(by: server, keys: known) else { return .badSignature(of: server) }
        }
        return nil
    }
}
