package import MatrixCore
package import Storage

/// Renders events as one viewer sees them: redacted ones pruned, `unsigned` filled in.
package struct EventRenderer: Sendable {
    private let reader: RoomReader

    package init(reader: RoomReader) { self.reader = reader }

    /// Who asks, from which device, and when.
    package struct Context: Sendable {
        package let user: UserRecord?
        package let deviceID: String?
        package let now: Int64
        /// `false` where the room is clear from the place, as in `/sync`.
        package let includesRoomID: Bool

        package init(user: UserRecord?, deviceID: String?, now: Int64, includesRoomID: Bool) {
            self.user = user
            self.deviceID = deviceID
            self.now = now
            self.includesRoomID = includesRoomID
        }
    }

    /// The events in client format, in the order given.
    ///
    /// Cost: what differs by viewer is looked up in the state trees, from memory when they are warm.
    package func render(
        _ events: [RoomEvent], in room: RoomRecord, for context: Context
    ) async throws -> [[UInt8]] {
        let redactions = try await reader.events.events(Set(events.compactMap(\.stored.redactedBy)), in: room)
        let replaced = try await replacedEvents(events, in: room)
        var memberships: [StateRoot: Membership?] = [:]
        var rendered: [[UInt8]] = []
        rendered.reserveCapacity(events.count)
        for event in events {
            var unsigned = ClientEventUnsigned()
            unsigned.age = max(0, context.now - event.event.originServerTS)
            if let transaction = event.stored.transaction, transaction.deviceID == context.deviceID,
                event.stored.senderNID == context.user?.nid
            {
                unsigned.transactionID = transaction.transactionID
            }
            if let previous = replaced[event.nid] {
                unsigned.replacesState = previous.eventID
                unsigned.prevContent = Array(try servedEvent(previous).content.rawBytes)
            }
            unsigned.membership = try await membership(at: event, in: room, context.user, &memberships)
            if let redaction = event.stored.redactedBy.flatMap({ redactions[$0] }) {
                unsigned.redactedBecause = redaction.event.clientFormat(includesRoomID: context.includesRoomID)
            }
            rendered.append(
                try servedEvent(event).clientFormat(includesRoomID: context.includesRoomID, unsigned: unsigned))
        }
        return rendered
    }

    /// The event as it may be shown: pruned when it was redacted.
    package func servedEvent(_ event: RoomEvent) throws -> Event {
        event.stored.redactedBy == nil ? event.event : try event.event.redacted()
    }

    /// The state events that some state events of the timeline replaced.
    private func replacedEvents(_ events: [RoomEvent], in room: RoomRecord) async throws -> [EventNID: RoomEvent] {
        var replaced: [EventNID: EventNID] = [:]
        for event in events {
            guard let key = event.stored.stateKeyNID, let before = event.stored.stateBefore else { continue }
            replaced[event.nid] = try await reader.tree(of: room, at: before).event(for: key)
        }
        guard !replaced.isEmpty else { return [:] }
        let found = try await reader.events.events(Set(replaced.values), in: room)
        return replaced.compactMapValues { found[$0] }
    }

    /// The requesting user's membership at the event.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#definition-clientevent_unsigneddata
    private func membership(
        at event: RoomEvent, in room: RoomRecord, _ user: UserRecord?, _ known: inout [StateRoot: Membership?]
    ) async throws -> Membership? {
        guard let user else { return nil }
        if event.event.memberUserID == user.userID { return event.event.membership }
        guard let before = event.stored.stateBefore else { return nil }
        if let membership = known[before] { return membership ?? .leave }
        let membership = try await reader.snapshot(of: room, at: before).membership(of: user.userID)
        known[before] = .some(membership)
        return membership ?? .leave
    }
}
