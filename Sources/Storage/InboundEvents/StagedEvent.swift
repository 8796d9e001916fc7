package import MatrixCore

/// An event of another server that waits for what it builds on. Its form, hashes and signatures were checked before.
package struct StagedEvent: Sendable {
    /// Counts up in the order in which events came.
    package let number: Int64
    package let eventID: EventID
    /// Who sent it to us.
    package let origin: ServerName
    /// Canonical JSON, as rooms store it.
    package let body: [UInt8]
    /// Milliseconds since 1970.
    package let receivedAt: Int64
    /// How often it was tried in vain.
    package let attempts: Int32
    /// Milliseconds since 1970: not to be tried before.
    package let nextAttemptAt: Int64
}
