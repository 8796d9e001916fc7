package import HTTPAPI
package import MatrixCore
import Rooms

/// An event and what stands around it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid
/// - Errors: 404 `M_NOT_FOUND`, whether there is no such event or it may not be seen.
package enum GetEventContext: Endpoint {
    package static let route = Route(
        "getEventContext", .get, "/_matrix/client/v3/rooms/{roomId}/context/{eventId}", guests: true)

    private static let defaultLimit = 10

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let eventID: EventID
        let limit: Int
        let filter: RoomEventFilter

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            eventID = try input.path("eventId", { EventID($0) })
            limit = try input.query(number: "limit", in: 0...RoomService.maxPage) ?? defaultLimit
            filter = try RoomEventFilter(query: input)
        }
    }

    package struct Response: JSONResponse {
        let start: String?
        let end: String?
        let event: [UInt8]
        let before: [[UInt8]]
        let after: [[UInt8]]
        let state: [[UInt8]]

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.field(optional: "start", start)
                json.field(optional: "end", end)
                json.field("event", raw: event)
                for (key, events) in [("events_before", before), ("events_after", after), ("state", state)] {
                    json.key(key)
                    EventList(events: events).write(to: &json)
                }
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        let readable = try await services.readableRoom(request.roomID, by: caller, otherwise: .unknownEvent)
        let filter = request.filter
        let context = try await services.rooms.context(
            of: request.eventID, in: readable, limit: request.limit, matching: { filter.includes($0.event) })
        let (before, after) = (context.before.events, context.after.events)
        let shown = [context.event] + before + after
        let state =
            filter.lazyLoadsMembers
            ? try await services.lazyState(context.state, for: shown) : try await context.state.allEvents()
        let rendered = try await services.render(shown, in: readable, for: caller)
        return Response(
            start: context.before.endToken ?? context.before.startToken,
            end: context.after.endToken ?? context.after.startToken,
            event: rendered.first ?? [], before: Array(rendered.dropFirst().prefix(before.count)),
            after: Array(rendered.suffix(after.count)),
            state: try await services.render(
                state.filter { filter.includes($0.event) }, in: readable, for: caller))
    }
}

extension RoomEndpointServices {
    /// The state without the members that say nothing in these events.
    fileprivate func lazyState(_ snapshot: RoomSnapshot, for events: [RoomEvent]) async throws -> [RoomEvent] {
        let others = try await snapshot.allEvents().filter { $0.event.type != EventType.member }
        return others + (try await members(ofSendersOf: events, in: snapshot))
    }
}
