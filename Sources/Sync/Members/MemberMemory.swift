import MatrixCore
import Storage

/// How many are in rooms, and the first of them, remembered for as long as a room's state stays what it was: nobody counts a
/// thousand members for each of those who are told of the room.
struct MemberMemory: Sendable {
    private static let maxCached = 100_000

    private struct Entry<Value: Sendable>: Sendable {
        let root: StateRoot
        let value: Value
    }

    private let counts = GenerationalCache<RoomNID, Entry<RoomQuestions.Members>>(maxWeight: maxCached)
    private let first = GenerationalCache<RoomNID, Entry<RoomQuestions.FirstOfRoom>>(maxWeight: maxCached)

    func counts(
        of room: RoomNID, at root: StateRoot, _ questions: RoomQuestions
    ) async throws -> RoomQuestions.Members {
        if let known = counts[room], known.root == root { return known.value }
        let members = try await questions.members(of: room)
        counts.keep(Entry(root: root, value: members), for: room)
        return members
    }

    /// After whom the room is shown to a user when it has no name.
    func heroes(
        of room: RoomNID, at root: StateRoot, besides user: UserNID, _ questions: RoomQuestions
    ) async throws -> [UserID] {
        if let known = first[room], known.root == root { return known.value.heroes(besides: user) }
        let members = try await questions.firstMembers(of: room)
        first.keep(Entry(root: root, value: members), for: room)
        return members.heroes(besides: user)
    }
}
