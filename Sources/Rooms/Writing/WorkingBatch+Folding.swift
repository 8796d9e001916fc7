import MatrixCore
import Storage

/// Brings the ends of a room's graph together when there are more of them than one event can name.
///
/// Ends cost every resolution of the room's state, and what is sent on a part of them stands on a part of the state. Whoever
/// sends next makes them fewer by itself, but in many rooms nobody of ours ever does. So an event is sent that says nothing,
/// by a user of ours who may: as other servers do it, it is given to those who ask for it and to nobody else.
extension WorkingBatch {
    /// What other servers call such an event, so that their clients and ours leave it out.
    static var foldType: String { "org.matrix.dummy_event" }
    /// Enough for as many ends as a room may have: each takes as many as an event can name, and is an end itself.
    static var maxFolds: Int {
        (EventReceipt.maxEnds + EventLimits.prevEvents - 2) / (EventLimits.prevEvents - 1)
    }
    /// Local members who are looked through for one with the power to send it.
    private static var maxFoldersTried: Int { 1_000 }

    /// Folds the oldest ends together until what is sent next can name all that are left. Does nothing where no user of ours
    /// may send anything.
    mutating func fold() async throws {
        guard extremities.count > EventLimits.prevEvents, let sender = try await folder() else { return }
        for _ in 0..<Self.maxFolds where extremities.count > EventLimits.prevEvents {
            var folded = self
            do {
                _ = try await folded.build(
                    EventDraft(sender: sender, type: Self.foldType, content: [:]), flags: .softFailed)
            } catch is MatrixError {
                // The ends that it would name know nothing of the sender's power.
                return
            }
            self = folded
        }
    }

    /// What an event of a user is built on: the ends that it names, and the state after these. In a room with more ends than
    /// an event can name that is not the room's state: others know of no more than what is named.
    mutating func foundation(for sender: UserID) async throws -> (predecessors: [RoomEvent], state: StateTree) {
        let predecessors = try await predecessors(for: sender)
        if predecessors.count == extremities.count { return (predecessors, tree) }
        return (predecessors, try await receipt().state(after: predecessors, in: &self))
    }

    /// The ends that an event of a user names: all, or else the oldest, and among them one that knows the user to be in the
    /// room, or invited, as the room does. Without that whoever makes enough forks of the time before could keep everybody
    /// here from speaking.
    private mutating func predecessors(for sender: UserID) async throws -> [RoomEvent] {
        let oldest = Array(extremities.prefix(EventLimits.prevEvents))
        if oldest.count == extremities.count { return oldest }
        let membership = try await state([.member(sender)]).values.first?.event.membership
        for (index, end) in extremities.enumerated() {
            guard let after = try await receipt().stateAfter(end, in: &self),
                try await state([.member(sender)], in: after).values.first?.event.membership == membership
            else { continue }
            return index < oldest.count ? oldest : [end] + oldest.dropLast()
        }
        return oldest
    }

    private func folder() async throws -> UserRecord? {
        guard !localMembers.isEmpty else { return nil }
        let state = AuthStateMap(try await state([.create, .powerLevels]).values.map(\.event))
        let levels = state.powerLevels(in: try roomVersion())
        let needed = levels.required(type: Self.foldType, isState: false)
        let users = try await reader.interning.users(Array(localMembers.prefix(Self.maxFoldersTried)))
        return users.values.filter { levels.level(of: $0.userID) >= needed }.min { $0.nid < $1.nid }
    }
}
