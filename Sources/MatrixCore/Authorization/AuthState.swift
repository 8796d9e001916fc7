/// A state that an event is checked against: the events that the rules look at.
///
/// The create event must always be there, in versions that do not have it among the auth events too.
package protocol AuthState {
    /// The event that holds a key, or `nil`. The rules ask only for what ``AuthRules/selection(for:)`` selects, for
    /// `m.room.create` and, for a join by invitation, for nothing else.
    func event(_ key: StateKey) -> Event?
}

/// A state in a dictionary.
package struct AuthStateMap: AuthState, Sendable {
    package private(set) var events: [StateKey: Event] = [:]

    package init() {}

    /// The state that some events make, the later ones replacing earlier ones with the same key. Events that are no state
    /// are left out.
    package init(_ events: some Sequence<Event>) {
        for event in events { insert(event) }
    }

    package mutating func insert(_ event: Event) {
        if let key = event.fullStateKey { events[key] = event }
    }

    package func event(_ key: StateKey) -> Event? { events[key] }
}

extension AuthState {
    var createEvent: Event? { event(.create) }

    func membership(of user: UserID) -> Membership? {
        event(.member(user)).flatMap { Membership(content: $0.content) }
    }

    /// The power levels in force.
    package func powerLevels(in version: RoomVersion) -> PowerLevels {
        PowerLevels(event: event(.powerLevels), create: createEvent, version: version)
    }

    /// `join_rule`; a room without such an event, or with one that does not say, is by invitation.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mroomjoin_rules
    var joinRule: String {
        guard let rule = event(.joinRules)?.content["join_rule"] else { return "invite" }
        return rule.string ?? ""
    }
}
