import MatrixCore
import Rooms

/// Asks the push rules of users about one event, and works out once what they share.
struct EventEvaluation {
    /// A size at which no default rule says something else than for other sizes, as far as it notifies or highlights.
    static let anyMemberCount = 3

    private let event: Event
    private let state: RoomSnapshot
    private var evaluator: PushRuleEvaluator
    /// Names of members in the room, as far as they were asked for.
    private var displayNames: [UserID: String?] = [:]

    /// - Parameters:
    ///   - state: of the room just before the event.
    ///   - memberCount: of the room; `nil` when only what notifies or highlights by the default rules is asked for.
    ///   - withPowerLevels: whether a rule may ask whether the sender may notify the room.
    init(_ event: Event, state: RoomSnapshot, memberCount: Int?, withPowerLevels: Bool) async throws {
        self.event = event
        self.state = state
        var senderLevel: Int64 = 0
        var notificationLevels: [String: Int64] = [:]
        if withPowerLevels || Self.mentionsRoom(event) {
            let events = try await state.events([.create, StateKey(EventType.powerLevels)]).values.map(\.event)
            let levels = AuthStateMap(events).powerLevels(in: event.version)
            senderLevel = levels.level(of: event.sender).value
            notificationLevels["room"] = levels.required(notification: "room").value
            let content = events.first { $0.type == EventType.powerLevels }?.content
            if let levels = content?["notifications"]?.object {
                for (key, level) in levels where key != "room" { notificationLevels[key] = level.int }
            }
        }
        evaluator = PushRuleEvaluator(
            event: event.json, room: event.roomID, memberCount: memberCount ?? Self.anyMemberCount,
            senderLevel: senderLevel, notificationLevels: notificationLevels)
    }

    private static func mentionsRoom(_ event: Event) -> Bool { event.content["m.mentions"]?["room"]?.bool == true }

    /// What the default rules say: to most people the same.
    mutating func byDefault() -> PushVerdict { evaluator.verdict(of: DefaultPushRules.ruleset) }

    /// The ids that the event names: only to their users may the default rules say something else than to everybody.
    static func named(by event: Event) -> Set<String> {
        var ids = Set(event.content["m.mentions"]?["user_ids"]?.array?.lazy.compactMap(\.string) ?? [])
        if let user = event.memberUserID { ids.insert(user.description) }
        return ids
    }

    /// What the rules of one user say.
    mutating func outcome(for user: UserID, _ settings: UserPushSettings?) async throws -> PushOutcome? {
        if let settings, settings.ignored.contains(event.sender) { return nil }
        let rules = settings?.ruleset ?? DefaultPushRules.ruleset
        let name = evaluator.verdict(of: rules).asksForDisplayName ? try await displayName(of: user) : nil
        return evaluator.outcome(for: user, displayName: name, rules: rules)
    }

    private mutating func displayName(of user: UserID) async throws -> String? {
        if let known = displayNames[user] { return known }
        let name = try await state.content(EventType.member, user.description)?["displayname"]?.string
        displayNames[user] = .some(name)
        return name
    }
}
