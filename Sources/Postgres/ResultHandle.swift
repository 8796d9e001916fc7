internal import CPostgres

/// Owner of a `PGresult`. libpq never changes a result once it is handed out, so any thread may read it.
final class ResultHandle: @unchecked Sendable {
    private let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    /// Takes the result over.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// As the server tells what it did, for instance `COMMIT`.
    var commandTag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    var affectedRows: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    func decode<Value: PostgresDecodable>(row: Int, column: Int) throws(PostgresDecodingError) -> Value {
        guard row >= 0, row < rowCount else { throw .noSuchRow }
        guard column >= 0, column < columnCount else { throw .noSuchColumn }
        let row = Int32(row)
        let column = Int32(column)
        let length = Int(PQgetlength(pointer, row, column))
        if length == 0, PQgetisnull(pointer, row, column) != 0 {
            guard let null = Value.postgresNull else { throw .unexpectedNull }
            return null
        }
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: length)
        return try Value(fromPostgres: bytes.bytes, type: PostgresType(rawValue: PQftype(pointer, column)))
    }

    /// The name of the statement is filled in by who knows it.
    func serverError() -> ServerError {
        let severity = field("V")
        return ServerError(
            sqlState: field("C") ?? "", message: field("M") ?? "no message", constraint: field("n"),
            statement: "", endsSession: severity == "FATAL" || severity == "PANIC", routine: field("R"))
    }

    /// A field of the error, by the protocol's letter for it.
    ///
    /// - Spec: https://www.postgresql.org/docs/15/protocol-error-fields.html
    private func field(_ letter: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(letter.value)).map { String(cString: $0) }
    }
}
