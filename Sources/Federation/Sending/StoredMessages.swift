package import MatrixCore
package import Storage

/// EDUs that are kept as they go out until they have been delivered: messages to devices of other servers' users.
package struct StoredMessages: DurableMessages {
    package let name = "stored"
    package let kind = LogKind.outgoingEDUs
    private let store: OutgoingEDUStore

    package init(store: OutgoingEDUStore) { self.store = store }

    package func messages(of rows: [LogRow]) async throws -> [LogPlace: [AddressedMessage]] {
        let edus = try await store.edus(of: rows.map { LogPlace(of: $0) })
        var messages: [LogPlace: [AddressedMessage]] = [:]
        for (row, edus) in edus {
            messages[row] = edus.map { server, edu in
                AddressedMessage(DurableMessage(number: edu.number, bytes: edu.bytes), to: [server])
            }
        }
        return messages
    }

    package func waiting(upTo: LogVector) async throws -> [ServerName] { try await store.servers(upTo: upTo) }

    package func missed(
        by server: ServerName, since: LogVector, upTo: LogVector, after number: Int64
    ) async throws -> [DurableMessage] {
        try await store.edus(for: server, after: number, upTo: upTo).map {
            DurableMessage(number: $0.number, bytes: $0.bytes)
        }
    }

    package func delivered(_ messages: [DurableMessage], to server: ServerName) async throws {
        try await store.delete(messages.map(\.number), for: server)
    }
}
