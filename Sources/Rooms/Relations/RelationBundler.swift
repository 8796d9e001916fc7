package import MatrixCore
package import Storage

/// Finds what is told with events of what relates to them: for all events of an answer at once.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
package struct RelationBundler: Sendable {
    /// Senders whose events are left out of counts. What is shown as a whole is checked against all of them.
    private static let maxIgnored = 500

    /// Events of one room that go into an answer together.
    package struct Page: Sendable {
        package let room: RoomRecord
        package let viewer: Viewer
        package let events: [RoomEvent]

        package init(room: RoomRecord, viewer: Viewer, events: [RoomEvent]) {
            self.room = room
            self.viewer = viewer
            self.events = events
        }
    }

    /// An event that something relates to, with what was found.
    private struct Found {
        let page: Page
        let parent: RoomEvent
        let group: RelationGroup
    }

    private let reader: RoomReader
    private let visibility: EventVisibility
    private var store: RelationStore { reader.eventStore.relations }

    package init(reader: RoomReader) {
        self.reader = reader
        visibility = EventVisibility(reader: reader)
    }

    /// What is told with the events of several rooms. All pages are of one viewer.
    ///
    /// - Returns: what there is, by room; an event is in it by its number.
    /// - Cost: one query for all of them when nothing relates to any. Otherwise one more for the threads' latest events, and
    ///   the events that are shown, a room at a time where they are not in memory. State events have none.
    package func bundles(for pages: [Page]) async throws -> [RoomNID: EventBundles] {
        var bundles = try await level(pages, withThreads: true)
        let latest = pages.compactMap { page -> Page? in
            let events = page.events.compactMap { bundles[page.room.nid]?[$0.nid]?.thread?.latest }
            return events.isEmpty ? nil : Page(room: page.room, viewer: page.viewer, events: events)
        }
        guard !latest.isEmpty else { return bundles }
        bundles.merge(try await level(latest, withThreads: false)) { one, other in
            var both = one
            both.merge(other)
            return both
        }
        return bundles
    }

    /// The same for one page.
    package func bundles(for page: Page) async throws -> EventBundles {
        try await bundles(for: [page])[page.room.nid] ?? .none
    }

    private func level(_ pages: [Page], withThreads: Bool) async throws -> [RoomNID: EventBundles] {
        let parents = pages.flatMap { page in
            page.events.lazy.filter { $0.event.stateKey == nil }.map { (page: page, event: $0) }
        }
        guard let viewer = parents.first?.page.viewer else { return [:] }
        let groups = try await store.groups(
            of: parents.map { RelationParent($0.event.stored, end: $0.page.viewer.leftAt ?? .end) },
            for: viewer.user?.nid, ignoring: try await ignoredNumbers(viewer))
        var found: [RoomNID: [Found]] = [:]
        for group in groups where parents.indices.contains(group.parent) {
            let (page, parent) = parents[group.parent]
            guard withThreads || group.type != RelationType.thread, Self.permits(group.type, of: parent) else {
                continue
            }
            found[page.room.nid, default: []].append(Found(page: page, parent: parent, group: group))
        }
        var bundles: [RoomNID: EventBundles] = [:]
        for (room, found) in found { bundles[room] = try await read(found) }
        return bundles
    }

    /// The numbers of those whom the viewer ignores.
    func ignoredNumbers(_ viewer: Viewer) async throws -> [UserNID] {
        guard !viewer.ignored.isEmpty else { return [] }
        let some = Array(viewer.ignored.sorted().prefix(Self.maxIgnored))
        return try await reader.interning.users(some).values.map(\.nid)
    }

    /// Whether an event may have such relations: what was taken away or is itself an edit is not edited, and threads do not
    /// begin at what relates to something.
    private static func permits(_ type: String, of parent: RoomEvent) -> Bool {
        switch type {
        case RelationType.replace:
            parent.stored.redactedBy == nil && parent.event.relation?.type != RelationType.replace
        case RelationType.thread: parent.event.relation == nil
        default: true
        }
    }

    /// Reads the events that were found in one room, and keeps what the viewer may see of them.
    private func read(_ found: [Found]) async throws -> EventBundles {
        guard let page = found.first?.page else { return .none }
        let numbers = Set(found.flatMap(\.group.events))
        let events = try await reader.events.events(numbers, in: page.room)
        let visible = Set(
            try await visibility.visible(Array(events.values), to: page.viewer, in: page.room)
                .filter { $0.stored.redactedBy == nil }.map(\.nid))
        var bundles = EventBundles()
        for one in found {
            let shown = one.group.events.filter(visible.contains).compactMap { events[$0] }
            var bundle = bundles[one.parent.nid] ?? EventBundle()
            switch one.group.type {
            case RelationType.thread:
                bundle.thread = shown.first.map { latest in
                    EventBundle.Thread(
                        latest: latest, count: one.group.count,
                        hasParticipated: one.group.hasParticipated
                            || one.parent.stored.senderNID == page.viewer.user?.nid)
                }
            case RelationType.replace:
                bundle.replacement = Self.latest(of: shown.filter { Self.isReplacement($0, of: one.parent) })
            default: bundle.references = shown.map(\.eventID)
            }
            bundles[one.parent.nid] = bundle
        }
        return bundles
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#validity-of-replacement-events
    private static func isReplacement(_ event: RoomEvent, of parent: RoomEvent) -> Bool {
        guard event.event.stateKey == nil, event.event.sender == parent.event.sender,
            event.event.type == parent.event.type
        else { return false }
        // What an encrypted one holds only its readers know.
        return event.event.type == EventType.encrypted || event.event.content["m.new_content"]?.object != nil
    }

    private static func latest(of replacements: [RoomEvent]) -> RoomEvent? {
        replacements.max { one, other in
            let (left, right) = (one.event.originServerTS, other.event.originServerTS)
            return left == right ? one.eventID < other.eventID : left < right
        }
    }
}
