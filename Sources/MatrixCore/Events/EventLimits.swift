/// The sizes that every event keeps to.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#size-limits
package enum EventLimits {
    /// Of the whole event as canonical JSON, signatures included, `unsigned` not.
    package static let eventBytes = 65_536
    /// Of `type` and `state_key`. Identifiers have the same limit in their grammar.
    package static let keyBytes = 255
    /// Of the same in room versions before 11, where servers once counted characters. Such a key may have more bytes, but
    /// then its event is rejected.
    package static let keyCharacters = 255
    /// Objects and arrays within each other, the event itself included. The specification has no limit; this is the one of
    /// other servers' parsers, so that nobody can send what some servers take in and others cannot.
    package static let nesting = 127
    package static let prevEvents = 20
    package static let authEvents = 10

    static let json = JSONLimits(maxDepth: nesting)
}
