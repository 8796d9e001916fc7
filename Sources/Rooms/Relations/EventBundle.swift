import MatrixCore

/// What is told with an event of what relates to it: `m.relations` in `unsigned`.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
package struct EventBundle: Sendable {
    struct Thread: Sendable {
        let latest: RoomEvent
        let count: Int
        let hasParticipated: Bool
    }

    var replacement: RoomEvent?
    var thread: Thread?
    var references: [EventID] = []

    var isEmpty: Bool { replacement == nil && thread == nil && references.isEmpty }

    /// The events that stand in it as a whole.
    var shownEvents: [RoomEvent] { [replacement, thread?.latest].compactMap { $0 } }

    /// - Parameter rendered: ``shownEvents`` in client format.
    func json(rendered: [EventNID: [UInt8]]) -> [UInt8] {
        JSONWriter.write { writer in
            writer.object { writer in
                if !references.isEmpty {
                    writer.object(key: RelationType.reference) { writer in
                        writer.array(key: "chunk") { writer in
                            for reference in references { writer.object { $0.field("event_id", reference) } }
                        }
                    }
                }
                if let replacement, let event = rendered[replacement.nid] {
                    writer.field(RelationType.replace, raw: event)
                }
                if let thread, let latest = rendered[thread.latest.nid] {
                    writer.object(key: RelationType.thread) {
                        $0.field("count", thread.count)
                        $0.field("current_user_participated", thread.hasParticipated)
                        $0.field("latest_event", raw: latest)
                    }
                }
            }
        }
    }
}

/// What is told with the events of a page, and with those that stand in what is told.
package struct EventBundles: Sendable {
    package static let none = EventBundles()

    private var bundles: [EventNID: EventBundle] = [:]

    var isEmpty: Bool { bundles.isEmpty }

    subscript(event: EventNID) -> EventBundle? {
        get { bundles[event] }
        set { bundles[event] = newValue?.isEmpty == false ? newValue : nil }
    }

    mutating func merge(_ others: EventBundles) { bundles.merge(others.bundles) { one, _ in one } }
}
