/// One of the conditions of an override or underride rule, as it was given and as it is asked.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#conditions-1
package struct PushCondition: Hashable, Sendable {
    enum Test: Hashable, Sendable {
        case eventMatch(PropertyPath, Glob)
        case eventPropertyIs(PropertyPath, JSONValue)
        case eventPropertyContains(PropertyPath, JSONValue)
        case containsDisplayName
        case roomMemberCount(MemberCount)
        case senderNotificationPermission(String)
        /// `event_match` with the id of the rule's user as its pattern.
        case eventMatchesUser(PropertyPath)
        /// `event_property_contains` with the id of the rule's user as its value.
        case eventPropertyContainsUser(PropertyPath)
        /// Kinds from the future, and known kinds with parameters that make no sense.
        case never

        /// Whether the answer depends on whose rule it is.
        var isPersonal: Bool {
            switch self {
            case .containsDisplayName, .eventMatchesUser, .eventPropertyContainsUser: true
            default: false
            }
        }
    }

    /// The condition with all its keys, also those that we do not know. One that speaks of its user lacks the user's id;
    /// clients are shown what is personal to them.
    package let json: JSONValue
    let test: Test

    /// `nil` when it is no object, or has no kind. Unknown kinds are kept, and never match.
    package init?(_ json: JSONValue) {
        guard let kind = json["kind"]?.string else { return nil }
        self.json = json
        test = Self.test(kind, json) ?? .never
    }

    private init(json: JSONValue, test: Test) {
        self.json = json
        self.test = test
    }

    private static func test(_ kind: String, _ json: JSONValue) -> Test? {
        let key = json["key"]?.string
        switch kind {
        case "event_match":
            guard let key, let pattern = json["pattern"]?.string else { return nil }
            return Glob(pattern, extent: key == "content.body" ? .words : .wholeText).map {
                .eventMatch(PropertyPath(key), $0)
            }
        case "event_property_is":
            guard let key, let value = json["value"], value.isSimple else { return nil }
            return .eventPropertyIs(PropertyPath(key), value)
        case "event_property_contains":
            guard let key, let value = json["value"], value.isSimple else { return nil }
            return .eventPropertyContains(PropertyPath(key), value)
        case "contains_display_name": return .containsDisplayName
        case "room_member_count": return json["is"]?.string.flatMap(MemberCount.init).map { .roomMemberCount($0) }
        case "sender_notification_permission": return key.map { .senderNotificationPermission($0) }
        default: return nil
        }
    }

    /// Whether it is known and its parameters make sense: what a client may set. Unknown kinds may be set, too.
    package var isUsable: Bool {
        if test != .never { return true }
        return !Self.knownKinds.contains(json["kind"]?.string ?? "")
    }

    private static let knownKinds: Set<String> = [
        "event_match", "event_property_is", "event_property_contains", "room_member_count",
        "sender_notification_permission",
    ]

    package static func eventMatch(_ key: String, _ pattern: String) -> PushCondition {
        let json: JSONValue = ["kind": "event_match", "key": .string(key), "pattern": .string(pattern)]
        return PushCondition(json: json, test: test("event_match", json) ?? .never)
    }

    package static func propertyIs(_ key: String, _ value: JSONValue) -> PushCondition {
        PushCondition(
            json: ["kind": "event_property_is", "key": .string(key), "value": value],
            test: .eventPropertyIs(PropertyPath(key), value))
    }

    package static func propertyContains(_ key: String, _ value: JSONValue) -> PushCondition {
        PushCondition(
            json: ["kind": "event_property_contains", "key": .string(key), "value": value],
            test: .eventPropertyContains(PropertyPath(key), value))
    }

    /// The property is the id of the user whose rule it is.
    static func eventMatchesUser(_ key: String) -> PushCondition {
        PushCondition(json: ["kind": "event_match", "key": .string(key)], test: .eventMatchesUser(PropertyPath(key)))
    }

    /// The property is an array with the id of the user whose rule it is.
    static func propertyContainsUser(_ key: String) -> PushCondition {
        PushCondition(
            json: ["kind": "event_property_contains", "key": .string(key)],
            test: .eventPropertyContainsUser(PropertyPath(key)))
    }

    /// The same condition with the user's id written out where it speaks of its user.
    func personal(to user: UserID) -> PushCondition {
        switch test {
        case .eventMatchesUser(let path): .eventMatch(path.text, user.description)
        case .eventPropertyContainsUser(let path): .propertyContains(path.text, .string(user.description))
        default: self
        }
    }

    package static func memberCountIs(_ count: Int) -> PushCondition {
        PushCondition(
            json: ["kind": "room_member_count", "is": .string(String(count))],
            test: .roomMemberCount(MemberCount(comparison: .equal, count: count)))
    }

    package static func senderMayNotify(_ key: String) -> PushCondition {
        PushCondition(
            json: ["kind": "sender_notification_permission", "key": .string(key)],
            test: .senderNotificationPermission(key))
    }

    package static let containsDisplayName = PushCondition(
        json: ["kind": "contains_display_name"], test: .containsDisplayName)
}

extension PushCondition {
    /// `2`, `==2`, `<10`, `>=3`...
    struct MemberCount: Hashable, Sendable {
        enum Comparison: String, CaseIterable, Hashable, Sendable {
            // Longer ones first, so that `<=` is not read as `<`.
            case equal = "=="
            case atMost = "<="
            case atLeast = ">="
            case less = "<"
            case more = ">"
        }

        let comparison: Comparison
        let count: Int

        init(comparison: Comparison, count: Int) {
            self.comparison = comparison
            self.count = count
        }

        init?(_ text: String) {
            let comparison = Comparison.allCases.first { text.utf8.starts(with: $0.rawValue.utf8) }
            let digits = text.utf8.dropFirst(comparison?.rawValue.utf8.count ?? 0)
            guard !digits.isEmpty, digits.allSatisfy(IdentifierGrammar.isDigit),
                let count = Int(String(Substring(digits)))
            else {
                return nil
            }
            self.init(comparison: comparison ?? .equal, count: count)
        }

        func holds(_ members: Int) -> Bool {
            switch comparison {
            case .equal: members == count
            case .atMost: members <= count
            case .atLeast: members >= count
            case .less: members < count
            case .more: members > count
            }
        }
    }
}

extension JSONValue {
    /// A string, an integer that canonical JSON has, a boolean or `null`.
    var isSimple: Bool {
        switch self {
        case .null, .bool, .string: true
        case .integer(let value): JSONNumber.isCanonical(value)
        case .float, .array, .object: false
        }
    }
}
