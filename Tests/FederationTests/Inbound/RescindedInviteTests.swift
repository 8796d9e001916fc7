import ApusTesting
import Federation
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// Invites to rooms that we are not in, and that are taken back.
@Suite struct RescindedInviteTests {
    /// A room of another server, into which Zoe of ours is invited by Bob.
    private struct OutsideRoom {
        let home: InboundInstallation
        let record: RoomRecord
        let zoe: UserRecord
        let bob: UserID
        var view: PeerView
        let invite: Event

        init(_ home: InboundInstallation, _ version: RoomVersion = .v10) async throws {
            self.home = home
            let server = home.one.server
            bob = try server.user("bob")
            zoe = try await home.worker.base.user("zoe")
            view = PeerView(
                roomID: try #require(RoomID("!outside:\(server.name)")), version: version, state: [], tips: [])
            _ = try view.send(
                EventType.create, stateKey: "",
                ["room_version": .string(version.identifier), "creator": .string(bob.description)], as: bob, of: server)
            _ = try view.join(bob, of: server)
            record = try await home.worker.rooms.ensureRoom(view.roomID, version: nil)
            invite = try view.send(
                EventType.member, stateKey: zoe.userID.description, ["membership": "invite"], as: bob, of: server)
            try await tell(invite)
        }

        func tell(_ invite: Event) async throws {
            _ = try await home.worker.rooms.reader.memberships.setOutOfBand(
                .invite, of: zoe, in: record.nid, by: EventNID(0),
                strippedState: StrippedState.kept(of: [], with: invite), now: 1)
        }

        /// An event that changes Zoe's membership, on the room as it is.
        func fork(
            _ membership: String, as user: UserID? = nil, of server: PeerServer? = nil, citing: [EventID]? = nil
        ) throws -> Event {
            var fork = view
            return try fork.send(
                EventType.member, stateKey: zoe.userID.description, ["membership": .string(membership)],
                as: user ?? bob, of: server ?? home.one.server, authEvents: citing)
        }

        func membership() async throws -> Membership? {
            try await home.worker.rooms.reader.memberships.membership(of: zoe.nid, in: record.nid)?.record.membership
        }

        func departure() async throws -> EventID? {
            try await home.worker.rooms.reader.outsideDepartures(from: [record.nid], of: zoe)[record.nid]?.eventID
        }
    }

    @Test(arguments: [("leave", RoomVersion.v10), ("ban", .v10), ("leave", .v11)])
    func theInviteEndsByTheEventOfTheServerThatInvited(membership: String, version: RoomVersion) async throws {
        try await InboundInstallation.with { home in
            let room = try await OutsideRoom(home, version)
            let end = try room.fork(membership)
            #expect(try await home.worker.receive([end], from: home.one.server) == [end.eventID: nil])
            #expect(try await room.membership()?.rawValue == membership)
            #expect(try await room.departure() == end.eventID)
            // It comes again: nothing is wrong with it.
            #expect(try await home.worker.receive([end], id: "2", from: home.one.server) == [end.eventID: nil])
            // Nobody is believed about the version of a room that we are not in.
            #expect(try await home.worker.rooms.reader.room(room.view.roomID)?.version.isEmpty == true)
        }
    }

    @Test func anotherUserOfTheServerMayHaveThePower() async throws {
        try await InboundInstallation.with { home in
            let room = try await OutsideRoom(home)
            let kick = try room.fork("leave", as: try home.one.server.user("moderator"))
            #expect(try await home.worker.receive([kick], from: home.one.server) == [kick.eventID: nil])
            #expect(try await room.membership() == .leave)
        }
    }

    @Test func aBanOfWhomWasInvitedCanBeLifted() async throws {
        try await InboundInstallation.with { home in
            var room = try await OutsideRoom(home)
            let ban = try room.view.send(
                EventType.member, stateKey: room.zoe.userID.description, ["membership": "ban"], as: room.bob,
                of: home.one.server)
            let lifted = try room.fork("leave")
            _ = try await home.worker.receive([ban, lifted], from: home.one.server)
            #expect(try await room.membership() == .leave)
            #expect(try await room.departure() == lifted.eventID)
        }
    }

    @Test func nobodyElseEndsIt() async throws {
        try await InboundInstallation.with { home in
            let room = try await OutsideRoom(home)
            let (one, two) = (home.one.server, home.two.server)
            let end = try room.fork("leave")
            var changed = end.json.value()
            changed["content"] = ["membership": "leave", "reason": "somebody else's words"]
            var elsewhere = end.json.value()
            elsewhere["room_id"] = "!other:one.example"
            let attempts: [(JSONValue, PeerServer)] = [
                // Of another server, and through another server.
                (try room.fork("leave", as: try two.user("carol"), of: two).json.value(), two),
                (end.json.value(), two),
                // Signed by somebody else, by nobody, or over other words.
                (try room.fork("leave", of: two).json.value(), one),
                (end.json.value(without: "signatures"), one),
                (changed, one), (elsewhere, one),
                // Of what was before the invite, or of something else.
                (try room.fork("leave", citing: room.invite.authEvents).json.value(), one),
                (try room.fork("join").json.value(), one), (try room.fork("invite").json.value(), one),
            ]
            for (number, (pdu, origin)) in attempts.enumerated() {
                let answers = try await home.worker.receive([pdu], id: "\(number)", from: origin)
                #expect(answers.values.allSatisfy { $0 != nil }, "\(number)")
                #expect(try await room.membership() == .invite, "\(number)")
            }
        }
    }

    @Test func anOldEndDoesNotEndANewerInvite() async throws {
        try await InboundInstallation.with { home in
            var room = try await OutsideRoom(home)
            let end = try room.view.send(
                EventType.member, stateKey: room.zoe.userID.description, ["membership": "leave"], as: room.bob,
                of: home.one.server)
            let again = try room.fork("invite")
            try await room.tell(again)
            let answers = try await home.worker.receive([end], from: home.one.server)
            #expect(answers[end.eventID]??.contains("does not follow") == true)
            #expect(try await room.membership() == .invite)
        }
    }

    /// Whoever has just come into the room is not put out of it by what was read before.
    @Test func whatHasChangedSinceStays() async throws {
        try await InboundInstallation.with { home in
            let room = try await OutsideRoom(home)
            let rooms = home.worker.rooms
            let found = try await rooms.reader.memberships.membership(of: room.zoe.nid, in: room.record.nid)
            let standing = try #require(found).record
            try await room.tell(try room.fork("invite"))
            let end = try room.fork("leave")
            #expect(try await !rooms.end(standing, of: room.zoe, in: room.record, by: end))
            #expect(try await room.membership() == .invite)
        }
    }
}

extension JSONView {
    fileprivate func value(without member: String) -> JSONValue {
        var value = value()
        value[member] = nil
        return value
    }
}
