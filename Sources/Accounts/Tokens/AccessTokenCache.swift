import MatrixCore
import Storage
import Synchronization

/// What access tokens stand for, as one worker remembers it.
///
/// Rows of kind `access` in the log make it forget a user. A token that was being read while such a row came is not kept:
/// the answer may be from before it.
final class AccessTokenCache: Sendable {
    /// Tokens kept; when there are more, the cache starts anew.
    static let maxTokens = 100_000
    /// Should the log stand still while the database can be read, an ended token is good no longer than this.
    static let lifetime = Duration.seconds(300)

    private struct Entry {
        let token: AccessTokenRecord
        let readAt: Duration
    }

    private struct State {
        var tokens: [TokenHash: Entry] = [:]
        var byUser: [UserNID: Set<TokenHash>] = [:]
        /// Counts the rows of kind `access`.
        var generation: UInt64 = 0

        mutating func remove(_ hash: TokenHash, of user: UserNID) {
            tokens[hash] = nil
            byUser[user]?.remove(hash)
            if byUser[user]?.isEmpty == true { byUser[user] = nil }
        }
    }

    private let state = Mutex(State())

    /// To be asked before the database is.
    var generation: UInt64 { state.withLock { $0.generation } }

    func token(_ hash: TokenHash, at now: Duration) -> AccessTokenRecord? {
        state.withLock { state -> AccessTokenRecord? in
            guard let entry = state.tokens[hash] else { return nil }
            guard now - entry.readAt < Self.lifetime else {
                state.remove(hash, of: entry.token.userNID)
                return nil
            }
            return entry.token
        }
    }

    /// - Parameter generation: what it was before `token` was read.
    func keep(_ token: AccessTokenRecord, for hash: TokenHash, readAt now: Duration, generation: UInt64) {
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.tokens.count >= Self.maxTokens {
                state.tokens = [:]
                state.byUser = [:]
            }
            state.tokens[hash] = Entry(token: token, readAt: now)
            state.byUser[token.userNID, default: []].insert(hash)
        }
    }

    /// Takes note of a row of the log.
    func observe(_ row: LogRow) {
        guard row.kind == .access else { return }
        state.withLock { state in
            state.generation += 1
            guard let user = row.userNID, let hashes = state.byUser.removeValue(forKey: user) else { return }
            for hash in hashes { state.tokens[hash] = nil }
        }
    }
}
