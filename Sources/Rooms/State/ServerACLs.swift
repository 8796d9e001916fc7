package import MatrixCore
import Storage

/// The access lists of rooms, compiled once for each event that sets one.
package final class ServerACLs: Sendable {
    /// Patterns that are kept, of all rooms; each takes about half a kilobyte.
    private static let maxKeptPatterns = 40_000

    private struct Key: Hashable {
        let room: RoomNID
        let event: EventNID
    }

    private struct Question: Hashable {
        let key: Key
        let server: ServerName
    }

    /// Lists that have more patterns than this are asked once about a server.
    private static let manyPatterns = 64
    private static let maxKeptAnswers = 20_000

    private let kept = GenerationalCache<Key, ServerACL>(maxWeight: ServerACLs.maxKeptPatterns) { 1 + $0.patternCount }
    private let answers = GenerationalCache<Question, Bool>(maxWeight: ServerACLs.maxKeptAnswers)

    func allows(_ server: ServerName, by event: RoomEvent) -> Bool {
        let key = Key(room: event.stored.roomNID, event: event.nid)
        let question = Question(key: key, server: server)
        if let answer = answers[question] { return answer }
        let acl = acl(of: event, key)
        let answer = acl.allows(server)
        if acl.patternCount > Self.manyPatterns { answers.keep(answer, for: question) }
        return answer
    }

    private func acl(of event: RoomEvent, _ key: Key) -> ServerACL {
        if let known = kept[key] { return known }
        let acl = ServerACL(content: event.event.content)
        kept.keep(acl, for: key)
        return acl
    }
}

extension RoomSnapshot {
    /// Whether a server may take part in the room, by the room's `m.room.server_acl`.
    ///
    /// A list that was redacted stays in force as it was: an empty one would shut the room for everybody for ever.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
    package func allows(server: ServerName) async throws -> Bool {
        guard let event = try await event(EventType.serverACL) else { return true }
        return reader.acls.allows(server, by: event)
    }
}
