import Accounts
import ApusTesting
import Cluster
import MatrixCore
import Postgres
import Storage
import Synchronization

extension AccountWorker {
    /// Gives a device something of everything that devices can have.
    func fill(_ user: UserNID, device: String) async throws {
        for statement in Belongings.all { try await pool.execute(statement, user.rawValue, device) }
    }

    /// The tables that name a device of a user.
    func tables(naming device: String, of user: UserNID) async throws -> Set<String> {
        var found: Set<String> = []
        for table in try await tablesWithDevices() where table != "events" {
            let rows = try await pool.query(Belongings.names, table, "\(user.rawValue)", device)
            if try rows.first?.get(0, Bool.self) == true { found.insert(table) }
        }
        return found
    }

    func tablesWithDevices() async throws -> Set<String> {
        Set(try await pool.query(Belongings.tables).map { try $0.get(0, String.self) })
    }

    func giveCrossSigningKeys(to user: UserNID) async throws {
        try await pool.execute(Belongings.crossSigningKey, user.rawValue)
    }

    func hasCrossSigningKeys(_ user: UserNID) async throws -> Bool {
        try await !pool.query(Belongings.crossSigningKeys, user.rawValue).isEmpty
    }

    /// The devices that others were told to look at anew, one list for each time.
    func announcements(of user: UserNID) async throws -> [[String]] {
        try await pool.query(Belongings.announcements, user.rawValue).map { try $0.get(0, [String].self) }
    }
}

/// The kinds of the rows that a worker heard of.
final class HeardKinds: Sendable {
    private let heard = Mutex<[LogKind]>([])

    var kinds: [LogKind] { heard.withLock { $0 } }

    func note(_ row: LogRow) { heard.withLock { $0.append(row.kind) } }
}

private enum Belongings {
    static let all = [
        Statement(
            "belongings.pusher",
            """
            insert into pushers (user_nid, app_id, pushkey, kind, app_display_name, device_display_name, language, data,
                                 device_id, updated_ms)
            values ($1, 'app', $2, 'http', 'app', 'device', 'en', '{}', $2, 0)
            """),
        Statement(
            "belongings.auth_session",
            """
            insert into auth_sessions (session_hash, operation, user_nid, device_id, flows, policies, origin, created_ms)
            values (convert_to($2, 'UTF8'), 'deleteDevice', $1, $2, '{}', '{}', 'user', 9223372036854775807)
            """),
        Statement(
            "belongings.sliding_state",
            "insert into sliding_states (user_nid, device_id, conn_id, number, state, written_ms) values ($1, $2, '', 1, '', 0)"
        ),
        Statement(
            "belongings.device_key",
            "insert into device_keys (user_nid, device_id, identity, body, signatures) values ($1, $2, '', '{}', '{}')"),
        Statement(
            "belongings.one_time_key",
            """
            insert into one_time_keys (user_nid, device_id, algorithm, key_id, body)
            values ($1, $2, 'signed_curve25519', 'AAAA', '{}')
            """),
        Statement(
            "belongings.fallback_key",
            """
            insert into fallback_keys (user_nid, device_id, algorithm, key_id, body)
            values ($1, $2, 'signed_curve25519', 'AAAB', '{}')
            """),
        Statement(
            "belongings.message",
            "insert into device_messages (user_nid, device_id, position, place, body) values ($1, $2, 1, 0, '{}')"),
        Statement(
            "belongings.dehydrated",
            """
            insert into dehydrated_devices (user_nid, device_id, device_data) values ($1, $2, '{}')
            on conflict (user_nid) do nothing
            """),
        Statement(
            "belongings.delayed_event",
            """
            insert into delayed_events (delay_id, slot, user_nid, room_id, event_type, content, device_id, delay_ms,
                                        scheduled_ms, wake_ms)
            values ($2, 0, $1, '!r:example.org', 'm.room.message', '{}', $2, 1, 1, 1)
            """),
    ]

    static let tables = Statement(
        "belongings.tables",
        """
        select c.table_name::text from information_schema.columns c
        where c.table_schema = 'public' and c.column_name = 'device_id'
        """)
    static let names = Statement(
        "belongings.names",
        """
        select query_to_xml(
            format('select 1 from %I where user_nid = %s and device_id = %L limit 1', $1, $2, $3), true, true, '')::text
            like '%row%'
        """)
    static let crossSigningKey = Statement(
        "belongings.cross_signing_key",
        """
        insert into cross_signing_keys (user_nid, usage, public_key, body, signatures) values ($1, 0, 'AAAA', '{}', '{}')
        """)
    static let crossSigningKeys = Statement(
        "belongings.cross_signing_keys", "select 1 from cross_signing_keys where user_nid = $1")
    static let announcements = Statement(
        "belongings.announcements", "select devices from device_changes where user_nid = $1 order by position")
}
