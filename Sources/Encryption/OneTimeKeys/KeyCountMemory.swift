package import Cluster
import MatrixCore
package import Storage

/// How many one-time keys devices have left, in memory for as long as the log shows no change of it.
package struct KeyCountMemory: Sendable {
    /// Devices that are remembered; each takes some 300 bytes.
    private static let maximumDevices = 50_000
    /// With fewer, a device hears of each that goes even when nothing else happens. Devices keep about fifty.
    private static let lowCount = 20
    /// What changes counts: keys given out or published, and devices whose identity changed or that ended.
    private static let kinds: [LogKind] = [.keyCounts, .deviceLists]

    private struct Device: Hashable {
        let user: UserNID
        let deviceID: String
    }

    private struct Entry: Sendable {
        /// What the log of the user's shard was when they were read, or later.
        let position: Int64
        let counts: KeyCountRecord
    }

    private let store: DeviceKeyStore
    private let feed: LogFeed
    private let memory: GenerationalCache<Device, Entry>

    package init(store: DeviceKeyStore, feed: LogFeed) {
        self.store = store
        self.feed = feed
        memory = GenerationalCache(maxWeight: Self.maximumDevices)
    }

    /// What a device has left, at the view's place of the log or later.
    ///
    /// - Parameter since: what the device has seen; `nil` in a first sync.
    /// - Cost: nothing when nothing changed; otherwise one query.
    package func counts(of deviceID: String, _ view: UserView, since: LogVector?) async throws -> KeyCounts {
        let record = try await record(of: deviceID, view)
        let isLow = record.oneTimeKeys[KeyUploads.usualAlgorithm, default: 0] < Self.lowCount
        // Of what is not in memory any more nobody is woken: then the device syncs from long ago, and waits for nothing.
        let isNews = since.map { isLow && hasRows(of: .keyCounts, since: $0[view.user.shard], view) == true } ?? false
        return KeyCounts(record, isNews: isNews)
    }

    private func record(of deviceID: String, _ view: UserView) async throws -> KeyCountRecord {
        let device = Device(user: view.user.nid, deviceID: deviceID)
        let head = view.heads[view.user.shard]
        if let entry = memory[device] {
            if entry.position >= head { return entry.counts }
            if hasChanged(since: entry.position, view) == false {
                memory.keep(Entry(position: head, counts: entry.counts), for: device)
                return entry.counts
            }
        }
        let counts = try await store.counts(of: deviceID, view.user.nid)
        memory.keep(Entry(position: head, counts: counts), for: device)
        return counts
    }

    private func hasChanged(since position: Int64, _ view: UserView) -> Bool? {
        for kind in Self.kinds {
            guard let changed = hasRows(of: kind, since: position, view) else { return nil }
            if changed { return true }
        }
        return false
    }

    private func hasRows(of kind: LogKind, since position: Int64, _ view: UserView) -> Bool? {
        let user = view.user
        return feed.withWindow {
            $0.hasRows(of: kind, about: user.nid, in: user.shard, after: position, upTo: view.heads[user.shard])
        }
    }
}
