import Federation
import FederationAPI
import MatrixCore
import Rooms
import Storage
import Testing

/// Joins for the sake of another room.
@Suite struct RestrictedJoinTests {
    private let there = ForeignServer("there.test")

    private func restrict(
        _ room: RoomRecord, to rooms: [RoomID], in here: ServingInstallation, by user: UserRecord
    ) async throws {
        let allow = rooms.map { JSONValue.object(["type": "m.room_membership", "room_id": .string($0.description)]) }
        try await here.set(
            EventType.joinRules, to: ["join_rule": "restricted", "allow": .array(allow)], in: room, by: user)
    }

    @Test func letsInWhoIsInOneOfTheRoomsAndSignsForIt() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let space = try await here.room(by: alice)
            let room = try await here.room(by: alice, version: .v10)
            try await restrict(room, to: [RoomID("!unknown:far.test")!, space.roomID], in: here, by: alice)
            try await here.join(there, "bob", to: space)

            let join = try await here.draft(there, "bob", .join, in: room)
            #expect(
                join.content["join_authorised_via_users_server"]?.stringEquals(alice.userID.description) == true)
            #expect(!join.hasSignature(of: ServingInstallation.serverName))
            let joined = try await here.join(there, join, to: room)

            #expect(try await here.membership(of: there.user("bob"), in: room) == .join)
            let signed = try Event.receive(try #require(joined.room.event), in: .v10).event
            #expect(signed.isSigned(by: ServingInstallation.serverName, keys: [here.key.id: here.key.publicKey]))
            #expect(signed.isSigned(by: there.name, keys: [there.key.id: there.key.publicKey]))
            #expect(signed.eventID == join.eventID)
        }
    }

    @Test func refusesWhoIsInNoneOfTheRooms() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let space = try await here.room(by: alice)
            let room = try await here.room(by: alice)
            try await restrict(room, to: [space.roomID], in: here, by: alice)
            try await expect(.forbidden, 403) { _ = try await here.draft(there, "bob", .join, in: room) }
        }
    }

    @Test func saysWhenItCannotKnow() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            let left = try await here.room(by: alice)
            try await here.join(there, "bob", to: left)
            try await here.rooms.leave(left.roomID, as: alice)
            try await restrict(room, to: [left.roomID], in: here, by: alice)
            try await expect(.unableToAuthoriseJoin, 400) { _ = try await here.draft(there, "bob", .join, in: room) }
        }
    }

    @Test func saysWhenNobodyHereMayInvite() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let carl = try await here.user("carl")
            let space = try await here.room(by: alice)
            let room = try await here.room(by: alice, version: .v11)
            try await here.join(there, "bob", to: space)
            try await here.rooms.join(room.roomID, as: carl)
            try await restrict(room, to: [space.roomID], in: here, by: alice)
            try await here.set(
                EventType.powerLevels, to: ["invite": 100, "users": [alice.userID.description: 100]], in: room,
                by: alice)
            try await here.rooms.leave(room.roomID, as: alice)
            try await expect(.unableToGrantJoin, 400) { _ = try await here.draft(there, "bob", .join, in: room) }
        }
    }

    @Test func needsNobodyForWhoIsInvited() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let room = try await here.room(by: alice)
            try await restrict(room, to: [RoomID("!unknown:far.test")!], in: here, by: alice)
            // As if bob's server had signed it.
            _ = try await here.rooms.send(
                try EventDraft(
                    sender: alice, type: EventType.member, stateKey: there.user("bob").description,
                    content: ["membership": "invite"]), in: room)
            let join = try await here.draft(there, "bob", .join, in: room)
            #expect(join.content["join_authorised_via_users_server"] == nil)
            _ = try await here.join(there, join, to: room)
            #expect(try await here.membership(of: there.user("bob"), in: room) == .join)
        }
    }

    /// ATTACKS 37 (CVE-2026-24471): what we sign is what we would have proposed.
    @Test func signsForNobodyWhoCannotInviteOrIsNotEntitled() async throws {
        try await ServingInstallation.with(there) { here in
            let alice = try await here.user("alice")
            let carl = try await here.user("carl")
            let space = try await here.room(by: alice)
            let room = try await here.room(by: alice)
            try await here.rooms.join(room.roomID, as: carl)
            try await restrict(room, to: [space.roomID], in: here, by: alice)
            try await here.set(EventType.powerLevels, to: ["invite": 50], in: room, by: alice)
            try await here.join(there, "bob", to: space)
            let template = try await here.template(there, "bob", .join, in: room)
            func naming(_ user: UserID) throws -> Event {
                let builder = try there.rebuilt(
                    there.builder(template),
                    content: ["membership": "join", "join_authorised_via_users_server": .string(user.description)])
                return try builder.signed(by: there.name, with: there.key)
            }
            try await expect(.unableToGrantJoin, 400) {
                _ = try await here.join(there, try naming(carl.userID), to: room)
            }
            try await expect(.unableToGrantJoin, 400) {
                _ = try await here.join(there, try naming(UserID("@nobody:here.test")!), to: room)
            }
            try await expect(.forbidden, 403) {
                _ = try await here.join(there, try naming(UserID("@x:elsewhere.test")!), to: room)
            }
            let honest = try naming(alice.userID)
            let bob = try await here.draft(there, "bob", .leave, in: space)
            try await here.resident.leave(there.request(.leave, bob), from: there.name)
            try await expect(.forbidden, 403) { _ = try await here.join(there, honest, to: room) }
            #expect(try await here.membership(of: there.user("bob"), in: room) == nil)
        }
    }
}
