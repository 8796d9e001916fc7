/// Rule 5 (4 in v6-v11): member events.
///
/// - Spec: https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
struct MemberRules<State: AuthState> {
    let version: RoomVersion
    let event: Event
    let state: State
    let create: Event

    private var sender: UserID { event.sender }
    private var joinRule: String { state.joinRule }

    func check() -> AuthVerdict {
        // Rule 5.1 (all versions). A state key that is no user id has no membership to change.
        guard let target = event.stateKey.flatMap(UserID.init) else {
            return .refused("5.1", "a member event whose state key is no user id")
        }
        guard let text = event.content["membership"]?.string else {
            return .malformed("5.1", "a member event without a membership")
        }
        switch Membership(rawValue: text) {
        case .join: return checkAuthorisingSignature() ?? checkJoin(of: target)
        case .invite: return checkInvite(of: target)
        case .leave: return checkLeave(of: target)
        case .ban: return checkBan(of: target)
        case .knock where version.authorization.allowsKnocking: return checkKnock(of: target)
        // Rule 5.8 (5.6 in v1-v5, 4.6 in v6, 4.7 in v7).
        case .knock, nil: return .malformed("5.8", "an unknown membership")
        }
    }

    // MARK: Joining

    /// Rule 5.2 (v8-v12): whoever is named as having authorised a join must have signed it, even where the join does not
    /// rest on it. Signatures are verified on receipt; here it only has to be there. Other memberships that bear the key are
    /// let pass, as other implementations do.
    private func checkAuthorisingSignature() -> AuthVerdict? {
        guard version.authorization.allowsRestrictedJoins,
            let authorising = event.content["join_authorised_via_users_server"]
        else { return nil }
        // Rule 5.2.1 (v8-v12).
        guard let user = authorising.string.flatMap(UserID.init), event.hasSignature(of: user.serverName) else {
            return .refused("5.2.1", "the server of the user who authorised the join has not signed it")
        }
        return nil
    }

    /// Rule 5.3 (v8-v12; 5.2 in v1-v5, 4.2 in v6-v7).
    private func checkJoin(of target: UserID) -> AuthVerdict {
        // Rule 5.3.1 (all versions): the creator joins right after the create event. Named twice it is not the only
        // previous event; other implementations count in this way.
        if event.prevEvents == [create.eventID], !event.repeatsPrevEvents, isCreator(target) { return .allowed }
        // Rule 5.3.2 (all versions).
        guard target == sender else { return .refused("5.3.2", "a join on behalf of somebody else") }
        let membership = state.membership(of: target)
        // Rule 5.3.3 (all versions).
        guard membership != .ban else { return .refused("5.3.3", "the user is banned") }
        switch joinRule {
        // Rule 5.3.4 (all versions; `knock` from v7).
        case "invite":
            return allow(if: membership == .invite || membership == .join, "5.3.4", "the user is not invited")
        case "knock" where version.authorization.allowsKnocking:
            return allow(if: membership == .invite || membership == .join, "5.3.4", "the user is not invited")
        // Rule 5.3.5 (v8-v12; `knock_restricted` from v10).
        case "restricted" where version.authorization.allowsRestrictedJoins:
            return checkRestrictedJoin(membership)
        case "knock_restricted" where version.authorization.allowsKnockRestrictedJoins:
            return checkRestrictedJoin(membership)
        // Rule 5.3.6 (all versions).
        case "public": return .allowed
        // Rule 5.3.7 (all versions).
        default: return .refused("5.3.7", "the room's join rule lets nobody join")
        }
    }

    private func checkRestrictedJoin(_ membership: Membership?) -> AuthVerdict {
        // Rule 5.3.5.1 (v8-v12).
        if membership == .join || membership == .invite { return .allowed }
        // Rule 5.3.5.2 (v8-v12).
        guard let user = event.content["join_authorised_via_users_server"]?.string.flatMap(UserID.init) else {
            return .refused("5.3.5.2", "nobody authorised the join")
        }
        let levels = state.powerLevels(in: version)
        guard state.membership(of: user) == .join, levels.level(of: user) >= levels.required(.invite) else {
            return .refused("5.3.5.2", "the user who authorised the join may not invite")
        }
        return .allowed
    }

    private func isCreator(_ user: UserID) -> Bool {
        // v1-v10: `creator`; v11 and v12: the sender, additional creators join as everybody else does.
        version.authorization.creatorIsSender
            ? create.sender == user : create.content["creator"]?.stringEquals(user.description) ?? false
    }

    // MARK: Inviting

    /// Rule 5.4 (v8-v12; 5.3 in v1-v5, 4.3 in v6-v7).
    private func checkInvite(of target: UserID) -> AuthVerdict {
        let membership = state.membership(of: target)
        if let invite = event.content["third_party_invite"] {
            return ThirdPartyInviteRules(event: event, state: state).check(invite, of: target, membership: membership)
        }
        // Rule 5.4.2 (all versions).
        guard state.membership(of: sender) == .join else { return .refused("5.4.2", "the sender is not in the room") }
        // Rule 5.4.3 (all versions).
        guard membership != .join, membership != .ban else {
            return .refused("5.4.3", "the user is in the room already, or banned")
        }
        // Rules 5.4.4 and 5.4.5 (all versions).
        let levels = state.powerLevels(in: version)
        return allow(
            if: levels.level(of: sender) >= levels.required(.invite), "5.4.5",
            "the sender's power level is too low to invite")
    }

    // MARK: Leaving

    /// Rule 5.5 (v8-v12; 5.4 in v1-v5, 4.4 in v6-v7).
    private func checkLeave(of target: UserID) -> AuthVerdict {
        // Rule 5.5.1 (all versions; `knock` from v7).
        if target == sender {
            let membership = state.membership(of: target)
            let isThere =
                membership == .invite || membership == .join
                || (membership == .knock && version.authorization.allowsKnocking)
            return allow(if: isThere, "5.5.1", "the user has nothing to leave")
        }
        // Rule 5.5.2 (all versions).
        guard state.membership(of: sender) == .join else { return .refused("5.5.2", "the sender is not in the room") }
        let levels = state.powerLevels(in: version)
        let senderLevel = levels.level(of: sender)
        // Rule 5.5.3 (all versions).
        if state.membership(of: target) == .ban, senderLevel < levels.required(.ban) {
            return .refused("5.5.3", "the sender's power level is too low to lift a ban")
        }
        // Rules 5.5.4 and 5.5.5 (all versions).
        let mayKick = senderLevel >= levels.required(.kick) && levels.level(of: target) < senderLevel
        return allow(if: mayKick, "5.5.5", "the sender's power level is too low to kick this user")
    }

    /// Rule 5.6 (v8-v12; 5.5 in v1-v5, 4.5 in v6-v7).
    private func checkBan(of target: UserID) -> AuthVerdict {
        // Rule 5.6.1 (all versions).
        guard state.membership(of: sender) == .join else { return .refused("5.6.1", "the sender is not in the room") }
        // Rules 5.6.2 and 5.6.3 (all versions).
        let levels = state.powerLevels(in: version)
        let senderLevel = levels.level(of: sender)
        let mayBan = senderLevel >= levels.required(.ban) && levels.level(of: target) < senderLevel
        return allow(if: mayBan, "5.6.3", "the sender's power level is too low to ban this user")
    }

    /// Rule 5.7 (v8-v12; 4.6 in v7).
    private func checkKnock(of target: UserID) -> AuthVerdict {
        // Rule 5.7.1 (v7-v12; `knock_restricted` from v10).
        let allowsKnocking =
            joinRule == "knock" || (joinRule == "knock_restricted" && version.authorization.allowsKnockRestrictedJoins)
        guard allowsKnocking else { return .refused("5.7.1", "the room's join rule does not allow knocking") }
        // Rule 5.7.2 (v7-v12).
        guard target == sender else { return .refused("5.7.2", "a knock on behalf of somebody else") }
        // Rules 5.7.3 and 5.7.4 (v7-v12).
        switch state.membership(of: target) {
        case .ban, .invite, .join: return .refused("5.7.4", "the user is banned, invited or in the room")
        case .knock, .leave, nil: return .allowed
        }
    }

    private func allow(if condition: Bool, _ rule: String, _ reason: String) -> AuthVerdict {
        condition ? .allowed : .refused(rule, reason)
    }
}
