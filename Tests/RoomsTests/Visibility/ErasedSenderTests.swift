import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Rooms
import RoomsTesting
import Storage
import Testing

/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
@Suite struct ErasedSenderTests {
    private func erase(_ user: UserRecord, _ worker: RoomsWorker) async throws {
        try await worker.pool.simple("insert into accounts (user_nid, created_ms) values (\(user.nid.rawValue), 1)")
        let change = try await AccountStore(pool: worker.pool).deactivate(user, erase: true, now: 2)
        worker.feed.announce(.access, at: try #require(change?.position), user: user.nid)
    }

    private func shown(_ id: EventID, in room: RoomID, to user: UserRecord, _ worker: RoomsWorker) async throws
        -> JSONValue
    {
        let readable = try await worker.rooms.readableRoom(room, by: user)
        let event = try await worker.rooms.event(id, in: readable)
        let rendered = try await worker.rooms.render([event], in: readable, device: nil)
        return try JSONValue(parsing: try #require(rendered.first))["content"] ?? .null
    }

    @Test func onlyWhoWasThereStillSeesWhatWasSaid() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            let (alice, bob) = (try await worker.user("alice"), try await worker.user("bob"))
            let carol = try await worker.user("carol")
            let room = try await worker.room(by: alice, members: [bob])
            let said = try await worker.say("mine", in: room, as: bob)
            let other = try await worker.say("hers", in: room, as: alice)
            try await worker.rooms.join(room, as: carol)
            #expect(try await shown(said, in: room, to: carol, worker)["body"] == "mine")
            try await erase(bob, worker)
            #expect(try await shown(said, in: room, to: alice, worker)["body"] == "mine")
            #expect(try await shown(said, in: room, to: carol, worker) == [:])
            #expect(try await shown(other, in: room, to: carol, worker)["body"] == "hers")
            await worker.pool.close()
        }
    }

    @Test func serversThatCameLaterGetItPruned() async throws {
        try await TestInstallation.with { installation in
            let worker = try await installation.worker()
            var shared = try await SharedRoom(worker)
            let said = try await shared.say("mine")
            shared.view.see(said)
            let late = try PeerServer("late.example")
            let zoe = try late.user("zoe")
            try await shared.receive(try shared.view.join(zoe, of: late))
            try await erase(shared.alice, worker)
            let event = try #require(try await worker.rooms.reader.events.event(said.eventID, in: shared.record))
            let visibility = ServerVisibility(reader: worker.rooms.reader)
            for (server, body) in [(shared.one.name, "mine"), (late.name, nil)] {
                let served = try await visibility.served([event], to: server, in: shared.record)
                #expect(served.first?.content["body"]?.string == body, "\(server)")
            }
            await worker.pool.close()
        }
    }
}
