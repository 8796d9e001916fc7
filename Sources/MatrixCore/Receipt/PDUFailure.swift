/// Why an event that another server sent is not taken in: it is dropped, as if it had never come. That it is not allowed is
/// another matter (``ReceiptVerdict``): such an event is kept.
package enum PDUFailure: Error, Hashable, Sendable {
    /// It is no event of its room's version.
    case malformed(PDUError)
    /// A server that must have signed it has not.
    case unsigned(by: ServerName)
    /// The keys with which a server claims to have signed it are not known, or were not valid then. The server may be
    /// down: a later attempt may do better.
    case keysUnknown(of: ServerName)
    case badSignature(of: ServerName)

    /// Whether the same event may pass another time.
    package var mayPassLater: Bool { if case .keysUnknown = self { true } else { false } }
}

extension PDUFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let error): "malformed event: \(error)"
        case .unsigned(let server): "not signed by \(server)"
        case .keysUnknown(let server): "the keys of \(server) cannot be found out"
        case .badSignature(let server): "the signature of \(server) is wrong"
        }
    }
}
