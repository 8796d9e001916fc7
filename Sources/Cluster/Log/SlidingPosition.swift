import Storage

/// `pos` of a sliding sync: what the client has seen, and what its connection has been told of each room.
///
/// What was told stands in a stored state and, as far as it changed since, in the position itself. So most answers write
/// nothing, any worker can go on from any position, and the same position again leads to the same answer.
///
/// On the wire: `p` and the url-safe base64 of a version byte, four bytes of incarnation, LEB128 numbers, and the changes.
package struct SlidingPosition: Hashable, Sendable {
    package static let maxLength = 4096

    package var token: SyncToken
    /// Tells connections apart: a hash of the user, the device and the connection's name.
    package var owner: Int64
    /// Hours since 1970.
    package var issuedAt: Int64
    /// The number of the stored state; 0 for none.
    package var base: Int64
    /// What is different from the stored state. Not looked at here.
    package var changes: [UInt8]

    package init(token: SyncToken, owner: Int64, issuedAt: Int64, base: Int64, changes: [UInt8]) {
        self.token = token
        self.owner = owner
        self.issuedAt = issuedAt
        self.base = base
        self.changes = changes
    }

    package func encoded(incarnation: UInt32) -> String {
        TokenFrame.encode("p", incarnation: incarnation) { bytes in
            for number in [owner, issuedAt, base, token.ephemeral, Int64(token.log.shardCount)] + token.log.positions {
                VariableLengthNumber.append(number, to: &bytes)
            }
            bytes += changes
        }
    }

    /// Reads what `encoded` wrote. It is not signed: whoever forges one misleads nobody but themselves about what they have
    /// been told, and learns nothing that they may not see.
    package init(_ text: String, incarnation: UInt32, shards: Int) throws(SyncToken.DecodingFailure) {
        guard let frame = TokenFrame(text, of: "p", maxLength: Self.maxLength) else { throw .malformed }
        guard frame.incarnation == incarnation else { throw .otherIncarnation }
        var rest = frame.content
        var numbers: [Int64] = []
        for _ in 0..<(5 + shards) {
            guard let number = VariableLengthNumber.next(&rest) else { throw .malformed }
            numbers.append(number)
        }
        guard numbers[4] == Int64(shards) else { throw .malformed }
        self.init(
            token: SyncToken(log: LogVector(Array(numbers[5...])), ephemeral: numbers[3]), owner: numbers[0],
            issuedAt: numbers[1], base: numbers[2], changes: Array(rest))
    }
}

extension SyncToken {
    /// Reads the token of either kind of sync.
    package static func ofAnySync(_ text: String, incarnation: UInt32, shards: Int) -> SyncToken? {
        if let position = try? SlidingPosition(text, incarnation: incarnation, shards: shards) { return position.token }
        return try? SyncToken(text, incarnation: incarnation, shards: shards)
    }
}
