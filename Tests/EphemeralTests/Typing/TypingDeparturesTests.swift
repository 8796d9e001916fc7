import ApusTesting
import Ephemeral
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

@Suite struct TypingDeparturesTests {
    @Test func whoeverLeavesOrIsPutOutTypesNoMore() async throws {
        try await RoomsWorker.with { worker in
            let parts = EphemeralParts(worker)
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let carol = try await worker.user("carol")
            let room = try await worker.record(try await worker.room(by: alice, members: [bob, carol]))
            let departures = TypingDepartures(
                rooms: worker.rooms, typing: parts.typing, feed: worker.feed, telemetry: worker.telemetry)
            try await worker.following(beside: [departures.run]) {
                for user in [alice, bob, carol] {
                    await parts.typing.set(user.userID, in: room.nid, for: .seconds(100))
                }
                #expect(parts.typing.typists(in: room.nid).count == 3)
                // A change of name is no departure.
                try await worker.rooms.showProfile(MemberProfile(displayName: "A"), of: alice, in: room.nid)
                try await worker.rooms.leave(room.roomID, as: bob)
                try await worker.rooms.kick(carol.userID, from: room.roomID, by: alice, reason: nil)
                try await eventually("only alice types") { parts.typing.typists(in: room.nid) == [alice.userID] }
            }
        }
    }
}
