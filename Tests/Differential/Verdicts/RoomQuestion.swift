import MatrixCore

/// Questions about the events of one room: which auth events one selects, whether one is allowed, what states resolve to.
/// Events are named by their place in the list.
struct RoomQuestion {
    private let room: AskedRoom
    private let questions: JSONArrayView

    init(_ question: JSONView) throws(BadQuestion) {
        room = try AskedRoom(version: try question.version(), events: try question.list("events"))
        questions = try question.list("ask")
    }

    func answer() async throws -> [UInt8] {
        var answers: [JSONValue] = []
        for question in questions {
            do {
                answers.append(try await answer(question))
            } catch let error as BadQuestion {
                answers.append(["unanswerable": .string(error.member)])
            }
        }
        return JSONWriter.write {
            $0.object {
                $0.field("events", .array(room.received))
                $0.field("answers", .array(answers))
            }
        }
    }

    private func answer(_ question: JSONView) async throws -> JSONValue {
        switch try question.text("ask") {
        case "selection": selection(for: try room.event(question.number("event")))
        case "auth_events": try authEvents(of: try room.event(question.number("event")))
        case "auth": try auth(try room.event(question.number("event")), try question.list("state"))
        case "resolve": try await resolve(try question.list("states"))
        default: throw BadQuestion("ask")
        }
    }

    private func selection(for event: Event) -> JSONValue {
        let keys = AuthRules(version: room.version).selection(for: event).sorted()
        return .array(keys.map { [.string($0.type), .string($0.key)] })
    }

    /// Whether an event's choice of auth events is right.
    private func authEvents(of event: Event) throws -> JSONValue {
        let authEvents = try event.authEvents.map { id throws(BadQuestion) in
            guard let index = room.indices[id] else { throw BadQuestion("auth_events") }
            return AuthRules.AuthEvent(event: try room.event(index), isRejected: room.rejected[index])
        }
        let create = event.roomID.createEventID.flatMap { room.indices[$0] }.flatMap { index in
            room.events[index].map { AuthRules.AuthEvent(event: $0, isRejected: room.rejected[index]) }
        }
        return verdict(AuthRules(version: room.version).checkAuthEvents(of: event, authEvents, create: create))
    }

    /// Whether a state allows an event.
    private func auth(_ event: Event, _ state: JSONArrayView) throws -> JSONValue {
        let state = AuthStateMap(try state.map { try room.event(Int($0.int ?? -1)) })
        return verdict(AuthRules(version: room.version).check(event, against: state))
    }

    private func verdict(_ verdict: AuthVerdict) -> JSONValue {
        verdict.refusal.map { .string($0.description) } ?? true
    }

    /// The state that some states come together to, as a list of events.
    private func resolve(_ states: JSONArrayView) async throws -> JSONValue {
        guard let create = room.events.lazy.compactMap({ $0 }).first(where: { $0.fullStateKey == .create }) else {
            throw BadQuestion("events")
        }
        let nodes = UnstoredNodes()
        var trees: [StateTree] = []
        for (pack, state) in states.enumerated() {
            var changes: [StateChange] = []
            for entry in state.array ?? states {
                let number = AskedRoom.number(of: Int(entry.int ?? -1))
                guard let event = room.contents[number] else { throw BadQuestion("states") }
                changes.append(StateChange(key: event.stateKey, event: number))
            }
            let empty = StateTree(root: .empty, room: RoomNID(1), source: nodes)
            trees.append(try await empty.applying(changes, newPack: PackNID(Int64(pack + 1))).tree)
        }
        guard let base = trees.first else { throw BadQuestion("states") }
        let resolver = StateResolver(version: room.version, create: create, source: room)
        let changes = try await resolver.resolve(base, with: Array(trees.dropFirst()))
        let resolved = try await base.reading(trees).applying(changes, newPack: PackNID(Int64(trees.count + 1)))
        let entries = try await resolved.tree.entries().map { AskedRoom.index(of: $0.event) }.sorted()
        return .array(entries.map { .integer(Int64($0)) })
    }
}

/// No node is stored: trees hold what they were made of.
private struct UnstoredNodes: StateNodeSource {
    func cachedPack(_ id: PackNID, room: RoomNID) -> StatePack? { nil }

    func packs(_ ids: [PackNID], room: RoomNID) async throws -> [PackNID: StatePack] { [:] }
}
