import Cluster
import Ephemeral
import MatrixCore
import Rooms
import Storage

/// The presence section of an answer: what changed of people with whom the user shares a room, and who of those is there whom
/// the user has just met.
///
/// - Spec: https://spec.matrix.org/v1.19/client-server-api/#presence
struct SyncPresence: Sendable {
    private static let type = "m.presence"

    let visible: VisiblePresence

    func events(_ context: SyncContext, joined tasks: [RoomTask]) async throws -> [[UInt8]] {
        let filter = context.filter.presence
        guard filter.includes(type: Self.type) else { return [] }
        let isWhole = context.since == nil || context.fullState
        var statuses = try await visible.statuses(
            for: context.view, since: isWhole ? nil : context.since?.ephemeral,
            met: isWhole ? [] : try await met(tasks, by: context.user.nid))
        statuses.removeAll { !filter.includes(sender: $0.userID) }
        statuses.sort { $0.userID < $1.userID }
        return statuses.prefix(filter.limit ?? .max).map(\.event)
    }

    /// Who came into rooms of the user, and who is in the rooms that the user came into.
    private func met(_ tasks: [RoomTask], by user: UserNID) async throws -> Set<UserNID> {
        var met: Set<UserNID> = []
        for task in tasks { for row in task.change?.rows ?? [] { met.formUnion(row.memberNIDs) } }
        let entered = Set(tasks.filter { $0.knownUpTo == nil }.map(\.room.nid))
        if !entered.isEmpty { met.formUnion(try await visible.present(in: entered)) }
        met.remove(user)
        return met
    }
}
