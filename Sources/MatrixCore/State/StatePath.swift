/// Where a state key lives in the tree: 16 steps of 4 bits, most significant first, so that the order of paths is the
/// order in which a walk meets their entries.
///
/// The mixing function is a bijection, so two keys never share a whole path and a tree is never deeper than
/// ``maximumDepth``.
struct StatePath: Hashable, Comparable {
    static let maximumDepth = 16

    let bits: UInt64

    init(_ key: StateKeyNID) {
        // The finaliser of SplitMix64: neighbouring numbers end up far apart, which keeps the tree balanced.
        var mixed = UInt64(bitPattern: key.rawValue) &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        bits = mixed ^ (mixed >> 31)
    }

    /// The child, 0 to 15, that the path takes at a level below ``maximumDepth``.
    func step(at level: Int) -> Int {
        Int((bits >> UInt64(60 - 4 * level)) & 0xF)
    }

    static func < (left: StatePath, right: StatePath) -> Bool { left.bits < right.bits }
}

/// A place of the tree: the first steps of the paths of all entries below it.
struct StatePlace: Hashable {
    static let root = StatePlace(level: 0, prefix: 0)

    let level: Int
    /// The steps, from the topmost bit on; the rest is zero.
    private let prefix: UInt64

    private init(level: Int, prefix: UInt64) {
        self.level = level
        self.prefix = prefix
    }

    /// The place that a step leads to. There are places below as long as ``level`` is below ``StatePath/maximumDepth``.
    func child(at step: Int) -> StatePlace {
        StatePlace(level: level + 1, prefix: prefix | UInt64(step) << UInt64(60 - 4 * level))
    }

    func holds(_ path: StatePath) -> Bool { (path.bits ^ prefix) >> UInt64(64 - 4 * level) == 0 }
}
