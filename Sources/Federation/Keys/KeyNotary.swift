import FederationAPI
package import MatrixCore
import Storage
import Synchronization
package import Telemetry

/// Which keys somebody asks a notary for.
package struct KeyQuery: Sendable {
    package let server: ServerName
    /// None: all that the server has.
    package let keyIDs: [SigningKeyID]
    /// Nil: now.
    package let minimumValidUntilMilliseconds: Int64?

    package init(server: ServerName, keyIDs: [SigningKeyID], minimumValidUntilMilliseconds: Int64?) {
        self.server = server
        self.keyIDs = keyIDs
        self.minimumValidUntilMilliseconds = minimumValidUntilMilliseconds
    }
}

/// Publishes our own keys, and vouches for those of other servers.
///
/// Anybody may ask, so what it makes us do is bounded: few servers for each question, few at the same time altogether, and
/// each of them only as often as we would ask it for ourselves. Whatever is beyond is answered from what is stored.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#querying-keys-through-another-server
package final class KeyNotary: Sendable {
    /// Servers in one question.
    package static let maximumQueries = 100
    /// Servers that are asked because of one question.
    private static let maximumLooksPerQuestion = 10
    /// Servers that are asked at the same time, for whomever.
    private static let maximumLooks = 32
    /// What Synapse says too. Long enough that servers rarely ask, and a key that was stolen soon stops counting.
    private static let validityMilliseconds: Int64 = 24 * 3600 * 1000

    private let serverName: ServerName
    private let ownKeys: OwnKeys
    private let remote: RemoteServerKeys
    private let clock: any Clock
    private let looks = Mutex(0)

    package init(serverName: ServerName, ownKeys: OwnKeys, remote: RemoteServerKeys, clock: any Clock) {
        self.serverName = serverName
        self.ownKeys = ownKeys
        self.remote = remote
        self.clock = clock
    }

    /// Our keys as we publish them, the expired ones included: what they signed stays checkable.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#publishing-keys
    package func published() throws(JSONError) -> JSONValue {
        try ServerKeys.publish(
            serverName, keys: [ownKeys.current], old: ownKeys.old,
            validUntilMilliseconds: clock.nowMilliseconds + Self.validityMilliseconds)
    }

    /// The keys of servers, as they published them, signed by us as well. Servers that cannot be reached and that we know
    /// nothing of are left out.
    ///
    /// - Parameter queries: at most `maximumQueries`.
    package func answer(_ queries: [KeyQuery]) async throws -> [JSONValue] {
        let queries = queries.prefix(Self.maximumQueries)
        let others = queries.filter { $0.server != serverName }
        var documents = try await remote.store.documents(of: others.map(\.server))
        let now = clock.nowMilliseconds
        let stale = others.filter { !Self.isEnough(documents[$0.server], for: $0, at: now) }
            .prefix(Self.maximumLooksPerQuestion)
        if !stale.isEmpty {
            await look(for: stale.map(\.server), now: now)
            documents.merge(try await remote.store.documents(of: stale.map(\.server)), uniquingKeysWith: { $1 })
        }
        var answers = try documents.sorted { $0.key < $1.key }.map { try countersign($0.value) }
        if others.count < queries.count { answers.append(try published()) }
        return answers
    }

    private func look(for servers: [ServerName], now: Int64) async {
        await withTaskGroup { group in
            for server in servers {
                let mayLook = looks.withLock { looks in
                    guard looks < Self.maximumLooks else { return false }
                    looks += 1
                    return true
                }
                guard mayLook else { return }
                group.addTask { [self] in
                    await remote.refresh(server, validAtMilliseconds: now)
                    looks.withLock { $0 -= 1 }
                }
            }
        }
    }

    /// Whether a document answers a query without asking the server again: notaries keep what they know for half of its
    /// lifetime.
    static func isEnough(_ document: ServerKeyDocument?, for query: KeyQuery, at now: Int64) -> Bool {
        guard let document, document.validUntilMilliseconds >= max(query.minimumValidUntilMilliseconds ?? now, now)
        else { return false }
        let (lifetime, overflow) = document.validUntilMilliseconds
            .subtractingReportingOverflow(document.fetchedMilliseconds)
        guard !overflow, now <= document.fetchedMilliseconds + lifetime / 2 else { return false }
        guard !query.keyIDs.isEmpty else { return true }
        guard let json = try? JSONDocument(parsing: document.json) else { return false }
        return query.keyIDs.allSatisfy { id in
            json["verify_keys"]?[id.description] != nil || json["old_verify_keys"]?[id.description] != nil
        }
    }

    /// What a server published with our signature beside its own. Numbers that canonical JSON has no form for are left as
    /// they are: it is the server's object, and only it says whether it is sensible.
    private func countersign(_ document: ServerKeyDocument) throws -> JSONValue {
        let object = try JSONDocument(parsing: document.json).root.value()
        return try JSONSigning.sign(object, serverName: serverName, key: ownKeys.current, strict: false)
    }
}
