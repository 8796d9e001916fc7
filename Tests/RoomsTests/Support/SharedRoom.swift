import ApusTesting
import MatrixCore
import Rooms
import RoomsTesting
import Storage
import Testing

/// A room of ours that users of two other servers have come into.
struct SharedRoom {
    let worker: RoomsWorker
    let record: RoomRecord
    let alice: UserRecord
    let one: PeerServer
    let two: PeerServer
    let bob: UserID
    let carol: UserID
    /// The room as all servers see it.
    var view: PeerView

    init(_ worker: RoomsWorker, version: RoomVersion = .default) async throws {
        self.worker = worker
        alice = try await worker.user("alice")
        let roomID = try await worker.room(by: alice, version: version)
        record = try await worker.record(roomID)
        one = try PeerServer("one.example")
        two = try PeerServer("two.example")
        bob = try one.user("bob")
        carol = try two.user("carol")
        view = try await worker.view(of: record)
        for (user, server) in [(bob, one), (carol, two)] {
            let join = try view.join(user, of: server)
            guard case .written = try await worker.rooms.write(.remote(join), in: record) else {
                throw TestingError("\(user) could not join")
            }
        }
    }

    var roomID: RoomID { record.roomID }

    /// Writes an event as it would come in a transaction.
    @discardableResult
    func receive(_ event: Event, _ options: RemoteEventOptions = RemoteEventOptions()) async throws -> RoomWriteResult {
        try await worker.rooms.write(.remote(event, options), in: record)
    }

    func receive(all events: [Event]) async throws {
        for event in events {
            guard case .written = try await receive(event) else { throw TestingError("\(event) was not written") }
        }
    }

    func stored(_ event: Event) async throws -> StoredEvent? {
        try await worker.rooms.reader.events.event(event.eventID, in: record)?.stored
    }

    func head() async throws -> RoomHead { try #require(try await worker.rooms.reader.store.head(of: record.nid)) }

    func state() async throws -> RoomSnapshot { try #require(try await worker.rooms.reader.current(record)) }

    func messages() async throws -> [String] { try await worker.messages(in: roomID, for: alice) }

    @discardableResult
    func say(_ text: String) async throws -> Event {
        let id = try await worker.say(text, in: roomID, as: alice)
        return try #require(try await worker.rooms.reader.events.event(id, in: record)).event
    }

    /// Changes the state as the room's creator.
    @discardableResult
    func set(_ type: String, _ key: String = "", _ content: JSONValue) async throws -> Event {
        let id = try await worker.rooms.send(
            try EventDraft(sender: alice, type: type, stateKey: key, content: content), in: record)
        return try #require(try await worker.rooms.reader.events.event(id, in: record)).event
    }
}

extension RoomWriteResult {
    var isWritten: Bool { if case .written = self { true } else { false } }
    var isUnchanged: Bool { if case .unchanged = self { true } else { false } }
    var isRejected: Bool { if case .rejected = self { true } else { false } }
    var isSoftFailed: Bool { if case .softFailed = self { true } else { false } }
}
