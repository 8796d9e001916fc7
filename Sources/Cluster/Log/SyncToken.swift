package import Storage

/// What a client has seen: a position in each shard of the log, and the newest ephemeral change (typing).
///
/// It carries the incarnation of the database, because after a restore from a backup the positions of the lost future
/// will be given out again, to other changes.
///
/// On the wire: `s` and the url-safe base64 of a version byte, four bytes of incarnation, and LEB128 numbers, of which the inbox's
/// place is left out when there is none.
package struct SyncToken: Hashable, Sendable {
    package static let maxLength = 4096

    package var log: LogVector
    /// The serial of the newest typing change that was shown; see `EphemeralBus`.
    package var ephemeral: Int64
    /// Up to where the device was given messages to it, when there were more than found place in the answer; otherwise it has all
    /// that the log's positions say.
    package var inbox: InboxPlace?

    package init(log: LogVector, ephemeral: Int64) {
        self.log = log
        self.ephemeral = ephemeral
    }

    package func encoded(incarnation: UInt32) -> String {
        TokenFrame.encode("s", incarnation: incarnation) { bytes in
            VariableLengthNumber.append(ephemeral, to: &bytes)
            VariableLengthNumber.append(Int64(log.shardCount), to: &bytes)
            for position in log.positions { VariableLengthNumber.append(position, to: &bytes) }
            inbox?.append(to: &bytes)
        }
    }

    package enum DecodingFailure: Error, Hashable {
        /// Not one of our tokens.
        case malformed
        /// From a database that is no more: the client has to start again.
        case otherIncarnation
    }

    /// Reads what `encoded` wrote. A token is not signed: its positions may be anything, and say nothing about what its
    /// bearer may see.
    package init(_ text: String, incarnation: UInt32, shards: Int) throws(DecodingFailure) {
        guard let frame = TokenFrame(text, of: "s", maxLength: Self.maxLength) else { throw .malformed }
        guard frame.incarnation == incarnation else { throw .otherIncarnation }
        var rest = frame.content
        guard let ephemeral = VariableLengthNumber.next(&rest), let count = VariableLengthNumber.next(&rest),
            count == Int64(shards)
        else { throw .malformed }
        var positions: [Int64] = []
        positions.reserveCapacity(shards)
        for _ in 0..<shards {
            guard let position = VariableLengthNumber.next(&rest) else { throw .malformed }
            positions.append(position)
        }
        self.init(log: LogVector(positions), ephemeral: ephemeral)
        guard !rest.isEmpty else { return }
        guard let place = InboxPlace(next: &rest), rest.isEmpty else { throw .malformed }
        inbox = place
    }
}
