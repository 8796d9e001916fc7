import ApusTesting
import Cluster
import DeviceMessages
import MatrixCore
import Postgres
import RoomsTesting
import Storage
import Telemetry
import Testing

struct DeviceMessageUpkeepTests {
    @Test func whatIsOfNoUseGoesInSteps() async throws {
        try await MessageWorker.with { worker, _ in
            let upkeep = DeviceMessageUpkeep(
                messages: worker.store, outgoing: worker.outgoing, shardCount: worker.base.installation.shardCount,
                telemetry: .silent())
            let now = Telemetry.silent().clock.nowMilliseconds
            let old = now - OutgoingEDUStore.maxAgeMilliseconds - 1
            let most = OutgoingEDUStore.maxPerServer
            try await worker.pool.simple(
                """
                insert into known_device_messages (digest, expires_ms)
                    select decode(md5(n::text), 'hex'), case when n <= 2500 then \(now - 1) else \(now + 60_000) end
                    from generate_series(1, 2600) n;
                insert into outgoing_edus (server_name, shard, position, body, created_ms)
                    select 'old.example', 3, n, '{}', case when n <= 1500 then \(old) else \(now) end
                    from generate_series(1, 1600) n;
                insert into destinations (server_name, behind_since) values ('away.example', '{}'), ('old.example', '{}');
                insert into outgoing_edus (server_name, shard, position, body, created_ms)
                    select 'away.example', 5, n, '{}', \(now) from generate_series(1, \(most + 1500)) n
                """)
            try await upkeep.sweep()
            #expect(try await worker.count("known_device_messages") == 100)
            #expect(try await worker.count("outgoing_edus where server_name = 'old.example'") == 100)
            #expect(try await worker.count("outgoing_edus where server_name = 'away.example'") == most)
            #expect(
                try await worker.count("outgoing_edus where server_name = 'away.example' and position <= 1500") == 0,
                "the oldest go")
        }
    }
}
