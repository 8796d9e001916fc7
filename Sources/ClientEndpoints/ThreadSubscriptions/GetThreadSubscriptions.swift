package import HTTPAPI
package import MatrixCore
import Sync

/// A page of the newest changes of the caller's subscriptions to threads, backwards.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4308
/// - Errors: 400 `M_INVALID_PARAM` for another direction than `b`, a limit of 0 and tokens of nobody's.
package enum GetThreadSubscriptions: Endpoint {
    package static let route = Route(
        "getThreadSubscriptions", .get, "/_matrix/client/v1/thread_subscriptions",
        unstable: ["/_matrix/client/unstable/io.element.msc4308/thread_subscriptions"])

    private static let defaultLimit = 100

    package struct Request: RequestDecodable {
        let from: String?
        let to: String?
        let limit: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            guard try input.query("dir") == "b" else { throw .invalidParam("dir must be b") }
            from = input.query(optional: "from")
            to = input.query(optional: "to")
            limit = try input.query(number: "limit", in: 1...ThreadSubscriptions.maxPage) ?? defaultLimit
        }
    }

    package struct Response: JSONResponse {
        let page: SlidingExtensions.Threads

        package var expectedBytes: Int { page.changes.count * 120 + 64 }

        package func write(to json: inout JSONWriter) { json.object { page.write(to: &$0, end: "end") } }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> Response {
        Response(
            page: try await services.threads.page(
                of: caller.userNID, from: request.from, to: request.to, limit: request.limit))
    }
}
