/// How rooms of one version work, as data: what an algorithm does differently somewhere is a switch here, never a
/// comparison of version names there.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/
package struct RoomVersion: Hashable, Sendable, CustomStringConvertible {
    /// How an event is named.
    package enum EventIDFormat: Hashable, Sendable {
        /// The sender's server chose it, and it is part of the event.
        case chosen
        /// The reference hash in base64.
        case hash
        /// The reference hash in URL-safe base64.
        case urlSafeHash
    }

    package enum StateResolution: Hashable, Sendable {
        case v1, v2
        /// Starts from no state, and considers the conflicted subgraph (MSC4297).
        case v2_1
    }

    /// `"10"`, as `m.room.create` has it.
    package private(set) var identifier: String
    /// Whether servers should let new rooms have this version.
    package internal(set) var isStable = true

    // MARK: Format of events

    package internal(set) var eventIDFormat = EventIDFormat.chosen
    /// The room id is the create event's id with another sigil, and the create event has none.
    package internal(set) var namesRoomByCreateEvent = false
    /// Events must be canonical JSON as they come: no fractions, no integers beyond 53 bits.
    package internal(set) var enforcesCanonicalJSON = false
    /// A type or state key of more than 255 bytes makes it no event. Before, servers counted characters, and so there are
    /// rooms that build on such events: those are rejected, but kept.
    package internal(set) var dropsLongKeys = false
    /// A signature counts only when its key was valid at the time that the event gives.
    package internal(set) var enforcesKeyValidity = false
    /// `redacts` of a redaction is in its content.
    package internal(set) var hasRedactsInContent = false
    package internal(set) var redaction = RedactionRules()

    // MARK: Algorithms

    package internal(set) var authorization = AuthorizationSwitches()
    package internal(set) var stateResolution = StateResolution.v1

    init(identifier: String) {
        self.identifier = identifier
    }

    /// A version like this one under another name, to be changed where it differs.
    func successor(_ identifier: String, _ change: (inout RoomVersion) -> Void) -> RoomVersion {
        var next = self
        next.identifier = identifier
        change(&next)
        return next
    }

    /// The highest depth that an event may have, and that an event gets when its predecessors are at the limit.
    package var maximumDepth: Int64 {
        enforcesCanonicalJSON ? JSONNumber.largestExact : .max
    }

    package var description: String { identifier }

    package static func == (left: RoomVersion, right: RoomVersion) -> Bool {
        left.identifier == right.identifier
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(identifier)
    }
}

/// What the redaction algorithm keeps beyond what every version keeps.
package struct RedactionRules: Hashable, Sendable {
    /// Top-level `origin`, `membership` and `prev_state`.
    package internal(set) var keepsHistoricalKeys = true
    /// `aliases` of `m.room.aliases`.
    package internal(set) var keepsAliases = true
    /// `allow` of `m.room.join_rules`.
    package internal(set) var keepsJoinRuleAllow = false
    /// `join_authorised_via_users_server` of `m.room.member`.
    package internal(set) var keepsAuthorisingUser = false
    /// The whole content of `m.room.create`, `redacts` of `m.room.redaction`, `invite` of `m.room.power_levels`, and
    /// `signed` of `third_party_invite` of `m.room.member`.
    package internal(set) var keepsVersion11Content = false
}

/// Where the authorisation rules of versions differ.
package struct AuthorizationSwitches: Hashable, Sendable {
    /// `m.room.aliases` is allowed to the server that its state key names, and to nobody else.
    package internal(set) var hasAliasesRule = true
    /// Redactions are decided by the rules, not when they are applied.
    package internal(set) var hasRedactionRule = true
    /// Changes to `notifications` of the power levels are checked.
    package internal(set) var checksNotificationLevels = false
    package internal(set) var allowsKnocking = false
    package internal(set) var allowsRestrictedJoins = false
    package internal(set) var allowsKnockRestrictedJoins = false
    /// Power levels must be integers, not strings that hold integers.
    package internal(set) var requiresIntegerPowerLevels = false
    /// The creator is the sender of the create event, not its `creator`.
    package internal(set) var creatorIsSender = false
    /// Creators stand above all power levels, and there may be additional ones.
    package internal(set) var hasPrivilegedCreators = false
    /// The create event is implied by the room id, and is no auth event.
    package internal(set) var impliesCreateEvent = false
}
