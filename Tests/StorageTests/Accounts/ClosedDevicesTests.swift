import ApusTesting
import Postgres
import Storage
import Testing

struct ClosedDevicesTests {
    /// What a device has left to be sent later is sent: that somebody is gone from a call is told when their device is gone, too.
    private static let outlivesItsDevice: Set = ["delayed_events"]

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
    private static let isCleaned = Statement(
        "test.is_cleaned",
        """
        select pg_get_functiondef('close_devices'::regproc) ~ ('delete from ' || $1 || ' ')
        """)
}
