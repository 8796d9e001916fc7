import MatrixCore
import Storage
import Synchronization

/// The settings of users, kept in memory until the log says that they changed.
///
/// Cost: for those that are cached one look under a mutex for all of them; for the others two queries together.
final class UserPushCache: Sendable {
    private static let ignoredType = "m.ignored_user_list"
    private static let maxCached = 50_000
    /// More than this nobody reads; the rest is not ignored.
    private static let maxIgnored = 10_000

    private struct State {
        var settings: [UserNID: UserPushSettings] = [:]
        /// Users that are being read. A change takes them out, so that what was read before it is not kept.
        var reading: [UserNID: UInt64] = [:]
        var nextReading: UInt64 = 0
    }

    private let rules: PushRuleStore
    private let accountData: AccountDataStore
    private let shared = SharedRulesets()
    private let state = Mutex(State())

    init(rules: PushRuleStore, accountData: AccountDataStore) {
        self.rules = rules
        self.accountData = accountData
    }

    /// To be told every row of the log.
    func apply(_ row: LogRow) {
        guard let user = row.userNID, row.roomNID == nil, row.kind == .pushRules || row.kind == .accountData else {
            return
        }
        state.withLock { state in
            state.settings[user] = nil
            state.reading[user] = nil
        }
    }

    /// The settings of users that are not the plain ones.
    func special(among users: [UserNID]) async throws -> [UserNID: UserPushSettings] {
        var found: [UserNID: UserPushSettings] = [:]
        let (unknown, reading) = state.withLock { state -> ([UserNID], UInt64) in
            var unknown: [UserNID] = []
            for user in users {
                guard let known = state.settings[user] else {
                    unknown.append(user)
                    continue
                }
                if !known.isPlain { found[user] = known }
            }
            state.nextReading += 1
            for user in unknown { state.reading[user] = state.nextReading }
            return (unknown, state.nextReading)
        }
        guard !unknown.isEmpty else { return found }
        let read: [UserNID: UserPushSettings]
        do { read = try await self.read(unknown) } catch {
            keep([:], for: unknown, reading)
            throw error
        }
        keep(read.merging(unknown.map { ($0, .plain) }) { read, _ in read }, for: unknown, reading)
        return found.merging(read) { _, read in read }
    }

    /// Keeps what was read of users whom no change has come for since.
    private func keep(_ read: [UserNID: UserPushSettings], for users: [UserNID], _ reading: UInt64) {
        state.withLock { state in
            if state.settings.count + read.count > Self.maxCached { state.settings = [:] }
            for user in users where state.reading[user] == reading {
                state.reading[user] = nil
                state.settings[user] = read[user]
            }
        }
    }

    private func read(_ users: [UserNID]) async throws -> [UserNID: UserPushSettings] {
        async let stored = rules.rules(of: users)
        let ignored = try await accountData.global(Self.ignoredType, of: users)
        let rules = try await stored
        var settings: [UserNID: UserPushSettings] = [:]
        for user in users where rules[user] != nil || ignored[user] != nil {
            settings[user] = UserPushSettings(
                ruleset: try rules[user].flatMap { try shared.ruleset(stored: $0.json) },
                ignored: ignored[user].map(Self.parse) ?? [])
        }
        return settings
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#mignored_user_list
    private static func parse(_ content: [UInt8]) -> Set<UserID> {
        guard let document = try? JSONDocument(parsing: content), let users = document["ignored_users"]?.object else {
            return []
        }
        return Set(users.lazy.prefix(maxIgnored).compactMap { UserID($0.key) })
    }
}
