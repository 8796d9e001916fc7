/// The authorisation rules of a room version.
///
/// Rules are cited with their number in room version 12. Its rules 3 and 4 are 2 and 3 in all earlier versions; from
/// rule 5 on, v1 to v5 have the same numbers (their rule 4 is about aliases), and v6 to v11 have one less.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
package struct AuthRules: Sendable {
    let version: RoomVersion

    package init(version: RoomVersion) {
        self.version = version
    }

    /// An auth event as it was found: the event, and whether it was rejected.
    package struct AuthEvent: Sendable {
        package let event: Event
        package let isRejected: Bool

        package init(event: Event, isRejected: Bool) {
            self.event = event
            self.isRejected = isRejected
        }
    }

    // MARK: Rule 3

    /// Checks the choice of auth events: rules 1 to 3, which do not depend on the state of the room.
    ///
    /// - Parameters:
    ///   - authEvents: all events that the event names as its auth events. Whoever calls has found all of them.
    ///   - create: v12: the room's create event, found by the room's id, and whether it was rejected.
    package func checkAuthEvents(
        of event: Event, _ authEvents: [AuthEvent], create: AuthEvent?
    ) -> AuthVerdict {
        // v1-v10: too long for the specification, but not for the servers of its time.
        guard !event.hasLongKey else { return .refused("size limits", "the type or the state key is too long") }
        // Rule 1: a create event stands alone.
        if event.type == EventType.create { return checkCreate(event) }
        if version.authorization.impliesCreateEvent {
            // Rule 2 (v12): the room id must be that of an accepted create event.
            guard let create, !create.isRejected, create.event.type == EventType.create,
                event.roomID.createEventID == create.event.eventID
            else { return .refused("2", "the room's create event is missing or was rejected") }
        }
        // Rule 3.1 (all versions): not even the same event twice.
        guard !event.repeatsAuthEvents else { return .refused("3.1", "an auth event is named twice") }
        let selection = Set(selection(for: event))
        var seen: Set<StateKey> = []
        for authEvent in authEvents {
            // Rule 3.2 (all versions): an auth event must be one of those that the selection allows. Messages never are.
            guard let key = authEvent.event.fullStateKey, selection.contains(key) else {
                return .refused("3.2", "an auth event is none of those that the event may have")
            }
            // Rule 3.1 (all versions): no key twice.
            guard seen.insert(key).inserted else { return .refused("3.1", "two auth events have the same state key") }
            // Rule 3.3 (all versions): none of them rejected.
            guard !authEvent.isRejected else { return .refused("3.3", "an auth event was rejected") }
            // Rule 3.5 (v12; 2.5 in v6-v11): all of the same room.
            guard authEvent.event.roomID == event.roomID else {
                return .refused("3.5", "an auth event belongs to another room")
            }
        }
        // Rule 2.4 (v1-v11): the create event is among them.
        if !version.authorization.impliesCreateEvent, !seen.contains(.create) {
            return .refused("2.4 (v1-v11)", "no create event among the auth events")
        }
        return .allowed
    }

    // MARK: The rules against a state

    /// Checks an event against a state: all rules but those about its choice of auth events.
    ///
    /// Signatures have been verified before; the rules only look whether those that they ask for are there.
    package func check(_ event: Event, against state: some AuthState) -> AuthVerdict {
        // Rule 1.
        if event.type == EventType.create { return checkCreate(event) }
        guard let create = state.createEvent, create.roomID == event.roomID else {
            return .refused("2", "the room has no create event")
        }
        // Rule 4 (v12; 3 in v1-v11): a room that does not federate is for users of its creator's server.
        if create.content["m.federate"]?.bool == false, create.sender.serverName != event.sender.serverName {
            return .refused("4", "the room does not federate")
        }
        // Rule 4 (v1-v5).
        if version.authorization.hasAliasesRule, event.type == EventType.aliases { return checkAliases(event) }
        // Rule 5 (v1-v5, v12; 4 in v6-v11).
        if event.type == EventType.member {
            return MemberRules(version: version, event: event, state: state, create: create).check()
        }
        // Rule 6 (v1-v5, v12; 5 in v6-v11).
        guard state.membership(of: event.sender) == .join else { return .refused("6", "the sender is not in the room") }
        let levels = state.powerLevels(in: version)
        let senderLevel = levels.level(of: event.sender)
        // Rule 7 (v1-v5, v12; 6 in v6-v11).
        if event.type == EventType.thirdPartyInvite {
            return senderLevel >= levels.required(.invite)
                ? .allowed : .refused("7.1", "the sender's power level is too low to invite")
        }
        // Rule 8 (v1-v5, v12; 7 in v6-v11).
        guard senderLevel >= levels.required(type: event.type, isState: event.stateKey != nil) else {
            return .refused("8", "the sender's power level is too low for this type of event")
        }
        // Rule 9 (v1-v5, v12; 8 in v6-v11).
        if let stateKey = event.stateKey, stateKey.utf8.first == UInt8(ascii: "@"),
            !stateKey.utf8.elementsEqual(event.sender.description.utf8)
        {
            return .refused("9", "the state key is another user's id")
        }
        // Rule 10 (v1-v5, v12; 9 in v6-v11).
        if event.type == EventType.powerLevels {
            return PowerLevelRules(version: version, event: event, state: state, senderLevel: senderLevel).check()
        }
        // Rule 11 (v1-v2).
        if version.authorization.hasRedactionRule, event.type == EventType.redaction {
            return checkRedaction(event, senderLevel: senderLevel, levels: levels)
        }
        // Rule 11 (v12; 10 in v6-v11, 11 in v3-v5, 12 in v1-v2).
        return .allowed
    }

    // MARK: Rules of single types

    private func checkCreate(_ event: Event) -> AuthVerdict {
        // Rule 1.1 (all versions).
        guard event.prevEvents.isEmpty else { return .refused("1.1", "a create event with previous events") }
        if version.namesRoomByCreateEvent {
            // Rule 1.2 (v12): it names no room. As state it would be no event at all.
            guard event.json["room_id"] == nil else { return .refused("1.2", "a create event with a room id") }
        } else {
            // Rule 1.2 (v1-v11): the room belongs to its creator's server.
            guard event.roomID.serverName == event.sender.serverName else {
                return .refused("1.2", "the room id is of another server than the sender")
            }
        }
        // Rule 1.3 (all versions): a recognised version. Any other than the one that the rules are of is not recognised:
        // otherwise a room could be read by rules that it does not have.
        let named = event.content["room_version"]
        guard named?.stringEquals(version.identifier) ?? (version == .v1) else {
            return .refused("1.3", "the room version is not the one that it is read as")
        }
        // Rule 1.4 (v1-v10).
        if !version.authorization.creatorIsSender, event.content["creator"] == nil {
            return .refused("1.4 (v1-v10)", "a create event without a creator")
        }
        // Rule 1.4 (v12): additional creators are user ids.
        if version.authorization.hasPrivilegedCreators, let additional = event.content["additional_creators"] {
            guard let creators = additional.array, creators.allSatisfy({ $0.string.flatMap(UserID.init) != nil }) else {
                return .refused("1.4", "additional creators that are no user ids")
            }
        }
        return .allowed
    }

    private func checkAliases(_ event: Event) -> AuthVerdict {
        // Rule 4.1 (v1-v5).
        guard let stateKey = event.stateKey else { return .refused("4.1 (v1-v5)", "aliases without a state key") }
        // Rule 4.2 (v1-v5).
        guard stateKey.utf8.elementsEqual(event.sender.serverName.description.utf8) else {
            return .refused("4.2 (v1-v5)", "aliases of another server than the sender's")
        }
        return .allowed
    }

    private func checkRedaction(_ event: Event, senderLevel: PowerLevel, levels: PowerLevels) -> AuthVerdict {
        // Rule 11.1 (v1-v2).
        if senderLevel >= levels.required(.redact) { return .allowed }
        // Rule 11.2 (v1-v2): servers may redact their own events.
        if let redacts = event.redacts, let server = redacts.serverName, server == event.eventID.serverName {
            return .allowed
        }
        return .refused("11.3 (v1-v2)", "the sender's power level is too low to redact")
    }
}
