/// The most that the core may spend, in counts that are the same on every machine. Tests hold debug builds to them, the
/// benchmark release builds, in which less is allocated.
package enum CostLimits {
    #if DEBUG
        private static let isDebug = true
    #else
        private static let isDebug = false
    #endif

    private static func limit(_ release: Int, debug: Int) -> Int { isDebug ? debug : release }

    // MARK: Events of about 1 KB

    /// Parsing, canonical form, check of size, hash.
    package static let digestAllocations = 8
    /// The same where members have to be put in order.
    package static let shuffledDigestAllocations = limit(24, debug: 80)
    /// Everything that is done to an event that came in, apart from signatures.
    package static let receiveAllocations = limit(44, debug: 190)

    // MARK: State

    /// Bytes of the pack of one change in a state of 50,000 entries.
    package static let stateChangeBytes = 1_200
    /// Packs that the difference of two states in ten entries reads: two or so for each of them, and one more for each level
    /// that their paths share with others.
    package static let differencePacks = 40

    // MARK: Resolution of two forks that differ in ten state events, whatever the size of the room

    package static let coldPackBatches = 12
    package static let coldPacks = 60
    package static let edgeBatches = 8
    /// Beside the chain of the power levels.
    package static let edges = 60
    package static let eventBatches = 6
    package static let events = 40

    // MARK: Others

    /// One event against one more set of push rules.
    package static let rulesetAllocations = 10
    package static let parseHeaderAllocations = 14
    package static let printHeaderAllocations = 14
}
