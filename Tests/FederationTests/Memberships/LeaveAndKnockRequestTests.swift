import Federation
import MatrixCore
import Rooms
import Storage
import Testing

@Suite struct LeaveAndKnockRequestTests {
    private let there = ForeignServer("there.test")

    @Test func takesAMemberOutAndAnInviteBack() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.join(there, "bob", to: room)
            try await here.set(
                EventType.member, there.user("carol").description, to: ["membership": "invite"], in: room, by: alice)
            for name in ["bob", "carol"] {
                let leave = try await here.draft(there, name, .leave, in: room)
                try await here.resident.leave(there.request(.leave, leave), from: there.name)
                #expect(try await here.membership(of: there.user(name), in: room) == .leave)
                let stored = try await here.rooms.reader.events.event(leave.eventID, in: room)
                #expect(stored?.stored.flags.contains(.relayed) == true)
            }
        }
    }

    @Test func refusesALeaveOfWhoIsNotThereAndOfOthers() async throws {
        let other = ForeignServer("other.test", seed: 4)
        try await ServingInstallation.with(there, other) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .leave, in: room) }
            try await here.join(there, "bob", to: room)
            let leave = try await here.draft(there, "bob", .leave, in: room)
            try await expect(.forbidden, 403) {
                try await here.resident.leave(other.request(.leave, leave), from: other.name)
            }
            // A kick is no leave, and a leave no join.
            var kick = try there.builder(try await here.template(there, "bob", .leave, in: room))
            kick.stateKey = alice.userID.description
            let kicked = try kick.signed(by: there.name, with: there.key)
            try await expect(.invalidParam, 400) {
                try await here.resident.leave(there.request(.leave, kicked), from: there.name)
            }
            try await expect(.invalidParam, 400) { _ = try await here.join(there, leave, to: room) }
            #expect(try await here.membership(of: there.user("bob"), in: room) == .join)
            #expect(try await here.membership(of: alice.userID, in: room) == .join)
        }
    }

    @Test func letsSomebodyKnockAndTellsThemWhere() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await here.set(EventType.joinRules, to: ["join_rule": "knock"], in: room, by: alice)
            try await here.set(EventType.name, to: ["name": "The room"], in: room, by: alice)
            let topic = try await here.set(EventType.topic, to: ["topic": "oops"], in: room, by: alice)
            _ = try await here.rooms.redact(
                topic, in: room.roomID, by: alice, reason: nil, device: nil, transactionID: "1")
            let knock = try await here.draft(there, "bob", .knock, in: room)
            let told = try await here.resident.knock(there.request(.knock, knock), from: there.name)
            #expect(try await here.membership(of: there.user("bob"), in: room) == .knock)
            #expect(told.first?.type == EventType.create)
            #expect(told.contains { $0.type == EventType.name })
            #expect(told.first { $0.type == EventType.topic }?.content.count == 0)
            #expect(told.allSatisfy { $0.type != EventType.member && $0.roomID == room.roomID })
        }
    }

    @Test func letsNobodyKnockWhereOneCannot() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let open = try await here.room(by: alice)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .knock, in: open) }
            let old = try await here.room(by: alice, version: .v6)
            try await here.set(EventType.joinRules, to: ["join_rule": "knock"], in: old, by: alice)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .knock, in: old) }
        }
    }
}
