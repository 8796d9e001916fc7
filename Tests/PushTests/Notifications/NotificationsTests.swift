import Cluster
import MatrixCore
import Push
import Rooms
import Storage
import Testing

@Suite struct NotificationsTests {
    @Test func aMessageNotifiesTheOthersAndANoticeNobody() async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            let room = try await server.room(alice, bob)
            let message = try await server.send(server.text("hello"), to: room, as: alice)
            let notice = try await server.send(["msgtype": "m.notice", "body": "beep"], to: room, as: alice)
            #expect(try await server.notified(bob, of: message, in: room) == (true, false))
            #expect(try await server.notified(alice, of: message, in: room) == (false, false))
            #expect(try await server.notified(bob, of: notice, in: room) == (false, false))
        }
    }

    @Test func aMentionHighlightsOnlyWhomItNames() async throws {
        try await PushFixture.with { server in
            let (alice, bob, carol) = (
                try await server.user("alice"), try await server.user("bob"), try await server.user("carol")
            )
            let room = try await server.room(alice, bob, carol)
            let event = try await server.send(
                ["msgtype": "m.text", "body": "you", "m.mentions": ["user_ids": [.string(bob.userID.description)]]],
                to: room, as: alice)
            #expect(try await server.notified(bob, of: event, in: room) == (true, true))
            #expect(try await server.notified(carol, of: event, in: room) == (true, false))
        }
    }

    @Test func onlyThePowerfulMentionTheRoom() async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            let room = try await server.room(alice, bob)
            let content: JSONValue = ["msgtype": "m.text", "body": "all", "m.mentions": ["room": true]]
            let loud = try await server.send(content, to: room, as: alice)
            let quiet = try await server.send(content, to: room, as: bob)
            #expect(try await server.notified(bob, of: loud, in: room) == (true, true))
            #expect(try await server.notified(alice, of: quiet, in: room) == (true, false))
        }
    }

    @Test func onesOwnRulesHoldFromTheMomentTheyAreSet() async throws {
        try await PushFixture.with { server in
            let (alice, bob, carol) = (
                try await server.user("alice"), try await server.user("bob"), try await server.user("carol")
            )
            let room = try await server.room(alice, bob, carol)
            let before = try await server.send(server.text("one"), to: room, as: alice)
            try await server.rules.change(of: bob.nid) { (changes, _) throws(PushRuleError) in
                try changes.put(.room, room.description, body: ["actions": []])
            }
            try await server.rules.change(of: carol.nid) { (changes, _) throws(PushRuleError) in
                try changes.put(
                    .content, "word", body: ["pattern": "two", "actions": ["notify", ["set_tweak": "highlight"]]])
            }
            let after = try await server.send(server.text("two"), to: room, as: alice)
            #expect(try await server.notified(bob, of: before, in: room) == (true, false))
            #expect(try await server.notified(bob, of: after, in: room) == (false, false))
            #expect(try await server.notified(carol, of: after, in: room) == (true, true))
        }
    }

    @Test func whoeverIsIgnoredNotifiesNobody() async throws {
        try await PushFixture.with { server in
            let (alice, bob) = (try await server.user("alice"), try await server.user("bob"))
            let room = try await server.room(alice, bob)
            let ignored: JSONValue = ["ignored_users": .object([alice.userID.description: [:]])]
            let outcome = try await AccountDataStore(pool: server.pool).set(
                "m.ignored_user_list", in: nil, of: bob, to: ignored.canonicalBytes, now: 1)
            guard case .written(let position?) = outcome else {
                Issue.record("not written")
                return
            }
            server.feed.announce(.accountData, at: position, user: bob.nid)
            let event = try await server.send(server.text("psst"), to: room, as: alice)
            #expect(try await server.notified(bob, of: event, in: room) == (false, false))
        }
    }

    @Test func aRuleMayAskHowManyMembersThereAre() async throws {
        try await PushFixture.with { server in
            let (alice, bob, carol) = (
                try await server.user("alice"), try await server.user("bob"), try await server.user("carol")
            )
            try await server.rules.change(of: bob.nid) { (changes, rules) throws(PushRuleError) in
                try changes.setActions(.underride, ".m.rule.message", [], in: rules)
            }
            let room = try await server.room(alice, bob)
            let inTwo = try await server.send(server.text("one"), to: room, as: alice)
            _ = try await server.rooms.join(room, as: carol)
            let inThree = try await server.send(server.text("two"), to: room, as: alice)
            #expect(try await server.notified(bob, of: inTwo, in: room) == (true, false))
            #expect(try await server.notified(bob, of: inThree, in: room) == (false, false))
        }
    }
}
