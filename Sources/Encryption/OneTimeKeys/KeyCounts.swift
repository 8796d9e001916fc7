import Storage

/// What is left of the keys of a device that others can claim.
package struct KeyCounts: Sendable, Hashable {
    /// Unclaimed one-time keys, by algorithm.
    package var oneTimeKeys: [String: Int]
    package var unusedFallbackTypes: [String]
    /// Whether the device has fewer than it knows and few at all, so that it should hear of it though nothing else happened.
    package var isNews: Bool

    package init() {
        oneTimeKeys = [:]
        unusedFallbackTypes = []
        isNews = false
    }

    init(_ record: KeyCountRecord, isNews: Bool) {
        // Some clients take a count that is not there for one that is not known.
        oneTimeKeys = record.oneTimeKeys.merging([KeyUploads.usualAlgorithm: 0]) { known, _ in known }
        unusedFallbackTypes = record.unusedFallbackTypes
        self.isNews = isNews
    }
}
