package import Cluster
package import MatrixCore
package import Storage

/// Who knows what happened for a device besides rooms; `nil` where nobody keeps it.
package struct DeviceNewsSources: Sendable {
    package var messages: (any DeviceMessageSource)?
    package var lists: (any DeviceListSource)?
    package var keys: (any KeyCountSource)?

    package init() {}

    /// - Parameter since: what the device has seen; `nil` in a first sync.
    func news(for deviceID: String, of view: UserView, since: SyncToken?) async throws -> DeviceNews {
        var news = DeviceNews()
        if let messages { news.messages = try await messages.messages(for: deviceID, of: view, since: since) }
        if let since { news.lists = try await listChanges(of: view, since: since) }
        news.keys = try await keyCounts(of: deviceID, view)
        return news
    }

    func listChanges(of view: UserView, since: SyncToken) async throws -> DeviceListChanges {
        try await lists?.changes(for: view, since: since.log) ?? DeviceListChanges()
    }

    func keyCounts(of deviceID: String?, _ view: UserView) async throws -> KeyCounts {
        guard let keys, let deviceID else { return KeyCounts() }
        return try await keys.counts(of: deviceID, view)
    }
}

/// Messages to devices.
package protocol DeviceMessageSource: Sendable {
    /// What waits for a device, as JSON. What is at or below `since` the device has got.
    func messages(for deviceID: String, of view: UserView, since: SyncToken?) async throws -> [[UInt8]]
}

/// Whose devices and keys changed.
package protocol DeviceListSource: Sendable {
    /// What a user has to know of others between two places of the log.
    ///
    /// - Cost: without news no query.
    func changes(for view: UserView, since: LogVector) async throws -> DeviceListChanges
}

/// The keys that others can claim of a device.
package protocol KeyCountSource: Sendable {
    /// - Cost: without news no query.
    func counts(of deviceID: String, _ view: UserView) async throws -> KeyCounts
}

/// Whose devices somebody has to look at again.
package struct DeviceListChanges: Sendable, Hashable {
    /// Users whose devices or keys changed, or with whom a room has come to be shared.
    package var changed: [UserID] = []
    /// Users with whom no room is shared any more.
    package var left: [UserID] = []

    package init() {}

    var isEmpty: Bool { changed.isEmpty && left.isEmpty }
}

/// What is left of the keys of a device.
package struct KeyCounts: Sendable, Hashable {
    /// Unclaimed one-time keys, by algorithm.
    package var oneTimeKeys: [String: Int] = [:]
    package var unusedFallbackTypes: [String] = []

    package init() {}
}
