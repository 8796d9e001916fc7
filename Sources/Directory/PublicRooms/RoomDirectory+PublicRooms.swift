package import MatrixCore
import Rooms
import Storage

extension RoomDirectory {
    private static var maxPage: Int { 500 }
    private static var defaultPage: Int { 100 }

    /// Whether a list is another server's; none that is named is this one's.
    package func isElsewhere(_ server: ServerName?) -> Bool { server.map { $0 != rooms.server.name } ?? false }

    /// A page of the public rooms of a server; this one's when none is named.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for a batch of nobody's; for another server's list what that server says, and 403
    ///   `M_FORBIDDEN` without federation.
    package func publicRooms(_ query: PublicRoomQuery, of server: ServerName?) async throws -> PublicRoomPage {
        guard let server, isElsewhere(server) else { return try await publicRooms(query) }
        guard let remote else { throw MatrixError(.forbidden, "this server does not federate") }
        var query = query
        query.limit = Self.size(query.limit)
        return try await remote.publicRooms(query, of: server)
    }

    /// A page of this server's public rooms, those with most members first.
    ///
    /// - Throws: 400 `M_INVALID_PARAM` for a batch of nobody's.
    /// - Cost: nothing but memory while the list that this worker knows is good.
    package func publicRooms(_ query: PublicRoomQuery) async throws -> PublicRoomPage {
        let token = try query.since.map { since throws(MatrixError) in
            guard let token = PublicRoomToken(since) else { throw MatrixError(.invalidParam, "since is not valid") }
            return token
        }
        let search = TextSearch(query.searchTerm)
        let matching = try await index.list().filter { $0.matches(query, search) }
        let range = Self.page(of: matching, at: token, size: Self.size(query.limit))
        let page = matching[range]
        return PublicRoomPage(
            rooms: page.map(\.summary),
            nextBatch: range.upperBound < matching.count
                ? page.last.map { PublicRoomToken.after($0.place).text } : nil,
            previousBatch: range.lowerBound > 0 ? page.first.map { PublicRoomToken.before($0.place).text } : nil,
            total: matching.count)
    }

    /// No limit, or one of 0, is ours.
    private static func size(_ limit: Int?) -> Int {
        guard let limit, limit > 0 else { return defaultPage }
        return min(limit, maxPage)
    }

    private static func page(of rooms: [PublishedRoom], at token: PublicRoomToken?, size: Int) -> Range<Int> {
        switch token {
        case nil: return 0..<min(size, rooms.count)
        case .after(let place):
            let start = rooms.firstIndex { place < $0.place } ?? rooms.count
            return start..<min(start + size, rooms.count)
        case .before(let place):
            let end = rooms.firstIndex { !($0.place < place) } ?? rooms.count
            return max(end - size, 0)..<end
        }
    }
}
