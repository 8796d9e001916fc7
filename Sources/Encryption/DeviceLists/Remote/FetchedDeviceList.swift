import MatrixCore
import Storage

/// All devices of a user, as the user's server answers.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1userdevicesuserid
struct FetchedDeviceList: Sendable {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    let streamID: Int64
    let list: RemoteDeviceList

    /// Devices that are malformed, have no keys, or keys that are not theirs, are left out alone; so are those above the number that
    /// is kept.
    ///
    /// - Throws: `Malformed` when it is no answer for this user.
    /// - Cost: two checks of signatures, and one for each device.
    init(_ view: JSONView, of user: UserID) async throws {
        guard view["user_id"]?.stringEquals(user.description) == true else {
            throw Malformed(description: "devices of another user")
        }
        guard let streamID = view["stream_id"]?.int else { throw Malformed(description: "no stream_id") }
        guard let devices = view["devices"]?.array else { throw Malformed(description: "no devices") }
        self.streamID = streamID
        let checked = await SharedWork.map(Array(devices.prefix(RemoteDeviceStore.maxDevices))) { device in
            device["device_id"]?.string.flatMap { deviceID -> RemoteDevice? in
                guard RemoteDevice.isName(deviceID) else { return nil }
                let told = RemoteDevice(
                    deviceID, name: device["device_display_name"], keys: device["keys"], of: user)
                return told.keys == nil ? nil : told
            }
        }
        var list = RemoteDeviceList()
        var seen: Set<String> = []
        list.devices = checked.compactMap { $0 }.filter { seen.insert($0.deviceID).inserted }
        let keys = RemoteSigningKeys(view, of: user)
        list.masterKey = keys.master
        list.selfSigningKey = keys.selfSigning
        self.list = list
    }
}
