package import Accounts
package import HTTPAPI
package import MatrixCore

/// Renames one of the caller's devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid
/// - Errors: 404 `M_NOT_FOUND`.
package enum UpdateDevice: Endpoint {
    package static let route = Route("updateDevice", .put, "/_matrix/client/v3/devices/{deviceId}", guests: true)

    package struct Request: RequestDecodable {
        let deviceID: String
        let displayName: String?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            deviceID = try input.path("deviceId")
            displayName = try input.body(optional: "display_name")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        try await services.devices.rename(request.deviceID, of: caller, to: request.displayName)
        return EmptyObject()
    }
}
