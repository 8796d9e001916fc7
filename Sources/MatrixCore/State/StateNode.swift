/// One entry of a room's state: which event holds a state key.
package struct StateEntry: Hashable, Sendable {
    package let key: StateKeyNID
    package let event: EventNID

    package init(key: StateKeyNID, event: EventNID) {
        self.key = key
        self.event = event
    }

    var path: StatePath { StatePath(key) }
}

/// Points to a node, and tells what is in it: equal hashes at the same place of two trees mean equal subtrees.
///
/// 64 bits of hash suffice, because only nodes at the same place of the same room are ever compared, and nobody outside
/// of this server chooses the numbers that go into the hash.
struct StateNodeReference: Hashable, Sendable {
    let pack: PackNID
    let slot: UInt16
    let contentHash: UInt64
    /// No entry below has an event with a higher number: who looks for recent events need not go there. The highest number
    /// there is where nobody knows.
    let newest: EventNID
}

/// A decoded node. Its shape depends on the entries below it alone: a subtree is a leaf exactly when it holds at most
/// ``leafLimit(atLevel:)`` entries.
enum StateNode {
    /// Entries in the order of their paths.
    case leaf([StateEntry])
    case branch(StateBranch)

    /// Small rooms are one flat block: most rooms never grow past it, and reading one costs a single node.
    static let flatRootLimit = 64
    static let leafLimit = 16

    static func leafLimit(atLevel level: Int) -> Int { level == 0 ? flatRootLimit : leafLimit }

    var count: Int {
        switch self {
        case .leaf(let entries): entries.count
        case .branch(let branch): branch.count
        }
    }
}

/// An inner node: up to 16 children, those that exist in the order of their steps.
struct StateBranch {
    /// Bit n is set when there is a child at step n.
    let bitmap: UInt16
    /// The number of entries below.
    let count: Int
    let children: [StateNodeReference]

    var newest: EventNID { children.lazy.map(\.newest).max() ?? EventNID(.max) }

    /// The steps at which there is a child.
    var steps: some Sequence<Int> { (0..<16).lazy.filter { bitmap & (UInt16(1) << UInt16($0)) != 0 } }

    /// The child at a step, or `nil`.
    func child(at step: Int) -> StateNodeReference? {
        let bit = UInt16(1) << UInt16(step)
        guard bitmap & bit != 0 else { return nil }
        return children[(bitmap & (bit - 1)).nonzeroBitCount]
    }
}
