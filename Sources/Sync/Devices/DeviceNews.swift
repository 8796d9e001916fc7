package import Cluster
package import MatrixCore

/// What a sync tells a device besides rooms: messages to it, and whose keys changed.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync
package struct DeviceNews: Sendable {
    /// `m.room_key` and the like, as JSON.
    package var messages: [[UInt8]] = []
    /// Users whose devices or keys changed, or with whom a room has come to be shared.
    package var changed: [UserID] = []
    /// Users with whom no room is shared any more.
    package var left: [UserID] = []
    /// Unclaimed one-time keys of the device, by algorithm.
    package var oneTimeKeys: [String: Int] = [:]
    package var unusedFallbackKeyTypes: [String] = []

    package init() {}

    /// Counts are told with everything and are no news.
    var isEmpty: Bool { messages.isEmpty && changed.isEmpty && left.isEmpty }

    func write(to writer: inout JSONWriter) {
        writer.object(key: "to_device") { writer in
            writer.array(key: "events") { for message in messages { $0.raw(message) } }
        }
        writer.object(key: "device_lists") {
            $0.field("changed", strings: changed.map(\.description))
            $0.field("left", strings: left.map(\.description))
        }
        writer.object(key: "device_one_time_keys_count") { writer in
            for (algorithm, count) in oneTimeKeys.sorted(by: { $0.key < $1.key }) { writer.field(algorithm, count) }
        }
        writer.field("device_unused_fallback_key_types", strings: unusedFallbackKeyTypes)
    }
}

/// Keeps devices' keys and messages. Owned here; a server that serves no keys has none.
package protocol DeviceNewsSource: Sendable {
    /// What happened for a device between two places.
    ///
    /// - Parameters:
    ///   - since: what the device has seen; `nil` in a first sync.
    ///   - view: what it will have seen.
    func news(for deviceID: String, of view: UserView, since: SyncToken?) async throws -> DeviceNews
}
