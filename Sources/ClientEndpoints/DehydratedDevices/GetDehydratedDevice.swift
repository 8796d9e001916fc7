import Encryption
package import HTTPAPI
package import MatrixCore

/// Tells of the device that is stored.
///
/// - Spec: MSC3814
/// - Errors: 404 `M_NOT_FOUND` when there is none.
package enum GetDehydratedDevice: Endpoint {
    package static let route = Route(
        "getDehydratedDevice", .get, DehydratedDeviceServices.path, rateLimit: .requests)

    package struct Response: JSONResponse {
        let deviceID: String
        let data: [UInt8]

        package var expectedBytes: Int { data.count + 256 }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("device_id", deviceID)
                json.field("device_data", raw: data)
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: DehydratedDeviceServices
    ) async throws -> Response {
        let device = try await services.devices.device(of: caller.userNID)
        return Response(deviceID: device.deviceID, data: device.data)
    }
}
