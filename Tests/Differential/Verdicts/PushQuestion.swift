import MatrixCore

/// Which of some push conditions and patterns hold for an event.
struct PushQuestion {
    private let event: JSONView
    private let room: RoomID
    private let user: UserID
    private let displayName: String?
    private let memberCount: Int
    private let senderLevel: Int64
    private let notificationLevels: [String: Int64]
    private let rules: JSONArrayView

    init(_ question: JSONView) throws(BadQuestion) {
        event = try question.required("event")
        guard let room = RoomID(try question.text("room")) else { throw BadQuestion("room") }
        guard let user = UserID(try question.text("user")) else { throw BadQuestion("user") }
        self.room = room
        self.user = user
        displayName = question["display_name"]?.string
        memberCount = try question.number("members")
        senderLevel = Int64(try question.number("sender_level"))
        var levels: [String: Int64] = [:]
        if let given = try question.required("notifications").object {
            for (key, level) in given { levels[key] = level.int }
        }
        notificationLevels = levels
        rules = try question.list("rules")
    }

    /// For each rule, asked alone, whether it matches.
    func answer() throws -> [UInt8] {
        var matches: [JSONValue] = []
        for rule in rules {
            let kind: PushRuleKind = rule["pattern"] == nil ? .override : .content
            let conditions = (rule["conditions"]?.array.map { Array($0) } ?? []).map { PushCondition($0.value()) }
            guard !conditions.contains(nil) else { throw BadQuestion("conditions") }
            let asked = PushRule(
                id: "asked", conditions: conditions.compactMap { $0 }, pattern: rule["pattern"]?.string,
                actions: [.notify])
            var evaluator = PushRuleEvaluator(
                event: event, room: room, memberCount: memberCount, senderLevel: senderLevel,
                notificationLevels: notificationLevels)
            let outcome = evaluator.outcome(
                for: user, displayName: displayName, rules: PushRuleset([kind: [asked]]))
            matches.append(.bool(outcome != nil))
        }
        return JSONWriter.write { $0.object { $0.field("matches", .array(matches)) } }
    }
}
