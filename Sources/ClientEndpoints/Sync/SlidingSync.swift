import Ephemeral
package import HTTPAPI
package import MatrixCore
package import Sync

/// As much of the caller's rooms as it asks for, and then what changes in them, waiting for it when nothing does.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
/// - Errors: 400 `M_UNKNOWN_POS` for a position that is not known, not the caller's, or expired; 400 `M_INVALID_PARAM` for more
///   lists or subscriptions than there may be, and for ranges and names that are none.
package enum SlidingSync: Endpoint {
    private static let unstablePath = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"

    package static let route = Route(
        "slidingSync", .post, "/_matrix/client/v4/sync", unstable: [unstablePath], guests: true)

    package struct Request: RequestDecodable {
        let dialect: SlidingRequest.Dialect
        let connection: String
        let position: String?
        let timeoutMilliseconds: Int64
        let presence: PresenceState
        let content: SlidingRequest.Content

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            dialect = input.target.hasPrefix(unstablePath) ? .unstable : .stable
            let body = try input.fields()
            let timeout: Int64?
            switch dialect {
            case .stable:
                position = try body.optional("pos")
                timeout = try body.optional("timeout")
                presence = try body.optional("set_presence", { PresenceState(rawValue: $0) }) ?? .online
            case .unstable:
                position = input.query(optional: "pos")
                timeout = try input.query(optional: "timeout") { Int64($0) }
                presence = try input.query(optional: "set_presence", { PresenceState(rawValue: $0) }) ?? .online
            }
            guard timeout ?? 0 >= 0 else { throw .invalidParam("timeout must not be negative") }
            timeoutMilliseconds = min(timeout ?? 0, Int64(SyncRequest.maxTimeout / .milliseconds(1)))
            connection = try body.optional("conn_id") ?? ""
            guard connection.utf8.count <= SlidingRequest.maxConnectionNameBytes else {
                throw .invalidParam("conn_id is too long")
            }
            content = try SlidingRequestReader(dialect: dialect).content(body)
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: SyncEndpointServices
    ) async throws -> SlidingAnswer {
        var wanted = SlidingRequest(user: caller.userNID, deviceID: caller.deviceID, dialect: request.dialect)
        wanted.connection = request.connection
        wanted.position = request.position
        wanted.timeout = .milliseconds(request.timeoutMilliseconds)
        wanted.content = request.content.naming(caller.userID)
        await services.presence?.heartbeat(
            caller.userID, caller.userNID, device: caller.deviceID, as: request.presence, for: wanted.timeout)
        return try await services.sliding.sync(wanted)
    }
}

extension SlidingAnswer: JSONResponse {}
