package import FederationAPI
package import MatrixCore
package import Rooms
package import Storage
package import Telemetry

/// Asks other servers for the state of a room at an event whose predecessors are not here.
///
/// What they answer is not believed, but it is all there is: its events are checked for signatures and by their auth events,
/// and the event in question is checked against it.
package struct RemoteState: Sendable {
    /// Servers that are asked, one after the other.
    private static let maxServers = 4
    /// Events that are asked for one by one; when more are missing the whole state is fetched.
    private static let maxSingleEvents = 100
    private static let eventsPerQuery = 1_000

    private let rooms: RoomService
    private let client: FederationClient
    private let events: RemoteEvents
    private let telemetry: Telemetry

    package init(rooms: RoomService, client: FederationClient, verifier: EventVerifier, telemetry: Telemetry) {
        self.rooms = rooms
        self.client = client
        self.telemetry = telemetry
        events = RemoteEvents(client: client, verifier: verifier)
    }

    /// The state before an event, as the first server tells it that can. Its events are stored, as outliers; its packs go
    /// with whatever names the root.
    ///
    /// - Parameter servers: those who may know, best first.
    /// - Returns: `nil` when nobody could tell.
    package func fetch(
        before event: EventID, in room: RoomRecord, from servers: [ServerName]
    ) async throws -> (root: StateRoot, packs: [StateUpdate.NewPack])? {
        guard let version = RoomVersion(room.version) else { return nil }
        for server in servers.filter({ $0 != rooms.server.name }).prefix(Self.maxServers) {
            do {
                return try await fetch(before: event, in: room, version, from: server)
            } catch let error as FederationError {
                telemetry.log.info(
                    "state not fetched",
                    [
                        .roomID: "\(room.roomID)", .eventID: "\(event)", .destination: "\(server)",
                        .cause: "\(error)",
                    ])
            }
        }
        return nil
    }

    private func fetch(
        before event: EventID, in room: RoomRecord, _ version: RoomVersion, from server: ServerName
    ) async throws -> (root: StateRoot, packs: [StateUpdate.NewPack]) {
        let answer = try await client.stateIDs(of: room.roomID, at: event, from: server)
        let missing = try await missing(of: Array(Set(answer.pduIDs + answer.authChainIDs)), in: room)
        if missing.count > Self.maxSingleEvents {
            try await store(Set(missing), ofStateBefore: event, in: room, version, from: server)
        } else if !missing.isEmpty {
            let fetched = try await events.fetch(missing, of: room.roomID, version, from: server)
            _ = try await rooms.store(outliers: fetched, in: room)
        }
        return try await tree(of: answer.pduIDs, in: room)
    }

    /// Fetches the whole state, of which we need much.
    private func store(
        _ missing: Set<EventID>, ofStateBefore event: EventID, in room: RoomRecord, _ version: RoomVersion,
        from server: ServerName
    ) async throws {
        var left = missing
        let fetched = try await events.collect(of: room.roomID, version) {
            left.remove($0.eventID) != nil
        } _: { take in
            try await client.state(of: room.roomID, at: event, from: server, take: take)
        }
        _ = try await rooms.store(outliers: fetched, in: room)
    }

    private func missing(of ids: [EventID], in room: RoomRecord) async throws -> [EventID] {
        var missing: [EventID] = []
        for some in ids.pieces(of: Self.eventsPerQuery) {
            let known = try await rooms.reader.eventStore.numbers(some, in: room.nid)
            missing += some.filter { known[$0] == nil }
        }
        return missing
    }

    /// The tree of a state, of those of its events that are here and were not rejected.
    ///
    /// Servers that are gone for ever leave events whose signatures nobody can check any more. Their loss is borne: without
    /// that no old room could be entered.
    private func tree(
        of ids: [EventID], in room: RoomRecord
    ) async throws -> (root: StateRoot, packs: [StateUpdate.NewPack]) {
        var held: [StateKeyNID: EventNID] = [:]
        for some in ids.pieces(of: Self.eventsPerQuery) {
            for event in try await rooms.reader.events.events(some, in: room).values {
                guard let key = event.stored.stateKeyNID else {
                    throw FederationError.malformed("\(event.eventID) is no state event")
                }
                if event.stored.flags.contains(.rejected) { continue }
                guard held.updateValue(event.nid, forKey: key) ?? event.nid == event.nid else {
                    throw FederationError.malformed("two events hold one place of the state")
                }
            }
        }
        guard held[try await rooms.reader.interning.stateKey(.create)] != nil else {
            throw FederationError.malformed("the state has no create event")
        }
        if held.count < ids.count {
            telemetry.log.info(
                "some of a state could not be had",
                [.roomID: "\(room.roomID)", .count: "\(ids.count - held.count)"])
        }
        let state = try await rooms.state(of: held, in: room)
        return (state.root, state.packs)
    }
}

extension Array {
    /// The elements in pieces of at most `size`.
    func pieces(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
