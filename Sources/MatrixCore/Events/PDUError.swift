/// Why some JSON is not an event of a room version. Such an event is dropped, whoever else knows it; its neighbours in a
/// transaction are not concerned.
package enum PDUError: Error, Hashable, Sendable {
    case notAnObject
    /// Larger than ``EventLimits/eventBytes``.
    case tooLarge(byteCount: Int)
    /// What the room version does not take for canonical JSON.
    case notCanonical(JSONError)
    /// A member that every event must have.
    case missing(Field)
    /// A member of the wrong type, with an identifier that is none, or with a number out of range.
    case malformed(Field)
    /// A member above its size limit, or with more entries than there may be.
    case tooLong(Field)
    /// A member that this event must not have.
    case unexpected(Field)

    /// Members of an event, by their names.
    package enum Field: String, Hashable, Sendable {
        case type, sender, content, depth, hashes, signatures, redacts
        case roomID = "room_id"
        case stateKey = "state_key"
        case eventID = "event_id"
        case originServerTS = "origin_server_ts"
        case prevEvents = "prev_events"
        case authEvents = "auth_events"
    }
}

extension PDUError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnObject: "not a JSON object"
        case .tooLarge(let byteCount): "event of \(byteCount) bytes, more than \(EventLimits.eventBytes)"
        case .notCanonical(let error): "not canonical JSON: \(error)"
        case .missing(let field): "\(field.rawValue) is missing"
        case .malformed(let field): "\(field.rawValue) is malformed"
        case .tooLong(let field): "\(field.rawValue) is too long"
        case .unexpected(let field): "\(field.rawValue) must not be there"
        }
    }
}
