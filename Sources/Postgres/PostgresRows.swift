internal import CPostgres

/// The answer to one statement. Immutable; keeps libpq's memory until the last row of it is let go.
package struct PostgresRows: Sendable, RandomAccessCollection {
    let result: ResultHandle

    package var startIndex: Int { 0 }
    package let endIndex: Int

    init(_ result: ResultHandle) {
        self.result = result
        endIndex = result.rowCount
    }

    /// How many rows were inserted, updated, deleted or selected.
    package var affectedRows: Int { result.affectedRows }

    package subscript(position: Int) -> PostgresRow {
        PostgresRow(result: result, index: position)
    }

    /// The row of an answer that has at most one that matters; nil when there is none.
    package var only: PostgresRow? { isEmpty ? nil : self[0] }

    /// Every row as a tuple.
    package func decode<each Column: PostgresDecodable>(
        _ columns: (repeat each Column).Type
    ) throws(PostgresError) -> [(repeat each Column)] {
        var values: [(repeat each Column)] = []
        values.reserveCapacity(count)
        for index in 0..<endIndex { values.append(try self[index].decode(columns)) }
        return values
    }

    /// The first column of every row.
    package func column<Column: PostgresDecodable>(_ type: Column.Type) throws(PostgresError) -> [Column] {
        var values: [Column] = []
        values.reserveCapacity(count)
        for index in 0..<endIndex { values.append(try self[index].get(0, type)) }
        return values
    }
}

/// One row. `get` reads any column, `next` one after the other, `decode` all at once.
package struct PostgresRow: Sendable {
    private let result: ResultHandle
    private let index: Int
    private var column = 0

    init(result: ResultHandle, index: Int) {
        self.result = result
        self.index = index
    }

    package var columnCount: Int { result.columnCount }

    /// The value of a column, counted from 0.
    package func get<Value: PostgresDecodable>(
        _ column: Int, _ type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        do {
            return try result.decode(row: index, column: column)
        } catch {
            throw .decoding(error, column: column)
        }
    }

    /// The value of the first column that was not read yet.
    package mutating func next<Value: PostgresDecodable>(
        _ type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        let value = try get(column, type)
        column += 1
        return value
    }

    /// The leading columns: `try row.decode((Int64, String?, [UInt8]).self)`.
    package func decode<each Column: PostgresDecodable>(
        _ columns: (repeat each Column).Type
    ) throws(PostgresError) -> (repeat each Column) {
        var cursor = self
        cursor.column = 0
        return (repeat try cursor.next((each Column).self))
    }
}
