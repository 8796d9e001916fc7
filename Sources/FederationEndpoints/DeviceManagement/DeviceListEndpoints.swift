package import Encryption
package import HTTPAPI

/// What other servers are told of the devices of users of this one.
package enum DeviceListEndpoints {
    package static let all: [any Endpoint<OwnDeviceLists>.Type] = [GetUserDevices.self]
}
