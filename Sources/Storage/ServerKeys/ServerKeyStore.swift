package import MatrixCore
package import Postgres

/// Keys of other servers. A key stays when its server does not publish it any more: old events are still checked with it.
package struct ServerKeyStore: Sendable {
    /// Keys of one server that are kept; beyond it the ones that were valid longest ago go.
    package static let maximumKeys: Int64 = 256

    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The keys of a server, at most `maximumKeys`.
    package func keys(of server: ServerName) async throws -> [ServerKeyRecord] {
        let rows = try await pool.query(ServerKeyStatements.ofServer, server.description, Self.maximumKeys)
        return try rows.map { row in
            let (id, bytes, validUntil, fetched) = try row.decode((String, [UInt8], Int64, Int64).self)
            guard let id = SigningKeyID(id), let key = Ed25519PublicKey(bytes: bytes) else {
                throw StorageError.corrupt("server_keys")
            }
            return ServerKeyRecord(
                id: id, key: key, validUntilMilliseconds: validUntil, fetchedMilliseconds: fetched)
        }
    }

    /// Keeps keys of a server, and the document that they come from. What is stored already and was fetched later stays.
    ///
    /// - Parameter keys: each id once.
    package func keep(_ keys: [ServerKeyRecord], document: ServerKeyDocument, of server: ServerName) async throws {
        _ = try await pool.query(
            ServerKeyStatements.keep, server.description, keys.map(\.id.description), keys.map(\.key.bytes),
            keys.map(\.validUntilMilliseconds), document.fetchedMilliseconds, document.json,
            document.validUntilMilliseconds)
        if keys.count > 1 {
            _ = try await pool.query(ServerKeyStatements.dropSurplus, server.description, Self.maximumKeys)
        }
    }

    /// What servers last published; those of which nothing is known are left out.
    package func documents(of servers: [ServerName]) async throws -> [ServerName: ServerKeyDocument] {
        guard !servers.isEmpty else { return [:] }
        let rows = try await pool.query(ServerKeyStatements.documents, servers.map(\.description))
        var documents: [ServerName: ServerKeyDocument] = [:]
        for row in rows {
            let (name, json, validUntil, fetched) = try row.decode((String, [UInt8], Int64, Int64).self)
            guard let name = ServerName(name) else { throw StorageError.corrupt("server_key_documents.server_name") }
            documents[name] = ServerKeyDocument(
                json: json, validUntilMilliseconds: validUntil, fetchedMilliseconds: fetched)
        }
        return documents
    }
}
