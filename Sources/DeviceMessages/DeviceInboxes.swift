package import Cluster
import MatrixCore
package import Storage

/// What waits for devices, as syncs ask for it.
///
/// A message stays in the inbox until its device has come back with the place that it was given with it. So the same question has
/// the same answer, on any worker, until the device has moved on.
package struct DeviceInboxes: Sendable {
    /// Devices of which it is remembered up to where nothing waits.
    private static let maxRemembered = 200_000

    private struct Device: Hashable {
        let user: UserNID
        let deviceID: String
    }

    private let store: DeviceMessageStore
    private let feed: LogFeed
    /// Nothing waits for the device up to this position of its user's shard: later ones alone can bring something.
    private let empty = GenerationalCache<Device, Int64>(maxWeight: maxRemembered)

    package init(store: DeviceMessageStore, feed: LogFeed) {
        self.store = store
        self.feed = feed
    }

    /// What comes for a device after the place that it has seen, which it thereby acknowledges: what is at or below it is deleted.
    ///
    /// - Parameters:
    ///   - seen: `nil` begins with the oldest, and acknowledges nothing.
    ///   - head: up to this position of the user's shard.
    /// - Cost: nothing while nothing waits and the log tells of nothing new for the user; otherwise one statement.
    package func page(
        for deviceID: String, of user: UserRecord, after seen: InboxPlace?, upTo head: Int64,
        limit: Int = DeviceMessageStore.maxMessages
    ) async throws -> InboxPage {
        let device = Device(user: user.nid, deviceID: deviceID)
        if isEmpty(device, user, upTo: head) { return InboxPage() }
        let page = try await store.take(for: deviceID, of: user.nid, seen: seen, upTo: head, limit: limit)
        if page.isEmpty { remember(head, for: device) }
        return page
    }

    private func isEmpty(_ device: Device, _ user: UserRecord, upTo head: Int64) -> Bool {
        guard let known = empty[device] else { return false }
        if known >= head { return true }
        let hasNews = feed.withWindow {
            $0.hasRows(of: .toDevice, about: user.nid, in: user.shard, after: known, upTo: head)
        }
        guard hasNews == false else { return false }
        remember(head, for: device)
        return true
    }

    private func remember(_ head: Int64, for device: Device) {
        empty.keep(head, for: device) { $0 >= head }
    }
}
