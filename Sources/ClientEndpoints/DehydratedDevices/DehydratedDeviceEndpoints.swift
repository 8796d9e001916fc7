package import Encryption
package import HTTPAPI

/// What the endpoints of stored devices work with.
package struct DehydratedDeviceServices: Sendable {
    /// Below which the endpoints are before the proposal is part of the specification.
    static let path = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"

    let devices: DehydratedDevices
    let inbox: DehydratedInbox

    package init(devices: DehydratedDevices, inbox: DehydratedInbox) {
        self.devices = devices
        self.inbox = inbox
    }
}

/// The endpoints of devices that are stored until somebody wakes them.
package enum DehydratedDeviceEndpoints {
    package static let all: [any Endpoint<DehydratedDeviceServices>.Type] = [
        PutDehydratedDevice.self, GetDehydratedDevice.self, DeleteDehydratedDevice.self,
        GetDehydratedDeviceEvents.self, PostDehydratedDeviceEvents.self,
    ]
}
