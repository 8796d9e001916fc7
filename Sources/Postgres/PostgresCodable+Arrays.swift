/// What a Swift array may hold to be a parameter or a column: bytes, which make a `bytea`, or values that make an
/// array of the server.
package protocol PostgresSequenceElement: Sendable {
    static var postgresSequenceType: PostgresType { get }
    static func encodeSequence(_ values: [Self], into buffer: inout [UInt8])
    static func decodeSequence(_ bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) -> [Self]
}

/// A value of which the server has one-dimensional arrays.
package protocol PostgresArrayElement: PostgresEncodable, PostgresDecodable, PostgresSequenceElement {
    static var postgresArrayType: PostgresType { get }
}

extension Array: PostgresEncodable where Element: PostgresSequenceElement {
    package static var postgresType: PostgresType { Element.postgresSequenceType }
    package func encode(into buffer: inout [UInt8]) { Element.encodeSequence(self, into: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresSequenceElement {
    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        self = try Element.decodeSequence(bytes, type: type)
    }
}

extension UInt8: PostgresSequenceElement {
    package static var postgresSequenceType: PostgresType { .bytea }

    package static func encodeSequence(_ values: [UInt8], into buffer: inout [UInt8]) {
        buffer.append(contentsOf: values)
    }

    /// Text is read as its UTF-8, so that stored JSON need not pass through a `String`.
    package static func decodeSequence(
        _ bytes: RawSpan, type: PostgresType
    ) throws(PostgresDecodingError) -> [UInt8] {
        guard type == .bytea || type.isTextual else { throw .wrongType(type) }
        return bytes.withUnsafeBytes { [UInt8]($0) }
    }
}

/// `[[UInt8]]` is `bytea[]`.
extension Array: PostgresSequenceElement, PostgresArrayElement where Element == UInt8 {
    package static var postgresArrayType: PostgresType { .byteaArray }
}

/// `[Int64?]` is `bigint[]` with NULLs.
extension Optional: PostgresSequenceElement, PostgresArrayElement where Wrapped: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

extension PostgresArrayElement where Self: RawRepresentable, RawValue: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}

/// The server's binary form of an array: the number of dimensions (0 for an empty one, else 1 here), whether there are
/// NULLs, the element's type, the length, the lower bound; then each element as its length (-1 for NULL) and its bytes.
///
/// - Spec: `array_send` in src/backend/utils/adt/arrayfuncs.c of PostgreSQL
extension PostgresArrayElement {
    private static var emptyHeaderLength: Int { 12 }
    private static var headerLength: Int { 20 }

    package static var postgresSequenceType: PostgresType { postgresArrayType }

    package static func encodeSequence(_ values: [Self], into buffer: inout [UInt8]) {
        let hasNulls = values.contains { $0.isPostgresNull }
        Int32(values.isEmpty ? 0 : 1).appendBigEndian(to: &buffer)
        Int32(hasNulls ? 1 : 0).appendBigEndian(to: &buffer)
        postgresType.rawValue.appendBigEndian(to: &buffer)
        guard !values.isEmpty else { return }
        Int32(clamping: values.count).appendBigEndian(to: &buffer)
        Int32(1).appendBigEndian(to: &buffer)
        for value in values {
            let start = buffer.count
            Int32(-1).appendBigEndian(to: &buffer)
            guard !value.isPostgresNull else { continue }
            value.encode(into: &buffer)
            let length = Int32(clamping: buffer.count - start - 4)
            withUnsafeBytes(of: length.bigEndian) { bytes in
                for offset in 0..<4 { buffer[start + offset] = bytes[offset] }
            }
        }
    }

    package static func decodeSequence(
        _ bytes: RawSpan, type: PostgresType
    ) throws(PostgresDecodingError) -> [Self] {
        guard type != .bytea, !type.isTextual, bytes.byteCount >= emptyHeaderLength else { throw .wrongType(type) }
        let elementType = PostgresType(rawValue: UInt32(bigEndian: bytes, at: 8))
        let dimensions = Int32(bigEndian: bytes)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.byteCount >= headerLength else { throw .malformedArray }
        let count = Int(Int32(bigEndian: bytes, at: 12))
        // Each element takes at least its length: so a count beyond the bytes reserves no memory.
        guard count >= 0, count <= (bytes.byteCount - headerLength) / 4 else { throw .malformedArray }
        var values: [Self] = []
        values.reserveCapacity(count)
        var offset = headerLength
        for _ in 0..<count {
            values.append(try element(bytes, at: &offset, elementType))
        }
        return values
    }

    private static func element(
        _ bytes: RawSpan, at offset: inout Int, _ type: PostgresType
    ) throws(PostgresDecodingError) -> Self {
        guard offset + 4 <= bytes.byteCount else { throw .malformedArray }
        let length = Int(Int32(bigEndian: bytes, at: offset))
        offset += 4
        guard length >= 0 else {
            guard let null = postgresNull else { throw .unexpectedNull }
            return null
        }
        guard length <= bytes.byteCount - offset else { throw .malformedArray }
        defer { offset += length }
        return try Self(fromPostgres: bytes.extracting(offset..<offset + length), type: type)
    }
}
