import MatrixCore
import Storage

extension RoomTruth {
    /// What is unread for a member, by a model that knows nothing of how it is counted.
    ///
    /// - Parameters:
    ///   - start: where the member's stay began.
    ///   - receipts: the member's own.
    func unread(for user: UserRecord, since start: Int64, receipts: [ReceiptRecord]) -> UnreadCounts {
        var model = UnreadModel()
        var hasBegun = false
        let roots = threadRoots()
        for moment in moments {
            if !hasBegun, moment.stored.position > start {
                model.join(user.nid)
                hasBegun = true
            }
            let isMessage = moment.event.type == EventType.message && moment.event.sender != user.userID
            let highlights = moment.event.content["highlights"]?.int == user.nid.rawValue
            model.add(
                moment.event.eventID,
                .init(
                    sender: moment.stored.senderNID, root: roots[moment.event.eventID],
                    isSaid: moment.event.type != EventType.member, notified: isMessage ? [user.nid: highlights] : [:],
                    isRedacted: moment.stored.redactedBy != nil))
        }
        if !hasBegun { model.join(user.nid) }
        for receipt in receipts { model.receipt(user.nid, receipt.thread, at: receipt.eventID) }
        return model.counts(for: user.nid)
    }

    /// The thread that each event is in, by what it relates to.
    private func threadRoots() -> [EventID: EventID] {
        let relations = Dictionary(
            uniqueKeysWithValues: moments.compactMap { moment in
                moment.event.relation.map { (moment.event.eventID, $0) }
            })
        var roots: [EventID: EventID] = [:]
        for (event, relation) in relations {
            var relation = relation
            for _ in 0..<3 where relation.type != RelationType.thread {
                if let next = relations[relation.parent] { relation = next }
            }
            if relation.type == RelationType.thread { roots[event] = relation.parent }
        }
        return roots
    }
}
