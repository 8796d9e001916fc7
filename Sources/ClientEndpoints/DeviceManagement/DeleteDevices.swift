package import Accounts
package import HTTPAPI
package import MatrixCore

/// Ends several of the caller's devices.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3delete_devices
/// - Errors: 401 while more authentication is needed, which application services need none of.
package enum DeleteDevices: Endpoint {
    package static let route = Route("deleteDevices", .post, "/_matrix/client/v3/delete_devices")

    package struct Request: RequestDecodable {
        let deviceIDs: [String]
        let auth: AuthSubmission?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            let fields = try input.fields()
            deviceIDs = try fields.required(each: "devices") { OpaqueIdentifier.isDeviceID($0) ? $0 : nil }
            guard deviceIDs.count <= DeviceSessions.maxClosedAtOnce else { throw .invalidParam("Too many devices") }
            auth = try AuthSubmission(from: fields)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: AccountServices
    ) async throws -> EmptyObject {
        let operation = AuthOperation(route, targets: request.deviceIDs, by: caller)
        if caller.appService == nil { try await services.interactive.authorise(operation, with: request.auth) }
        try await services.devices.close(request.deviceIDs, of: caller)
        return EmptyObject()
    }
}
