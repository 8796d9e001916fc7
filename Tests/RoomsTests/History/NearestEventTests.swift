import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Telemetry
import Testing

/// Going to a time of a room's history.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
@Suite struct NearestEventTests {
    private func say(_ text: String, at time: Int64, in room: RelatedRoom) async throws -> EventID {
        var draft = try room.worker.message(text, by: room.alice)
        draft.timestamp = time
        return try await room.worker.rooms.send(draft, to: room.roomID)
    }

    private func nearest(
        _ time: Int64, _ direction: RoomService.Direction, in room: RelatedRoom, for user: UserRecord? = nil
    ) async throws -> EventID? {
        let readable = try await room.worker.rooms.readableRoom(room.roomID, by: user ?? room.alice)
        do { return try await room.worker.rooms.event(at: time, direction, in: readable).eventID } catch let error
            as MatrixError where error.errcode == .notFound
        { return nil }
    }

    @Test func findsTheNearestInBothDirections() async throws {
        try await RelatedRoom.with { room in
            // The room's own first events are of now.
            let start = room.worker.telemetry.clock.nowMilliseconds + 1_000_000
            var said: [EventID] = []
            for number in 0..<200 {
                said.append(try await say("\(number)", at: start + Int64(number) * 1_000, in: room))
            }
            for number in [0, 1, 57, 120, 198] {
                let time = start + Int64(number) * 1_000
                #expect(try await nearest(time, .forwards, in: room) == said[number])
                #expect(try await nearest(time, .backwards, in: room) == said[number])
                #expect(try await nearest(time + 400, .forwards, in: room) == said[number + 1])
                #expect(try await nearest(time + 600, .backwards, in: room) == said[number])
            }
            #expect(try await nearest(start + 199_001, .forwards, in: room) == nil)
            #expect(try await nearest(.max, .backwards, in: room) == said[199])
            #expect(try await nearest(1, .backwards, in: room) == nil)
            #expect(try await nearest(.min, .forwards, in: room) != nil)
        }
    }

    @Test func aWrongClockLeadsNobodyAstray() async throws {
        try await RelatedRoom.with { room in
            let start = room.worker.telemetry.clock.nowMilliseconds + 1_000_000
            var said: [EventID] = []
            for number in 0..<150 {
                let isWrong = number % 7 == 3
                let time = isWrong ? start + 900_000_000 - Int64(number) : start + Int64(number) * 1_000
                said.append(try await say("\(number)", at: time, in: room))
            }
            for number in [9, 46, 81, 110] {
                let time = start + Int64(number) * 1_000
                #expect(try await nearest(time - 1, .forwards, in: room) == said[number])
                #expect(try await nearest(time + 1, .backwards, in: room) == said[number])
            }
        }
    }

    @Test func onlyWhatMayBeSeenIsFound() async throws {
        try await RelatedRoom.with { room in
            let start = room.worker.telemetry.clock.nowMilliseconds + 1_000_000
            let before = try await say("before", at: start, in: room)
            try await room.worker.rooms.leave(room.roomID, as: room.bob)
            let after = try await say("after", at: start + 3_000_000, in: room)
            #expect(try await nearest(start, .forwards, in: room, for: room.bob) == before)
            #expect(try await nearest(start + 1, .forwards, in: room) == after)
            #expect(try await nearest(start + 3_000_000, .forwards, in: room, for: room.bob) == nil)
            #expect(try await nearest(.max, .backwards, in: room, for: room.bob) == before)
        }
    }

    /// As a server can make them that sends an event at the greatest depth there is.
    @Test func depthsThatDoNotGrowAreSearchedThrough() async throws {
        try await RelatedRoom.with { room in
            let start = room.worker.telemetry.clock.nowMilliseconds + 1_000_000
            var said: [EventID] = []
            for number in 0..<180 {
                said.append(try await say("\(number)", at: start + Int64(number) * 1_000, in: room))
            }
            try await room.worker.pool.simple("update events set depth = 500 where depth > 20")
            for number in [100, 160] {
                let time = start + Int64(number) * 1_000
                #expect(try await nearest(time, .forwards, in: room) == said[number])
                #expect(try await nearest(time, .backwards, in: room) == said[number])
            }
            #expect(try await room.worker.rooms.reader.eventStore.place(at: 0, in: RoomNID(999_999)) == nil)
        }
    }
}
