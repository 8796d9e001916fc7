package import Encryption
package import MatrixCore

/// What a sync tells a device besides rooms: messages to it, and whose keys changed.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync
package struct DeviceNews: Sendable {
    /// `m.room_key` and the like, as JSON.
    package var messages: [[UInt8]] = []
    package var lists = DeviceListChanges()
    package var keys = KeyCounts()

    package init() {}

    /// Counts are told with everything, and are mostly no news.
    var isEmpty: Bool { messages.isEmpty && lists.isEmpty && !keys.isNews }

    func write(to writer: inout JSONWriter) {
        writer.object(key: "to_device") { writer in
            writer.array(key: "events") { for message in messages { $0.raw(message) } }
        }
        writer.object(key: "device_lists") { lists.write(to: &$0) }
        keys.write(to: &writer)
    }
}

extension DeviceListChanges {
    package func write(to writer: inout JSONWriter) {
        writer.field("changed", strings: changed.map(\.description))
        writer.field("left", strings: left.map(\.description))
    }
}

extension KeyCounts {
    func write(to writer: inout JSONWriter) {
        writer.object(key: "device_one_time_keys_count") { writer in
            for (algorithm, count) in oneTimeKeys.sorted(by: { $0.key < $1.key }) { writer.field(algorithm, count) }
        }
        writer.field("device_unused_fallback_key_types", strings: unusedFallbackTypes)
    }
}
