import Ephemeral
package import HTTPAPI
package import MatrixCore
import NIOCore
package import Sync

/// What happened since the last time, waiting for it when nothing did.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
/// - Errors: 400 `M_INVALID_PARAM` for a `since` or a filter that is none, 400 `M_UNKNOWN` for a `since` of another database.
package enum Synchronise: Endpoint {
    package static let route = Route("sync", .get, "/_matrix/client/v3/sync", guests: true)

    package struct Request: RequestDecodable {
        let filter: String?
        let since: String?
        let fullState: Bool
        let usesStateAfter: Bool
        let timeoutMilliseconds: Int
        let presence: PresenceState

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            filter = input.query(optional: "filter")
            since = input.query(optional: "since")
            fullState = try input.query(flag: "full_state")
            usesStateAfter = try input.query(flag: "use_state_after")
            let longest = Int(SyncRequest.maxTimeout / .milliseconds(1))
            timeoutMilliseconds = try input.query(number: "timeout", in: 0...longest) ?? 0
            presence = try input.query(optional: "set_presence") { PresenceState(rawValue: $0) } ?? .online
        }
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
        await services.presence?.heartbeat(
            caller.userID, caller.userNID, device: caller.deviceID, as: request.presence, for: wanted.timeout)
        return try await services.sync.sync(wanted)
    }
}

extension SyncAnswer: JSONResponse {
    /// Longer answers are sent while they are written.
    private static var maxBufferedBytes: Int { 1 << 20 }

    package consuming func encode() -> ServerResponse {
        let size = expectedBytes
        if size > Self.maxBufferedBytes {
            return .stream(
                BodyStream(SyncAnswerPieces(self).map { ByteBuffer(bytes: $0) }), length: nil,
                contentType: "application/json")
        }
        var writer = JSONWriter(reservingCapacity: size)
        write(to: &writer)
        return ServerResponse(json: ByteBuffer(bytes: writer.bytes))
    }
}
