/// The mainline ordering: events by how recent the power levels are that they rest on, then by time and by id.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#definitions
struct Mainline<Source: ResolutionSource> {
    /// From the power levels that were resolved down to the room's first ones, as far as it had to be followed.
    private var line: [ResolutionEvent] = []
    private var positions: [EventNID: Int] = [:]
    private var isComplete = false

    init(of powerLevels: ResolutionEvent?, source: Source) {
        guard let powerLevels else {
            isComplete = true
            return
        }
        line = [powerLevels]
        positions[powerLevels.number] = 0
    }

    nonisolated(nonsending) mutating func sorted(
        _ numbers: Set<EventNID>, events: inout EventTable<Source>
    ) async throws -> [EventNID] {
        var keyed: [(position: Int, event: ResolutionEvent)] = []
        keyed.reserveCapacity(numbers.count)
        for number in numbers {
            guard let event = events[number] else { throw ResolutionError.missingEvent(number) }
            keyed.append((try await position(of: event, events: &events), event))
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
        of event: ResolutionEvent, events: inout EventTable<Source>
    ) async throws -> Int {
        try await events.load(event.authEvents, isOptional: true)
        var cursor = events.powerLevels(of: event)
        var passed: [EventNID] = []
        var position = Int.max
        while let current = cursor {
            try await extend(downTo: current.number, events: &events)
            if let found = positions[current.number] {
                position = found
                break
            }
            passed.append(current.number)
            try await events.load(current.authEvents, isOptional: true)
            cursor = events.powerLevels(of: current)
        }
        // Everything that was passed meets the mainline at the same place: the next event need not walk there again.
        for number in passed { positions[number] = position }
        return position
    }

    /// Follows the mainline until it is at or below a number. Numbers only go down, so it ends.
    private nonisolated(nonsending) mutating func extend(
        downTo number: EventNID, events: inout EventTable<Source>
    ) async throws {
        while !isComplete, let last = line.last, last.number > number {
            try await events.load(last.authEvents, isOptional: true)
            guard let next = events.powerLevels(of: last) else {
                isComplete = true
                return
            }
            positions[next.number] = line.count
            line.append(next)
        }
    }
}
