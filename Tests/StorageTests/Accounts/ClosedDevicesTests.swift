import ApusTesting
import Postgres
import Storage
import Testing

struct ClosedDevicesTests {
    /// What a device has left to be sent later is sent: that somebody is gone from a call is told when their device is gone, too.
    /// What is left of a large inbox goes later, and devices of other servers' users are not closed here.
    private static let outlivesItsDevice: Set = ["delayed_events", "abandoned_inboxes", "remote_devices"]

    /// Whoever adds a table that knows devices has to say what becomes of it when one is closed.
    @Test func aClosedDeviceIsTakenOutOfEveryTableThatKnowsIt() async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            let tables = try await pool.query(Self.tablesOfDevices).map { row in try row.get(0, String.self) }
            #expect(Set(tables).isSuperset(of: ["devices", "access_tokens", "refresh_tokens", "pushers"]))
            for table in tables where !Self.outlivesItsDevice.contains(table) {
                let row = try #require(try await pool.query(Self.isCleaned, table).first)
                #expect(try row.get(0, Bool.self), "close_devices leaves rows in \(table)")
            }
            await pool.close()
        }
    }

    private static let tablesOfDevices = Statement(
        "test.tables_of_devices",
        """
        select c.table_name::text from information_schema.columns c
        where c.table_schema = 'public' and c.column_name in ('user_nid', 'device_id')
        group by c.table_name having count(*) = 2
        """)
    /// By the function itself, or by one that it calls.
    private static let isCleaned = Statement(
        "test.is_cleaned",
        """
        select exists (
            select 1 from pg_proc p
            where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
                and (p.proname = 'close_devices'
                     or pg_get_functiondef('close_devices'::regproc) ~ ('perform ' || p.proname || '[(]'))
                and pg_get_functiondef(p.oid) ~ ('delete from ' || $1 || ' '))
        """)
}
