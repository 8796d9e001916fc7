/// The creators of a room.
///
/// - v1-v10: `creator` of the create event.
/// - v11: its sender.
/// - v12: its sender and its `additional_creators`.
package struct RoomCreators: Sendable {
    private let create: Event?
    private let version: RoomVersion

    package init(create: Event?, version: RoomVersion) {
        self.create = create
        self.version = version
    }

    package func contains(_ user: UserID) -> Bool {
        guard let create else { return false }
        guard version.authorization.creatorIsSender else {
            return create.content["creator"]?.stringEquals(user.description) ?? false
        }
        if create.sender == user { return true }
        guard version.authorization.hasPrivilegedCreators, let others = create.content["additional_creators"]?.array
        else { return false }
        return others.contains { $0.stringEquals(user.description) }
    }

    /// All creators, the sender first. Values that are no user ids are left out.
    package var all: [UserID] {
        guard let create else { return [] }
        guard version.authorization.creatorIsSender else {
            return create.content["creator"]?.string.flatMap(UserID.init).map { [$0] } ?? []
        }
        var found = [create.sender]
        // A set: there may be thousands.
        var seen = Set(found)
        if version.authorization.hasPrivilegedCreators, let others = create.content["additional_creators"]?.array {
            for other in others {
                if let user = other.string.flatMap(UserID.init), seen.insert(user).inserted { found.append(user) }
            }
        }
        return found
    }
}
