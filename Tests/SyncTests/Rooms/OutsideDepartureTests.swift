import ApusTesting
import Cluster
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Sync
import Testing

/// Invites to rooms of other servers that were refused or taken back: both syncs tell the event by which that happened.
struct OutsideDepartureTests {
    /// A room of another server, into which a user of ours is invited.
    private struct OutsideRoom {
        let worker: TestWorker
        let record: RoomRecord
        let user: UserRecord
        let inviter: UserID
        let peer: PeerServer
        var view: PeerView

        init(_ worker: TestWorker, inviting user: UserRecord) async throws {
            (self.worker, self.user) = (worker, user)
            peer = try PeerServer("one.example")
            inviter = try peer.user("anna")
            view = PeerView(roomID: try #require(RoomID("!outside:one.example")), version: .v11, state: [], tips: [])
            _ = try view.send(EventType.create, stateKey: "", ["room_version": "11"], as: inviter, of: peer)
            _ = try view.join(inviter, of: peer)
            let invite = try view.send(
                EventType.member, stateKey: user.userID.description, ["membership": "invite"], as: inviter, of: peer)
            record = try await worker.rooms.ensureRoom(view.roomID, version: nil)
            try await write(.invite, StrippedState.kept(of: [], with: invite))
        }

        private func write(_ membership: Membership, _ kept: [UInt8]) async throws {
            let at = try await worker.rooms.reader.memberships.setOutOfBand(
                membership, of: user, in: record.nid, by: EventNID(0), strippedState: kept, now: 1)
            worker.feed.announce(.membership, at: at, room: record.nid, user: user.nid)
        }

        /// The invite is taken back.
        mutating func rescind() async throws -> Event {
            let event = try view.send(
                EventType.member, stateKey: user.userID.description, ["membership": "leave", "reason": "a mistake"],
                as: inviter, of: peer)
            let found = try await worker.rooms.reader.memberships.membership(of: user.nid, in: record.nid)
            let standing = try #require(found).record
            #expect(try await worker.rooms.end(standing, of: user, in: record, by: event))
            return event
        }
    }

    @Test func aSyncTellsTheEventThatEndedTheInvite() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let bob = try await worker.user("bob")
                let start = try await worker.sync(bob)
                var room = try await OutsideRoom(worker, inviting: bob)
                let roomID = room.record.roomID
                let invited = try await worker.sync(bob, since: start.next)
                #expect(invited.room(roomID, "invite") != nil)
                let event = try await room.rescind()
                let told = try await worker.sync(bob, since: invited.next)
                #expect(told.room(roomID, "invite") == nil)
                let timeline = told.timeline(roomID, "leave")
                #expect(timeline.map { $0["event_id"]?.string } == [event.eventID.description])
                #expect(timeline.first?["sender"]?.string == room.inviter.description)
                #expect(timeline.first?["content"]?["reason"]?.string == "a mistake")
                #expect(timeline.first?["unsigned"]?["membership"]?.string == "leave")
                #expect(told.state(roomID, "leave").isEmpty)
                #expect(try await worker.sync(bob, since: told.next).isQuiet)

                let after = try await worker.sync(bob, since: invited.next, stateAfter: true)
                #expect(after.room(roomID, "leave")?["state_after"]?.events.count == 1)
                // A first sync shows it to who asks for rooms that were left, until it is forgotten.
                #expect(try await worker.sync(bob).room(roomID, "leave") == nil)
                let filter = #"{"room":{"include_leave":true}}"#
                #expect(try await worker.sync(bob, filter: filter).timeline(roomID, "leave").count == 1)
                let picky = #"{"room":{"include_leave":true,"timeline":{"not_types":["m.room.member"]}}}"#
                #expect(try await worker.sync(bob, filter: picky).timeline(roomID, "leave").isEmpty)
                try await worker.rooms.forget(roomID, as: bob)
                #expect(try await worker.sync(bob, filter: filter).room(roomID, "leave") == nil)
            }
        }
    }

    @Test func aSlidingSyncTellsItToo() async throws {
        try await TestInstallation.with { installation in
            try await installation.withWorker { worker in
                let bob = try await worker.user("bob")
                var room = try await OutsideRoom(worker, inviting: bob)
                let roomID = room.record.roomID
                let list = SlidingRequest.List.newest(state: [("m.room.member", "$ME")])
                let invited = try await worker.slide(bob, list: list)
                #expect(invited.slid(roomID)?["membership"]?.string == "invite")
                let event = try await room.rescind()
                let answer = try await worker.slide(bob, at: invited.position, list: list)
                let told = try #require(answer.slid(roomID))
                #expect(told["membership"]?.string == "leave")
                #expect(told["stripped_state"]?.all.map { $0["sender"]?.string } == [room.inviter.description])
                #expect(told.slidTimeline.map { $0["event_id"]?.string } == [event.eventID.description])
                #expect(told["required_state"]?.all.map { $0["event_id"]?.string } == [event.eventID.description])
                #expect(try await worker.slide(bob, at: answer.position, list: list).slidRooms.isEmpty)
            }
        }
    }
}
