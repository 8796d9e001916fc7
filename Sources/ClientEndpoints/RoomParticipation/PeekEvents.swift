package import HTTPAPI
package import MatrixCore
import Sync

/// What happens in the caller's rooms, or in one room that the caller may read, waiting for it when nothing did.
///
/// The specification has two operations here, `peekEvents` and the deprecated `getEvents`; the room tells them apart.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events
/// - Errors: 403 `M_FORBIDDEN` for a room that the caller may not read, 400 `M_UNKNOWN_POS` for a token of nobody's.
package enum PeekEvents: Endpoint {
    package static let route = Route("peekEvents", .get, "/_matrix/client/v3/events", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID?
        let from: String?
        let timeout: Duration

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.query(optional: "room_id", { RoomID($0) })
            from = input.query(optional: "from")
            let longest = Int(EventStream.maxTimeout / .milliseconds(1))
            timeout =
                try input.query(number: "timeout", in: 0...longest).map { .milliseconds($0) }
                ?? EventStream.usualTimeout
        }
    }

    package struct Response: JSONResponse {
        let page: EventStream.Page

        package var expectedBytes: Int { page.events.reduce(300) { $0 + $1.count + 1 } }

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("start", page.start)
                json.field("end", page.end)
                json.key("chunk")
                EventList(events: page.events).write(to: &json)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: EventStreamServices
    ) async throws -> Response {
        let (stream, reader) = (services.stream, caller.streamReader)
        guard let roomID = request.roomID else {
            // Guests have no rooms' stream but that of the room they name.
            if caller.isGuest { throw MatrixError(.guestAccessForbidden, "Guests have to name a room") }
            return Response(page: try await stream.events(for: reader, from: request.from, timeout: request.timeout))
        }
        return Response(
            page: try await stream.events(in: roomID, for: reader, from: request.from, timeout: request.timeout))
    }
}
