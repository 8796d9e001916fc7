package import Accounts
package import HTTPAPI
package import MatrixCore

/// Tells about one of the caller's devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devicesdeviceid
/// - Errors: 404 `M_NOT_FOUND`.
package enum GetDevice: Endpoint {
    package static let route = Route("getDevice", .get, "/_matrix/client/v3/devices/{deviceId}", guests: true)

    package struct Request: RequestDecodable {
        let deviceID: String

        package init(from input: borrowing RequestInput) throws(MatrixError) { deviceID = try input.path("deviceId") }
    }

    package struct Response: JSONResponse {
        let device: KnownDevice

        package func write(to json: inout JSONWriter) { device.write(to: &json) }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> Response { Response(device: try await services.devices.device(request.deviceID, of: caller)) }
}
