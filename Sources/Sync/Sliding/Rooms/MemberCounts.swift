import MatrixCore
import Storage

/// How many are in rooms, remembered for as long as a room's state stays what it was: nobody counts a thousand members for
/// each of those who are told of the room.
struct MemberCounts: Sendable {
    private static let maxCached = 100_000

    private struct Entry: Sendable {
        let root: StateRoot
        let members: RoomQuestions.Members
    }

    private let cache = GenerationalCache<RoomNID, Entry>(maxWeight: maxCached)

    func counts(
        of room: RoomNID, at root: StateRoot, _ questions: RoomQuestions
    ) async throws -> RoomQuestions.Members {
        if let known = cache[room], known.root == root { return known.members }
        let members = try await questions.members(of: room)
        cache.keep(Entry(root: root, members: members), for: room)
        return members
    }
}
