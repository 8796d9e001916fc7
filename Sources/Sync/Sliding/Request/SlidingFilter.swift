package import MatrixCore

/// Which rooms belong to a list: those to which everything applies that is set.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
package struct SlidingFilter: Hashable, Sendable {
    /// Entries of one array; more are refused.
    package static let maxEntries = 1_000

    package var isDirect: Bool?
    /// Rooms of any of these spaces, of those that the user has joined.
    package var spaces: [RoomID]?
    package var isEncrypted: Bool?
    package var isInvited: Bool?
    /// `nil` among them stands for rooms without a type.
    package var roomTypes: Set<String?>?
    package var notRoomTypes: Set<String?>?
    package var tags: Set<String>?
    package var notTags: Set<String>?

    package init() {}

    /// Whether something has to be known of a room's state.
    var asksForState: Bool { isEncrypted != nil || roomTypes != nil || notRoomTypes != nil }
}
