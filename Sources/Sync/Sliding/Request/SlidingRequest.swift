package import MatrixCore

/// What a client asks of a sliding sync.
///
/// - Spec: https://github.com/matrix-org/matrix-spec-proposals/pull/4186
package struct SlidingRequest: Sendable {
    /// In which form answers go out: as the proposal has it, or as the clients of today know it.
    package enum Dialect: Sendable, Hashable {
        case stable
        case unstable
    }

    /// A window into the rooms that a filter leaves, the most recent ones first.
    package struct List: Sendable, Hashable {
        package var config: SlidingRoomConfig
        package var filter: SlidingFilter
        /// Inclusive, counted from 0; `nil` for all.
        package var ranges: [ClosedRange<Int>]?

        package init(
            config: SlidingRoomConfig, filter: SlidingFilter = SlidingFilter(), ranges: [ClosedRange<Int>]? = nil
        ) {
            self.config = config
            self.filter = filter
            self.ranges = ranges
        }
    }

    /// What of it decides about the content of the answer.
    package struct Content: Sendable, Hashable {
        package var lists: [String: List] = [:]
        package var subscriptions: [RoomID: SlidingRoomConfig] = [:]
        package var extensions = SlidingExtensionRequests()

        package init() {}

        /// The same with `$ME` replaced by the user that it stands for.
        package func naming(_ user: UserID) -> Content {
            var content = self
            for name in lists.keys { content.lists[name]?.config.name(user) }
            for room in subscriptions.keys { content.subscriptions[room]?.name(user) }
            return content
        }
    }

    package static let maxLists = 100
    package static let maxSubscriptions = 100
    package static let maxListNameBytes = 64
    package static let maxConnectionNameBytes = 255
    /// Windows into one list.
    package static let maxRanges = 20
    /// The most events that a room's timeline has in one answer; who asks for more gets this.
    package static let maxTimeline = TimelineReader.maxLimit

    package var user: UserNID
    package var deviceID: String?
    package var dialect: Dialect
    /// `conn_id`
    package var connection = ""
    package var position: String?
    package var timeout = Duration.zero
    package var content = Content()

    package init(user: UserNID, deviceID: String?, dialect: Dialect) {
        self.user = user
        self.deviceID = deviceID
        self.dialect = dialect
    }
}

/// What a client asks of the extensions; `nil` for those that are not enabled.
package struct SlidingExtensionRequests: Sendable, Hashable {
    /// Of which rooms of the answer: those of some lists, and some by their ids.
    package struct Scope: Sendable, Hashable {
        /// `nil` for all.
        package var lists: [String]?
        package var rooms: [RoomID]?

        package init(lists: [String]? = nil, rooms: [RoomID]? = nil) {
            self.lists = lists
            self.rooms = rooms
        }
    }

    package struct ToDevice: Sendable, Hashable {
        package var since: String?
        package var limit: Int

        package init(since: String?, limit: Int) {
            self.since = since
            self.limit = limit
        }
    }

    package static let defaultLimit = 100
    package static let maxLimit = 100

    package var toDevice: ToDevice?
    package var endToEnd = false
    package var accountData: Scope?
    package var receipts: Scope?
    package var typing: Scope?
    /// How many changes of subscriptions to threads.
    package var threadSubscriptions: Int?

    package init() {}
}
