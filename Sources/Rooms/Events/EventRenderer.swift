package import MatrixCore
package import Storage

/// Renders events as one viewer sees them: redacted ones pruned, `unsigned` filled in.
package struct EventRenderer: Sendable {
    /// An event with what relates to it, that with what relates to it, and nothing further.
    private static let nesting = 2

    private let reader: RoomReader
    private let visibility: EventVisibility

    package init(reader: RoomReader) {
        self.reader = reader
        visibility = EventVisibility(reader: reader)
    }

    /// Who asks, from which device, and when.
    package struct Context: Sendable {
        package let viewer: Viewer
        package let deviceID: String?
        package let now: Int64
        /// `false` where the room is clear from the place, as in `/sync`.
        package let includesRoomID: Bool
        /// Whether the events are told as a room's state, not as what happened: what the viewer was when each of them came
        /// helps nobody then, and would have to be looked up for each.
        package let isState: Bool

        package var user: UserRecord? { viewer.user }

        package init(
            viewer: Viewer, deviceID: String?, now: Int64, includesRoomID: Bool, isState: Bool = false
        ) {
            self.viewer = viewer
            self.deviceID = deviceID
            self.now = now
            self.includesRoomID = includesRoomID
            self.isState = isState
        }
    }

    /// The events in client format, in the order given.
    ///
    /// - Parameter related: what is told with the events of what relates to them.
    /// - Cost: what differs by viewer is looked up in the state trees, from memory when they are warm.
    package func render(
        _ events: [RoomEvent], in room: RoomRecord, for context: Context, with related: EventBundles = .none
    ) async throws -> [[UInt8]] {
        try await render(events, in: room, for: context, with: related, nesting: Self.nesting)
    }

    private func render(
        _ events: [RoomEvent], in room: RoomRecord, for context: Context, with related: EventBundles, nesting: Int
    ) async throws -> [[UInt8]] {
        let relations = try await relations(of: events, in: room, for: context, related, nesting: nesting)
        let redactions = try await reader.events.events(Set(events.compactMap(\.stored.redactedBy)), in: room)
        let replaced = try await replacedEvents(events, in: room)
        let (befores, erased) = try await circumstances(of: events, replacing: replaced, in: room, context)
        var rendered: [[UInt8]] = []
        rendered.reserveCapacity(events.count)
        for (event, before) in zip(events, befores) {
            var unsigned = ClientEventUnsigned()
            unsigned.age = max(0, context.now - event.event.originServerTS)
            if let transaction = event.stored.transaction, event.stored.senderNID == context.user?.nid {
                if transaction.deviceID == context.deviceID { unsigned.transactionID = transaction.transactionID }
                unsigned.delayID = transaction.delayID
            }
            if event.stored.flags.contains(.sticky), event.stored.redactedBy == nil,
                let end = event.event.stickyEnd(receivedAt: context.now)
            {
                unsigned.stickyMilliseconds = max(0, end - context.now)
            }
            if let previous = replaced[event.nid] {
                unsigned.replacesState = previous.eventID
                // Whoever was in the room could see its state.
                let couldSeeIt =
                    if before == .join { true } else {
                        try await visibility.isVisible(previous, to: context.viewer, in: room)
                    }
                if couldSeeIt {
                    unsigned.prevContent = Array(try servedEvent(previous).content.rawBytes)
                }
            }
            unsigned.relations = relations[event.nid]
            if !context.isState { unsigned.membership = membership(at: event, before: before, context.user) }
            if let redaction = event.stored.redactedBy.flatMap({ redactions[$0] }) {
                unsigned.redactedBy = redaction.eventID
                var about = ClientEventUnsigned()
                about.age = max(0, context.now - redaction.event.originServerTS)
                unsigned.redactedBecause = redaction.event.clientFormat(
                    includesRoomID: context.includesRoomID, unsigned: about)
            }
            let isErased = before != .join && erased.contains(event.stored.senderNID)
            rendered.append(
                try (isErased ? event.event.redacted() : servedEvent(event)).clientFormat(
                    includesRoomID: context.includesRoomID, unsigned: unsigned))
        }
        return rendered
    }

    /// What the viewer was just before each of the events, where that matters, and whose events are pruned for who was not
    /// there.
    private func circumstances(
        of events: [RoomEvent], replacing replaced: [EventNID: RoomEvent], in room: RoomRecord, _ context: Context
    ) async throws -> (befores: [Membership?], erased: Set<UserNID>) {
        let erased = context.isState ? try await reader.erased.senders(of: events) : []
        let matters = events.map {
            !context.isState || replaced[$0.nid] != nil || erased.contains($0.stored.senderNID)
        }
        let key = try await memberKey(
            of: context.viewer, neededBy: zip(events, matters).lazy.filter(\.1).map(\.0))
        var memberships: [StateRoot: Membership?] = [:]
        var befores: [Membership?] = []
        befores.reserveCapacity(events.count)
        for (event, matters) in zip(events, matters) {
            befores.append(
                matters ? try await membership(before: event, in: room, context.viewer, key, &memberships) : nil)
        }
        return (befores, context.isState ? erased : try await erasedSenders(of: events, befores))
    }

    /// Users whose events are pruned: whoever was there has seen what they said.
    private func erasedSenders(of events: [RoomEvent], _ befores: [Membership?]) async throws -> Set<UserNID> {
        let strange = zip(events, befores).filter { $1 != .join }.map(\.0)
        return strange.isEmpty ? [] : try await reader.erased.senders(of: strange)
    }

    /// `m.relations` of those of the events that have some. What they hold is rendered all at once.
    private func relations(
        of events: [RoomEvent], in room: RoomRecord, for context: Context, _ related: EventBundles, nesting: Int
    ) async throws -> [EventNID: [UInt8]] {
        guard nesting > 0, !related.isEmpty else { return [:] }
        let bundles = events.compactMap { event in related[event.nid].map { (event.nid, $0) } }
        guard !bundles.isEmpty else { return [:] }
        let shown = bundles.flatMap(\.1.shownEvents)
        let rendered = try await render(shown, in: room, for: context, with: related, nesting: nesting - 1)
        let byNumber = Dictionary(zip(shown.map(\.nid), rendered), uniquingKeysWith: { one, _ in one })
        return Dictionary(
            bundles.map { ($0.0, $0.1.json(rendered: byNumber)) }, uniquingKeysWith: { one, _ in one })
    }

    /// The event as it may be shown: pruned when it was redacted.
    package func servedEvent(_ event: RoomEvent) throws -> Event {
        event.stored.redactedBy == nil ? event.event : try event.event.redacted()
    }

    /// The state events that some state events of the timeline replaced.
    private func replacedEvents(_ events: [RoomEvent], in room: RoomRecord) async throws -> [EventNID: RoomEvent] {
        let replaced = try await reader.replaced.numbers(replacedBy: events, in: room)
        guard !replaced.isEmpty else { return [:] }
        let found = try await reader.events.events(Set(replaced.values), in: room)
        return replaced.compactMapValues { found[$0] }
    }

    /// The requesting user's membership at the event, what it changes included.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#definition-clientevent_unsigneddata
    private func membership(at event: RoomEvent, before: Membership?, _ user: UserRecord?) -> Membership? {
        guard let user else { return nil }
        if event.event.memberUserID == user.userID { return event.event.membership }
        return event.stored.stateBefore == nil ? nil : before ?? .leave
    }

    /// The requesting user's membership just before the event; `nil` also where that is not known.
    private func membership(
        before event: RoomEvent, in room: RoomRecord, _ viewer: Viewer, _ key: StateKeyNID?,
        _ known: inout [StateRoot: Membership?]
    ) async throws -> Membership? {
        guard viewer.user != nil, let before = event.stored.stateBefore else { return nil }
        if viewer.joinedIn.contains(before) { return .join }
        if let membership = known[before] { return membership }
        // Who has no key in any state is a member nowhere.
        var member: RoomEvent?
        if let key, let number = try await reader.tree(of: room, at: before).event(for: key) {
            member = try await reader.events.event(number, in: room)
        }
        let membership = member.flatMap { Membership(content: $0.event.content) }
        known[before] = .some(membership)
        return membership
    }

    /// The key under which states have the viewer's membership; `nil` when none of the events needs it.
    private func memberKey(
        of viewer: Viewer, neededBy events: some Sequence<RoomEvent>
    ) async throws -> StateKeyNID? {
        let isNeeded = events.contains { event in
            event.stored.stateBefore.map { !viewer.joinedIn.contains($0) } ?? false
        }
        guard isNeeded, let user = viewer.user else { return nil }
        return try await reader.interning.knownStateKeys([.member(user.userID)]).values.first
    }
}
