/// The checks on receipt of a PDU that look at its room: what it cites, its auth events, the state before it, and the state
/// now. Its form, size, hash (``Event/receive(_:in:)``) and signatures (``SignatureCheck``) were checked before.
///
/// Whether an event is rejected, and the state before it, follow from the events that can be reached from it and from
/// nothing else, as long as each of them has a place in the graph: not from the order in which they came, not from when.
/// So all servers that have an event agree about both, whatever anybody sends to whom.
///
/// - Spec: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
package struct EventReceipt: Sendable {
    /// A state before an event as another server tells it.
    package struct GivenState: Sendable {
        package let root: StateRoot
        /// Those of its packs that are not stored yet.
        package let packs: [StateUpdate.NewPack]

        package init(root: StateRoot, packs: [StateUpdate.NewPack]) {
            self.root = root
            self.packs = packs
        }
    }

    /// Where an event joins what we have.
    package enum Place: Sendable {
        /// At the end of the graph.
        case present
        /// It begins our time in the room: what is here of the state is of the past, and decides nothing.
        case beginning
        /// In the room's past, of which it becomes a part.
        case past
    }

    package let roomID: RoomID
    let rules: AuthRules
    var version: RoomVersion { rules.version }

    package init(roomID: RoomID, version: RoomVersion) {
        self.roomID = roomID
        rules = AuthRules(version: version)
    }

    /// Since version 12: the create event, which the room's id implies as everybody's auth event.
    package var impliedCreateEvent: EventID? { roomID.createEventID }

    // MARK: The checks by auth events

    /// Why an event cannot be in the room, by its auth events: what can be told of it wherever it stands.
    ///
    /// - Parameters:
    ///   - authEvents: all that the event names.
    ///   - create: the room's create event, as far as it is known; versions before 12 find it among the auth events too.
    ///     Whoever claims to be another one is treated as rejected, since it will be where it has its place.
    package func refusal(
        of event: Event, by authEvents: [AuthRules.AuthEvent], create: AuthRules.AuthEvent?
    ) -> AuthRefusal? {
        if let create, isForeign(event, create) { return Self.beganAlready }
        let authEvents = authEvents.map { cited in
            guard let create, isForeign(cited.event, create) else { return cited }
            return AuthRules.AuthEvent(event: cited.event, isRejected: true)
        }
        if let refusal = rules.checkAuthEvents(of: event, authEvents, create: create).refusal { return refusal }
        var state = AuthStateMap(authEvents.map(\.event))
        if let create { state.insert(create.event) }
        return rules.check(event, against: state).refusal
    }

    private func isForeign(_ event: Event, _ create: AuthRules.AuthEvent) -> Bool {
        event.type == EventType.create && event.eventID != create.event.eventID
    }

    /// A room begins once. By the rules alone its creator's server could make another beginning, and with it take part in
    /// every resolution of its state.
    private static var beganAlready: AuthRefusal {
        AuthRefusal(rule: "1", reason: "the room has another create event")
    }

    // MARK: All checks

    /// Checks an event against what is here of its room.
    ///
    /// - Parameter given: the state before it, when its predecessors cannot be had. What is known of them counts all the
    ///   same.
    nonisolated(nonsending) package func judge<Graph: RoomGraph>(
        _ event: Event, at place: Place, given: GivenState? = nil, in graph: inout Graph
    ) async throws -> ReceiptOutcome<Graph.Node> {
        let implied = impliedCreateEvent.map { [$0] } ?? []
        let cited = try await graph.known(event.prevEvents + event.authEvents + implied + [event.eventID])
        // The beginning of a room that we are in is never news, though it may be an outlier here. Another one is rejected, and
        // gets its place for those who name it as their predecessor.
        let isBeginning = event.type == EventType.create && place == .present
        if let earlier = cited[event.eventID], earlier.isPlaced || isBeginning && !earlier.isRejected {
            return .known(earlier)
        }
        let missing = missing(for: event, among: cited, hasState: given != nil)
        guard missing.isEmpty else { return .missing(missing) }
        for pack in given?.packs ?? [] { graph.keep(pack) }
        let before = try await stateBefore(event, cited: cited, given: given?.root, in: &graph)
        func judged(_ verdict: ReceiptVerdict) -> ReceiptOutcome<Graph.Node> {
            .judged(Judgement(verdict: verdict, cited: cited, before: before))
        }
        if isBeginning { return judged(.rejected(Self.beganAlready)) }
        // Step 4: by its auth events.
        let create = try await createEvent(among: cited, before: before, in: graph)
        let authEvents = event.authEvents.compactMap { cited[$0]?.asAuthEvent }
        if let refusal = refusal(of: event, by: authEvents, create: create) {
            return judged(.rejected(refusal))
        }
        // Step 5: by the state before it.
        if let refusal = try await refusal(of: event, by: before, in: graph) { return judged(.rejected(refusal)) }
        // Step 6: by the current state, which a back-dated event cannot choose.
        if place == .present, !graph.ends.isEmpty {
            // After a gap ours may be old: then it is what our state and that of the event make together.
            let current = given == nil ? graph.tree : try await resolve([graph.tree, before], in: &graph)
            if current.root != before.root, let refusal = try await refusal(of: event, by: current, in: graph) {
                return judged(.softFailed(refusal))
            }
        }
        return judged(.accepted)
    }

    private func missing(
        for event: Event, among cited: [EventID: some GraphEvent], hasState: Bool
    ) -> MissingCitations {
        let implied = event.eventID == impliedCreateEvent ? nil : impliedCreateEvent
        let authEvents = (event.authEvents + (implied.map { [$0] } ?? [])).filter { cited[$0] == nil }
        let predecessors = hasState ? [] : event.prevEvents.filter { cited[$0].map { !$0.isPlaced } ?? true }
        return MissingCitations(predecessors: predecessors, authEvents: authEvents)
    }

    private nonisolated(nonsending) func createEvent<Graph: RoomGraph>(
        among cited: [EventID: Graph.Node], before: StateTree, in graph: Graph
    ) async throws -> AuthRules.AuthEvent? {
        if let implied = impliedCreateEvent { return cited[implied]?.asAuthEvent }
        return try await createEvent(of: [graph.tree, before], in: graph).map {
            AuthRules.AuthEvent(event: $0.event, isRejected: $0.isRejected)
        }
    }

    nonisolated(nonsending) func refusal<Graph: RoomGraph>(
        of event: Event, by state: StateTree, in graph: Graph
    ) async throws -> AuthRefusal? {
        let held = try await self.state(rules.selection(for: event) + [.create], of: state, in: graph)
        return rules.check(event, against: AuthStateMap(held.values.map(\.event))).refusal
    }
}
