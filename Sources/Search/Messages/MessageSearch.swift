package import MatrixCore
package import Rooms
package import Storage

/// Searches what was said in the rooms that somebody is or was in, as far as they may see it.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#server-side-search
package struct MessageSearch: Sendable {
    package static let defaultLimit = 10
    package static let maxLimit = 50
    /// Events around each result.
    package static let maxSurroundings = 20
    /// What is searched for, in bytes.
    package static let maxTermBytes = 1024
    /// Hits that are looked at for one answer: some may be what the user must not see.
    private static let maxHits = 250
    /// State events of all rooms of an answer; of rooms beyond it only the senders' member events are told of the members.
    private static let maxState = 20_000

    private let store: SearchStore
    private let rooms: RoomService

    package init(store: SearchStore, rooms: RoomService) {
        self.store = store
        self.rooms = rooms
    }

    private var reader: RoomReader { rooms.reader }

    /// - Throws: 400 `M_INVALID_PARAM` for a term that is too long, a token of nobody's or of another search, and a search
    ///   that takes too long.
    /// - Cost: a query of the index, bounded in time; then a few for each room with results. With surroundings two queries
    ///   for each result.
    package func search(
        _ request: MessageSearchRequest, by userNID: UserNID, device: String?
    ) async throws -> MessageSearchResults {
        guard request.term.utf8.count <= Self.maxTermBytes else {
            throw MatrixError.invalidParam("search_term is too long")
        }
        let token = try request.nextBatch.map { try self.token($0, of: request) }
        let user = try await rooms.user(userNID)
        let searched = try await SearchedRooms(rooms: rooms).memberships(of: userNID, wanted: request.filter)
        let query = try await query(request, in: Array(searched.keys), token)
        let hits = try await hits(of: query, request, after: token)
        let found = try await visible(hits, to: user, in: searched, request.filter)

        let limit = min(max(request.filter.limit ?? Self.defaultLimit, 1), Self.maxLimit)
        let shown = Array(found.prefix(limit))
        var results = MessageSearchResults()
        results.count = Int(token?.count ?? 0) + found.count
        let seen = Int64(token?.count ?? 0) + Int64(shown.count)
        let last = found.count > limit ? shown.last?.hit : hits.count == Self.maxHits ? hits.last : nil
        results.nextBatch = last.map { self.token(after: $0, token?.scope ?? .all, count: seen).encoded }
        results.highlights = try await highlights(in: shown.map(\.event), for: query.term)
        results.groups = groups(of: shown, by: request.groupings, seen: seen, hasMore: last != nil)
        let render = try await readable(shown, by: user)
        results.results = try await self.results(shown, in: render, request.surroundings, device: device)
        if request.includesState { results.state = try await state(of: shown, in: render, device: device) }
        return results
    }

    /// A hit that the user may see.
    private struct Found {
        let hit: SearchHit
        let event: RoomEvent
        let room: RoomRecord
    }

    // MARK: Asking

    private func query(
        _ request: MessageSearchRequest, in rooms: [RoomNID], _ token: SearchToken?
    ) async throws -> MessageQuery {
        let keys = SearchKey.allCases.filter { key in
            request.keys.contains(key.name) && request.filter.includes(type: SearchableText.type(of: key))
        }
        var query = MessageQuery(
            term: request.term.utf8.contains(0) ? request.term.filter { $0 != "\0" } : request.term, rooms: rooms,
            keys: keys)
        if let senders = request.filter.senders { query.senders = try await numbers(of: senders) }
        query.notSenders = try await numbers(of: request.filter.notSenders)
        switch token?.scope {
        case .room(let room): query.rooms = rooms.filter { $0 == room }
        case .sender(let sender): query.senders = query.senders.map { $0.filter { $0 == sender } } ?? [sender]
        case .all, nil: break
        }
        return query
    }

    /// Those of the users that anybody here has heard of.
    private func numbers(of users: Set<String>) async throws -> [UserNID] {
        guard !users.isEmpty else { return [] }
        return try await reader.interning.knownUsers(users.compactMap { UserID($0) }).values.map(\.nid)
    }

    private func hits(
        of query: MessageQuery, _ request: MessageSearchRequest, after token: SearchToken?
    ) async throws -> [SearchHit] {
        do {
            switch (request.order, token?.place) {
            case (.rank, .rank(let rank)?):
                return try await store.byRank(query, after: (rank, token?.event ?? EventNID(0)), limit: Self.maxHits)
            case (.rank, _): return try await store.byRank(query, after: nil, limit: Self.maxHits)
            case (.recent, .time(let time)?):
                return try await store.newest(query, after: (time, token?.event ?? EventNID(0)), limit: Self.maxHits)
            case (.recent, _): return try await store.newest(query, after: nil, limit: Self.maxHits)
            }
        } catch is SearchTookTooLong {
            throw MatrixError.invalidParam("The search takes too long: name fewer rooms, or rarer words")
        }
    }

    private func token(_ text: String, of request: MessageSearchRequest) throws -> SearchToken {
        guard let token = SearchToken(text), token.isOf(request.order) else {
            throw MatrixError.invalidParam("next_batch is not of this search")
        }
        return token
    }

    private func token(after hit: SearchHit, _ scope: SearchToken.Scope, count: Int64) -> SearchToken {
        SearchToken(
            place: hit.originServerTS.map { .time($0) } ?? .rank(hit.rank), event: hit.eventNID, scope: scope,
            count: count)
    }

    // MARK: Seeing

    /// What of the hits the user may see, in the same order.
    private func visible(
        _ hits: [SearchHit], to user: UserRecord,
        in searched: [RoomNID: (room: RoomRecord, membership: MembershipRecord)], _ filter: RoomEventFilter
    ) async throws -> [Found] {
        let ignored = try await rooms.ignored.users(ignoredBy: user.nid)
        var seen: [EventNID: RoomEvent] = [:]
        for (nid, some) in Dictionary(grouping: hits, by: \.roomNID) {
            guard let (room, membership) = searched[nid] else { continue }
            let events = try await reader.events.events(some.map(\.eventNID), in: room).values
                .filter { $0.stored.redactedBy == nil && filter.includes($0.event) }
            guard !events.isEmpty else { continue }
            // Of who is in the room no more needs to be known.
            var viewer =
                membership.membership == .join
                ? Viewer(user: user, membership: membership) : try await rooms.visibility.viewer(user, of: room)
            viewer.ignored = ignored
            for event in try await rooms.visibility.visible(Array(events), to: viewer, in: room) {
                seen[event.nid] = event
            }
        }
        return hits.compactMap { hit in
            guard let event = seen[hit.eventNID], let room = searched[hit.roomNID]?.room else { return nil }
            return Found(hit: hit, event: event, room: room)
        }
    }

    private func readable(_ found: [Found], by user: UserRecord) async throws -> [RoomNID: ReadableRoom] {
        var readable: [RoomNID: ReadableRoom] = [:]
        for room in Set(found.map(\.room)) {
            // Somebody may have been put out, and the room forgotten, just now.
            do { readable[room.nid] = try await rooms.readableRoom(room.roomID, by: user) } catch is MatrixError {
                continue
            }
        }
        return readable
    }

    // MARK: Telling

    private func results(
        _ found: [Found], in readable: [RoomNID: ReadableRoom], _ wanted: MessageSearchRequest.Surroundings?,
        device: String?
    ) async throws -> [MessageSearchResults.Result] {
        var rendered: [EventNID: [UInt8]] = [:]
        for (nid, some) in Dictionary(grouping: found, by: \.room.nid) {
            guard let room = readable[nid] else { continue }
            let events = some.map(\.event)
            for (event, bytes) in zip(events, try await rooms.render(events, in: room, device: device)) {
                rendered[event.nid] = bytes
            }
        }
        var results: [MessageSearchResults.Result] = []
        for hit in found {
            guard let room = readable[hit.room.nid], let event = rendered[hit.event.nid] else { continue }
            var context: MessageSearchResults.Context?
            if let wanted { context = try await self.context(of: hit.event, in: room, wanted, device: device) }
            results.append(MessageSearchResults.Result(rank: hit.hit.rank, event: event, context: context))
        }
        return results
    }

    private func context(
        of event: RoomEvent, in room: ReadableRoom, _ wanted: MessageSearchRequest.Surroundings, device: String?
    ) async throws -> MessageSearchResults.Context {
        let before = try await page(around: event, in: room, .backwards, limit: wanted.before)
        let after = try await page(around: event, in: room, .forwards, limit: wanted.after)
        var profiles: [(userID: UserID, profile: MessageSearchResults.PastProfile)]?
        if wanted.includesProfiles {
            profiles = try await self.profiles(
                ofSendersOf: before.events + [event] + after.events, at: after.events.last ?? event, in: room)
        }
        return MessageSearchResults.Context(
            start: before.end.token, end: after.end.token,
            before: try await rooms.render(before.events, in: room, device: device),
            after: try await rooms.render(after.events, in: room, device: device), profiles: profiles)
    }

    private func page(
        around event: RoomEvent, in room: ReadableRoom, _ direction: RoomService.Direction, limit: Int
    ) async throws -> (events: [RoomEvent], end: TimelinePoint) {
        let start: TimelinePoint = direction == .backwards ? .before(event.stored) : .after(event.stored)
        let limit = min(max(limit, 0), Self.maxSurroundings)
        guard limit > 0 else { return ([], start) }
        let page = try await rooms.page(
            of: room, from: start, to: nil, direction: direction, limit: limit, matching: { _ in true })
        return (page.events, page.end ?? page.start)
    }

    private func profiles(
        ofSendersOf events: [RoomEvent], at last: RoomEvent, in room: ReadableRoom
    ) async throws -> [(userID: UserID, profile: MessageSearchResults.PastProfile)] {
        let senders = Set(events.map(\.event.sender)).sorted()
        let then = try await reader.state(after: last, in: room.room) ?? room.snapshot
        let members = try await then.events(senders.map { StateKey.member($0) })
        return senders.compactMap { sender in
            guard let content = members[.member(sender)]?.event.content else { return nil }
            return (
                sender,
                MessageSearchResults.PastProfile(
                    displayName: content["displayname"]?.string, avatarURL: content["avatar_url"]?.string)
            )
        }
    }

    private func state(
        of found: [Found], in readable: [RoomNID: ReadableRoom], device: String?
    ) async throws -> [RoomID: [[UInt8]]] {
        var state: [RoomID: [[UInt8]]] = [:]
        var left = Self.maxState
        for (nid, some) in Dictionary(grouping: found, by: \.room.nid).sorted(by: { $0.key < $1.key }) {
            guard let room = readable[nid] else { continue }
            var events = try await room.snapshot.allEvents()
            if events.count > left {
                let senders = Set(some.map(\.event.event.sender))
                events.removeAll { event in event.event.memberUserID.map { !senders.contains($0) } ?? false }
            }
            left -= min(events.count, left)
            state[room.room.roomID] = try await rooms.render(events, in: room, device: device)
        }
        return state
    }

    private func groups(
        of found: [Found], by groupings: Set<MessageSearchRequest.Grouping>, seen: Int64, hasMore: Bool
    ) -> [MessageSearchRequest.Grouping: [String: MessageSearchResults.Group]] {
        var groups: [MessageSearchRequest.Grouping: [String: MessageSearchResults.Group]] = [:]
        for grouping in groupings {
            var named: [String: MessageSearchResults.Group] = [:]
            for hit in found {
                let (name, scope): (String, SearchToken.Scope) =
                    switch grouping {
                    case .room: (hit.room.roomID.description, .room(hit.room.nid))
                    case .sender: (hit.event.event.sender.description, .sender(hit.event.stored.senderNID))
                    }
                let order = named[name]?.order ?? named.count + 1
                // After the last of its results there may be more of it.
                let token = token(after: hit.hit, scope, count: seen)
                var group = MessageSearchResults.Group(
                    order: order, results: named[name]?.results ?? [], nextBatch: hasMore ? token.encoded : nil)
                group.results.append(hit.event.eventID)
                named[name] = group
            }
            groups[grouping] = named
        }
        return groups
    }

    /// The words of the results that were found, as they stand there.
    private func highlights(in events: [RoomEvent], for term: String) async throws -> [String] {
        let texts = try events.compactMap { event in
            SearchableText.text(of: event.event.type, isState: event.event.isState, try rooms.content(of: event))?.1
                .filter { $0 != "\0" }
        }
        var words: Set<String> = []
        for headline in try await store.headlines(of: texts, for: term) {
            let parts = headline.split(separator: SearchStore.marks.start, omittingEmptySubsequences: false)
            for part in parts.dropFirst() {
                guard let end = part.firstIndex(of: SearchStore.marks.end) else { continue }
                words.insert(part[..<end].lowercased())
            }
        }
        return words.sorted()
    }
}

extension SearchToken {
    fileprivate func isOf(_ order: MessageSearchRequest.Order) -> Bool {
        switch place {
        case .rank: order == .rank
        case .time: order == .recent
        }
    }
}

extension SearchKey {
    fileprivate var name: MessageSearchRequest.Key {
        switch self {
        case .body: .body
        case .name: .name
        case .topic: .topic
        }
    }
}
