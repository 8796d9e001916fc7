import MatrixCore

/// A run as text, for finding out what went wrong: the events that somebody honest has, as they came to the first of them.
enum Transcript {
    static func lines(_ graphs: [MemoryGraph]) async throws -> [String] {
        var names: [EventID: String] = [:]
        var lines: [String] = []
        var seen: Set<EventID> = []
        for node in graphs.flatMap(\.order) where seen.insert(node.eventID).inserted {
            names[node.eventID] = "E\(names.count)"
        }
        func name(_ id: EventID) -> String { names[id] ?? "?" }
        seen = []
        for graph in graphs {
            for node in graph.order where seen.insert(node.eventID).inserted {
                let event = node.event
                let verdicts = graphs.map { graph in
                    graph.node(event.eventID).map { $0.isRejected ? "R" : $0.isSoftFailed ? "s" : "a" } ?? "-"
                }
                lines.append(
                    "\(name(event.eventID)) \(verdicts.joined()) \(event.type)|\(event.stateKey ?? "-") by \(event.sender) "
                        + "at \(event.originServerTS) prev \(event.prevEvents.map(name)) auth \(event.authEvents.map(name)) "
                        + String(decoding: event.content.rawBytes, as: UTF8.self))
            }
        }
        for graph in graphs {
            let state = try await graph.content(of: graph.tree.root)
            lines.append("ends \(graph.ends.map { name($0.eventID) })")
            lines += state.sorted { $0.key < $1.key }.map { "  \($0.key): \(name($0.value.eventID))" }
        }
        return lines
    }
}
