package import MatrixCore
package import Storage

/// An EDU that a server has to get, as it has to get events.
package struct DurableMessage: Sendable, Hashable {
    /// Tells whoever keeps it which it is.
    package let number: Int64
    /// The whole EDU, as JSON.
    package let bytes: [UInt8]

    package init(number: Int64, bytes: [UInt8]) {
        self.number = number
        self.bytes = bytes
    }
}

/// An EDU, and the servers that have to get it.
package struct AddressedMessage: Sendable {
    package let message: DurableMessage
    package let servers: [ServerName]

    package init(_ message: DurableMessage, to servers: [ServerName]) {
        self.message = message
        self.servers = servers
    }
}

/// EDUs that must arrive: rows of the log stand for them. The cursor of the sending waits for them as for events, and a server that
/// could not be reached gets later what it missed, in order. A message may come more than once; its receiver has to know it again.
package protocol DurableMessages: Sendable {
    /// Names the source among others.
    var name: String { get }
    /// The kind of rows that stand for its messages.
    var kind: LogKind { get }

    /// What rows of that kind mean, for each row in the order in which it is to be sent; rows that mean nothing are left out.
    func messages(of rows: [LogRow]) async throws -> [LogPlace: [AddressedMessage]]

    /// The servers for which something of rows up to a vector is kept. Mostly they have a record of being behind; a slot that nobody
    /// has worked on before begins with them.
    func waiting(upTo: LogVector) async throws -> [ServerName]

    /// What a server has not got of rows after a vector and up to another, in order, after a message of that number; empty at the
    /// end. What is kept until it was delivered needs no `since`.
    func missed(
        by server: ServerName, since: LogVector, upTo: LogVector, after number: Int64
    ) async throws -> [DurableMessage]

    /// A server has got some.
    func delivered(_ messages: [DurableMessage], to server: ServerName) async throws
}

extension DurableMessages {
    /// Nothing is kept.
    package func waiting(upTo: LogVector) async throws -> [ServerName] { [] }
}
