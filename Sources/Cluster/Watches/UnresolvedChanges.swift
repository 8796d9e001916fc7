import MatrixCore
import Storage

/// Changes of users' devices of which it is not known yet whom they concern: that has to be looked up in the database.
struct UnresolvedChanges: Sendable {
    /// With more at a time nobody is woken for them; whoever asks afterwards looks.
    static let maxUsers = 50_000

    /// The newest change of each user.
    private(set) var places: [UserNID: LogPlace] = [:]
    /// The newest changes of each shard since there were none.
    private var newest: [Int16: Int64] = [:]
    /// Those that found no place: everybody whose token is older than this looks for them.
    private var overflow: [Int16: Int64] = [:]

    /// - Returns: whether it has to be looked up.
    mutating func add(_ row: LogRow) -> Bool {
        guard let user = row.userNID else { return false }
        newest[row.shard] = row.position
        guard places.count < Self.maxUsers || places[user] != nil else {
            overflow[row.shard] = row.position
            return false
        }
        places[user] = LogPlace(of: row)
        return true
    }

    mutating func remove(_ user: UserNID, upTo place: LogPlace) {
        guard places[user] == place else { return }
        places[user] = nil
        if places.isEmpty { newest = overflow }
    }

    /// Whoever has seen this has looked at all of them; `nil` when there are none.
    func vector(shards: Int) -> LogVector? {
        guard !newest.isEmpty else { return nil }
        var vector = LogVector.zero(shards: shards)
        for (shard, position) in newest { vector[shard] = position }
        return vector
    }
}
