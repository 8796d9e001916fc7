import ApusTesting
import Postgres
import Testing

private enum Number: Int64, PostgresCodable, PostgresArrayElement {
    case one = 1
    case two = 2
}

@Suite struct PostgresCodableTests {
    private static let scalars = Statement(
        "scalars",
        """
        SELECT $1::smallint, $2::integer, $3::bigint, $4::boolean, $5::double precision, $6::text, $7::bytea
        """, mode: .read)

    private static let arrays = Statement(
        "arrays", "SELECT $1::smallint[], $2::bigint[], $3::boolean[], $4::text[], $5::bytea[]", mode: .read)

    @Test func scalarsRoundTrip() async throws {
        try await withPool { pool in
            for extreme in [true, false] {
                let values = (
                    extreme ? Int16.min : Int16.max, extreme ? Int32.min : Int32.max, extreme ? Int64.min : Int64.max,
                    extreme, extreme ? -0.0 : Double.greatestFiniteMagnitude, extreme ? "" : "żółw 🐢 \u{10FFFF}",
                    extreme ? [UInt8]() : [UInt8](0...255)
                )
                let rows = try await pool.query(
                    Self.scalars, values.0, values.1, values.2, values.3, values.4, values.5, values.6)
                let row = try rows[0].decode((Int16, Int32, Int64, Bool, Double, String, [UInt8]).self)
                #expect((row.0, row.1, row.2, row.3) == (values.0, values.1, values.2, values.3))
                #expect((row.4, row.5, row.6) == (values.4, values.5, values.6))
                #expect(row.4.sign == values.4.sign)
            }
        }
    }

    @Test func nullsRoundTrip() async throws {
        try await withPool { pool in
            let rows = try await pool.query(
                Self.scalars, Int16?.none, Int32?.none, Int64?.none, Bool?.none, Double?.none, String?.none,
                [UInt8]?.none)
            let row = try rows[0].decode((Int16?, Int32?, Int64?, Bool?, Double?, String?, [UInt8]?).self)
            #expect((row.0, row.1, row.2, row.3) == (nil, nil, nil, nil))
            #expect((row.4, row.5, row.6) == (nil, nil, nil))
        }
    }

    @Test func arraysRoundTrip() async throws {
        try await withPool { pool in
            let values: ([Int16], [Int64], [Bool], [String], [[UInt8]]) = (
                [1, -1], Array(-500...500), [true, false], ["", "a,b", "{}\"\\"],
                [[], [0], [UInt8](repeating: 7, count: 3000)]
            )
            let rows = try await pool.query(Self.arrays, values.0, values.1, values.2, values.3, values.4)
            #expect(try rows[0].decode(([Int16], [Int64], [Bool], [String], [[UInt8]]).self) == values)
        }
    }

    @Test func emptyArraysAndNullElementsRoundTrip() async throws {
        try await withPool { pool in
            let none = try await pool.query(Self.arrays, [Int16](), [Int64](), [Bool](), [String](), [[UInt8]]())
            let empty = try none[0].decode(([Int16], [Int64], [Bool], [String], [[UInt8]]).self)
            #expect(empty == ([], [], [], [], []))

            let values: ([Int16?], [Int64?], [Bool?], [String?], [[UInt8]?]) = (
                [nil], [1, nil, 3], [nil, true], ["a", nil], [nil, []]
            )
            let rows = try await pool.query(Self.arrays, values.0, values.1, values.2, values.3, values.4)
            #expect(try rows[0].decode(([Int16?], [Int64?], [Bool?], [String?], [[UInt8]?]).self) == values)
            #expect(throws: PostgresError.self) { try rows[0].get(1, [Int64].self) }
        }
    }

    @Test func wrappedNumbersRoundTrip() async throws {
        let statement = Statement("numbers", "SELECT $1::bigint, $2::bigint[], 3::bigint", mode: .read)
        try await withPool { pool in
            let row = try await pool.query(statement, Number.one, [Number.two, .one])[0]
            #expect(try row.get(0, Number.self) == .one)
            #expect(try row.get(1, [Number].self) == [.two, .one])
            #expect(throws: PostgresError.self) { try row.get(2, Number.self) }
        }
    }

    @Test func aMebibyteOfBytesRoundTrips() async throws {
        let statement = Statement("big", "SELECT $1::bytea, length($1)", mode: .read)
        let bytes = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withPool { pool in
            let row = try await pool.query(statement, bytes)[0]
            #expect(try row.get(0, [UInt8].self) == bytes)
            #expect(try row.get(1, Int32.self) == 5 << 20)
            let slice = try await pool.query(statement, bytes[10..<20])[0]
            #expect(try slice.get(0, ArraySlice<UInt8>.self) == bytes[10..<20])
        }
    }

    @Test func widensNumbersAndRefusesOtherTypes() async throws {
        let statement = Statement(
            "types", "SELECT 1::smallint, 2::integer, 'eight by'::text, 3::bigint, 1.5::real, NULL::bigint", mode: .read
        )
        try await withPool { pool in
            let row = try await pool.query(statement)[0]
            #expect(try row.get(0, Int64.self) == 1)
            #expect(try row.get(1, Int64.self) == 2)
            #expect(try row.get(0, Int32.self) == 1)
            #expect(try row.get(4, Double.self) == 1.5)
            #expect(try row.get(2, [UInt8].self) == Array("eight by".utf8))
            // Eight bytes of text are no number, a bigint no integer, NULL no value; and there is no column 6.
            #expect(throws: PostgresError.self) { try row.get(2, Int64.self) }
            #expect(throws: PostgresError.self) { try row.get(2, [Int64].self) }
            #expect(throws: PostgresError.self) { try row.get(3, Int32.self) }
            #expect(throws: PostgresError.self) { try row.get(3, String.self) }
            #expect(throws: PostgresError.self) { try row.get(5, Int64.self) }
            #expect(throws: PostgresError.self) { try row.get(6, Int64?.self) }
            #expect(throws: PostgresError.self) { try row.get(-1, Int64?.self) }
        }
    }

    @Test func readsRowsInSeveralWays() async throws {
        let statement = Statement(
            "series", "SELECT n::bigint, 'x' || n FROM generate_series(1, $1::bigint) n", mode: .read)
        try await withPool { pool in
            let rows = try await pool.query(statement, Int64(3))
            #expect(rows.count == 3)
            #expect(rows.affectedRows == 3)
            #expect(try rows.column(Int64.self) == [1, 2, 3])
            #expect(try rows.decode((Int64, String).self).map(\.1) == ["x1", "x2", "x3"])
            var cursor = rows[2]
            #expect(try cursor.next(Int64.self) == 3)
            #expect(try cursor.next(String.self) == "x3")
            #expect(throws: PostgresError.self) { try cursor.next(String.self) }
            let nothing = try await pool.query(statement, Int64(0))
            #expect(nothing.only == nil)
        }
    }

    @Test func refusesMalformedArrays() {
        func decode(_ bytes: [UInt8]) -> PostgresDecodingError? {
            do throws(PostgresDecodingError) {
                _ = try [Int64](fromPostgres: bytes.span.bytes, type: .int8Array)
                return nil
            } catch { return error }
        }
        var good: [UInt8] = []
        [Int64(1), 2].encode(into: &good)
        #expect(decode(good) == nil)
        for length in 0..<good.count { #expect(decode(Array(good.prefix(length))) != nil) }
        var huge = good
        huge.replaceSubrange(12..<16, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(decode(huge) == .malformedArray)
        var negative = good
        negative.replaceSubrange(12..<16, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(decode(negative) == .malformedArray)
        var matrix = good
        matrix[3] = 2
        #expect(decode(matrix) == .malformedArray)
    }
}
