import MatrixCore
import Rooms
import Synchronization

/// Finds in a room's state what a client wants of it. One for an answer: most of its rooms are asked for the same keys.
final class RequiredStateReader: Sendable {
    private let questions: RoomQuestions
    private let numbers = Mutex<[RequiredStates: [StateKeyNID]]>([:])
    private let shared = Mutex<[RequiredStates: (others: RequiredStates, namesUser: Bool)]>([:])

    init(questions: RoomQuestions) { self.questions = questions }

    /// Looks up the keys that rooms are asked for before these are read side by side: all would do it at the same moment.
    func prepare(for wanted: Set<RequiredStates>, by user: UserID) async throws {
        for required in wanted { _ = try await numbers(of: besides(user, required).others) }
    }

    /// See `RequiredStates.besides`.
    func besides(_ user: UserID, _ required: RequiredStates) -> (others: RequiredStates, namesUser: Bool) {
        shared.withLock { shared in
            if let known = shared[required] { return known }
            let others = required.besides(user)
            shared[required] = others
            return others
        }
    }

    /// - Parameter told: what is left out because the client has it already.
    /// - Cost: a look-up for each key that is named; with wildcards the whole state is gone through.
    func all(
        _ required: RequiredStates, except told: RequiredStates = .nothing, in tree: StateTree
    ) async throws -> [StateKeyNID: EventNID] {
        if told == .nothing, let numbers = try await numbers(of: required) {
            return try await tree.events(for: numbers)
        }
        if let keys = required.exactKeys {
            let wanted = Set(keys.filter { !told.matches($0) })
            guard !wanted.isEmpty else { return [:] }
            return try await tree.events(for: Array(try await questions.numbers(of: wanted).values))
        }
        let entries = try await tree.entries()
        let names = try await questions.stateKeys(Set(entries.map(\.key)))
        var found: [StateKeyNID: EventNID] = [:]
        for entry in entries {
            guard let name = names[entry.key], required.matches(name), !told.matches(name) else { continue }
            found[entry.key] = entry.event
        }
        return found
    }

    /// The numbers of what is wanted, when it is named key by key.
    private func numbers(of required: RequiredStates) async throws -> [StateKeyNID]? {
        if let known = numbers.withLock({ $0[required] }) { return known }
        guard let keys = required.exactKeys else { return nil }
        let found = Array(try await questions.numbers(of: Set(keys)).values)
        numbers.withLock { $0[required] = found }
        return found
    }

    /// The member events without which a timeline cannot be shown: of who sent something, and of whom it tells.
    func members(neededBy timeline: [RoomEvent], in tree: StateTree) async throws -> [StateKeyNID: EventNID] {
        var users = Set(timeline.map { StateKey.member($0.event.sender) })
        for event in timeline where event.event.type == EventType.member {
            if let key = event.event.stateKey { users.insert(StateKey(EventType.member, key)) }
        }
        guard !users.isEmpty else { return [:] }
        return try await tree.events(for: Array(try await questions.numbers(of: users).values))
    }
}
