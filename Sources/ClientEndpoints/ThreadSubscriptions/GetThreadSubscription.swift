package import HTTPAPI
package import MatrixCore
import Sync

/// Tells whether the caller is subscribed to a thread, and how that came about.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4306
/// - Errors: 404 `M_NOT_FOUND` without a subscription, and for a thread that the caller cannot see.
package enum GetThreadSubscription: Endpoint {
    package static let route = Route(
        "getThreadSubscription", .get, ThreadRequest.stablePath, unstable: [ThreadRequest.unstablePath])

    package struct Response: JSONResponse {
        let isAutomatic: Bool

        package func write(to json: inout JSONWriter) { json.object { $0.field("automatic", isAutomatic) } }
    }

    package static func handle(
        _ request: ThreadRequest, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> Response {
        Response(
            isAutomatic: try await services.threads.subscription(
                to: request.root, in: request.roomID, of: caller.userNID))
    }
}
