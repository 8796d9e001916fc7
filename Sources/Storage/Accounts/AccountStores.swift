package import Postgres

/// Everything that an account has.
package struct AccountStores: Sendable {
    package let accounts: AccountStore
    package let devices: DeviceStore
    package let sessions: AuthSessionStore
    package let profiles: ProfileStore
    package let accountData: AccountDataStore
    package let filters: FilterStore
    package let rooms: RoomStore

    package init(pool: PostgresPool, rooms: RoomStore) {
        accounts = AccountStore(pool: pool)
        devices = DeviceStore(pool: pool)
        sessions = AuthSessionStore(pool: pool)
        profiles = ProfileStore(pool: pool)
        accountData = AccountDataStore(pool: pool)
        filters = FilterStore(pool: pool)
        self.rooms = rooms
    }
}
