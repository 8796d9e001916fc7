import ApusTesting
import Directory
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1hierarchyroomid
struct ServerHierarchyTests {
    private let there = ServerName("there.example")!

    @Test func aServerIsToldWhatItsUsersCouldComeInto() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let hierarchies = ServerHierarchies(directory: fixture.directory)
            func closed(_ fill: (inout RoomCreation) -> Void = { _ in }) async throws -> RoomID {
                try await fixture.room(by: alice) { creation in
                    creation.preset = .privateChat
                    fill(&creation)
                }
            }
            let (open, secret) = (try await fixture.room(by: alice), try await closed())
            let club = try await closed()
            let allow: JSONValue = [["type": "m.room_membership", "room_id": .string(club.description)]]
            let restricted = try await closed { creation in
                creation.initialState = [
                    .init(
                        type: EventType.joinRules, stateKey: "",
                        content: ["join_rule": "restricted", "allow": allow])
                ]
            }
            let barred = try await fixture.room(by: alice)
            try await fixture.worker.set(
                EventType.serverACL, to: ["allow": ["*"], "deny": ["there.example"]], in: barred, as: alice)
            let elsewhere = try #require(RoomID("!a:elsewhere.example"))
            let space = try await fixture.space(by: alice, of: [open, secret, restricted, barred, elsewhere])
            let told = try #require(try await hierarchies.hierarchy(of: space, for: there, suggestedOnly: false))
            #expect(told.room.summary.roomID == space)
            #expect(told.room.children.map(\.roomID) == [open, secret, restricted, barred, elsewhere])
            #expect(told.children.map(\.roomID) == [open])
            #expect(told.inaccessible == [secret, restricted, barred])
            #expect(try await hierarchies.hierarchy(of: secret, for: there, suggestedOnly: false) == nil)
            #expect(try await hierarchies.hierarchy(of: barred, for: there, suggestedOnly: false) == nil)
            #expect(try await hierarchies.hierarchy(of: elsewhere, for: there, suggestedOnly: false) == nil)
            let none = try await hierarchies.hierarchy(of: space, for: there, suggestedOnly: true)
            #expect(none?.room.children.isEmpty == true && none?.children.isEmpty == true)
            // One of their users comes into the room that lets them into the other.
            try await fixture.worker.set(EventType.joinRules, to: ["join_rule": "public"], in: club, as: alice)
            let peer = try PeerServer("there.example")
            var view = try await Self.view(of: club, fixture)
            let join = try view.join(peer.user("bob"), of: peer)
            _ = try await fixture.rooms.write(.remote(join), in: try await fixture.worker.record(club))
            let then = try await hierarchies.hierarchy(of: space, for: there, suggestedOnly: false)
            #expect(then?.children.map(\.roomID) == [open, restricted])
            let child = try #require(then?.children.last)
            #expect(child.allowedRooms == [club] && child.joinRule == "restricted")
        }
    }

    @Test func aRoomThatAllOfUsHaveLeftIsNotTold() async throws {
        try await DirectoryFixture.with { fixture in
            let alice = try await fixture.user("alice")
            let space = try await fixture.space(by: alice)
            let hierarchies = ServerHierarchies(directory: fixture.directory)
            #expect(try await hierarchies.hierarchy(of: space, for: there, suggestedOnly: false) != nil)
            try await fixture.rooms.leave(space, as: alice)
            #expect(try await hierarchies.hierarchy(of: space, for: there, suggestedOnly: false) == nil)
        }
    }

    private static func view(of room: RoomID, _ fixture: DirectoryFixture) async throws -> PeerView {
        let (record, reader) = (try await fixture.worker.record(room), fixture.rooms.reader)
        let head = try #require(try await reader.store.head(of: record.nid))
        let state = try await reader.snapshot(of: record, at: head.state).allEvents()
        let tips = try await reader.events.events(head.extremities, in: record).values
        return PeerView(
            roomID: room, version: try #require(RoomVersion(record.version)), state: state.map(\.event),
            tips: tips.map(\.event))
    }
}
