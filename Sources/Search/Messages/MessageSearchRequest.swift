package import MatrixCore
package import Rooms

/// What a client searches for in the events of its user's rooms.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3search
package struct MessageSearchRequest: Sendable {
    package enum Order: String, Sendable {
        case rank, recent
    }

    package enum Grouping: String, Sendable, CaseIterable {
        case room = "room_id"
        case sender
    }

    /// Where in an event is searched.
    package enum Key: String, Sendable, CaseIterable {
        case body = "content.body"
        case name = "content.name"
        case topic = "content.topic"
    }

    /// The events around each result that are wanted.
    package struct Surroundings: Sendable {
        package static let defaultLimit = 5

        package var before: Int
        package var after: Int
        package var includesProfiles: Bool

        package init(before: Int = defaultLimit, after: Int = defaultLimit, includesProfiles: Bool = false) {
            self.before = before
            self.after = after
            self.includesProfiles = includesProfiles
        }
    }

    package var term: String
    package var keys = Set(Key.allCases)
    package var filter = RoomEventFilter()
    package var order = Order.rank
    package var surroundings: Surroundings?
    package var includesState = false
    package var groupings: Set<Grouping> = []
    /// Where to go on, as an earlier answer said.
    package var nextBatch: String?

    package init(term: String) { self.term = term }
}

/// What a search found.
package struct MessageSearchResults: Sendable {
    package struct Context: Sendable {
        package let start: String
        package let end: String
        package let before: [[UInt8]]
        package let after: [[UInt8]]
        /// What the senders were called then; `nil` unless asked for.
        package let profiles: [(userID: UserID, profile: PastProfile)]?
    }

    /// What a member event says of its user.
    package struct PastProfile: Sendable, Hashable {
        package let displayName: String?
        package let avatarURL: String?
    }

    package struct Result: Sendable {
        package let rank: Double
        package let event: [UInt8]
        package let context: Context?
    }

    package struct Group: Sendable {
        /// Which group comes first.
        package let order: Int
        package internal(set) var results: [EventID] = []
        package let nextBatch: String?
    }

    package internal(set) var results: [Result] = []
    /// How many there are, as far as was looked: of those that the user may see only.
    package internal(set) var count = 0
    package internal(set) var highlights: [String] = []
    package internal(set) var groups: [MessageSearchRequest.Grouping: [String: Group]] = [:]
    package internal(set) var state: [RoomID: [[UInt8]]]?
    package internal(set) var nextBatch: String?
}
