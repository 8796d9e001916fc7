import Encryption
package import HTTPAPI
package import MatrixCore

/// Tells what was sent to the device that is stored, in parts. Nothing is deleted by it.
///
/// - Spec: MSC3814
/// - Errors: 403 `M_FORBIDDEN` for what is not the stored device; 400 `M_INVALID_PARAM` for a token that is none.
package enum GetDehydratedDeviceEvents: Endpoint {
    package static let route = Route(
        "getDehydratedDeviceEvents", .get, DehydratedDeviceServices.path + "/{deviceId}/events", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let deviceID: String
        let token: String?
        let limit: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            deviceID = try input.path("deviceId")
            token = input.query(optional: "from")
            limit =
                try input.query(number: "limit", in: 1...DehydratedInbox.maxMessages) ?? DehydratedInbox.maxMessages
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: DehydratedDeviceServices
    ) async throws -> DehydratedDevicePage {
        let page = try await services.inbox.page(
            for: request.deviceID, of: caller.userNID, from: request.token, limit: request.limit)
        return DehydratedDevicePage(page: page, alwaysTellsEnd: false)
    }
}
