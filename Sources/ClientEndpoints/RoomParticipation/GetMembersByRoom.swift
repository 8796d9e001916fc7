package import HTTPAPI
package import MatrixCore
import Rooms

/// The member events of a room, now or at a place of its history.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers
/// - Errors: 403 `M_FORBIDDEN` when the caller was never in the room, or may not see it as it was at that place; 400
///   `M_INVALID_PARAM` for a token of nobody's.
package enum GetMembersByRoom: Endpoint {
    package static let route = Route(
        "getMembersByRoom", .get, "/_matrix/client/v3/rooms/{roomId}/members", guests: true)

    package struct Request: RequestDecodable {
        let roomID: RoomID
        let at: String?
        let membership: Membership?
        let notMembership: Membership?

        package init(from input: borrowing RequestInput) throws(MatrixError) {
            roomID = try input.path("roomId", { RoomID($0) })
            at = input.query(optional: "at")
            membership = try input.query(optional: "membership", { Membership(rawValue: $0) })
            notMembership = try input.query(optional: "not_membership", { Membership(rawValue: $0) })
        }
    }

    package struct Response: JSONResponse {
        let members: [[UInt8]]

        package func write(to json: inout JSONWriter) {
            json.object { json in
                json.key("chunk")
                EventList(events: members).write(to: &json)
            }
        }
    }

    package static func handle(
        _ request: Request, from caller: LocalUser, with services: RoomEndpointServices
    ) async throws -> Response {
        let readable = try await services.readableRoom(request.roomID, by: caller)
        var snapshot = readable.snapshot
        if let at = request.at {
            snapshot = try await services.rooms.state(at: at, in: readable)
        }
        let members = try await snapshot.events(ofType: EventType.member).filter { event in
            let membership = event.event.membership
            // Both conditions together mean either.
            switch (request.membership, request.notMembership) {
            case (nil, nil): return true
            case (let wanted?, nil): return membership == wanted
            case (nil, let unwanted?): return membership != unwanted
            case (let wanted?, let unwanted?): return membership == wanted || membership != unwanted
            }
        }
        return Response(
            members: try await services.render(members.sorted { $0.nid < $1.nid }, in: readable, for: caller))
    }
}
