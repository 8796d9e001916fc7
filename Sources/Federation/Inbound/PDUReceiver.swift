import Cluster
import FederationAPI
import MatrixCore
import Rooms
import Storage
import Telemetry

/// The events of a transaction: each is judged by itself, those of one room in their order, rooms side by side.
struct PDUReceiver: Sendable {
    /// Rooms of a transaction that are worked on at the same time.
    private static let maxRoomsAtOnce = 8
    /// Events that wait for a room when servers that have no part in it may add theirs. Somebody who has just come in
    /// through another server may be faster with a message than that one is with the news.
    private static let maxWaitingWithStrangers: Int64 = 20

    private let services: InboundServices
    private let rescinded: RescindedInvites

    init(_ services: InboundServices) {
        self.services = services
        rescinded = RescindedInvites(rooms: services.rooms, verifier: services.verifier)
    }

    private var reader: RoomReader { services.rooms.reader }

    /// - Returns: each event whose id can be told, with what its sender is told of it: nothing when it was handled.
    /// - Throws: when some event could be neither written nor kept. The others are handled then.
    func receive(_ pdus: [JSONView], from origin: ServerName) async throws -> [EventID: String?] {
        var byRoom: [RoomID: [JSONView]] = [:]
        var order: [RoomID] = []
        for pdu in pdus {
            guard let roomID = Event.claimedRoomID(of: pdu) else {
                services.metrics.count(.refused)
                continue
            }
            if byRoom[roomID] == nil { order.append(roomID) }
            byRoom[roomID, default: []].append(pdu)
        }
        var failures: [EventID: String?] = [:]
        var firstError: (any Error)?
        await withTaskGroup(of: Result<[EventID: String?], any Error>.self) { group in
            var waiting = order.makeIterator()
            func next() {
                guard let roomID = waiting.next(), let pdus = byRoom[roomID] else { return }
                group.addTask {
                    do { return .success(try await receive(pdus, in: roomID, from: origin)) } catch {
                        return .failure(error)
                    }
                }
            }
            for _ in 0..<Self.maxRoomsAtOnce { next() }
            while let result = await group.next() {
                switch result {
                case .success(let some): failures.merge(some) { one, _ in one }
                case .failure(let error): firstError = firstError ?? error
                }
                next()
            }
        }
        if let firstError { throw firstError }
        return failures
    }

    // MARK: One room

    private func receive(
        _ pdus: [JSONView], in roomID: RoomID, from origin: ServerName
    ) async throws -> [EventID: String?] {
        guard let room = try await reader.room(roomID) else {
            services.metrics.count(.refused, pdus.count)
            services.log.debug(
                "events of a room that is not known here",
                [.roomID: "\(roomID)", .origin: "\(origin)", .count: "\(pdus.count)"])
            return [:]
        }
        guard let version = RoomVersion(room.version),
            try await reader.memberships.isJoined(services.rooms.server.name, in: room.nid)
        else { return try await receive(pdus, outside: room, from: origin) }
        var answers: [EventID: String?] = [:]
        if let reason = try await refusal(of: origin, in: room) {
            for pdu in pdus { refuse(Event.claimedEventID(of: pdu, in: version), reason, origin, room, &answers) }
            return answers
        }
        var events: [Event] = []
        for (pdu, result) in zip(pdus, await services.verifier.check(pdus, in: version)) {
            switch result {
            case .failure(let failure):
                refuse(Event.claimedEventID(of: pdu, in: version), failure.description, origin, room, &answers)
            case .success(let event):
                if event.roomID != roomID || !Self.speaks(origin, for: event) {
                    refuse(event.eventID, "the sender is not of the server that sends", origin, room, &answers)
                } else {
                    events.append(event)
                }
            }
        }
        // An id is not proof against bad copies: in the oldest versions it is chosen, and in the others signatures are no part
        // of what it is made of. What is told is what became of the good one.
        var taken: Set<EventID> = []
        events = events.filter { taken.insert($0.eventID).inserted }
        for event in events { answers[event.eventID] = .some(nil) }
        for (eventID, reason) in try await write(events, in: room, from: origin) {
            refuse(eventID, reason, origin, room, &answers)
        }
        return answers
    }

    /// Events of a room that we are not in. Without the room's version an event has no id under which its sender could be told
    /// anything.
    private func receive(
        _ pdus: [JSONView], outside room: RoomRecord, from origin: ServerName
    ) async throws -> [EventID: String?] {
        var answers: [EventID: String?] = [:]
        for pdu in pdus {
            let outcome = try await rescinded.receive(pdu, in: room, from: origin)
            if let refusal = outcome.refusal {
                refuse(outcome.eventID, refusal, origin, room, &answers)
            } else if let eventID = outcome.eventID {
                services.metrics.count(.written)
                answers[eventID] = .some(nil)
            }
        }
        return answers
    }

    /// Why nothing of the room is taken from the server.
    private func refusal(of origin: ServerName, in room: RoomRecord) async throws -> String? {
        guard let now = try await reader.current(room) else { return "nobody of this server is in the room" }
        // Spec: https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
        return try await now.allows(server: origin) ? nil : "the room's access list does not let the server in"
    }

    private func refuse(
        _ eventID: EventID?, _ reason: String, _ origin: ServerName, _ room: RoomRecord,
        _ answers: inout [EventID: String?]
    ) {
        services.metrics.count(.refused)
        services.log.info(
            "an event was not taken in",
            [
                .eventID: eventID?.description ?? "", .roomID: "\(room.roomID)", .origin: "\(origin)", .cause: reason,
            ])
        if let eventID { answers[eventID] = .some(reason) }
    }

    /// A server sends the events of its own users, and those by which users of others came in or went through it.
    private static func speaks(_ origin: ServerName, for event: Event) -> Bool {
        if event.sender.serverName == origin { return true }
        switch event.membership {
        case .join, .leave, .knock: return event.memberUserID == event.sender
        case .invite, .ban, nil: return false
        }
    }

    // MARK: Writing

    /// Writes events, or keeps them for later.
    ///
    /// - Returns: those that were neither, and why.
    private func write(
        _ events: [Event], in room: RoomRecord, from origin: ServerName
    ) async throws -> [EventID: String] {
        guard !events.isEmpty else { return [:] }
        let isStranger = try await !hasPart(origin, in: room)
        var refused: [EventID: String] = [:]
        var candidates = events
        if isStranger {
            candidates = try await eventsOfAStranger(events, in: room)
            for event in events where !candidates.contains(event) {
                refused[event.eventID] = "the server has no part in the room"
            }
        }
        var waiting: [Event] = []
        let results = await services.rooms.writers.write(each: candidates.map { .remote($0) }, in: room)
        for (event, result) in zip(candidates, results) {
            switch result {
            case .success(.missing): waiting.append(event)
            case .success(let result): note(result, event, room, origin)
            case .failure(let error):
                if error is CancellationError { throw error }
                services.log.warning(
                    "an event could not be written yet",
                    [.eventID: "\(event.eventID)", .roomID: "\(room.roomID)", .cause: "\(error)"])
                waiting.append(event)
            }
        }
        for id in try await stage(waiting, in: room, from: origin, isStranger: isStranger) {
            refused[id] = "too many events wait for what they build on"
        }
        return refused
    }

    private func hasPart(_ origin: ServerName, in room: RoomRecord) async throws -> Bool {
        if try await reader.memberships.isJoined(origin, in: room.nid) { return true }
        return try await reader.memberships.hasBeen(origin, in: room.nid)
    }

    /// What is taken from a server of which nobody is or was in the room, as far as we know: how it came in, and what may
    /// follow from events that we do not have. By all that we have, anything else is refused.
    private func eventsOfAStranger(_ events: [Event], in room: RoomRecord) async throws -> [Event] {
        let cited = Set(events.flatMap { $0.prevEvents + $0.authEvents })
        let known = try await reader.eventStore.numbers(Array(cited), in: room.nid)
        return events.filter { event in
            event.membership == .join || (event.prevEvents + event.authEvents).contains { known[$0] == nil }
        }
    }

    private func note(_ result: RoomWriteResult, _ event: Event, _ room: RoomRecord, _ origin: ServerName) {
        let refusal: AuthRefusal
        switch result {
        case .written: return services.metrics.count(.written)
        case .unchanged, .repeated, .missing: return services.metrics.count(.known)
        case .rejected(let reason):
            services.metrics.count(.rejected)
            refusal = reason
        case .softFailed(let reason):
            services.metrics.count(.softFailed)
            refusal = reason
        }
        services.log.info(
            "an event was not let into the room",
            [
                .eventID: "\(event.eventID)", .roomID: "\(room.roomID)", .origin: "\(origin)", .cause: "\(refusal)",
            ])
    }

    private func stage(
        _ events: [Event], in room: RoomRecord, from origin: ServerName, isStranger: Bool
    ) async throws -> Set<EventID> {
        guard !events.isEmpty else { return [] }
        let refused = try await services.staged.stage(
            events, in: room, from: origin,
            maxPerRoom: isStranger ? Self.maxWaitingWithStrangers : InboundEventStore.maxPerRoom, now: services.now)
        services.metrics.count(.staged, events.count - refused.count)
        services.log.debug(
            "events wait for what they build on",
            [.roomID: "\(room.roomID)", .origin: "\(origin)", .count: "\(events.count - refused.count)"])
        services.slots.wake(room.shard)
        return refused
    }
}
