import Cluster
package import Encryption
package import MatrixCore
import Rooms
import Storage

/// Whose devices changed between two syncs: for a client that was away and has kept its token.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges
package struct KeyChanges: Sendable {
    private let feed: LogFeed
    private let watches: UserWatches
    private let timeouts: Timeouts
    private let interning: Interning
    private let changes: ChangeFinder
    private let sources: DeviceNewsSources

    package init(_ setup: SyncSetup) {
        feed = setup.feed
        watches = setup.watches
        timeouts = setup.timeouts
        interning = setup.rooms.reader.interning
        changes = ChangeFinder(feed: setup.feed, log: setup.log)
        sources = setup.devices
    }

    /// - Parameters:
    ///   - from: the token of a sync. What changed since is told up to now.
    ///   - to: the token of a later one, which this worker has to have caught up with.
    /// - Throws: 400 `M_INVALID_PARAM` for what is no token; 400 `M_UNKNOWN` for a token of another database, or of a time that has
    ///   not come.
    /// - Cost: as for a sync from the same token.
    package func changes(of user: UserNID, from: String, to: String) async throws -> DeviceListChanges {
        let (from, to) = (try token(from, "from"), try token(to, "to"))
        let needed = from.merged(with: to)
        guard await feed.reach(needed, timeouts: timeouts) else {
            try Task.checkCancellation()
            throw Self.unknownToken
        }
        try await feed.reachPresent()
        let view = try await watches.view(of: try await interning.user(user), atLeast: needed)
        return try await sources.listChanges(
            of: view, since: from, try await changes.changes(for: view, since: from))
    }

    private func token(_ text: String, _ name: String) throws(MatrixError) -> LogVector {
        let installation = feed.installation
        let shards = Int(installation.shardCount)
        do {
            return try SyncToken(text, incarnation: installation.incarnation, shards: shards).log
        } catch {
            switch error {
            case .malformed: throw .invalidParam("\(name) is no token of a sync of this server")
            case .otherIncarnation: throw Self.unknownToken
            }
        }
    }

    private static var unknownToken: MatrixError {
        MatrixError(.unknown, "the token is not known here: sync again without one", status: 400)
    }
}
