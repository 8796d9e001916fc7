/// What a Redis command failed with. Redis carries hints only: nothing that matters waits for one to succeed.
package enum RedisError: Error, Sendable, Hashable {
    case badURL(reason: String)
    /// Redis answered with an error, for instance `NOAUTH`.
    case server(String)
    /// No connection in time; the command was not sent.
    case unavailable
    /// The connection was lost, or no answer came in time; the command may have been executed.
    case connectionLost
    /// Too much waits already; the command was not sent.
    case overloaded
    case cancelled
    /// The client is closed.
    case closed
}
