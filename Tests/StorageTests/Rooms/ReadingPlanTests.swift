import ApusTesting
import MatrixCore
import Postgres
import Storage
import Testing

/// Reading a large room costs the same at any place of it: the statements find what they return by an index, in its order.
@Suite struct ReadingPlanTests {
    private static let plan = Statement("test.plan", "select plan_of($1, $2)", mode: .read)

    /// A room of many events, in which one message has many relations, beside some other rooms.
    private static let fill = """
        insert into events (room_nid, event_nid, event_id, position, depth, sender_nid, event_type, flags, origin_ms,
                            auth_nids, body)
            select case when i % 10 = 0 then 2 + i % 7 else 1 end, i, '$' || md5(i::text), i, i, i % 50, 'm.room.message', 0,
                   i * 1000, '', '{}'
            from generate_series(1, 60000) as i;
        insert into redactions (room_nid, event_id, redaction_nid)
            select 1, '$' || md5(i::text), 1 from generate_series(1, 60000, 20) as i;
        insert into relations (room_nid, event_nid, parent_id, rel_type, depth, position, sender_nid, event_type, origin_ms)
            select 1, i, case when i % 3 = 0 then '$popular' else '$' || md5((i - 1)::text) end,
                   (array['m.thread', 'm.annotation', 'm.replace', 'm.reference'])[1 + i % 4], i, i, i % 50,
                   'm.room.message', i * 1000
            from generate_series(1, 60000, 2) as i;
        analyze events, relations, redactions;
        create function plan_of(query text, arguments text) returns setof text language plpgsql as $$
        begin
            execute 'prepare asked as ' || query;
            set local plan_cache_mode = force_generic_plan;
            return query execute 'explain (analyze, buffers, costs off, timing off, summary off) execute asked (' || arguments || ')';
            deallocate asked;
        end $$;
        """

    private struct Plan {
        let text: String
        /// Pages of tables and indexes that were touched.
        let pages: Int

        init(_ lines: [String]) {
            text = lines.joined(separator: "\n")
            let top = lines.first { $0.contains("Buffers: shared") } ?? ""
            pages = top.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }.reduce(0, +)
        }
    }

    private func plan(_ name: String, _ arguments: String, _ pool: PostgresPool) async throws -> Plan {
        let statement = try #require(AllStatements.list.first { $0.name == name })
        let rows = try await pool.query(Self.plan, statement.sql, arguments)
        return Plan(try rows.map { try $0.get(0, String.self) })
    }

    @Test func placesOfALargeRoomAreFoundByIndexes() async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            try await pool.simple(Self.fill)
            let questions: [(name: String, index: String, arguments: (Int) -> String)] = [
                ("events.before", "events_by_depth", { "1, \($0), 0, 0, 0, 0, 0, 20" }),
                ("events.after", "events_by_depth", { "1, \($0), 0, 0, 9223372036854775807, 0, 0, 20" }),
                ("events.timeline_before", "events_by_position", { "1, 0, \($0), 20" }),
                ("events.newest_in_timeline", "events_by_position", { "1, \($0)" }),
                ("relations.direct_backwards", "relations_by_", { "1, '$popular', 0, 0, 0, \($0), 0, 0, 20" }),
                ("relations.direct_forwards", "relations_by_", { "1, '$popular', \($0), 0, 0, 99999, 0, 0, 20" }),
                (
                    "relations.typed_backwards", "relations_by_type",
                    { "1, '$popular', 0, 0, 0, \($0), 0, 0, 20, 'm.thread', null" }
                ),
                (
                    "relations.threads", "relations_threads",
                    { "1, \($0), 0, 0, 99999, 0, 0, array[]::bigint[], 7, 50" }
                ),
            ]
            for question in questions {
                var pages: [Int] = []
                for place in [300, 30_000, 59_900] {
                    let plan = try await plan(question.name, question.arguments(place), pool)
                    #expect(plan.text.contains(question.index), "\(question.name): \(plan.text)")
                    for costly in ["Seq Scan", "Sort", "Hash"] {
                        #expect(!plan.text.contains(costly), "\(question.name): \(plan.text)")
                    }
                    pages.append(plan.pages)
                }
                #expect((pages.max() ?? 0) <= 4 * (pages.min() ?? 0) + 60, "\(question.name): \(pages)")
            }
            await pool.close()
        }
    }

    @Test func whatRelatesToAPageIsFoundByIndexes() async throws {
        try await MigratedDatabase.with { database in
            let pool = database.pool()
            try await pool.simple(Self.fill)
            let ids = (30_000..<30_100).map { "'$' || md5('\($0)')" }.joined(separator: ", ")
            func repeated(_ value: String) -> String { Array(repeating: value, count: 100).joined(separator: ", ") }
            let arguments = """
                array[\(repeated("1"))], array[\(ids)], array[\(repeated("1"))], array[\(repeated("'m.room.message'"))],
                array[\(repeated("99999"))], array[\(repeated("0"))], array[\(repeated("0"))], 7, array[]::bigint[],
                10000, 4, 200
                """
            let plan = try await plan("relations.groups", arguments, pool)
            #expect(!plan.text.contains("Seq Scan on relations"), "\(plan.text)")
            #expect(plan.pages < 4_000, "\(plan.pages)")
            await pool.close()
        }
    }
}
