import ApusTesting
import MatrixCore
import Postgres
import Reactor
import Storage
import Telemetry
import Testing

@Suite struct NumberBlocksTests {
    @Test func numbersAscendAndStandAboveTheirFloor() async throws {
        let reactor = try Reactor()
        try await TestDatabase.with { database in
            let pool = PostgresPool(
                PostgresConfiguration(conninfo: database.url), reactor: reactor, logger: Log.discarding.logger)
            _ = try await Migrator(pool: pool).migrate(serverName: ServerName("example.org")!, now: 1)
            let (one, two) = (NumberBlocks(pool: pool), NumberBlocks(pool: pool))
            let first = try await one.events(3, above: nil)
            let other = try await two.events(2, above: nil)
            #expect(first == first.sorted() && Set(first).count == 3)
            #expect(Set(first).isDisjoint(with: other))
            // What builds on another worker's event is numbered above it, though our block is older.
            let built = try await one.events(1, above: other.last)
            #expect(try #require(built.first) > (try #require(other.last)))
            let many = try await one.events(200, above: built.last)
            #expect(many == many.sorted() && Set(many).count == 200)
            await pool.close()
        }
        await reactor.shutdown()
    }
}
