package import Accounts
package import HTTPAPI
package import MatrixCore

/// Ends one of the caller's devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3devicesdeviceid
/// - Errors: 401 while more authentication is needed, which application services need none of.
package enum DeleteDevice: Endpoint {
    package static let route = Route("deleteDevice", .delete, "/_matrix/client/v3/devices/{deviceId}")

    package struct Request: RequestDecodable {
        let deviceID: String
        let auth: AuthSubmission?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            deviceID = try input.path("deviceId")
            auth = try AuthSubmission(from: try input.fields())
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        let operation = AuthOperation(route, targets: [request.deviceID], by: caller)
        if caller.appService == nil { try await services.interactive.authorise(operation, with: request.auth) }
        try await services.devices.close([request.deviceID], of: caller)
        return EmptyObject()
    }
}
