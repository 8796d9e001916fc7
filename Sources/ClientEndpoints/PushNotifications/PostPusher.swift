package import HTTPAPI
package import MatrixCore
import Push

/// Sets or, without a kind, deletes a pusher of the caller.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset
/// - Errors: 400 `M_MISSING_PARAM`, `M_INVALID_PARAM`.
package enum PostPusher: Endpoint {
    package static let route = Route(
        "postPusher", .post, "/_matrix/client/v3/pushers/set", rateLimit: .requests)

    package struct Request: RequestDecodable {
        let appID: String
        let pushkey: String
        /// `nil` when the pusher is to be deleted.
        let pusher: NewPusher?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            appID = try input.body("app_id")
            pushkey = try input.body("pushkey")
            let kind: JSONView = try input.body("kind")
            guard !kind.isNull else {
                pusher = nil
                return
            }
            pusher = NewPusher(
                appID: appID, pushkey: pushkey, kind: try input.body("kind"),
                appDisplayName: try input.body("app_display_name"),
                deviceDisplayName: try input.body("device_display_name"),
                profileTag: try input.body(optional: "profile_tag"), language: try input.body("lang"),
                data: try input.body("data"), append: try input.body(optional: "append") ?? false)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: PushEndpointServices
    ) async throws -> EmptyObject {
        if let pusher = request.pusher {
            try await services.pushers.set(pusher, of: caller.userNID, device: caller.deviceID)
        } else {
            try await services.pushers.delete(appID: request.appID, pushkey: request.pushkey, of: caller.userNID)
        }
        return EmptyObject()
    }
}
