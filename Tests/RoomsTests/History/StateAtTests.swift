import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// The state at places of a room's history.
@Suite struct StateAtTests {
    private func name(_ worker: RoomsWorker, _ room: RoomID, at token: String, for user: UserRecord) async throws
        -> String?
    {
        let readable = try await worker.rooms.readableRoom(room, by: user)
        return try await worker.rooms.state(at: token, in: readable).content(EventType.name)?["name"]?.string
    }

    private func token(_ worker: RoomsWorker, after event: EventID, in room: RoomID) async throws -> String {
        let found = try await worker.rooms.reader.events.event(event, in: try await worker.record(room))
        return TimelinePoint.after(try #require(found).stored).token
    }

    @Test func isTheStateOfThatPlace() async throws {
        try await RoomsWorker.with { worker in
            let alice = try await worker.user("alice")
            let room = try await worker.room(by: alice)
            var tokens: [String] = []
            for name in ["one", "two", "three"] {
                let set = try await worker.set(EventType.name, to: ["name": .string(name)], in: room, as: alice)
                tokens.append(try await token(worker, after: set, in: room))
            }
            var names: [String?] = []
            for token in tokens { names.append(try await name(worker, room, at: token, for: alice)) }
            #expect(names == ["one", "two", "three"])
            #expect(try await name(worker, room, at: TimelinePoint.end.token, for: alice) == "three")
            #expect(try await name(worker, room, at: TimelinePoint.start.token, for: alice) == nil)
        }
    }

    @Test func nobodyIsToldWhatCameAfterTheyLeft() async throws {
        try await RoomsWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let room = try await worker.room(by: alice, members: [bob])
            try await worker.set(EventType.name, to: ["name": "then"], in: room, as: alice)
            try await worker.rooms.leave(room, as: bob)
            let later = try await worker.set(EventType.name, to: ["name": "later"], in: room, as: alice)
            for token in [try await token(worker, after: later, in: room), TimelinePoint.end.token] {
                #expect(try await name(worker, room, at: token, for: bob) == "then")
                #expect(try await name(worker, room, at: token, for: alice) == "later")
            }
        }
    }

    @Test func whatWasBeforeOnesTimeIsNotTold() async throws {
        try await RoomsWorker.with { worker in
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let room = try await worker.room(by: alice) {
                $0.initialState = [
                    .init(
                        type: EventType.historyVisibility, stateKey: "", content: ["history_visibility": "joined"])
                ]
            }
            let early = try await worker.set(EventType.name, to: ["name": "early"], in: room, as: alice)
            let last = try await worker.set(EventType.name, to: ["name": "last"], in: room, as: alice)
            try await worker.rooms.join(room, as: bob)
            let refusal = await #expect(throws: MatrixError.self) {
                try await name(worker, room, at: try await token(worker, after: early, in: room), for: bob)
            }
            #expect(refusal?.errcode == .forbidden)
            // Sync tells the state just before the join.
            #expect(
                try await name(worker, room, at: try await token(worker, after: last, in: room), for: bob) == "last")
        }
    }

    @Test func whoeverMayPeekSeesOnlyTheTimesOfPeeking() async throws {
        try await RoomsWorker.with { worker in
            let (alice, carol) = (try await worker.user("alice"), try await worker.user("carol"))
            let room = try await worker.room(by: alice)
            let secret = try await worker.set(EventType.name, to: ["name": "secret"], in: room, as: alice)
            try await worker.set(EventType.name, to: ["name": "also secret"], in: room, as: alice)
            try await worker.set(
                EventType.historyVisibility, to: ["history_visibility": "world_readable"], in: room, as: alice)
            let open = try await worker.set(EventType.name, to: ["name": "open"], in: room, as: alice)
            try await worker.say("hello", in: room, as: alice)
            #expect(
                try await name(worker, room, at: try await token(worker, after: open, in: room), for: carol) == "open")
            await #expect(throws: MatrixError.self) {
                try await name(worker, room, at: try await token(worker, after: secret, in: room), for: carol)
            }
        }
    }
}
