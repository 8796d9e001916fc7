/// Why a state tree could not be read or written.
///
/// Every case but ``packTooLarge`` means that stored data is damaged or gone; trying again does not help.
package enum StateTreeError: Error, Equatable, Sendable {
    /// The bytes are not a pack as ``StatePackBuilder`` writes it.
    case malformedPack
    /// The bytes are not a root as ``StateRoot/encoded()`` writes it.
    case malformedRoot
    /// A node points to a pack that the source does not have.
    case missingPack(PackNID)
    /// Nodes contradict each other: a slot that its pack does not have, a count that cannot be, a path without an end.
    case inconsistentNodes(PackNID)
    /// One update would make more nodes than a slot number can tell apart; apply the changes in smaller batches.
    case packTooLarge
}
