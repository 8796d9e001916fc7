import Cluster
package import DeviceMessages
package import Encryption
import Storage

/// Who knows what happened for a device besides rooms; `nil` where nobody keeps it.
package struct DeviceNewsSources: Sendable {
    package var messages: DeviceInboxes?
    package var lists: DeviceListNews?
    package var keys: KeyCountMemory?

    package init() {}

    /// - Parameters:
    ///   - since: what the device has seen; `nil` in a first sync.
    ///   - changes: what happened since.
    ///   - inbox: what waits for the device.
    func news(
        for deviceID: String, of view: UserView, since: SyncToken?, changes: ChangeSet?, inbox: InboxPage
    ) async throws -> DeviceNews {
        var news = DeviceNews()
        news.messages = inbox.messages.map(\.body)
        if let since { news.lists = try await listChanges(of: view, since: since.log, changes) }
        news.keys = try await keyCounts(of: deviceID, view, since: since?.log)
        return news
    }

    /// - Parameter changes: what happened since, as far as that is in memory.
    func listChanges(
        of view: UserView, since: LogVector, _ changes: ChangeSet?
    ) async throws -> DeviceListChanges {
        guard let lists else { return DeviceListChanges() }
        let recent = changes.flatMap { changes in
            changes.touched.map { touched in
                RecentRooms(touched: touched, rows: changes.rooms.compactMapValues(\.rows))
            }
        }
        return try await lists.changes(for: view, since: since, recent: recent)
    }

    /// - Parameter since: what the device has seen; `nil` where nothing is news to it.
    /// - Cost: without news no query.
    func keyCounts(of deviceID: String?, _ view: UserView, since: LogVector?) async throws -> KeyCounts {
        guard let keys, let deviceID else { return KeyCounts() }
        return try await keys.counts(of: deviceID, view, since: since)
    }
}
