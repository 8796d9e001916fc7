import CoreWorkloads
import MatrixCore

/// Prints the room of the resolution scenario, so that another server's implementation can resolve the same forks.
enum RoomPrinter {
    static func run(memberCount: Int) async throws -> String {
        let room = try await LargeRoom(memberCount: memberCount)
        let fork = try await room.fork()
        let conflicts = try await fork.left.difference(to: fork.right.root)
        let keys = Set(conflicts.map(\.key))
        var resolved: [StateKeyNID: EventNID] = [:]
        for conflict in conflicts { resolved[conflict.key] = conflict.old }
        for change in try await room.resolver.resolve(fork.left, with: [fork.right]) {
            resolved[change.key] = change.event
        }
        var writer = JSONWriter()
        try writer.object { writer throws in
            writer.field("room_id", room.create.roomID)
            writer.field("room_version", room.create.version.identifier)
            writer.field("members", memberCount)
            writer.array(key: "events") { writer in
                for event in fork.before + fork.events {
                    writer.object {
                        $0.field("id", event.event.eventID)
                        $0.field("pdu", raw: event.event.bytes)
                    }
                }
            }
            writer.field("auth_difference", strings: fork.between.map(\.event.eventID.description))
            let common = fork.before.filter { !keys.contains($0.stateKey) }
            Self.write(common, "common", to: &writer)
            Self.write(try room.found(conflicts.compactMap(\.old)), "left", to: &writer)
            Self.write(try room.found(conflicts.compactMap(\.new)), "right", to: &writer)
            Self.write(try room.found(resolved.values), "resolved", to: &writer)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// A state, or part of one: type, state key and event id of each entry.
    private static func write(_ events: [ResolutionEvent], _ name: String, to writer: inout JSONWriter) {
        writer.array(key: name) { writer in
            for event in events {
                writer.array {
                    $0.string(event.event.type)
                    $0.string(event.event.stateKey ?? "")
                    $0.string(event.event.eventID.description)
                }
            }
        }
    }
}

extension LargeRoom {
    fileprivate func found(_ numbers: some Sequence<EventNID>) throws -> [ResolutionEvent] {
        try numbers.sorted().compactMap(events.event)
    }
}
