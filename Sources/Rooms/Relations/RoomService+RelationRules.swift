import MatrixCore
import Storage

/// What local users may not say of how an event relates to another. Of other servers' events everything is taken: what makes
/// no sense is passed over where it is read.
extension RoomService {
    /// Annotations of one event by one user that are compared with a new one.
    private static var maxCompared: Int { 200 }

    /// The event that was sent before under the draft's transaction, if a rule stands against sending it again.
    ///
    /// - Throws: 400 `M_UNKNOWN` for a thread that begins at what relates to something itself, 400 `M_DUPLICATE_ANNOTATION`.
    /// - Cost: a query for threads, two for annotations, nothing for other events.
    func checkRelation(of draft: EventDraft, in room: RoomRecord) async throws -> EventID? {
        guard draft.stateKey == nil, let relation = EventRelation(content: draft.content) else { return nil }
        switch relation.type {
        case RelationType.thread:
            guard try await reader.events.event(relation.parent, in: room)?.event.relation != nil else { return nil }
            throw MatrixError(.unknown, "no thread begins at an event that relates to another", status: 400)
        case RelationType.annotation:
            guard try await isRepeated(draft, relation, in: room) else { return nil }
            if let transaction = draft.transaction,
                let sent = try await reader.eventStore.event(
                    sentBy: draft.sender.nid, in: room.nid, type: draft.type, transaction: transaction)
            {
                return sent
            }
            throw MatrixError(.duplicateAnnotation, "you have said that of this event already")
        default: return nil
        }
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#avoiding-duplicate-annotations
    private func isRepeated(_ draft: EventDraft, _ relation: EventRelation, in room: RoomRecord) async throws -> Bool {
        guard let key = Self.key(of: draft.content) else { return false }
        let numbers = try await reader.eventStore.relations.annotations(
            of: relation.parent, in: room.nid, by: draft.sender.nid, type: draft.type, limit: Self.maxCompared)
        let events = try await reader.events.events(numbers, in: room)
        return events.values.contains { $0.stored.redactedBy == nil && Self.key(of: $0.event.content) == key }
    }

    private static func key(of content: JSONView) -> String? { content["m.relates_to"]?["key"]?.string }
}
