package import Accounts
package import HTTPAPI
import HTTPTypes
package import MatrixCore

/// Renames one of the caller's devices. An application service makes one so that is not there; then the status is 201.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid
/// - Errors: 404 `M_NOT_FOUND`; 400 `M_INVALID_PARAM` for names and ids that cannot be.
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
    ) async throws -> RawJSON {
        let isNew = try await services.devices.renameOrCreate(
            request.deviceID, of: caller, to: request.displayName)
        return RawJSON(Array("{}".utf8), status: isNew ? .created : .ok)
    }
}
