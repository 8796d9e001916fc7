import ApusTesting
import Cluster
import MatrixCore
import Push
import Rooms
import Storage
import Testing

@Suite(.serialized) struct PushDutyTests {
    @Test func aMessageReachesTheGatewayInFull() async throws {
        try await TestGateway.with { gateway in
            try await PushFixture.with { server in
                let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
                let room = try await server.room(alice, bob)
                try await server.setPusher(gateway, of: bob)
                try await server.sending {
                    let event = try await server.send(server.text("hello"), to: room, as: alice)
                    try await gateway.wait { !$0.events.isEmpty }
                    let told = gateway.events[0]
                    #expect(told["event_id"]?.string == event.description)
                    #expect(told["room_id"]?.string == room.description)
                    #expect(told["type"] == "m.room.message")
                    #expect(told["sender"]?.string == alice.userID.description)
                    #expect(told["room_name"] == "A room")
                    #expect(told["content"] == server.text("hello"))
                    #expect(told["counts"]?["unread"] == 1)
                    let device = told["devices"]?.array?.first
                    #expect(device?["pushkey"] == "key" && device?["app_id"] == "app")
                    #expect(device?["data"] == ["custom": 1])
                    #expect(device?["tweaks"]?["sound"] == "default")
                }
            }
        }
    }

    @Test func onlyIDsWhenThatIsTheFormatAndInvitesToo() async throws {
        try await TestGateway.with { gateway in
            try await PushFixture.with { server in
                let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
                try await server.setPusher(gateway, of: bob, format: "event_id_only")
                try await server.sending {
                    let room = try await server.room(alice)
                    _ = try await server.rooms.invite(bob.userID, to: room, by: alice)
                    try await gateway.wait { !$0.events.isEmpty }
                    let told = gateway.events[0]
                    #expect(told["room_id"]?.string == room.description)
                    #expect(told["content"] == nil && told["sender"] == nil && told["room_name"] == nil)
                }
            }
        }
    }

    @Test func anInviteOfAnotherServerIsTold() async throws {
        try await TestGateway.with { gateway in
            try await PushFixture.with { server in
                let (bob, carol) = (try await server.user("bob"), try await server.user("carol"))
                for user in [bob, carol] { try await server.setPusher(gateway, of: user, key: user.userID.description) }
                // Carol does not want to hear of that person.
                let ignored: JSONValue = ["ignored_users": ["@eve:elsewhere.org": [:]]]
                let outcome = try await AccountDataStore(pool: server.pool).set(
                    "m.ignored_user_list", in: nil, of: carol, to: ignored.canonicalBytes, now: 1)
                guard case .written(let position?) = outcome else { throw TestingError("not written") }
                server.feed.announce(.accountData, at: position, user: carol.nid)
                try await server.sending {
                    _ = try await server.invite(carol, by: "@eve:elsewhere.org")
                    let invite = try await server.invite(bob, by: "@eve:elsewhere.org")
                    try await gateway.wait { !$0.events.isEmpty }
                    let told = gateway.events[0]
                    #expect(told["event_id"]?.string == invite.eventID.description)
                    #expect(told["room_id"]?.string == invite.roomID.description)
                    #expect(told["type"] == "m.room.member" && told["user_is_target"] == true)
                    #expect(told["sender"] == "@eve:elsewhere.org" && told["room_name"] == "Elsewhere")
                    #expect(told["content"]?["membership"] == "invite")
                    #expect(told["devices"]?.array?.first?["pushkey"]?.string == bob.userID.description)
                    // What comes after it shows that nothing was told to carol.
                    let room = try await server.room(try await server.user("alice"), bob, carol)
                    try await server.send(server.text("hello"), to: room, as: try await server.user("alice"))
                    try await gateway.wait { $0.events.count >= 3 }
                    #expect(gateway.events.filter { $0["type"] == "m.room.member" }.count == 1)
                }
            }
        }
    }

    @Test func whatAGatewayDidNotTakeIsSentAgain() async throws {
        try await TestGateway.with { gateway in
            try await PushFixture.with { server in
                let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
                let room = try await server.room(alice, bob)
                try await server.setPusher(gateway, of: bob)
                gateway.behave { $0.status = 502 }
                let event = EventBox()
                try await server.sending {
                    event.id = try await server.send(server.text("hello"), to: room, as: alice).description
                    try await gateway.wait { $0.attempts >= 1 }
                    // Written down, so that it survives whoever tries.
                    let shard = server.interning.shard(of: room.description)
                    try await gateway.wait { _ in try await server.store.backlog(of: shard).count == 1 }
                }
                gateway.behave { $0.status = 200 }
                try await server.sending {
                    try await gateway.wait { !$0.events.isEmpty }
                    #expect(gateway.events.map { $0["event_id"]?.string } == [event.id])
                    let shard = server.interning.shard(of: room.description)
                    try await gateway.wait { _ in try await server.store.backlog(of: shard).isEmpty }
                }
            }
        }
    }

    @Test func whatWasWrittenWhileNobodySentIsSentLater() async throws {
        try await TestGateway.with { gateway in
            try await PushFixture.with { server in
                let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
                let room = try await server.room(alice, bob)
                try await server.setPusher(gateway, of: bob)
                try await server.sending {
                    try await server.send(server.text("one"), to: room, as: alice)
                    try await gateway.wait { $0.events.count == 1 }
                }
                try await server.send(server.text("two"), to: room, as: alice)
                try await server.sending {
                    // The first comes again when its worker stopped before it knew that it was through; "two" comes once.
                    func texts() -> [String?] { gateway.events.map { $0["content"]?["body"]?.string } }
                    try await gateway.wait { _ in texts().contains("two") }
                    #expect(texts().drop { $0 == "one" } == ["two"] && texts().first == "one")
                }
            }
        }
    }

    @Test func aRejectedKeyIsForgotten() async throws {
        try await TestGateway.with { gateway in
            try await PushFixture.with { server in
                let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
                let room = try await server.room(alice, bob)
                try await server.setPusher(gateway, of: bob)
                gateway.behave { $0.rejected = ["key"] }
                try await server.sending {
                    try await server.send(server.text("hello"), to: room, as: alice)
                    try await gateway.wait { _ in try await server.store.pushers(of: bob.nid).isEmpty }
                }
            }
        }
    }

    @Test func aSlowGatewayKeepsNobodyElseWaiting() async throws {
        try await TestGateway.with { slow in
            try await TestGateway.with { quick in
                try await PushFixture.with { server in
                    let (alice, bob, carol) = (
                        try await server.user("alice"), try await server.user("bob"), try await server.user("carol")
                    )
                    let room = try await server.room(alice, bob, carol)
                    try await server.setPusher(slow, of: bob)
                    try await server.setPusher(quick, of: carol)
                    slow.behave { $0.isStuck = true }
                    try await server.sending {
                        try await server.send(server.text("one"), to: room, as: alice)
                        try await slow.wait { $0.attempts == 1 }
                        try await server.send(server.text("two"), to: room, as: alice)
                        try await quick.wait { $0.events.count == 2 }
                        #expect(slow.received.isEmpty)
                    }
                }
            }
        }
    }
}

/// Carries an event's id from one closure to the next, of one task.
private final class EventBox {
    var id = ""
}
