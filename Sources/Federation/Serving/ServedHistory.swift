package import FederationAPI
package import MatrixCore
package import Rooms
import Storage
import Telemetry

/// What servers that are in a room may ask about it: its events, its states, and what authorises them.
package struct ServedHistory: Sendable {
    /// Ids that are looked up at once.
    private static let idsAtOnce = 1_000

    let rooms: RoomService
    let door: RoomDoor
    let visibility: ServerVisibility
    let chains: AuthChains

    package init(rooms: RoomService) {
        self.rooms = rooms
        door = RoomDoor(rooms: rooms)
        visibility = ServerVisibility(reader: rooms.reader)
        chains = AuthChains(reader: rooms.reader)
    }

    var reader: RoomReader { rooms.reader }

    // MARK: Single events

    /// An event as the server may have it.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when there is none, or when it was rejected; 403 `M_FORBIDDEN` when the server is not in
    ///   its room.
    package func event(_ id: EventID, for server: ServerName) async throws -> Event {
        // Ids of old versions may repeat: then the one is meant whose room the server is in.
        var refusal: MatrixError?
        for stored in try await reader.eventStore.events(withID: id) where !stored.flags.contains(.rejected) {
            guard let room = try await reader.store.rooms([stored.roomNID])[stored.roomNID] else { continue }
            do {
                _ = try await door.room(room, forMember: server)
            } catch let error as MatrixError where error.errcode == .forbidden {
                refusal = error
                continue
            }
            let events = try reader.events.parse([stored], in: room)
            if let event = try await visibility.served(events, to: server, in: room).first { return event }
        }
        throw refusal ?? Self.unknownEvent
    }

    /// Events as an answer.
    package func transaction(of events: [Event]) -> EventsAnswer.Response {
        EventsAnswer.Response(
            origin: rooms.server.name, originServerTS: rooms.writing.telemetry.clock.nowMilliseconds,
            pdus: events.map(\.bytes))
    }

    // MARK: States

    /// The state before an event and what authorises it, ready to be sent.
    package func state(at id: EventID, in roomID: RoomID, for server: ServerName) async throws -> SplicedEvents {
        let (open, state) = try await stateNumbers(at: id, in: roomID, for: server)
        let chain = try await chains.chain(of: state, in: open.room)
        return SplicedEvents(
            reader: reader, room: open.room,
            pieces: [
                .json(Array(#"{"pdus":"#.utf8)), .events(state), .json(Array(#","auth_chain":"#.utf8)), .events(chain),
                .json(Array("}".utf8)),
            ])
    }

    package func stateIDs(
        at id: EventID, in roomID: RoomID, for server: ServerName
    ) async throws -> StateIDsAnswer {
        let (open, state) = try await stateNumbers(at: id, in: roomID, for: server)
        let chain = try await chains.chain(of: state, in: open.room)
        return StateIDsAnswer(
            pduIDs: try await ids(of: state, in: open.room), authChainIDs: try await ids(of: chain, in: open.room))
    }

    /// - Throws: 404 `M_NOT_FOUND` when the event is not of the room or was rejected, or the state before it is not known.
    private func stateNumbers(
        at id: EventID, in roomID: RoomID, for server: ServerName
    ) async throws -> (OpenRoom, [EventNID]) {
        let open = try await door.room(roomID, forMember: server)
        guard let event = try await reader.events.event(id, in: open.room), !event.stored.flags.contains(.rejected),
            let before = event.stored.stateBefore
        else { throw Self.unknownEvent }
        return (open, try await reader.tree(of: open.room, at: before).entries().map(\.event).sorted())
    }

    private func ids(of nids: [EventNID], in room: RoomRecord) async throws -> [EventID] {
        var ids: [EventID] = []
        ids.reserveCapacity(nids.count)
        for start in stride(from: 0, to: nids.count, by: Self.idsAtOnce) {
            let some = Array(nids[start..<min(start + Self.idsAtOnce, nids.count)])
            let found = try await reader.eventStore.ids(of: some, in: room.nid)
            ids += some.compactMap { found[$0] }
        }
        return ids
    }

    // MARK: Auth chains

    /// What authorises an event, ready to be sent.
    ///
    /// - Throws: 404 `M_NOT_FOUND` when the event is not of the room.
    package func authChain(of id: EventID, in roomID: RoomID, for server: ServerName) async throws -> SplicedEvents {
        let open = try await door.room(roomID, forMember: server)
        guard let event = try await reader.events.event(id, in: open.room) else { throw Self.unknownEvent }
        let chain = try await chains.chain(of: [event.nid], in: open.room)
        return SplicedEvents(
            reader: reader, room: open.room,
            pieces: [.json(Array(#"{"auth_chain":"#.utf8)), .events(chain), .json(Array("}".utf8))])
    }

    static var unknownEvent: MatrixError { .notFound("There is no such event") }
}
