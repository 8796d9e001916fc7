package import MatrixCore
import Rooms
package import Storage
import Telemetry

/// What part of a space a client asks for.
package struct HierarchyQuery: Sendable {
    package let roomID: RoomID
    package var isSuggestedOnly = false
    /// Rooms in a page.
    package var limit: Int?
    package var maxDepth: Int?
    /// A page's token.
    package var from: String?
    /// Servers that may know the space.
    package var servers: [ServerName] = []

    package init(roomID: RoomID) { self.roomID = roomID }
}

/// A page of a walk through a space.
package struct HierarchyPage: Sendable {
    package let rooms: [ListedRoom]
    package let nextBatch: String?
}

/// Walks through spaces for users.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#discovering-rooms-within-spaces
package struct SpaceHierarchies: Sendable {
    /// Rooms in a page, at most and when the client does not say.
    private static let maxPage = 50
    /// Deeper no walk goes.
    private static let maxDepth = 20
    /// Rooms that other servers are asked for during one page.
    private static let maxRemoteQuestions = 40
    /// After so much a page ends with what it has.
    private static let maxPageBytes = 4 << 20
    /// After that a page ends with what it has: somebody waits for it.
    private static let longestPage = Duration.seconds(20)
    /// For how long a walk may rest.
    private static let pageLifetimeMilliseconds: Int64 = 10 * 60 * 1000
    private static let tokenLength = 32

    private let directory: RoomDirectory
    private let pages: HierarchyPageStore

    package init(directory: RoomDirectory, pages: HierarchyPageStore) {
        self.directory = directory
        self.pages = pages
    }

    private var telemetry: Telemetry { directory.rooms.writing.telemetry }

    /// A page of a space: depth first, in the order in which children are shown, each room once.
    ///
    /// - Throws: 403 `M_FORBIDDEN` when the user may not know of the space, the same for one that does not exist; 400
    ///   `M_INVALID_PARAM` for a token that is not this walk's, or has expired.
    /// - Cost: some queries for each fifty rooms and each level; other servers are asked for rooms that we are not in.
    package func page(_ query: HierarchyQuery, for user: UserRecord) async throws -> HierarchyPage {
        let key = HierarchyPageKey(
            user: user.nid, roomID: query.roomID, isSuggestedOnly: query.isSuggestedOnly, maxDepth: query.maxDepth)
        let viewer = RoomViewer(user: user.nid, store: directory.rooms.reader.memberships)
        var walk = Walk(
            position: try await position(query, key),
            lookUp: RoomLookUp(directory: directory, viewer: viewer, suggestedOnly: query.isSuggestedOnly),
            maxDepth: min(query.maxDepth ?? Self.maxDepth, Self.maxDepth))
        let limit = min(max(query.limit ?? Self.maxPage, 1), Self.maxPage)
        let end = telemetry.clock.monotonic + Self.longestPage
        var rooms: [ListedRoom] = []
        var bytes = 0
        while rooms.count < limit, bytes < Self.maxPageBytes, !walk.position.isAtEnd {
            if telemetry.clock.monotonic > end || walk.remoteQuestions >= Self.maxRemoteQuestions { break }
            let isFirst = walk.position.seen.isEmpty
            if let room = try await walk.next() {
                rooms.append(room)
                bytes += room.children.reduce(1_000) { $0 + $1.json.count }
            } else if isFirst {
                throw MatrixError(.forbidden, "you may not view this room, or it does not exist")
            }
        }
        return HierarchyPage(
            rooms: rooms, nextBatch: walk.position.isAtEnd ? nil : try await keep(walk.position, key))
    }

    private func position(_ query: HierarchyQuery, _ key: HierarchyPageKey) async throws -> HierarchyPosition {
        guard let token = query.from else {
            return HierarchyPosition(
                at: query.roomID, servers: query.servers + (query.roomID.serverName.map { [$0] } ?? []))
        }
        guard
            let bytes = try await pages.position(token, of: key, now: telemetry.clock.nowMilliseconds),
            let position = HierarchyPosition(encoded: bytes)
        else { throw MatrixError(.invalidParam, "from is not valid, or has expired, or the walk is another one") }
        return position
    }

    private func keep(_ position: HierarchyPosition, _ key: HierarchyPageKey) async throws -> String {
        let token = telemetry.random.token(length: Self.tokenLength)
        let now = telemetry.clock.nowMilliseconds
        try await pages.keep(
            position.encoded, as: token, of: key, now: now, expires: now + Self.pageLifetimeMilliseconds)
        return token
    }

    /// The part of a walk that makes a page.
    private struct Walk {
        /// Rooms of ours that are looked up together.
        private static let roomsAtOnce = 50

        var position: HierarchyPosition
        let lookUp: RoomLookUp
        let maxDepth: Int
        var remoteQuestions = 0
        /// What was found out about rooms to come; `nil` for those of which the user must not know.
        private var known: [RoomID: ListedRoom?] = [:]
        /// Rooms that are known not to be ours.
        private var foreign: Set<RoomID> = []
        /// What other servers told of rooms in theirs.
        private var told: [RoomID: RoomSummary] = [:]

        init(position: HierarchyPosition, lookUp: RoomLookUp, maxDepth: Int) {
            self.position = position
            self.lookUp = lookUp
            self.maxDepth = maxDepth
        }

        /// Goes one room on.
        ///
        /// - Returns: `nil` when there is nothing to be seen of it.
        mutating func next() async throws -> ListedRoom? {
            if let upcoming = position.upcoming(1).first { try await find(upcoming) }
            guard let step = position.next(), let room = known[step.roomID] ?? nil else { return nil }
            if step.depth < maxDepth {
                position.descend(into: room.children, below: step, without: room.inaccessible)
                told.merge(room.childSummaries) { first, _ in first }
            }
            return room
        }

        /// Finds a room out, and with it those that come after it.
        private mutating func find(_ step: HierarchyPosition.Step) async throws {
            if known[step.roomID] != nil { return }
            if !foreign.contains(step.roomID) {
                let ids = position.upcoming(Self.roomsAtOnce).map(\.roomID).filter {
                    known[$0] == nil && !foreign.contains($0)
                }
                let local = try await lookUp.local(ids)
                known.merge(local) { _, new in new }
                foreign.formUnion(ids.filter { local[$0] == nil })
            }
            if known[step.roomID] == nil { try await findElsewhere() }
        }

        /// The next of the rooms that are not ours, by what we were told of them or else by asking for them.
        private mutating func findElsewhere() async throws {
            var wanted: [(room: RoomID, servers: [ServerName])] = []
            var toldOf: [RoomSummary] = []
            for step in position.upcoming(RoomLookUp.maxAtOnce)
            where foreign.contains(step.roomID) && known[step.roomID] == nil {
                // Of a space only the room itself was told, not what is in it.
                if let summary = told[step.roomID], !summary.isSpace || step.depth >= maxDepth {
                    toldOf.append(summary)
                } else {
                    wanted.append((step.roomID, step.servers))
                }
            }
            let seen = try await lookUp.visible(toldOf)
            for summary in toldOf {
                known.updateValue(seen.contains(summary.roomID) ? ListedRoom(summary) : nil, forKey: summary.roomID)
            }
            remoteQuestions += wanted.count
            let found = try await lookUp.remote(wanted)
            for (room, _) in wanted { known.updateValue(found[room], forKey: room) }
        }
    }
}
