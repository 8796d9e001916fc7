import MatrixCore
import Storage

/// Redactions and what they redact, in whichever order both come.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions
extension WorkingBatch {
    /// Asks what waits for events that come from elsewhere. Nobody can redact one of ours before it is there.
    ///
    /// Cost: one query for all of them.
    mutating func loadWaitingRedactions(of events: [Event]) async throws {
        waitingRedactions = try await reader.eventStore.redactions(
            waitingFor: events.map { ($0.eventID, $0.sender.serverName) }, in: room.nid)
    }

    /// The event that a redaction redacts, when it may: one's own server's, or any with enough power.
    func redactionTarget(_ event: Event) async throws -> EventID? {
        guard event.type == EventType.redaction, event.stateKey == nil, let redacts = event.redacts else { return nil }
        if let target = try await knownEvent(redacts) {
            if target.event.type == EventType.create { return nil }
            if target.event.sender.serverName == event.sender.serverName { return redacts }
        }
        // Whoever has the power has it over what is still to come, too.
        let needed = try await self.state([.create, .powerLevels])
        let levels = AuthStateMap(needed.values.map(\.event)).powerLevels(in: try roomVersion())
        return levels.level(of: event.sender) >= levels.required(.redact) ? redacts : nil
    }

    /// The same for one that came from elsewhere, and that may come before what it redacts: it waits for it then.
    mutating func redactionTarget(orWait event: Event) async throws -> EventID? {
        if let target = try await redactionTarget(event) { return target }
        guard event.type == EventType.redaction, event.stateKey == nil, let redacts = event.redacts,
            try await knownEvent(redacts) == nil
        else { return nil }
        try await reader.eventStore.keep(
            waiting: event.eventID, of: redacts, by: event.sender.serverName, in: room.nid)
        waitingRedactions[redacts, default: []].append(event.eventID)
        // Whoever stored what it redacts before that has not seen it wait.
        return try await redactionTarget(event)
    }

    /// Whether it redacts nothing, or nothing that we know: clients must not see it, since they do what it says.
    mutating func isUselessRedaction(_ event: Event) async throws -> Bool {
        guard event.type == EventType.redaction, event.stateKey == nil, event.redacts != nil else { return false }
        return try await redactionTarget(orWait: event) == nil
    }

    /// Does to an event what waited for it. Where the event comes into the timeline, its redaction is shown as well.
    mutating func redactAsAsked(_ target: RoomEvent, isShown: Bool) async throws {
        guard let waiting = waitingRedactions[target.eventID], target.event.type != EventType.create else { return }
        for id in waiting {
            guard let redaction = try await knownEvent(id), redaction.event.redacts == target.eventID,
                redaction.event.sender.serverName == target.event.sender.serverName,
                redaction.stored.flags.isDisjoint(with: [.rejected, .outlier])
            else { continue }
            if isShown, redaction.isSoftFailed,
                try await receipt().presentRefusal(of: redaction.event, in: self) == nil
            {
                leaveOut(redaction.nid)
                // That notes what it redacts, too.
                _ = try await enter(
                    Entry(
                        event: redaction.event, earlier: redaction.nid, authEvents: redaction.stored.authEvents,
                        previous: [], stateBefore: redaction.stored.stateBefore, isLive: true))
            } else {
                note(redaction: target.eventID, by: redaction.nid)
            }
        }
    }

    private func knownEvent(_ id: EventID) async throws -> RoomEvent? {
        if let made = madeEvent(id) { return made }
        return try await reader.events.event(id, in: room)
    }
}
