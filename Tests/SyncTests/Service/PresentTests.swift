import ApusTesting
import Cluster
import Ephemeral
import MatrixCore
import Postgres
import Rooms
import Storage
import Testing

/// What one worker has acknowledged, a sync through another one shows that begins afterwards and does not wait.
///
/// Nothing tells the other worker: it follows no log here, and there are no hints.
struct PresentTests {
    @Test func aSyncThatDoesNotWaitMissesNothing() async throws {
        try await TestInstallation.with { installation in
            let (one, two) = (try await installation.worker(), try await installation.worker())
            let (alice, bob) = (try await one.user("alice"), try await one.user("bob"))
            let room = try await one.room(by: alice, members: [bob])
            var since = try await two.sync(bob).next
            #expect(try await two.sync(bob).room(room) != nil)

            func next() async throws -> JSONDocument {
                let answer = try await two.sync(bob, since: since)
                since = answer.next
                return answer
            }
            let said = try await one.say("secret", in: room, as: alice)
            #expect(try await next().bodies(room) == ["secret"])
            #expect(try await two.sync(bob).bodies(room) == ["secret"])
            _ = try await one.rooms.redact(said, in: room, by: alice, reason: nil, device: "D", transactionID: "1")
            #expect(try await next().timeline(room).map { $0["type"]?.string } == ["m.room.redaction"])
            #expect(try await two.sync(bob).bodies(room) == [])
            try await one.set(EventType.name, to: ["name": "Kitchen"], in: room, as: alice)
            #expect(try await next().timeline(room).map { $0["content"]?["name"]?.string } == ["Kitchen"])
            try await one.receipts.update(.init(read: said), by: alice, in: room)
            #expect(try await next().ephemeral(room, "m.receipt").count == 1)
            let content = Array(#"{"a":1}"#.utf8)
            guard
                case .written(let written?) = try await one.accountData.set(
                    "org.example", in: nil, of: bob, to: content, now: 1)
            else { throw TestingError("account data was not written") }
            one.feed.announce(.accountData, at: written, user: bob.nid)
            #expect(try await next()["account_data"]?["events"]?.count == 1)
            let other = try await one.room(by: alice, members: [bob])
            #expect(try await next().room(other) != nil)
            try await one.rooms.kick(bob.userID, from: room, by: alice, reason: nil)
            #expect(try await next().room(room, "leave") != nil)
            #expect(try await next().isQuiet)
            for worker in [one, two] { await worker.pool.close() }
        }
    }
}
