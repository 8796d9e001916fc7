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
        left.key.utf8.elementsEqual(right.key.utf8) && left.type.utf8.elementsEqual(right.type.utf8)
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
