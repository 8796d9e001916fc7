import Encryption
package import HTTPAPI
package import MatrixCore

/// Tells what was sent to the device that is stored, as clients ask since an earlier form of the proposal: they know that they have
/// everything by a page without messages, and want the end of every page.
///
/// - Spec: MSC3814
/// - Errors: 403 `M_FORBIDDEN` for what is not the stored device; 400 `M_INVALID_PARAM` for a token that is none.
package enum PostDehydratedDeviceEvents: Endpoint {
    package static let route = Route(
        "postDehydratedDeviceEvents", .post, DehydratedDeviceServices.path + "/{deviceId}/events",
        rateLimit: .requests)

    package struct Request: RequestDecodable {
        let deviceID: String
        let token: String?
        let limit: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            deviceID = try input.path("deviceId")
            token = try input.body(optional: "next_batch")
            limit =
                try input.query(number: "limit", in: 1...DehydratedInbox.maxMessages) ?? DehydratedInbox.maxMessages
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: DehydratedDeviceServices
    ) async throws -> DehydratedDevicePage {
        let page = try await services.inbox.page(
            for: request.deviceID, of: caller.userNID, from: request.token, limit: request.limit)
        return DehydratedDevicePage(page: page, alwaysTellsEnd: true)
    }
}
