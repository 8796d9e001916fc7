package import Accounts
package import HTTPAPI
package import MatrixCore

/// Lists the caller's devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices
package enum GetDevices: Endpoint {
    package static let route = Route("getDevices", .get, "/_matrix/client/v3/devices", guests: true)

    package struct Response: JSONResponse {
        let devices: [KnownDevice]

        package var expectedBytes: Int { 64 + devices.count * 160 }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("devices")
                json.array { json in for device in devices { device.write(to: &json) } }
            }
        }
    }

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: AccountServices
    ) async throws -> Response { Response(devices: try await services.devices.list(of: caller)) }
}
