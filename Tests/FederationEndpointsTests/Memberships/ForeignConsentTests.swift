import EndpointsTesting
import HTTPTypes
import MatrixCore
import Rooms
import Storage
import Testing

/// ATTACKS 6 (2019, without a number): a server takes nobody in or out of a room but its own users.
@Suite struct ForeignConsentTests {
    private static let stranger = UserID("@victim:elsewhere.example")!

    /// An event like a draft of ours, by whom and about whom one likes, signed by the server that asks.
    private func event(
        _ membership: String, by sender: UserID, about user: UserID, like draft: Event
    ) throws -> Event {
        var builder = try EventBuilder(
            version: draft.version, roomID: draft.roomID, type: EventType.member, stateKey: user.description,
            sender: sender, content: ["membership": .string(membership)])
        builder.prevEvents = draft.prevEvents
        builder.authEvents = draft.authEvents
        builder.depth = draft.depth
        builder.originServerTS = draft.originServerTS
        let key = try #require(SigningKey(version: "t", seed: Array(repeating: 9, count: 32)))
        return try builder.signed(by: FederatedRoomAPI.theirs, with: key)
    }

    @Test func nobodyIsMadeToJoinLeaveOrKnockByAnotherServer() async throws {
        try await FederatedRoomAPI.with { api in
            let alice = try await api.account("alice")
            let room = try await api.room(by: alice, version: .v11)
            let path = room.roomID.description
            for user in [Self.stranger, alice.userID] {
                for membership in ["join", "leave", "knock"] {
                    let answer = try await api.ask(
                        .get, "v1/make_\(membership)", path, user.description, query: "ver=11")
                    #expect(answer.status == 403 && answer.errcode == "M_FORBIDDEN", "make_\(membership) \(answer)")
                }
            }
            let draft = try await api.draft("join", "bob", in: room)
            let bob = api.them("bob")
            let head = try await api.rooms.reader.store.head(of: room.nid)
            for (call, membership) in [
                ("v1/send_join", "join"), ("v2/send_join", "join"), ("v1/send_leave", "leave"),
                ("v2/send_leave", "leave"), ("v1/send_knock", "knock"),
            ] {
                // In the name of others, and about others in one's own.
                for (sender, user, status) in [
                    (Self.stranger, Self.stranger, 403), (alice.userID, alice.userID, 403), (bob, Self.stranger, 400),
                    (bob, alice.userID, 400), (Self.stranger, bob, 403),
                ] {
                    let forged = try event(membership, by: sender, about: user, like: draft)
                    let answer = try await api.ask(
                        .put, call, path, forged.eventID.description, body: forged.json.value())
                    let note: Comment = "\(call), \(sender) about \(user): \(answer)"
                    #expect(answer.status == status, note)
                    #expect(answer.errcode == (status == 403 ? "M_FORBIDDEN" : "M_INVALID_PARAM"), note)
                    let stored = try await api.rooms.reader.events.event(forged.eventID, in: room)
                    #expect(stored == nil, note)
                }
            }
            #expect(try await api.rooms.reader.store.head(of: room.nid) == head)
            #expect(try await api.membership(of: alice.userID, in: room) == .join)
            #expect(try await api.membership(of: Self.stranger, in: room) == nil)
        }
    }
}
