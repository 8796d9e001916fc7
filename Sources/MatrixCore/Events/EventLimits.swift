/// The sizes that every event keeps to.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#size-limits
package enum EventLimits {
    /// Of the whole event as canonical JSON, signatures included, `unsigned` not.
    package static let eventBytes = 65_536
    /// Of `type` and `state_key`. Identifiers have the same limit in their grammar.
    package static let keyBytes = 255
    package static let prevEvents = 20
    package static let authEvents = 10
}
