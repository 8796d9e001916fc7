package import HTTPAPI
import MatrixCore
import Sync

/// Ends the caller's subscription to a thread, if there is one.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4306
/// - Errors: 404 `M_NOT_FOUND` for a thread that the caller cannot see.
package enum UnsubscribeFromThread: Endpoint {
    package static let route = Route(
        "unsubscribeFromThread", .delete, ThreadRequest.stablePath, unstable: [ThreadRequest.unstablePath],
        rateLimit: .requests)

    package static func handle(
        _ request: ThreadRequest, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> EmptyObject {
        try await services.threads.unsubscribe(from: request.root, in: request.roomID, of: caller.userNID)
        return EmptyObject()
    }
}
