package import MatrixCore
package import Storage

/// The event by which a user got out of a room that we are not in: an invite that was refused, or taken back. It is kept beside the
/// membership, since such a room has no graph here in which the event could stand.
package enum OutsideDeparture {
    private static let eventMember = "event"

    package static func kept(_ event: Event) -> [UInt8] {
        JSONWriter.write { writer in
            writer.object {
                $0.field(StrippedState.idMember, event.eventID)
                $0.field(StrippedState.versionMember, event.version.identifier)
                $0.field(eventMember, raw: event.bytes)
            }
        }
    }

    /// The event; `nil` when something else is kept, such as what came with an invite.
    package static func event(_ kept: [UInt8]) -> Event? {
        guard let json = (try? JSONDocument(parsing: kept))?.root, let body = json[eventMember],
            let eventID = json[StrippedState.idMember]?.string.flatMap({ EventID($0) }),
            let version = json[StrippedState.versionMember]?.string.flatMap({ RoomVersion($0) })
        else { return nil }
        return try? Event(stored: Array(body.rawBytes), eventID: eventID, version: version)
    }
}

/// What brought about a membership in a room that we are not in: an invite or a knock, or a ban that followed.
package struct OutsideStanding: Sendable {
    package let eventID: EventID
    package let sender: UserID
    /// The room's version as it was told with the event.
    package let version: RoomVersion

    /// - Parameter kept: what is kept beside the membership.
    package init?(_ kept: [UInt8], of user: UserID) {
        if let departure = OutsideDeparture.event(kept) {
            (eventID, sender, version) = (departure.eventID, departure.sender, departure.version)
            return
        }
        guard let own = StrippedState.own(of: user, in: kept),
            let eventID = own[StrippedState.idMember]?.string.flatMap({ EventID($0) }),
            let sender = own["sender"]?.string.flatMap({ UserID($0) }),
            let version = own[StrippedState.versionMember]?.string.flatMap({ RoomVersion($0) })
        else { return nil }
        (self.eventID, self.sender, self.version) = (eventID, sender, version)
    }
}

extension RoomReader {
    /// The events by which a user got out of rooms that we are not in, as far as there are such.
    ///
    /// Cost: one query for all; one more when somebody else sent some of them.
    package func outsideDepartures(
        from rooms: [RoomNID], of user: UserRecord
    ) async throws -> [RoomNID: RoomEvent] {
        guard !rooms.isEmpty else { return [:] }
        let events = try await memberships.strippedStates(of: rooms, toldTo: user.nid)
            .compactMapValues { OutsideDeparture.event($0) }.filter { $0.value.memberUserID == user.userID }
        let others = Set(events.values.map(\.sender)).subtracting([user.userID])
        var senders = [user.userID: user.nid]
        if !others.isEmpty {
            senders.merge(try await interning.knownUsers(Array(others)).mapValues(\.nid)) { mine, _ in mine }
        }
        var found: [RoomNID: RoomEvent] = [:]
        for (room, event) in events {
            // It has no number: nothing is ever looked up by it.
            let new = NewEvent(
                nid: EventNID(0), event: event, isLive: false, senderNID: senders[event.sender] ?? UserNID(0),
                stateKeyNID: nil, flags: .outlier, stateBefore: nil, authEvents: [])
            found[room] = RoomEvent(stored: StoredEvent(new, in: room, at: 0), event: event)
        }
        return found
    }
}
