import MatrixCore
import Postgres

/// Guests who become users.
extension AccountStore {
    /// Makes a guest a user with a password and spends the session, both or neither.
    ///
    /// - Parameters:
    ///   - account: of which the user, the password and the session count.
    ///   - oldestSession: sessions from before are over.
    /// - Returns: what became of it, and where the log tells so; `nameIsTaken` when the user is no guest any more.
    package func upgrade(
        guest account: NewAccount, oldestSession: Int64, now: Int64
    ) async throws -> (outcome: AccountCreation, position: LogPosition?) {
        let user = account.user
        let rows = try await pool.query(
            AccountStatements.upgradeGuest, user.shard, user.nid.rawValue, account.passwordHash,
            account.session?.bytes, oldestSession, account.deviceID, now)
        guard var row = rows.first, let outcome = AccountCreation(rawValue: try row.next(Int16.self)) else {
            throw StorageError.corrupt("upgrade_guest")
        }
        return (outcome, try LogPosition(optional: &row, shard: user.shard))
    }
}
