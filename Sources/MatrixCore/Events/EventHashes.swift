/// The hashes of an event.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#signing-events
package enum EventHashes {
    static let uncoveredByContentHash = ["hashes", "signatures", "unsigned"]
    static let uncoveredByReference = ["signatures", "unsigned"]

    /// SHA-256 of the event without `unsigned`, `signatures` and `hashes`.
    package static func content(of event: JSONView, version: RoomVersion) throws(JSONError) -> [UInt8] {
        SHA256.hash(
            try CanonicalJSON.encode(
                event, strict: version.enforcesCanonicalJSON, without: uncoveredByContentHash))
    }

    /// The bytes that signatures and the reference hash are over: the redacted event without `unsigned` and `signatures`.
    ///
    /// - Parameter event: an event in canonical JSON.
    package static func referenceBytes(of event: JSONView, version: RoomVersion) -> [UInt8] {
        EventRedaction(version: version).redact(event, without: uncoveredByReference)
    }

    /// SHA-256 of ``referenceBytes(of:version:)``.
    static func reference(of event: JSONView, version: RoomVersion) -> [UInt8] {
        SHA256.hash(referenceBytes(of: event, version: version))
    }

    /// The id of an event: its reference hash, or what it says itself in versions that have it so.
    static func eventID(of event: JSONView, chosen: EventID?, version: RoomVersion) throws(PDUError) -> EventID {
        switch version.eventIDFormat {
        case .chosen:
            guard let chosen else { throw .missing(.eventID) }
            return chosen
        case .hash, .urlSafeHash:
            let hash = reference(of: event, version: version)
            guard let eventID = EventID(referenceHash: hash, urlSafe: version.eventIDFormat == .urlSafeHash) else {
                throw .malformed(.eventID)
            }
            return eventID
        }
    }
}
