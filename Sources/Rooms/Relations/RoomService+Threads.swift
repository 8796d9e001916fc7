import MatrixCore
import Storage

/// The threads of a room.
extension RoomService {
    package static let maxThreads = 100
    /// Events of threads that are read at once: those that are not the newest of their thread are passed over.
    private static var threadEventsAtOnce: Int { 500 }
    private static var maxThreadReads: Int { 4 }

    /// The roots of some threads, the thread with the newest event first.
    package struct ThreadPage: Sendable {
        package let roots: [RoomEvent]
        package let next: String?
    }

    /// A page of the room's threads whose roots the viewer may see. A root of somebody whom the viewer ignores is shown as if
    /// it were redacted.
    ///
    /// - Parameter onlyOwn: whether only threads are wanted in which the viewer has said something.
    /// - Throws: 400 `M_INVALID_PARAM` for a token of nobody's.
    package func threads(
        of readable: ReadableRoom, from: String?, limit: Int, onlyOwn: Bool
    ) async throws -> ThreadPage {
        let (room, viewer) = (readable.room, readable.viewer)
        guard let user = viewer.user else { return ThreadPage(roots: [], next: nil) }
        let limit = min(max(limit, 1), Self.maxThreads)
        let end = viewer.leftAt ?? .end
        var at = end
        if let from { at = try await point(from, in: room) }
        let ignored = try await relations.ignoredNumbers(viewer)
        var roots: [RoomEvent] = []
        for _ in 0..<Self.maxThreadReads {
            let read = try await reader.eventStore.relations.threadEvents(
                in: room.nid, before: at, end: end, for: user.nid, ignoring: ignored, limit: Self.threadEventsAtOnce)
            let newest = read.filter(\.isNewest)
            let found = try await reader.events.events(newest.map(\.root), in: room)
            for thread in newest {
                guard let root = found[thread.root], root.event.relation == nil, try await isSeen(root, readable),
                    !onlyOwn || thread.hasParticipated || root.stored.senderNID == user.nid
                else { continue }
                roots.append(viewer.ignored.contains(root.event.sender) ? try Self.pruned(root) : root)
                if roots.count == limit { return ThreadPage(roots: roots, next: thread.point.token) }
            }
            guard read.count == Self.threadEventsAtOnce, let last = read.last else {
                return ThreadPage(roots: roots, next: nil)
            }
            at = last.point
        }
        return ThreadPage(roots: roots, next: at.token)
    }

    private static func pruned(_ event: RoomEvent) throws -> RoomEvent {
        RoomEvent(stored: event.stored, event: try event.event.redacted())
    }
}
