import Encryption
package import HTTPAPI
package import MatrixCore

/// Stores a device with its keys until somebody wakes it, in place of the one that was stored.
///
/// - Spec: MSC3814
/// - Errors: those of uploading keys; 400 `M_INVALID_PARAM` when another device is called so; 413 `M_TOO_LARGE`.
package enum PutDehydratedDevice: Endpoint {
    package static let route = Route(
        "putDehydratedDevice", .put, DehydratedDeviceServices.path, rateLimit: .requests)

    package struct Request: RequestDecodable {
        let device: DehydratedDevices.NewDevice

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            device = try DehydratedDevices.NewDevice(
                deviceID: input.body("device_id"), data: input.body("device_data"),
                displayName: input.body(optional: "initial_device_display_name"),
                keys: UncheckedKeys(
                    deviceKeys: input.body(optional: "device_keys"),
                    oneTimeKeys: input.body(optional: "one_time_keys"),
                    fallbackKeys: input.body(optional: "fallback_keys")))
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: DehydratedDeviceServices
    ) async throws -> JSONValue {
        try await services.devices.put(request.device, of: caller.userNID)
        return ["device_id": .string(request.device.deviceID)]
    }
}
