/// The name of one place of a room's state: an event type and a state key.
///
/// Compared and ordered by bytes: Swift takes `é` written in two ways for equal, Matrix does not.
package struct StateKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let type: String
    package let key: String

    package init(_ type: String, _ key: String = "") {
        self.type = type
        self.key = key
    }

    package static let create = StateKey(EventType.create)
    package static let powerLevels = StateKey(EventType.powerLevels)
    package static let joinRules = StateKey(EventType.joinRules)

    package static func member(_ user: UserID) -> StateKey { StateKey(EventType.member, user.description) }

    package static func == (left: StateKey, right: StateKey) -> Bool {
        hasSameBytes(left.key, right.key) && hasSameBytes(left.type, right.type)
    }

    /// Texts compare by what they look like; keys are the same when their bytes are.
    private static func hasSameBytes(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        let isSame = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { left.elementsEqual($0) }
        }
        return (isSame ?? nil) ?? left.utf8.elementsEqual(right.utf8)
    }

    package static func < (left: StateKey, right: StateKey) -> Bool {
        if !left.type.utf8.elementsEqual(right.type.utf8) {
            return left.type.utf8.lexicographicallyPrecedes(right.type.utf8)
        }
        return left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for text in [type, key] {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(UInt8.max)
        }
    }

    package var description: String { "(\(type), \(key))" }
}
