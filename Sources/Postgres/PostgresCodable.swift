/// A value that can be a parameter, in the server's binary format.
package protocol PostgresEncodable: Sendable {
    /// The type told to the server when the statement is prepared: it decides which operator or function is meant.
    static var postgresType: PostgresType { get }

    /// NULL has no bytes, so it is asked for apart.
    var isPostgresNull: Bool { get }

    /// Appends the bytes. Not called for NULL.
    func encode(into buffer: inout [UInt8])
}

extension PostgresEncodable {
    package var isPostgresNull: Bool { false }
}

/// A value that can be read from a column in the server's binary format.
///
/// The column's type comes along and is checked: eight bytes of text must not become a number.
package protocol PostgresDecodable: Sendable {
    /// What NULL reads as; nil when it may not be NULL.
    static var postgresNull: Self? { get }

    init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError)
}

extension PostgresDecodable {
    package static var postgresNull: Self? { nil }
}

package typealias PostgresCodable = PostgresDecodable & PostgresEncodable

/// A column that does not hold what the program reads from it: an error of the program or of the schema.
package enum PostgresDecodingError: Error, Sendable, Hashable {
    case wrongType(PostgresType)
    case wrongLength(Int)
    case malformedArray
    case unexpectedNull
    /// The bytes are of the right type, but the domain type does not take the value.
    case refused
    case noSuchColumn
    case noSuchRow
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var isPostgresNull: Bool { self?.isPostgresNull ?? true }
    package func encode(into buffer: inout [UInt8]) { self?.encode(into: &buffer) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static var postgresNull: Wrapped?? { .some(.none) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        self = try Wrapped(fromPostgres: bytes, type: type)
    }
}

/// Domain types that wrap a number or a string need only name the protocols.
extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    package static var postgresType: PostgresType { RawValue.postgresType }
    package var isPostgresNull: Bool { rawValue.isPostgresNull }
    package func encode(into buffer: inout [UInt8]) { rawValue.encode(into: &buffer) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        guard let value = Self(rawValue: try RawValue(fromPostgres: bytes, type: type)) else { throw .refused }
        self = value
    }
}
