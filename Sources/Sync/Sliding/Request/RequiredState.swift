import MatrixCore

/// Which state events of a room a client wants.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
package struct RequiredState: Hashable, Sendable {
    /// A rule; what is `nil` matches everything.
    package struct Element: Hashable, Sendable, Comparable {
        package let type: String?
        package let stateKey: String?

        package init(type: String?, stateKey: String?) {
            self.type = type
            self.stateKey = stateKey
        }

        func matches(_ key: StateKey) -> Bool {
            (type.map { $0.utf8.elementsEqual(key.type.utf8) } ?? true)
                && (stateKey.map { $0.utf8.elementsEqual(key.key.utf8) } ?? true)
        }

        package static func < (left: Element, right: Element) -> Bool {
            (left.type ?? "", left.stateKey ?? "", left.type == nil ? 0 : 1, left.stateKey == nil ? 0 : 1)
                < (right.type ?? "", right.stateKey ?? "", right.type == nil ? 0 : 1, right.stateKey == nil ? 0 : 1)
        }
    }

    /// The state key that stands for the user who asks.
    package static let me = "$ME"
    /// Rules of one list; more are refused.
    package static let maxElements = 200

    /// In order and without repetition, so that equal wishes are equal values.
    package let include: [Element]
    package let exclude: [Element]
    /// Members are told when somebody needs them, besides those whose state key is named.
    package let lazyMembers: Bool

    package init(include: some Sequence<Element>, exclude: some Sequence<Element> = [], lazyMembers: Bool = false) {
        self.include = Set(include).sorted()
        self.exclude = Set(exclude).sorted()
        self.lazyMembers = lazyMembers
    }

    package static let nothing = RequiredState(include: [])

    fileprivate func naming(_ user: UserID) -> RequiredState {
        func named(_ element: Element) -> Element {
            element.stateKey == Self.me ? Element(type: element.type, stateKey: user.description) : element
        }
        return RequiredState(include: include.map(named), exclude: exclude.map(named), lazyMembers: lazyMembers)
    }

    /// Whether the state is wanted by itself, not only when somebody needs it.
    func matches(_ key: StateKey) -> Bool {
        let isLazy = lazyMembers && key.type == EventType.member
        // With lazy members a rule for all state, or for all members, means all others.
        guard include.contains(where: { $0.matches(key) && !(isLazy && $0.stateKey == nil) }) else { return false }
        return !exclude.contains { $0.matches(key) }
    }

    /// The keys that the rules name, when they name nothing but single keys.
    var exactKeys: [StateKey]? {
        var keys: [StateKey] = []
        for element in include {
            guard let type = element.type, let key = element.stateKey else { return nil }
            keys.append(StateKey(type, key))
        }
        return keys
    }
}

/// How much of a room a client wants: the most of what the rules want that match the room.
///
/// Rules are kept apart and what any of them wants is told, so that nothing has to be merged.
package struct SlidingRoomConfig: Hashable, Sendable {
    package private(set) var timelineLimit: Int
    private(set) var required: RequiredStates

    package init(timelineLimit: Int, requiredState: RequiredState) {
        self.timelineLimit = timelineLimit
        required = RequiredStates([requiredState])
    }

    mutating func combine(with other: SlidingRoomConfig) {
        timelineLimit = max(timelineLimit, other.timelineLimit)
        guard required != other.required else { return }
        required = RequiredStates(required.rules + other.required.rules.filter { !required.rules.contains($0) })
    }

    mutating func name(_ user: UserID) { required = RequiredStates(required.rules.map { $0.naming(user) }) }
}

/// What several rules want of a room's state together.
struct RequiredStates: Hashable, Sendable {
    let rules: [RequiredState]
    /// Compared instead of the rules, once for each of a thousand rooms. It is made with a key that only this process has, so
    /// that nobody can find two that look alike.
    private let digest: Int

    static let nothing = RequiredStates([])

    init(_ rules: [RequiredState]) {
        self.rules = rules.sorted {
            ($0.include, $0.exclude, $0.lazyMembers ? 1 : 0) < ($1.include, $1.exclude, $1.lazyMembers ? 1 : 0)
        }
        var hasher = Hasher()
        hasher.combine(self.rules)
        digest = hasher.finalize()
    }

    static func == (left: RequiredStates, right: RequiredStates) -> Bool {
        left.digest == right.digest && left.rules.count == right.rules.count
    }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    var lazyMembers: Bool { rules.contains(where: \.lazyMembers) }

    func matches(_ key: StateKey) -> Bool { rules.contains { $0.matches(key) } }

    /// All keys that are wanted, when they are named one by one.
    var exactKeys: [StateKey]? {
        var keys: Set<StateKey> = []
        for rule in rules {
            guard let exact = rule.exactKeys else { return nil }
            for key in exact where rule.matches(key) { keys.insert(key) }
        }
        return Array(keys)
    }

    /// The same without the member event of one user, if that is named: what then is left many want.
    func besides(_ user: UserID) -> (others: RequiredStates, namesUser: Bool) {
        let own = RequiredState.Element(type: EventType.member, stateKey: user.description)
        guard rules.contains(where: { $0.include.contains(own) }) else { return (self, false) }
        let others = rules.map { rule in
            RequiredState(
                include: rule.include.filter { $0 != own }, exclude: rule.exclude, lazyMembers: rule.lazyMembers)
        }
        return (RequiredStates(others), matches(StateKey(EventType.member, user.description)))
    }

    /// Whether everything that `other` wants is wanted here too, as far as that is easily seen.
    func covers(_ other: RequiredStates) -> Bool {
        self == other || other.rules.allSatisfy { rule in rules.contains { $0.covers(rule) } }
    }
}

extension RequiredState {
    fileprivate func covers(_ other: RequiredState) -> Bool {
        if self == other { return true }
        return exclude.isEmpty && lazyMembers == other.lazyMembers && Set(include).isSuperset(of: other.include)
    }
}

private func < (
    left: ([RequiredState.Element], [RequiredState.Element], Int),
    right: ([RequiredState.Element], [RequiredState.Element], Int)
) -> Bool {
    if left.0 != right.0 { return left.0.lexicographicallyPrecedes(right.0) }
    if left.1 != right.1 { return left.1.lexicographicallyPrecedes(right.1) }
    return left.2 < right.2
}
