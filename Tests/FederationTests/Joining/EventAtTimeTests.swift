import Federation
import MatrixCore
import Rooms
import Storage
import Testing

/// Going to a time of which this server has no history.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1timestamp_to_eventroomid
@Suite struct EventAtTimeTests {
    private func with(
        _ body: (JoiningInstallation, ResidentServer, [Event], ReadableRoom) async throws -> Void
    ) async throws {
        let server = try ResidentServer()
        var said: [Event] = []
        for number in 0..<150 { said.append(try server.say("\(number)")) }
        try await JoiningInstallation.with(server) { here in
            let bob = try await here.user("bob")
            try await here.rooms.join(server.roomID, as: bob, via: [server.name])
            try await body(here, server, said, try await here.rooms.readableRoom(server.roomID, by: bob))
        }
    }

    @Test func otherServersAreAskedWhereHistoryIsMissing() async throws {
        try await with { here, server, said, readable in
            for (number, direction) in [(40, RoomService.Direction.forwards), (90, .backwards)] {
                let wanted = said[number]
                let found = try await here.rooms.event(at: wanted.originServerTS, direction, in: readable)
                #expect(found.eventID == wanted.eventID)
                // It can be looked at from there.
                let context = try await here.rooms.context(
                    of: wanted.eventID, in: readable, limit: 4, matching: { _ in true })
                #expect(context.before.events.first?.eventID == said[number - 1].eventID)
            }
            #expect(server.calls.filter { $0 == "timestamp_to_event" }.count == 2)
        }
    }

    @Test func whatIsHereNeedsNobody() async throws {
        try await with { here, server, said, readable in
            let bob = try await here.user("bob")
            _ = try await here.messages(server, for: bob)
            for number in [0, 75, 149] {
                let found = try await here.rooms.event(at: said[number].originServerTS, .forwards, in: readable)
                #expect(found.eventID == said[number].eventID)
            }
            #expect(!server.calls.contains("timestamp_to_event"))
        }
    }

    @Test func aServerThatLiesIsNotBelieved() async throws {
        try await with { here, server, said, readable in
            let time = said[40].originServerTS
            let local = try await here.rooms.event(at: .max, .backwards, in: readable)
            // In the wrong direction, an event that is none, and one that is of another time than is told.
            let lies: [JSONValue] = [
                ["event_id": .string(said[3].eventID.description), "origin_server_ts": .integer(time - 5)],
                [
                    "event_id": .string("$" + String(repeating: "a", count: 43)), "origin_server_ts": .integer(time),
                ],
                ["event_id": .string(said[3].eventID.description), "origin_server_ts": .integer(time)],
                ["event_id": 5], ["event_id": "nothing", "origin_server_ts": "now"],
            ]
            for lie in lies {
                server.change("timestamp_to_event") { _ in lie }
                let found = try await here.rooms.event(at: time, .forwards, in: readable)
                #expect(found.event.originServerTS >= time)
                #expect(found.eventID != said[3].eventID)
            }
            server.refuse("timestamp_to_event", 500, "M_UNKNOWN")
            #expect(try await here.rooms.event(at: .max, .backwards, in: readable).eventID == local.eventID)
        }
    }
}
