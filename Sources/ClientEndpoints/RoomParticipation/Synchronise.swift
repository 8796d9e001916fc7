package import HTTPAPI
package import MatrixCore
package import Sync

/// What happened since the last time, waiting for it when nothing did.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
/// - Errors: 400 `M_UNKNOWN_POS` for a `since` of nobody's, 400 `M_INVALID_PARAM` for a filter that is none.
package enum Synchronise: Endpoint {
    package static let route = Route("sync", .get, "/_matrix/client/v3/sync", guests: true)

    package struct Request: RequestDecodable {
        let filter: String?
        let since: String?
        let fullState: Bool
        let usesStateAfter: Bool
        let timeoutMilliseconds: Int

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            filter = input.query(optional: "filter")
            since = input.query(optional: "since")
            fullState = try input.query(flag: "full_state")
            usesStateAfter = try input.query(flag: "use_state_after")
            let longest = Int(SyncRequest.maxTimeout / .milliseconds(1))
            timeoutMilliseconds = try input.query(number: "timeout", in: 0...longest) ?? 0
            // Who is online is not followed yet, but what is no presence at all is refused all the same.
            _ = try input.query(optional: "set_presence") { Presence(rawValue: $0) }
        }
    }

    private enum Presence: String {
        case online, offline, unavailable
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> SyncAnswer {
        var wanted = SyncRequest(user: caller.userNID, deviceID: caller.deviceID)
        wanted.since = request.since
        wanted.filter = request.filter
        wanted.fullState = request.fullState
        wanted.usesStateAfter = request.usesStateAfter
        wanted.timeout = .milliseconds(request.timeoutMilliseconds)
        return try await services.sync.sync(wanted)
    }
}

extension SyncAnswer: JSONResponse {}
