import ApusTesting
import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Search
import Storage
import Testing

@Suite struct UserDirectoryTests {
    @Test func findsByNameAndIDAsTheyBegin() async throws {
        try await SearchFixture.with { fixture in
            let me = try await fixture.user("me")
            let others = [
                try await fixture.user("alice", called: "Alice Liddell"), try await fixture.user("al", called: "Zoë"),
                try await fixture.user("bob.malice", called: "Bob"), try await fixture.user("carol", called: nil),
            ]
            _ = try await fixture.worker.room(by: me, members: others)
            try await fixture.index()
            #expect(try await fixture.names("alice", as: me) == ["Alice Liddell"])
            #expect(try await fixture.names("LIDD", as: me) == ["Alice Liddell"])
            #expect(try await fixture.names("lid ali", as: me) == ["Alice Liddell"])
            #expect(
                try await fixture.names("al", as: me) == ["Zoë", "Alice Liddell"], "who is called just that comes first"
            )
            #expect(try await fixture.names("zoë", as: me) == ["Zoë"])
            #expect(try await fixture.names("mal", as: me) == ["Bob"])
            #expect(try await fixture.names("carol", as: me) == ["@carol:example.org"])
            #expect(try await fixture.names("@carol:exam", as: me) == ["@carol:example.org"])
            #expect(try await fixture.names("@carol:other", as: me).isEmpty)
            #expect(try await fixture.names("iddell", as: me).isEmpty)
            #expect(try await fixture.names("me", as: me).isEmpty, "nobody looks for oneself")
            for term in ["", "   ", "'", "\\", ":*", "' | 'x", "\u{0}", "!", "@", "@:", "😀"] {
                #expect(try await fixture.names(term, as: me).isEmpty, "\(term)")
            }
            await #expect(throws: MatrixError.self) {
                _ = try await fixture.names(String(repeating: "a", count: 1_000_000), as: me)
            }
        }
    }

    @Test func onlyThoseAreFoundOfWhomOneMayKnow() async throws {
        try await SearchFixture.with { fixture in
            let worker = fixture.worker
            let (me, friend) = (try await fixture.user("me"), try await fixture.user("friend", called: "Anna Friend"))
            let stranger = try await fixture.user("stranger", called: "Anna Stranger")
            let other = try await fixture.user("open", called: "Anna Open")
            _ = try await fixture.user("roomless", called: "Anna Roomless")
            let ours = try await worker.room(by: me) { $0.preset = .privateChat }
            let theirs = try await worker.room(by: stranger) { $0.preset = .privateChat }
            _ = try await worker.room(by: other)
            try await worker.rooms.invite(friend.userID, to: ours, by: me)
            try await fixture.index()
            #expect(try await fixture.names("anna", as: me) == ["Anna Open"], "an invitation is not enough")
            try await worker.rooms.join(ours, as: friend)
            try await fixture.index()
            #expect(try await fixture.names("anna", as: me) == ["Anna Friend", "Anna Open"], "one's own people first")
            // The room opens, and closes again.
            try await worker.set(
                EventType.historyVisibility, to: ["history_visibility": "world_readable"], in: theirs, as: stranger)
            try await fixture.index()
            #expect(try await fixture.names("anna str", as: me) == ["Anna Stranger"])
            try await worker.set(
                EventType.historyVisibility, to: ["history_visibility": "shared"], in: theirs, as: stranger)
            try await fixture.index()
            #expect(try await fixture.names("anna str", as: me).isEmpty)
            try await worker.rooms.leave(ours, as: friend)
            try await fixture.index()
            #expect(try await fixture.names("anna", as: me) == ["Anna Open"])
        }
    }

    @Test func limitsAndSaysSo() async throws {
        try await SearchFixture.with { fixture in
            let me = try await fixture.user("me")
            var members: [UserRecord] = []
            for number in 0..<5 { members.append(try await fixture.user("anna\(number)")) }
            _ = try await fixture.worker.room(by: me, members: members)
            try await fixture.index()
            let some = try await fixture.users.search("anna", by: me.nid, limit: 3)
            #expect(some.users.count == 3 && some.isLimited)
            let all = try await fixture.users.search("anna", by: me.nid, limit: 5)
            #expect(all.users.count == 5 && !all.isLimited)
            #expect(try await fixture.users.search("anna", by: me.nid, limit: -7).users.count == 1)
        }
    }

    @Test func ignoredAndEndedAccountsAreOut() async throws {
        try await SearchFixture.with { fixture in
            let (worker, me) = (fixture.worker, try await fixture.user("me"))
            let (one, two, three) = (
                try await fixture.user("anna1"), try await fixture.user("anna2"), try await fixture.user("anna3")
            )
            _ = try await worker.room(by: me, members: [one, two, three])
            let accounts = AccountStore(pool: worker.pool)
            for user in [one, two, three] {
                _ = try await accounts.create(NewAccount(user: user, passwordHash: nil), oldestSession: 0, now: 1)
            }
            try await fixture.index()
            #expect(try await fixture.ids("anna", as: me).count == 3)
            _ = try await accounts.moderate(two, locked: true, now: 1)
            #expect(try await fixture.ids("anna", as: me) == ["@anna1:example.org", "@anna3:example.org"])
            _ = try await accounts.deactivate(three, erase: false, now: 1)
            #expect(try await fixture.ids("anna", as: me) == ["@anna1:example.org"])
            try await fixture.ignore(one, as: me)
            #expect(try await fixture.ids("anna", as: me).isEmpty)
        }
    }

    @Test func profilesAreFollowed() async throws {
        try await SearchFixture.with { fixture in
            let (me, anna) = (try await fixture.user("me"), try await fixture.user("anna", called: "Anna"))
            let room = try await fixture.worker.room(by: me, members: [anna])
            try await fixture.index()
            _ = try await fixture.user("anna", called: "Bertha")
            // What she is called in a room is that room's business.
            try await fixture.worker.set(
                EventType.member, "@anna:example.org", to: ["membership": "join", "displayname": "Secret"], in: room,
                as: anna)
            try await fixture.index()
            #expect(try await fixture.names("bertha", as: me) == ["Bertha"])
            #expect(try await fixture.names("secret", as: me).isEmpty)
            #expect(try await fixture.names("anna", as: me) == ["Bertha"], "by her id")
        }
    }

    /// What somebody of another server is called in a private room is not told to those outside of it.
    @Test func namesOfOtherServersUsersAreToldWhereTheyMayBeKnown() async throws {
        try await SearchFixture.with { fixture in
            let (worker, me, eve) = (fixture.worker, try await fixture.user("me"), try await fixture.user("eve"))
            let remote = try await worker.interning.user(UserID("@rem:elsewhere.org")!)
            let inside = try await worker.room(by: me) { $0.preset = .privateChat }
            let outside = try await worker.room(by: eve) { $0.preset = .privateChat }
            for (room, name, host) in [(inside, "Inside Name", me), (outside, "Outside Name", eve)] {
                // As if the other server had been asked.
                let invite = try EventDraft(
                    sender: host, type: EventType.member, stateKey: remote.userID.description,
                    content: ["membership": "invite"])
                _ = try await worker.rooms.write(.local([invite]), in: try await worker.record(room))
                try await worker.set(
                    EventType.member, remote.userID.description,
                    to: ["membership": "join", "displayname": .string(name)],
                    in: room, as: remote)
            }
            try await fixture.index()
            #expect(try await fixture.names("inside", as: me) == ["Inside Name"])
            #expect(try await fixture.names("inside", as: eve).isEmpty)
            #expect(try await fixture.names("rem", as: eve) == ["@rem:elsewhere.org"], "by the id, without the name")
            // A room that anybody may know has a name that anybody may know.
            let open = try await worker.room(by: eve)
            try await worker.set(
                EventType.member, remote.userID.description, to: ["membership": "join", "displayname": "Open Name"],
                in: open, as: remote)
            try await fixture.index()
            #expect(try await fixture.names("open", as: me) == ["Open Name"])
            #expect(try await fixture.names("open", as: eve) == ["Open Name"])
        }
    }
}
