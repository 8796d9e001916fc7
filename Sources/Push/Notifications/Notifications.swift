package import Cluster
package import MatrixCore
package import Rooms
package import Storage

/// Decides whom events notify, when they are written.
///
/// Each set of rules is asked once about an event, however many members have it: most have the default rules, and to those
/// whom an event does not name these say the same. Whoever has rules of their own, ignores somebody, is mentioned or
/// invited is looked at alone, for what their rules left open.
///
/// Cost: a few microseconds, and a dictionary look-up for each member; queries only for users not seen lately.
package final class Notifications: NotificationPolicy {
    private let settings: UserPushCache
    private let counts: MemberCounts
    private let interning: Interning
    private let invitePermissions: InvitePermissions

    package init(
        rules: PushRuleStore, accountData: AccountDataStore, memberships: MembershipStore, interning: Interning,
        feed: LogFeed
    ) {
        let settings = UserPushCache(rules: rules, accountData: accountData)
        let counts = MemberCounts(memberships: memberships)
        self.settings = settings
        self.counts = counts
        self.interning = interning
        invitePermissions = InvitePermissions(store: accountData, feed: feed)
        _ = feed.observe { row in
            settings.apply(row)
            counts.apply(row)
        }
    }

    package func decide(
        for event: Event, number: EventNID, in room: RoomRecord, members: [UserNID], state: RoomSnapshot
    ) async throws -> NotificationDecision {
        let sender = try await interning.user(event.sender).nid
        let hidden = try await userWhoIsNotTold(of: event)
        let others = members.filter { $0 != sender && $0 != hidden }
        guard !others.isEmpty else { return .silent }
        let special = try await settings.special(among: others)
        let hasOwnRules = special.values.contains { $0.ruleset != nil }
        var evaluation = try await EventEvaluation(
            event, state: state, memberCount: hasOwnRules ? try await counts.joined(in: room.nid) : nil,
            withPowerLevels: hasOwnRules)
        let byDefault = evaluation.byDefault()
        let named = byDefault.isPersonal ? try await named(by: event, among: others) : []
        let alone = special.isEmpty && named.isEmpty ? [] : others.filter { special[$0] != nil || named.contains($0) }
        var decision = NotificationDecision(notifiesByDefault: byDefault.common?.notifies ?? false)
        let names = alone.isEmpty ? [:] : try await interning.users(alone)
        for user in alone {
            guard let name = names[user]?.userID else { continue }
            decision.note(try await evaluation.outcome(for: name, special[user]), for: user, number)
        }
        if byDefault.common?.highlights == true {
            let aloneSet = Set(alone)
            for user in others where !aloneSet.contains(user) { decision.note(byDefault.common, for: user, number) }
        }
        return decision
    }

    /// What the rules of a user say now, for the way in which a notification is presented.
    func outcome(for user: UserRecord, _ event: Event, state: RoomSnapshot) async throws -> PushOutcome? {
        let special = try await settings.special(among: [user.nid])[user.nid]
        var evaluation = try await EventEvaluation(
            event, state: state, memberCount: try await counts.joined(in: state.room.nid), withPowerLevels: true)
        return try await evaluation.outcome(for: user.userID, special)
    }

    /// Whom an event invites who does not want to know.
    private func userWhoIsNotTold(of event: Event) async throws -> UserNID? {
        guard event.membership == .invite, let target = event.memberUserID,
            let invited = try await interning.knownUser(target)
        else { return nil }
        let permission = try await invitePermissions.permission(of: invited.nid)
        return permission.shows(inviteFrom: event.sender) ? nil : invited.nid
    }

    /// What the rules of a user say of an invite to a room of which we know nothing else.
    func outcome(for user: UserRecord, invitedBy invite: ToldInvite, to room: RoomID) async throws -> PushOutcome? {
        let special = try await settings.special(among: [user.nid])[user.nid]
        if let special, special.ignored.contains(invite.sender) { return nil }
        guard try await invitePermissions.permission(of: user.nid).shows(inviteFrom: invite.sender) else { return nil }
        var evaluator = PushRuleEvaluator(
            event: invite.event, room: room, memberCount: EventEvaluation.anyMemberCount, senderLevel: 0,
            notificationLevels: [:])
        return evaluator.outcome(
            for: user.userID, displayName: nil, rules: special?.ruleset ?? DefaultPushRules.ruleset)
    }

    /// The members whom the event mentions or invites.
    private func named(by event: Event, among members: [UserNID]) async throws -> Set<UserNID> {
        let ids = EventEvaluation.named(by: event)
        guard !ids.isEmpty else { return [] }
        let users = try await interning.users(members)
        return Set(users.values.lazy.filter { ids.contains($0.userID.description) }.map(\.nid))
    }
}

extension NotificationDecision {
    /// Writes down what holds for a user, if it is not what holds for all. That it highlights never is.
    fileprivate mutating func note(_ outcome: PushOutcome?, for user: UserNID, _ event: EventNID) {
        let (notifies, highlights) = (outcome?.notifies ?? false, outcome?.highlights ?? false)
        guard notifies != notifiesByDefault || highlights else { return }
        exceptions.append(
            NotificationException(userNID: user, eventNID: event, notifies: notifies, highlights: highlights))
    }
}
