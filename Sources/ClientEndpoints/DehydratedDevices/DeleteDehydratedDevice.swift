import Encryption
package import HTTPAPI
package import MatrixCore

/// Ends the device that is stored, with everything that it has.
///
/// - Spec: MSC3814
/// - Errors: 404 `M_NOT_FOUND` when there is none.
package enum DeleteDehydratedDevice: Endpoint {
    package static let route = Route(
        "deleteDehydratedDevice", .delete, DehydratedDeviceServices.path, rateLimit: .requests)

    package static func handle(
        _ request: EmptyRequest, from caller: LocalUser, with services: DehydratedDeviceServices
    ) async throws -> JSONValue { ["device_id": .string(try await services.devices.delete(of: caller.userNID))] }
}
