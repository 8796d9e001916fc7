package import MatrixCore
import Rooms
import Storage

/// What a client needs to name a room that has no name.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync_response-200_roomsummary
package struct RoomSummary: Sendable, Hashable {
    package let joined: Int
    package let invited: Int
    /// `nil` where the room has a name or an alias.
    package let heroes: [UserID]?

    package init(joined: Int, invited: Int, heroes: [UserID]?) {
        self.joined = joined
        self.invited = invited
        self.heroes = heroes
    }

    /// Reads the summary of a room as it is now.
    static func read(
        of state: RoomSnapshot, for user: UserRecord, _ questions: RoomQuestions, _ memory: MemberMemory
    ) async throws -> RoomSummary {
        let (room, root) = (state.room.nid, state.tree.root)
        let members = try await memory.counts(of: room, at: root, questions)
        var heroes: [UserID]?
        if try await !hasName(state, questions) {
            heroes = try await memory.heroes(of: room, at: root, besides: user.nid, questions)
        }
        return RoomSummary(joined: members.joined, invited: members.invited, heroes: heroes)
    }

    private static func hasName(_ state: RoomSnapshot, _ questions: RoomQuestions) async throws -> Bool {
        let (name, alias) = (StateKey(EventType.name), StateKey(EventType.canonicalAlias))
        // Asked for with those of other rooms: where nobody has such a thing, its number is in nobody's memory.
        let numbers = try await questions.numbers(of: [name, alias])
        let events = try await state.events(Array(numbers.keys))
        return [events[name]?.event.content["name"], events[alias]?.event.content["alias"]]
            .contains { $0?.string?.isEmpty == false }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            if let heroes { writer.field("m.heroes", strings: heroes.map(\.description)) }
            writer.field("m.joined_member_count", joined)
            writer.field("m.invited_member_count", invited)
        }
    }
}
