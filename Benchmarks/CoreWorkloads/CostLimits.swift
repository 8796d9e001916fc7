/// The most that the core may spend, in counts that are the same on every machine. Tests hold debug builds to them, in which
/// the core is optimised file by file, the benchmark release builds, in which less is allocated.
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
    package static let shuffledDigestAllocations = 24
    /// Everything that is done to an event that came in, apart from signatures.
    package static let receiveAllocations = limit(44, debug: 80)

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
    package static let rulesetAllocations = 5
    /// Rules of a set with the defaults and three words that are asked.
    package static let rulesAskedOfASet = 20
    package static let parseHeaderAllocations = 14
    /// What an escape costs is a text that grows.
    package static let parseEscapedHeaderAllocations = 22
    package static let printHeaderAllocations = 14

    /// Copies of the header: its bytes, its values, the text that grows.
    package static func parseHeaderBytes(_ header: Int) -> Int { 1_500 + 4 * header }
}
