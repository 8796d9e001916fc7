/// The mainline ordering: events by how recent the power levels are that they rest on, then by time and by id.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct Mainline {
    /// The state key of `m.room.power_levels`; `nil` when none were resolved, and there is no mainline.
    private let key: StateKeyNID?
    /// From the power levels that were resolved down to the room's first ones, as far as it had to be followed.
    private var line: [EventNID] = []
    private var positions: [EventNID: Int] = [:]
    private var isComplete = false

    init(of powerLevels: ResolutionEvent?) {
        key = powerLevels?.stateKey
        guard let powerLevels else { return }
        line = [powerLevels.number]
        positions[powerLevels.number] = 0
    }

    nonisolated(nonsending) mutating func sorted(
        _ numbers: Set<EventNID>, table: inout EventTable
    ) async throws -> [EventNID] {
        var keyed: [(position: Int, event: ResolutionEvent)] = []
        keyed.reserveCapacity(numbers.count)
        for number in numbers {
            guard let event = table[number] else { throw ResolutionError.missingEvent(number) }
            keyed.append((try await position(of: number, in: &table), event))
        }
        keyed.sort { left, right in
            // A higher position is further back, and comes first.
            if left.position != right.position { return left.position > right.position }
            let (first, second) = (left.event.event, right.event.event)
            if first.originServerTS != second.originServerTS { return first.originServerTS < second.originServerTS }
            return first.eventID < second.eventID
        }
        return keyed.map(\.event.number)
    }

    /// Where the line of an event's own power levels meets the mainline.
    private nonisolated(nonsending) mutating func position(
        of event: EventNID, in table: inout EventTable
    ) async throws -> Int {
        if key == nil { return .max }
        var cursor = try await powerLevels(of: event, in: &table)
        var passed: [EventNID] = []
        var position = Int.max
        while let current = cursor {
            try await extend(downTo: current, in: &table)
            if let found = positions[current] {
                position = found
                break
            }
            passed.append(current)
            cursor = try await powerLevels(of: current, in: &table)
        }
        // Everything that was passed meets the mainline at the same place: the next event need not walk there again.
        for number in passed { positions[number] = position }
        return position
    }

    /// Follows the mainline until it is at or below a number. Numbers only go down, so it ends.
    private nonisolated(nonsending) mutating func extend(
        downTo number: EventNID, in table: inout EventTable
    ) async throws {
        while !isComplete, let last = line.last, last > number {
            guard let next = try await powerLevels(of: last, in: &table) else {
                isComplete = true
                return
            }
            positions[next] = line.count
            line.append(next)
        }
    }

    private nonisolated(nonsending) func powerLevels(
        of event: EventNID, in table: inout EventTable
    ) async throws -> EventNID? {
        if !table.hasNode(event) { try await table.loadNodes(of: CollectionOfOne(event)) }
        let authEvents = try table.authEvents(of: event)
        if let known = authEvents.first(where: { table.stateKey(of: $0) == key }) { return known }
        guard authEvents.contains(where: { table.stateKey(of: $0) == nil }) else { return nil }
        try await table.loadKeys(of: authEvents)
        return authEvents.first { table.stateKey(of: $0) == key }
    }
}
