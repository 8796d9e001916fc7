package import MatrixCore
import Storage

/// A device as its owner sees it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices
package struct KnownDevice: Sendable {
    private let record: DeviceRecord

    init(_ record: DeviceRecord) { self.record = record }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("device_id", record.deviceID)
            json.field(optional: "display_name", record.displayName)
            json.field(optional: "last_seen_ip", record.lastSeenAddress)
            json.field(optional: "last_seen_ts", record.lastSeenMilliseconds)
        }
    }
}
