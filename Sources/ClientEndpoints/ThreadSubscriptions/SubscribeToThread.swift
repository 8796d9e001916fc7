package import HTTPAPI
package import MatrixCore
import Sync

/// Subscribes the caller to a thread.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4306
/// - Errors: 404 `M_NOT_FOUND` for a thread that the caller cannot see; 400 `M_NOT_IN_THREAD` when the event that caused an
///   automatic subscription is not in the thread; 409 `M_CONFLICTING_UNSUBSCRIPTION` when the caller unsubscribed after it.
package enum SubscribeToThread: Endpoint {
    package static let route = Route(
        "subscribeToThread", .put, ThreadRequest.stablePath, unstable: [ThreadRequest.unstablePath],
        rateLimit: .requests)

    package struct Request: RequestDecodable {
        let thread: ThreadRequest
        let cause: EventID?
        let isUnstable: Bool

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            thread = try ThreadRequest(from: input)
            cause = try input.body(optional: "automatic") { EventID($0) }
            isUnstable = input.target.hasPrefix("/_matrix/client/unstable/")
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> EmptyObject {
        do {
            try await services.threads.subscribe(
                to: request.thread.root, in: request.thread.roomID, of: caller.userNID, because: request.cause)
        } catch let error as MatrixError where request.isUnstable {
            switch error.errcode {
            case .notInThread: throw MatrixError(.unstableNotInThread, error.message)
            case .conflictingUnsubscription: throw MatrixError(.unstableConflictingUnsubscription, error.message)
            default: throw error
            }
        }
        return EmptyObject()
    }
}
