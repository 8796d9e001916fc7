import MatrixCore
import Storage

/// Typing and receipts in the form in which a room's `ephemeral` section has them.
enum EphemeralEvents {
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mtyping
    static func typing(_ users: [UserID]) -> [UInt8] {
        JSONWriter.write { writer in
            writer.object { writer in
                writer.field("type", "m.typing")
                writer.key("content")
                writer.object { $0.field("user_ids", strings: users.map(\.description)) }
            }
        }
    }

    /// As few events as hold all the receipts: one user's receipts of a kind for the same event, in several threads, have
    /// the same place in the format.
    ///
    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mreceipt
    static func receipts(_ receipts: [ReceiptRecord], users: [UserNID: UserRecord]) -> [[UInt8]] {
        var layers: [[EventID: [ReceiptKind: [UserID: ReceiptRecord]]]] = []
        for receipt in receipts {
            guard let user = users[receipt.userNID]?.userID else { continue }
            let layer = layers.firstIndex { $0[receipt.eventID]?[receipt.kind]?[user] == nil } ?? layers.count
            if layer == layers.count { layers.append([:]) }
            layers[layer][receipt.eventID, default: [:]][receipt.kind, default: [:]][user] = receipt
        }
        return layers.map(event)
    }

    private static func event(_ layer: [EventID: [ReceiptKind: [UserID: ReceiptRecord]]]) -> [UInt8] {
        JSONWriter.write { writer in
            writer.object { writer in
                writer.field("type", "m.receipt")
                writer.key("content")
                writer.object { content in
                    for (eventID, kinds) in layer.sorted(by: { $0.key < $1.key }) {
                        content.key(eventID.description)
                        content.object { write(kinds, to: &$0) }
                    }
                }
            }
        }
    }

    private static func write(_ kinds: [ReceiptKind: [UserID: ReceiptRecord]], to writer: inout JSONWriter) {
        for (kind, receipts) in kinds.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.key(kind.name)
            writer.object { writer in
                for (user, receipt) in receipts.sorted(by: { $0.key < $1.key }) {
                    writer.key(user.description)
                    writer.object {
                        $0.field("ts", receipt.sentAt)
                        $0.field(optional: "thread_id", receipt.thread.id)
                    }
                }
            }
        }
    }
}
